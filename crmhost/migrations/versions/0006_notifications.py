"""What users are told in the app.

Revision ID: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_AT = sa.DateTime(timezone=True)
_UNREAD = sa.text("read_at IS NULL")


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def upgrade() -> None:
    op.create_table(
        "notifications_notification",
        _must("id", sa.Integer()),
        _must("user_id", sa.Integer()),
        _must("kind", sa.String(length=80), server_default=""),
        _must("text", sa.String(length=500)),
        _must("data", sa.JSON()),
        _must("url", sa.String(length=500), server_default=""),
        _must("created_at", _AT),
        sa.Column("read_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users_user.id"], name="fk_notifications_notification_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notifications_notification"),
    )
    op.create_index("ix_notifications_notification_user", "notifications_notification", ["user_id", "id"])
    op.create_index(
        "ix_notifications_notification_unread",
        "notifications_notification",
        ["user_id", "id"],
        sqlite_where=_UNREAD,
        postgresql_where=_UNREAD,
    )
    op.create_index("ix_notifications_notification_created", "notifications_notification", ["created_at"])


def downgrade() -> None:
    op.drop_table("notifications_notification")
