"""Fees of charges; charges whose customer is not known yet.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stripe_sync_settlement",
        sa.Column("record_id", _BIG, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("exchange_rate", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_table(
        "stripe_sync_waiting",
        sa.Column("record_id", _BIG, nullable=False, autoincrement=False),
        sa.Column("payer", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index("ix_stripe_sync_waiting_payer", "stripe_sync_waiting", ["payer"])


def downgrade() -> None:
    for name in ("waiting", "settlement"):
        op.drop_table(f"stripe_sync_{name}")
