"""Mail: accounts, templates, mails, reports on them, and blocked addresses.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _goes(column: str, target: str, ondelete: str, table: str = "mail_message") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}", ondelete=ondelete)


_WRITERS = ("Contacts manager", "Quotes manager", "Invoices manager", "Transactions manager")
#: What the roles of a site that is set up already get; a new one has it from the start.
_PERMISSIONS = {
    "CRM manager": ("mail.send", "mail.templates", "mail.log", "mail.clear", "mail.accounts", "mail.bounces"),
    "Mail manager": ("mail.send", "mail.templates", "mail.log", "mail.clear"),
    **dict.fromkeys(_WRITERS, ("mail.send",)),
}


def upgrade() -> None:
    _accounts()
    _messages()
    _reports()
    _permissions()


def downgrade() -> None:
    tables = ("mail_suppression", "mail_bounce", "mail_message", "mail_template", "mail_pace", "mail_account")
    for table in tables:
        op.drop_table(table)


def _permissions() -> None:
    roles = sa.table("users_role", sa.column("id"), sa.column("name"), sa.column("permissions", sa.JSON()))
    connection = op.get_bind()
    for number, name, held in connection.execute(sa.select(roles)).all():
        if name in _PERMISSIONS:
            more = sorted({*held, *_PERMISSIONS[name]})
            connection.execute(sa.update(roles).where(roles.c.id == number).values(permissions=more))


def _accounts() -> None:
    op.create_table(
        "mail_account",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=80)),
        _must("name_key", sa.String(length=80)),
        _must("from_email", sa.String(length=254)),
        _must("from_name", sa.String(length=120)),
        _must("reply_to", sa.String(length=254)),
        _must("host", sa.String(length=253)),
        _must("port", sa.Integer()),
        _must("security", sa.String(length=10)),
        _must("user", sa.String(length=254)),
        _may("password", sa.LargeBinary()),
        _must("password_key", sa.String(length=16)),
        _must("signature", sa.Text()),
        _may("per_minute", sa.Integer()),
        _may("per_hour", sa.Integer()),
        _may("per_day", sa.Integer()),
        _must("dkim_domain", sa.String(length=253)),
        _must("dkim_selector", sa.String(length=63)),
        _may("dkim_key", sa.LargeBinary()),
        _must("dkim_key_key", sa.String(length=16)),
        _must("is_default", sa.Boolean()),
        _must("created_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_mail_account"),
        sa.UniqueConstraint("name_key", name="uq_mail_account_name_key"),
    )
    op.create_table(
        "mail_pace",
        _must("account", sa.Integer(), autoincrement=False),
        _must("used", sa.JSON()),
        sa.PrimaryKeyConstraint("account", name="pk_mail_pace"),
    )
    op.create_table(
        "mail_template",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=120)),
        _must("name_key", sa.String(length=120)),
        _must("subject", sa.String(length=300)),
        _must("kind", sa.String(length=10)),
        _must("content", sa.Text()),
        _must("text", sa.Text()),
        _must("updated_at", _AT),
        _must("updated_by", sa.String(length=200)),
        _must("version", sa.Integer(), server_default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_template"),
        sa.UniqueConstraint("name_key", name="uq_mail_template_name_key"),
    )


def _messages() -> None:
    op.create_table(
        "mail_message",
        _must("id", sa.Integer()),
        _may("contact_id", sa.Integer()),
        _may("account_id", sa.Integer()),
        _may("user_id", sa.Integer()),
        _must("actor_label", sa.String(length=200)),
        _must("to_email", sa.String(length=254)),
        _must("email_key", sa.String(length=254)),
        _must("to_name", sa.String(length=250)),
        _must("from_text", sa.String(length=400)),
        _must("subject", sa.String(length=998)),
        _must("html", sa.Text()),
        _must("text", sa.Text()),
        _must("attachments", sa.JSON()),
        _must("bulk", sa.Boolean()),
        _must("base_url", sa.String(length=300)),
        _must("source", sa.String(length=120)),
        _must("state", sa.String(length=10)),
        _must("attempts", sa.Integer()),
        _must("answers", sa.JSON()),
        _must("message_id", sa.String(length=250)),
        _must("created_at", _AT),
        _may("started_at", _AT),
        _may("sent_at", _AT),
        _goes("contact_id", "contacts_contact.id", "CASCADE"),
        _goes("account_id", "mail_account.id", "SET NULL"),
        _goes("user_id", "users_user.id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_message"),
        # The number stands in mails that are out: it is never given again.
        sqlite_autoincrement=True,
    )
    by = {
        "created": (),
        "state": ("state",),
        "account": ("account_id",),
        "contact": ("contact_id",),
        "email": ("email_key",),
        "user": ("user_id",),
    }
    for name, columns in by.items():
        op.create_index(f"ix_mail_message_{name}", "mail_message", [*columns, "created_at", "id"])
    op.create_index("ix_mail_message_source", "mail_message", ["source", "id"])


def _reports() -> None:
    op.create_table(
        "mail_bounce",
        _must("id", sa.Integer()),
        _must("digest", sa.String(length=64)),
        _may("message_id", sa.Integer()),
        _must("address_hash", sa.String(length=64)),
        _must("kind", sa.String(length=20)),
        _must("status", sa.String(length=20)),
        _must("said", sa.String(length=500)),
        _must("counted", sa.Boolean(), server_default=sa.true()),
        _must("at", _AT),
        _goes("message_id", "mail_message.id", "SET NULL", "mail_bounce"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_bounce"),
        sa.UniqueConstraint("digest", name="uq_mail_bounce_digest"),
    )
    op.create_index("ix_mail_bounce_address", "mail_bounce", ["address_hash", "at"])
    op.create_index("ix_mail_bounce_message", "mail_bounce", ["message_id", "id"])
    op.create_table(
        "mail_suppression",
        _must("id", sa.Integer()),
        _must("address_hash", sa.String(length=64)),
        _must("reason", sa.String(length=20)),
        _must("said", sa.String(length=500)),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_mail_suppression"),
        sa.UniqueConstraint("address_hash", "reason", name="uq_mail_suppression_address_reason"),
    )
