"""What is known of each file.

Revision ID: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def upgrade() -> None:
    op.create_table(
        "files_file",
        _must("id", sa.Integer()),
        _must("key", sa.String(length=40)),
        _must("name", sa.String(length=200)),
        _must("size", sa.BigInteger()),
        _must("sha256", sa.String(length=64)),
        _must("media_type", sa.String(length=120)),
        _must("owner", sa.String(length=60)),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        _must("created_at", sa.DateTime(timezone=True)),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_files_file"),
        sa.UniqueConstraint("key", name="uq_files_file_key"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name="fk_files_file_contact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users_user.id"], name="fk_files_file_created_by_id", ondelete="SET NULL"
        ),
        # The number of a deleted file, which links may hold, is never given again.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_file_owner", "files_file", ["owner", "id"])
    op.create_index("ix_files_file_contact", "files_file", ["contact_id", "id"])


def downgrade() -> None:
    op.drop_table("files_file")
