"""Disputes that the journals tell of.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "stripe_sync_dispute",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
    )
    op.create_index("ix_stripe_sync_dispute_record", "stripe_sync_dispute", ["record_id"])


def downgrade() -> None:
    op.drop_table("stripe_sync_dispute")
