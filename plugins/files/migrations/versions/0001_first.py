"""Files of records, their versions, uploads under way.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_E = "files_entry"


def _file(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey("files_file.id", ondelete="SET NULL"))


def _user() -> sa.Column[int]:
    return sa.Column("created_by_id", sa.Integer(), sa.ForeignKey("users_user.id", ondelete="SET NULL"))


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, _E, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    key = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    op.create_table(
        _E,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), sa.ForeignKey("contacts_contact.id", ondelete="CASCADE")),
        _file("file_id"),
        _file("thumbnail_id"),
        sa.Column("journal_id", sa.Integer(), sa.ForeignKey("journal_entry.id", ondelete="SET NULL")),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", key, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("portal", sa.Boolean(), nullable=False),
        _user(),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("deleted_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    live = "deleted_at IS NULL"
    _index("ix_files_entry_object", ["object_type", "object_id", "id"], live)
    op.create_index("ix_files_entry_contact", _E, ["contact_id", "id"])
    _index("ix_files_entry_created", ["created_at", "id"], live)
    _index("ix_files_entry_name", ["name_key", "id"], live)
    _index("ix_files_entry_size", ["size", "id"], live)
    _index("ix_files_entry_kind_created", ["kind", "created_at", "id"], live)
    _index("ix_files_entry_journal", ["journal_id"], "journal_id IS NOT NULL")
    _index("ix_files_entry_deleted", ["deleted_at", "id"], "deleted_at IS NOT NULL")
    op.create_table(
        "files_version",
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey(f"{_E}.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        _file("file_id"),
        _file("thumbnail_id"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        _user(),
        sa.Column("created_at", _AT, nullable=False),
    )
    op.create_index("ix_files_version_file", "files_version", ["file_id"])
    op.create_index("ix_files_version_thumbnail", "files_version", ["thumbnail_id"])
    op.create_table(
        "files_upload",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users_user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey(f"{_E}.id", ondelete="CASCADE")),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("made_id", sa.Integer(), sa.ForeignKey(f"{_E}.id", ondelete="CASCADE")),
        sa.Column("created_at", _AT, nullable=False),
    )
    op.create_index("ix_files_upload_created", "files_upload", ["created_at"])
    op.create_index("ix_files_upload_user", "files_upload", ["user_id"])
    op.create_table(
        "files_piece",
        sa.Column("upload_id", sa.String(32), sa.ForeignKey("files_upload.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("start", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for name in ("piece", "upload", "version", "entry"):
        op.drop_table(f"files_{name}")
