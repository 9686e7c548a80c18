"""Accounts, sessions, links, changes that wait, pages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _ref(name: str, table: str, ondelete: str = "CASCADE", **more: bool) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(f"{table}.id", ondelete=ondelete), **more)


def upgrade() -> None:
    op.create_table(
        "portal_account",
        sa.Column("id", sa.Integer(), primary_key=True),
        _ref("contact_id", "contacts_contact", nullable=False, unique=True),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        _at("temporary_until", nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("sees_company", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(10), nullable=False),
        _at("created_at"),
        _ref("created_by_id", "users_user", "SET NULL"),
        _at("last_at", nullable=True),
    )
    op.create_index("ix_portal_account_created_by", "portal_account", ["created_by_id"])
    op.create_index("ix_portal_account_last", "portal_account", ["last_at"])
    op.create_table(
        "portal_session",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        _ref("account_id", "portal_account"),
        _ref("contact_id", "contacts_contact"),
        _ref("user_id", "users_user"),
        sa.Column("email_key", sa.String(254), nullable=False),
        _at("created_at"),
        _at("seen_at"),
        _at("expires_at"),
        _at("ended_at", nullable=True),
        sa.Column("stays", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(300), nullable=False),
    )
    op.create_index("ix_portal_session_account", "portal_session", ["account_id", "created_at"])
    for name in ("contact", "user"):
        op.create_index(f"ix_portal_session_{name}", "portal_session", [f"{name}_id"])
    op.create_index("ix_portal_session_seen", "portal_session", ["seen_at"])
    op.create_table(
        "portal_token",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        _ref("account_id", "portal_account", nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        _at("expires_at"),
    )
    op.create_index("ix_portal_token_account", "portal_token", ["account_id", "kind"])
    op.create_index("ix_portal_token_expires", "portal_token", ["expires_at"])
    op.create_table(
        "portal_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        _ref("contact_id", "contacts_contact", nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _at("asked_at"),
        _at("decided_at", nullable=True),
        _ref("decided_by_id", "users_user", "SET NULL"),
    )
    op.create_index("ix_portal_change_contact", "portal_change", ["contact_id", "state"])
    op.create_index("ix_portal_change_state", "portal_change", ["state", "id"])
    op.create_table(
        "portal_page",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("slug", sa.String(60), nullable=False, unique=True),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        _at("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for name in ("page", "change", "token", "session", "account"):
        op.drop_table(f"portal_{name}")
