"""Transactions, their lines, types and statuses, values and days.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_T = "transactions_transaction"


def _folded(length: int) -> Any:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _index(name: str, columns: list[str], where: str, **options: bool) -> None:
    condition = sa.text(where)
    op.create_index(name, _T, columns, sqlite_where=condition, postgresql_where=condition, **options)


def upgrade() -> None:
    op.create_table(
        "transactions_type",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False, unique=True),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_table(
        "transactions_status",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False, unique=True),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_table(
        _T,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ref", sa.String(120), nullable=False),
        sa.Column("ref_key", _folded(120), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", _folded(200), nullable=False),
        sa.Column("type_id", sa.Integer(), sa.ForeignKey("transactions_type.id"), nullable=False),
        sa.Column("status_id", sa.Integer(), sa.ForeignKey("transactions_status.id"), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *map(_amount, ("total", "fee", "tax", "discount", "shipping")),
        sa.Column("at", _AT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("payment_method", sa.String(80), nullable=False),
        sa.Column("contact_id", sa.Integer(), sa.ForeignKey("contacts_contact.id", ondelete="SET NULL")),
        sa.Column("counted_contact_id", sa.Integer(), sa.ForeignKey("contacts_contact.id", ondelete="SET NULL")),
        sa.Column("company_id", sa.Integer()),
        sa.Column("counted_company_id", sa.Integer()),
        sa.Column("invoice_id", sa.Integer()),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("deleted_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    live = "deleted_at IS NULL"
    _index("ix_transactions_transaction_at", ["at", "id"], live)
    _index("ix_transactions_transaction_created", ["created_at", "id"], live)
    _index("ix_transactions_transaction_updated", ["updated_at", "id"], live)
    _index("ix_transactions_transaction_total", ["currency", "total", "id"], live)
    _index("ix_transactions_transaction_name", ["name_key", "id"], live)
    _index("ix_transactions_transaction_status_at", ["status_id", "at", "id"], live)
    _index("ix_transactions_transaction_type_at", ["type_id", "at", "id"], live)
    _index("ix_transactions_transaction_contact", ["counted_contact_id", "at", "id"], live)
    _index("ix_transactions_transaction_company", ["counted_company_id", "at", "id"], live)
    _index("ix_transactions_transaction_day", ["day", "currency"], live)
    _index("ix_transactions_transaction_invoice", ["invoice_id"], "invoice_id IS NOT NULL")
    _index("ix_transactions_transaction_own_contact", ["contact_id"], "contact_id IS NOT NULL")
    _index("ix_transactions_transaction_deleted", ["deleted_at", "id"], "deleted_at IS NOT NULL")
    _index("uq_transactions_transaction_ref", ["ref_key"], live, unique=True)
    _index("uq_transactions_transaction_key", ["idempotency_key"], "idempotency_key IS NOT NULL", unique=True)
    op.create_table(
        "transactions_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("transaction_id", sa.Integer(), sa.ForeignKey(f"{_T}.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("quantity", sa.String(20), nullable=False),
        *map(_amount, ("unit_price", "total")),
    )
    op.create_index("ix_transactions_line_transaction", "transactions_line", ["transaction_id", "position"])
    op.create_table(
        "transactions_value",
        sa.Column("object_type", sa.String(40), primary_key=True),
        sa.Column("object_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(3), primary_key=True),
        *map(_amount, ("transactions", "refunded", "invoiced", "paid", "total")),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_at", _AT),
        sa.Column("last_at", _AT),
    )
    op.create_index(
        "ix_transactions_value_total", "transactions_value", ["object_type", "currency", "total", "object_id"]
    )
    op.create_table(
        "transactions_day",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        _amount("amount"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for name in ("day", "value", "line", "transaction", "status", "type"):
        op.drop_table(f"transactions_{name}")
