"""Reports by mail: who gets them, and who got which.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sales_dashboard_recipient",
        sa.Column("frequency", sa.String(10), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("frequency", "user_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "sales_dashboard_sent",
        sa.Column("frequency", sa.String(10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("frequency", "first_day", "user_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_sales_dashboard_sent_at", "sales_dashboard_sent", ["at"])


def downgrade() -> None:
    for name in ("sent", "recipient"):
        op.drop_table(f"sales_dashboard_{name}")
