"""What words of a file mean here.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = ("csv_tools_run", "csv_tools_mapping")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("renamed", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "renamed")
