"""Mails to the address of a record that is no contact, such as a company.

Revision ID: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
_MAIL = "mail_message"


def upgrade() -> None:
    op.add_column(_MAIL, sa.Column("object_type", sa.String(60), nullable=False, server_default=""))
    op.add_column(_MAIL, sa.Column("object_id", sa.Integer()))
    of_record = sa.text("object_id IS NOT NULL")
    op.create_index(
        "ix_mail_message_object",
        _MAIL,
        ["object_type", "object_id", "created_at", "id"],
        sqlite_where=of_record,
        postgresql_where=of_record,
    )


def downgrade() -> None:
    op.drop_index("ix_mail_message_object", _MAIL)
    for name in ("object_id", "object_type"):
        op.drop_column(_MAIL, name)
