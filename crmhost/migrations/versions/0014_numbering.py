"""Sequences of numbers.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "numbering_sequence",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "period", name="pk_numbering_sequence"),
    )


def downgrade() -> None:
    op.drop_table("numbering_sequence")
