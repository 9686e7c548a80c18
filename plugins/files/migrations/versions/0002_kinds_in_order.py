"""Files of a kind by name and by size.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INDEXES = {"ix_files_entry_kind_name": "name_key", "ix_files_entry_kind_size": "size"}


def upgrade() -> None:
    live = sa.text("deleted_at IS NULL")
    for name, column in _INDEXES.items():
        op.create_index(name, "files_entry", ["kind", column, "id"], sqlite_where=live, postgresql_where=live)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "files_entry")
