"""How many mails a mailing has.

Revision ID: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("mail_mailing", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE mail_mailing SET size = (SELECT count(*) FROM mail_message WHERE mail_message.mailing_id = mail_mailing.id)"
    )


def downgrade() -> None:
    op.drop_column("mail_mailing", "size")
