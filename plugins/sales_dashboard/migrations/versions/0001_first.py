"""Sums of days and months, days to be summed up anew, days on which customers bought, and how many did.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "sales_dashboard_sum",
        sa.Column("dimension", sa.String(10), primary_key=True),
        sa.Column("grain", sa.String(5), primary_key=True),
        sa.Column("start", sa.Date(), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("month", sa.Date(), nullable=False),
        *map(_big, ("gross", "discounts", "fees", "taxes", "refunds", "quantity")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("sales", "refunds_number", "left_out")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sales_dashboard_sum_key", "sales_dashboard_sum", ["dimension", "grain", "key", "start"])
    op.create_table(
        "sales_dashboard_dirty",
        _id(),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("day", "month")),
        sa.Column("parts", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_sales_dashboard_dirty_day", "sales_dashboard_dirty", ["day", "parts", "month"])
    op.create_table(
        "sales_dashboard_bought",
        sa.Column("customer", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("previous", sa.Date()),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("month", "first_month")),
        sa.Column("again", sa.Boolean(), nullable=False),
        _big("gross"),
        sqlite_with_rowid=False,
    )
    for name, columns in {
        "day": ["currency", "day", "previous", "customer", "gross"],
        "previous": ["currency", "previous", "day"],
        "cohort": ["currency", "first_month", "month", "again", "gross"],
    }.items():
        op.create_index(f"ix_sales_dashboard_bought_{name}", "sales_dashboard_bought", columns)
    op.create_table(
        "sales_dashboard_buyers",
        _id(),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("grain", sa.String(5), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("previous", sa.Date()),
        sa.Column("amount", sa.Integer(), nullable=False),
    )
    op.create_index(
        "ix_sales_dashboard_buyers_start",
        "sales_dashboard_buyers",
        ["currency", "grain", "start", "previous", "amount"],
    )


def downgrade() -> None:
    for name in ("buyers", "bought", "dirty", "sum"):
        op.drop_table(f"sales_dashboard_{name}")
