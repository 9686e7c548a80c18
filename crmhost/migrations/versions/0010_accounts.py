"""Codes of authenticator apps, browsers that are known, leave to do one thing once, users of OpenID providers; mail accounts
know how often they were saved.

Revision ID: 0010
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name=f"fk_{table}_user_id", ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("users_user", _must("totp_secret", sa.String(length=300), server_default=""))
    op.add_column("users_user", sa.Column("totp_at", _AT, nullable=True))
    op.add_column("users_user", _must("totp_step", sa.BigInteger(), server_default="0"))
    op.add_column("users_session", sa.Column("confirmed_at", _AT, nullable=True))
    op.add_column("users_session", _must("way", sa.String(length=10), server_default="password"))
    op.create_table(
        "users_browser",
        _must("token_hash", sa.String(length=64)),
        _must("user_id", sa.Integer()),
        _must("seen_at", _AT),
        sa.Column("trusted_until", _AT, nullable=True),
        _of_user("users_browser"),
        sa.PrimaryKeyConstraint("token_hash", "user_id", name="pk_users_browser"),
    )
    op.create_index("ix_users_browser_user", "users_browser", ["user_id", "seen_at"])
    op.create_table(
        "users_recovery",
        _must("id", sa.Integer()),
        _must("user_id", sa.Integer()),
        _must("code_hash", sa.String(length=64)),
        sa.Column("used_at", _AT, nullable=True),
        _of_user("users_recovery"),
        sa.PrimaryKeyConstraint("id", name="pk_users_recovery"),
        sa.UniqueConstraint("user_id", "code_hash", name="uq_users_recovery_code"),
    )
    op.create_table(
        "users_ticket",
        _must("token_hash", sa.String(length=64)),
        _must("kind", sa.String(length=20)),
        sa.Column("user_id", sa.Integer(), nullable=True),
        _must("data", sa.JSON()),
        _must("expires_at", _AT),
        _of_user("users_ticket"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_users_ticket"),
    )
    op.create_index("ix_users_ticket_user", "users_ticket", ["user_id", "kind"])
    op.create_index("ix_users_ticket_expires", "users_ticket", ["expires_at"])
    op.create_table(
        "users_identity",
        _must("id", sa.Integer()),
        _must("user_id", sa.Integer()),
        _must("issuer", sa.String(length=255)),
        _must("subject", sa.String(length=255)),
        _must("linked_at", _AT),
        _of_user("users_identity"),
        sa.PrimaryKeyConstraint("id", name="pk_users_identity"),
        sa.UniqueConstraint("issuer", "subject", name="uq_users_identity_subject"),
    )
    op.create_index("ix_users_identity_user", "users_identity", ["user_id"])
    op.create_index("ix_users_attempt_at", "users_attempt", ["at"])
    op.add_column("mail_account", _must("version", sa.Integer(), server_default="1"))


def downgrade() -> None:
    op.drop_column("mail_account", "version")
    op.drop_index("ix_users_attempt_at", "users_attempt")
    for table in ("users_identity", "users_ticket", "users_recovery", "users_browser"):
        op.drop_table(table)
    for table, columns in (
        ("users_session", ("way", "confirmed_at")),
        ("users_user", ("totp_step", "totp_at", "totp_secret")),
    ):
        for column in columns:
            op.drop_column(table, column)
