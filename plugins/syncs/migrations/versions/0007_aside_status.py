"""The status for which a record was set aside.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("syncs_aside", sa.Column("status", sa.String(60), nullable=False, server_default=""))
    known = sa.text("status <> ''")
    op.create_index(
        "ix_syncs_aside_status",
        "syncs_aside",
        ["connection_id", "status"],
        sqlite_where=known,
        postgresql_where=known,
    )


def downgrade() -> None:
    op.drop_index("ix_syncs_aside_status", "syncs_aside")
    op.drop_column("syncs_aside", "status")
