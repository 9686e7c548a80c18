"""What subscriptions bring regularly.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AT = sa.DateTime(timezone=True)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "syncs_term",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("record_id", _BIG, nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.Column("until", _AT, nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(5), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["record_id"], ["syncs_record.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_syncs_term_record", "syncs_term", ["record_id", "since"])


def downgrade() -> None:
    op.drop_table("syncs_term")
