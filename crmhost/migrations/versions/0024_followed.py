"""What was found at the links of mails; who changes mail templates may write HTML into blocks.

Revision ID: 0024
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
_ROLES = sa.table("users_role", sa.column("id"), sa.column("permissions", sa.JSON()))


def upgrade() -> None:
    op.create_table(
        "mail_link",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_mail_link_at", "mail_link", ["at"])
    _change(lambda had: sorted({*had, "mail.html"}) if "mail.templates" in had else had)


def downgrade() -> None:
    op.drop_table("mail_link")
    _change(lambda had: [name for name in had if name != "mail.html"])


def _change(change: Callable[[list[str]], list[str]]) -> None:
    connection = op.get_bind()
    for number, had in connection.execute(sa.select(_ROLES.c.id, _ROLES.c.permissions)).all():
        connection.execute(sa.update(_ROLES).where(_ROLES.c.id == number).values(permissions=change(had)))
