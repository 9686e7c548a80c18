"""Exchange rates by day.

Revision ID: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "rates_rate",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("base", sa.String(3), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(40), nullable=False),
        sa.Column("source", sa.String(60), nullable=False),
        sa.UniqueConstraint("base", "currency", "day", name="uq_rates_rate_base"),
    )
    op.create_index("ix_rates_rate_day", "rates_rate", ["day", "id"])


def downgrade() -> None:
    op.drop_table("rates_rate")
