"""Views of lists that are shared with everybody.

Revision ID: 0015
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def upgrade() -> None:
    op.create_table(
        "lists_view",
        _must("id", sa.Integer()),
        _must("list_id", sa.String(length=80)),
        sa.Column("user_id", sa.Integer(), nullable=True),
        _must("content", sa.JSON()),
        _must("created_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_lists_view_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_lists_view"),
    )
    op.create_index("ix_lists_view_list", "lists_view", ["list_id", "id"])
    op.create_index("ix_lists_view_user", "lists_view", ["user_id"])


def downgrade() -> None:
    op.drop_table("lists_view")
