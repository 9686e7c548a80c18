"""What was entered for connections that were removed while their extension was off.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("syncs_former", sa.Column("fields", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("syncs_former", "fields")
