"""How long each contact was in each status.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "funnel_stay",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=False),
        sa.Column("entered_at", _AT, nullable=False),
        sa.Column("next_id", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("span", sa.Integer(), nullable=True),
        sa.Column("again_at", _AT, nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts_contact.id"], ondelete="CASCADE"),
    )
    op.create_index(
        "ix_funnel_stay_entered",
        "funnel_stay",
        ["status_id", "live", "entered_at", "next_id", "span", "seconds", "again_at", "contact_id"],
    )
    op.create_index("ix_funnel_stay_contact", "funnel_stay", ["contact_id"])


def downgrade() -> None:
    op.drop_table("funnel_stay")
