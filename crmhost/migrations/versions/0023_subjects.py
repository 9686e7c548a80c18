"""Several subjects of one mailing, and which of them a mail has.

Revision ID: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("mail_mailing", sa.Column("subjects", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("mail_message", sa.Column("variant", sa.SmallInteger(), nullable=False, server_default="0"))
    others = sa.text("mailing_id IS NOT NULL AND variant > 0")
    op.create_index(
        "ix_mail_message_variant",
        "mail_message",
        ["mailing_id", "variant", "state"],
        sqlite_where=others,
        postgresql_where=others,
    )


def downgrade() -> None:
    op.drop_index("ix_mail_message_variant", "mail_message")
    op.drop_column("mail_message", "variant")
    op.drop_column("mail_mailing", "subjects")
