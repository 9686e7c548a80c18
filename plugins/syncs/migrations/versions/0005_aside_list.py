"""The list of what was set aside.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_syncs_aside_list", "syncs_aside", ["connection_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_syncs_aside_list", "syncs_aside")
