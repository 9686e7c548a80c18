"""What was bought by whom, with which coupon; products with their categories.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _folded(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _per_order(table: str, text: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        f"woo_sync_{table}",
        _must("id", _BIG),
        _must("record_id", sa.BigInteger()),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        *columns,
        _must(text, sa.String(200)),
        _must(f"{text}_key", _folded(200)),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts_contact.id"], ondelete="SET NULL"),
    )
    op.create_index(f"ix_woo_sync_{table}_record", f"woo_sync_{table}", ["record_id"])
    some: dict[str, Any] = {"sqlite_where": sa.text("contact_id IS NOT NULL")}
    some["postgresql_where"] = some["sqlite_where"]
    op.create_index(f"ix_woo_sync_{table}_contact", f"woo_sync_{table}", ["contact_id", f"{text}_key"], **some)
    op.create_index(f"ix_woo_sync_{table}_{text}", f"woo_sync_{table}", [f"{text}_key", "contact_id"], **some)


def upgrade() -> None:
    _per_order("bought", "name", _must("product", sa.String(40)))
    _per_order("coupon_use", "code")
    op.create_table(
        "woo_sync_product",
        _must("connection_id", sa.Integer()),
        _must("product", sa.String(40)),
        _must("categories", sa.String(1000)),
        sa.PrimaryKeyConstraint("connection_id", "product"),
    )


def downgrade() -> None:
    for name in ("product", "coupon_use", "bought"):
        op.drop_table(f"woo_sync_{name}")
