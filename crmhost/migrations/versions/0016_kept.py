"""What the manifest of an enabled plugin says of its tables; which mails hold which pictures.

Revision ID: 0016
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

#: Mails read at a time.
_SOME = 1_000


def upgrade() -> None:
    op.add_column("host_plugin", sa.Column("data", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "mail_picture",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files_file.id"], name="fk_mail_picture_file_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["mail_message.id"], name="fk_mail_picture_message_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "message_id", name="pk_mail_picture"),
    )
    op.create_index("ix_mail_picture_message", "mail_picture", ["message_id"])
    _note_pictures()


def downgrade() -> None:
    op.drop_table("mail_picture")
    op.drop_column("host_plugin", "data")


def _note_pictures() -> None:
    """The pictures of the mails that are there already, as their attachments say."""
    connection = op.get_bind()
    mails = sa.table("mail_message", sa.column("id", sa.Integer()), sa.column("attachments", sa.JSON()))
    files = sa.table("files_file", sa.column("id", sa.Integer()))
    pictures = sa.table("mail_picture", sa.column("file_id"), sa.column("message_id"))
    last = 0
    while True:
        wanted = sa.select(mails.c.id, mails.c.attachments).where(mails.c.id > last).order_by(mails.c.id).limit(_SOME)
        some = connection.execute(wanted).all()
        if not some:
            return
        last = some[-1].id
        held = {(item["file_id"], row.id) for row in some for item in _inside(row.attachments)}
        wanted = sa.select(files.c.id).where(files.c.id.in_({file for file, _ in held}))
        there = set(connection.scalars(wanted)) if held else set()
        rows = [{"file_id": file, "message_id": mail} for file, mail in sorted(held) if file in there]
        if rows:
            connection.execute(pictures.insert(), rows)


def _inside(attachments: Any) -> list[dict[str, Any]]:
    found = json.loads(attachments) if isinstance(attachments, str) else attachments
    return [item for item in found or () if item.get("content_id") and isinstance(item.get("file_id"), int)]
