"""Payments of invoices that were offered to clients.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "stripe_sync_checkout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("token", sa.String(60), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.String(120), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger()),
        sa.UniqueConstraint("token", name="uq_stripe_sync_checkout_token"),
        sa.UniqueConstraint("invoice_id", "turn", name="uq_stripe_sync_checkout_turn"),
    )


def downgrade() -> None:
    op.drop_table("stripe_sync_checkout")
