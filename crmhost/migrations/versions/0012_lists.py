"""What was done to many rows of a list.

Revision ID: 0012
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def upgrade() -> None:
    op.create_table(
        "lists_change",
        _must("id", sa.Integer()),
        _must("user_id", sa.Integer()),
        _must("list_id", sa.String(length=80)),
        _must("action", sa.String(length=80)),
        _must("created_at", _AT),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_lists_change_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_lists_change"),
    )
    op.create_index("ix_lists_change_user", "lists_change", ["user_id"])
    op.create_index("ix_lists_change_created", "lists_change", ["created_at"])
    op.create_table(
        "lists_part",
        _must("change_id", sa.Integer(), autoincrement=False),
        _must("position", sa.Integer(), autoincrement=False),
        _must("ids", sa.JSON()),
        _must("number", sa.Integer(), server_default="0"),
        sa.Column("undo", sa.JSON(), nullable=True),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("undone_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["lists_change.id"], name="fk_lists_part_change_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("change_id", "position", name="pk_lists_part"),
    )


def downgrade() -> None:
    op.drop_table("lists_part")
    op.drop_table("lists_change")
