"""Invoices, what recurs, and reminders.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_FOLDED = sa.String(60).with_variant(sa.String(60, collation="C"), "postgresql")


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _index(name: str, *columns: str, where: str = "", unique: bool = False) -> None:
    some: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(name, "invoices_invoice", list(columns), unique=unique, **some)


def upgrade() -> None:
    op.create_table(
        "invoices_invoice",
        _must("id", sa.Integer()),
        _may("number", sa.String(60)),
        _must("number_key", _FOLDED),
        _must("reference", sa.String(120)),
        _must("state", sa.String(12)),
        _may("contact_id", sa.Integer()),
        _may("company_id", sa.Integer()),
        _must("date", sa.Date()),
        _must("due_date", sa.Date()),
        _must("document", sa.JSON()),
        _must("currency", sa.String(3)),
        *(
            _must(name, sa.BigInteger())
            for name in ("net", "discount", "tax", "shipping", "total", "paid", "paid_apart", "credited", "due")
        ),
        _may("credits_id", sa.Integer()),
        _may("recurrence_id", sa.Integer()),
        _may("recurrence_date", sa.Date()),
        _may("origin", sa.String(80)),
        _must("notes", sa.Text()),
        _must("terms", sa.Text()),
        _must("language", sa.String(10)),
        _must("source", sa.String(60)),
        _must("custom", sa.JSON()),
        *(_may(name, _AT) for name in ("issued_at", "sent_at", "paid_at", "voided_at")),
        _must("void_reason", sa.String(300)),
        _must("created_at", _AT),
        _must("updated_at", _AT),
        _may("deleted_at", _AT),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts_contact.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["credits_id"], ["invoices_invoice.id"]),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "invoices_recurrence",
        _must("id", sa.Integer()),
        _must("invoice_id", sa.Integer()),
        _must("every", sa.Integer()),
        _must("unit", sa.String(8)),
        _must("starts_on", sa.Date()),
        _may("ends_on", sa.Date()),
        _must("next_on", sa.Date()),
        _must("made", sa.Integer()),
        _must("active", sa.Boolean()),
        _must("issue", sa.Boolean()),
        _must("send", sa.Boolean()),
        _must("created_at", _AT),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices_invoice.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_invoices_recurrence_invoice", "invoices_recurrence", ["invoice_id"])
    active: dict[str, Any] = {"sqlite_where": sa.text("active"), "postgresql_where": sa.text("active")}
    op.create_index("ix_invoices_recurrence_next", "invoices_recurrence", ["next_on", "id"], **active)
    op.create_table(
        "invoices_reminder",
        _must("invoice_id", sa.Integer()),
        _must("due_date", sa.Date()),
        _must("days", sa.Integer()),
        _may("mail_id", sa.Integer()),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("invoice_id", "due_date", "days"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices_invoice.id"], ondelete="CASCADE"),
    )
    alive = "deleted_at IS NULL"
    _index("uq_invoices_invoice_number", "number_key", where="number_key <> ''", unique=True)
    _index("ix_invoices_invoice_date", "date", "id", where=alive)
    _index("ix_invoices_invoice_created", "created_at", "id", where=alive)
    _index("ix_invoices_invoice_due_date", "due_date", "id", where=alive)
    _index("ix_invoices_invoice_number", "number_key", "id")
    _index("ix_invoices_invoice_total", "currency", "total", "id", where=alive)
    _index("ix_invoices_invoice_due", "currency", "due", "id", where=alive)
    _index("ix_invoices_invoice_state_date", "state", "date", "id", where=alive)
    _index("ix_invoices_invoice_state_due", "state", "due_date")
    _index("ix_invoices_invoice_owed", "state", "currency", "due", where=alive)
    _index("ix_invoices_invoice_contact", "contact_id", "date", "id")
    _index("ix_invoices_invoice_company", "company_id", "date", "id")
    _index("ix_invoices_invoice_credits", "credits_id", where="credits_id IS NOT NULL")
    _index(
        "uq_invoices_invoice_recurrence",
        "recurrence_id",
        "recurrence_date",
        where="recurrence_id IS NOT NULL",
        unique=True,
    )
    _index("uq_invoices_invoice_origin", "origin", where="origin IS NOT NULL", unique=True)
    _index("ix_invoices_invoice_deleted", "deleted_at", "id", where="deleted_at IS NOT NULL")


def downgrade() -> None:
    op.drop_table("invoices_reminder")
    op.drop_table("invoices_recurrence")
    op.drop_table("invoices_invoice")
