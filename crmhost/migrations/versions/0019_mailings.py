"""Mailings: one text that goes to many, with a row of the log for each address.

Revision ID: 0019
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_AT = sa.DateTime(timezone=True)


def _must(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "mail_mailing",
        sa.Column("id", sa.Integer(), primary_key=True),
        _must("source", sa.String(120)),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("mail_account.id", ondelete="SET NULL")),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users_user.id", ondelete="SET NULL")),
        _must("actor_label", sa.String(200)),
        _must("subject", sa.String(998)),
        _must("html", sa.Text()),
        _must("text", sa.Text()),
        _must("more", sa.JSON()),
        _must("base_url", sa.String(300)),
        _must("lanes", sa.Integer()),
        _must("state", sa.String(10)),
        _must("halted", sa.Text()),
        _must("created_at", _AT),
        sa.Column("started_at", _AT),
        sa.Column("ended_at", _AT),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_mailing_source", "mail_mailing", ["source", "id"])
    op.create_table(
        "mail_domain_pace",
        sa.Column("domain", sa.String(253), primary_key=True),
        _must("used", sa.JSON()),
    )
    for column in (
        sa.Column("mailing_id", sa.Integer()),
        sa.Column("due_at", _AT),
        _must("told", sa.Boolean(), server_default=sa.true()),
    ):
        op.add_column("mail_message", column)
    inside = _where("mailing_id IS NOT NULL")
    op.create_index("uq_mail_message_mailing", "mail_message", ["mailing_id", "email_key"], unique=True, **inside)
    op.create_index("ix_mail_message_mailing", "mail_message", ["mailing_id", "state", "id"], **inside)
    op.create_index("ix_mail_message_untold", "mail_message", ["mailing_id", "id"], **_where("NOT told"))


def downgrade() -> None:
    for name in ("ix_mail_message_untold", "ix_mail_message_mailing", "uq_mail_message_mailing"):
        op.drop_index(name, "mail_message")
    for name in ("told", "due_at", "mailing_id"):
        op.drop_column("mail_message", name)
    op.drop_table("mail_domain_pace")
    op.drop_table("mail_mailing")
