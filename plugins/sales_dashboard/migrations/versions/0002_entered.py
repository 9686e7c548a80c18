"""Other fees and goals.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crmhost.api import texts

revision = "0002"
down_revision = "0001"

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    live = {"sqlite_where": sa.text("deleted_at IS NULL"), "postgresql_where": sa.text("deleted_at IS NULL")}
    gone = {"sqlite_where": sa.text("deleted_at IS NOT NULL"), "postgresql_where": sa.text("deleted_at IS NOT NULL")}
    op.create_table(
        "sales_dashboard_fee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", texts.folded(200), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("every", sa.String(10), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("deleted_at", _AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sales_dashboard_fee_day", "sales_dashboard_fee", ["day", "id"], **live)
    op.create_index("ix_sales_dashboard_fee_name", "sales_dashboard_fee", ["name_key", "id"], **live)
    op.create_index("ix_sales_dashboard_fee_falls", "sales_dashboard_fee", ["every", "day"], **live)
    op.create_index("ix_sales_dashboard_fee_deleted", "sales_dashboard_fee", ["deleted_at", "id"], **gone)
    op.create_table(
        "sales_dashboard_goal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("every", sa.String(10), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_sales_dashboard_goal", "sales_dashboard_goal", ["metric", "every", "currency"], unique=True)


def downgrade() -> None:
    op.drop_table("sales_dashboard_goal")
    op.drop_table("sales_dashboard_fee")
