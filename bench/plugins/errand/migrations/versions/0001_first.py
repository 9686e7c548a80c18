"""Changes and effects.

Revision ID: errand_0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "errand_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "errand_told",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
    )
    op.create_table(
        "errand_effect",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(120), nullable=False, unique=True),
        sa.Column("note", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("errand_effect")
    op.drop_table("errand_told")
