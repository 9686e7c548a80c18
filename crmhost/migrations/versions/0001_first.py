"""The core's first tables: host, settings, users, audit log, events and jobs.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def upgrade() -> None:
    _host()
    _users()
    _work()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _host() -> None:
    op.create_table(
        "host_state",
        _must("id", sa.Integer()),
        _must("generation", sa.Integer()),
        _must("settings_version", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_host_state"),
    )
    op.create_table(
        "host_plugin",
        _must("id", sa.String(length=60)),
        _must("state", sa.String(length=10)),
        _must("version", sa.String(length=40)),
        _may("enabled_at", _AT),
        _must("tried_digest", sa.String(length=64)),
        _must("grants", sa.JSON()),
        _must("stale", sa.Boolean()),
        _must("reason", sa.Text()),
        _must("traceback", sa.Text()),
        _must("changed_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_host_plugin"),
    )
    op.create_table(
        "host_process",
        _must("id", sa.String(length=120)),
        _must("kind", sa.String(length=20)),
        _must("generation", sa.Integer()),
        _must("oldest", sa.Integer()),
        _must("failed", sa.JSON()),
        _must("restart_needed", sa.JSON()),
        _must("since", _AT),
        _must("seen_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_host_process"),
    )
    op.create_table(
        "host_fault",
        _must("id", sa.Integer()),
        _must("plugin", sa.String(length=60)),
        _must("at", _AT),
        _must("place", sa.String(length=160)),
        _must("error", sa.String(length=500)),
        _must("traceback", sa.Text()),
        _must("process", sa.String(length=120)),
        sa.PrimaryKeyConstraint("id", name="pk_host_fault"),
    )
    op.create_index("ix_host_fault_plugin", "host_fault", ["plugin", "at"])
    op.create_table(
        "host_cost",
        _must("plugin", sa.String(length=60)),
        _must("minute", _AT),
        _must("process", sa.String(length=120)),
        _must("calls", sa.Integer()),
        _must("milliseconds", sa.Double()),
        _must("queries", sa.Integer()),
        _must("errors", sa.Integer()),
        _must("data", sa.JSON()),
        sa.PrimaryKeyConstraint("plugin", "minute", "process", name="pk_host_cost"),
    )
    op.create_table(
        "settings_value",
        _must("plugin", sa.String(length=60)),
        _must("key", sa.String(length=160)),
        _may("value", sa.JSON()),
        _may("secret", sa.LargeBinary()),
        _must("key_id", sa.String(length=16), server_default=""),
        _must("updated_at", _AT),
        sa.PrimaryKeyConstraint("plugin", "key", name="pk_settings_value"),
    )


def _users() -> None:
    op.create_table(
        "users_role",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=80)),
        _must("permissions", sa.JSON()),
        _must("locked", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_users_role"),
        sa.UniqueConstraint("name", name="uq_users_role_name"),
    )
    op.create_table(
        "users_user",
        _must("id", sa.Integer()),
        _must("email", sa.String(length=254)),
        _must("email_key", sa.String(length=254)),
        _must("name", sa.String(length=120)),
        _must("password", sa.String(length=200)),
        _must("role_id", sa.Integer()),
        _must("given", sa.JSON()),
        _must("taken", sa.JSON()),
        _must("only_assigned", sa.Boolean()),
        _may("disabled_at", _AT),
        _must("locale", sa.String(length=10)),
        _must("created_at", _AT),
        _may("invite_hash", sa.String(length=64)),
        _may("invite_until", _AT),
        sa.ForeignKeyConstraint(["role_id"], ["users_role.id"], name="fk_users_user_role_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users_user"),
        sa.UniqueConstraint("email_key", name="uq_users_user_email_key"),
        sa.UniqueConstraint("invite_hash", name="uq_users_user_invite_hash"),
    )
    op.create_table(
        "users_session",
        _must("token_hash", sa.String(length=64)),
        _must("user_id", sa.Integer()),
        _must("created_at", _AT),
        _must("seen_at", _AT),
        _must("expires_at", _AT),
        _must("address", sa.String(length=64)),
        _must("agent", sa.String(length=300)),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_users_session_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_users_session"),
    )
    op.create_index("ix_users_session_user", "users_session", ["user_id"])
    op.create_table(
        "users_token",
        _must("id", sa.Integer()),
        _must("token_hash", sa.String(length=64)),
        _must("user_id", sa.Integer()),
        _must("label", sa.String(length=120)),
        _must("created_at", _AT),
        _may("seen_at", _AT),
        _may("revoked_at", _AT),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_users_token_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_users_token"),
        sa.UniqueConstraint("token_hash", name="uq_users_token_token_hash"),
    )
    op.create_index("ix_users_token_user", "users_token", ["user_id"])
    op.create_table(
        "users_attempt",
        _must("id", sa.Integer()),
        _must("key", sa.String(length=300)),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_users_attempt"),
    )
    op.create_index("ix_users_attempt_key", "users_attempt", ["key", "at"])
    op.create_table(
        "users_preference",
        _must("user_id", sa.Integer()),
        _must("key", sa.String(length=120)),
        _must("value", sa.JSON()),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_users_preference_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_users_preference"),
    )
    op.create_table(
        "audit_entry",
        _must("id", sa.Integer()),
        _must("at", _AT),
        _must("actor_kind", sa.String(length=10)),
        _must("actor_label", sa.String(length=200)),
        _may("user_id", sa.Integer()),
        _must("action", sa.String(length=80)),
        _must("object_type", sa.String(length=40)),
        _must("object_id", sa.String(length=120)),
        _may("before", sa.JSON()),
        _may("after", sa.JSON()),
        _must("address", sa.String(length=64)),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_audit_entry_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"])
    op.create_index("ix_audit_entry_object", "audit_entry", ["object_type", "object_id", "id"])
    op.create_index("ix_audit_entry_user", "audit_entry", ["user_id", "id"])


def _work() -> None:
    op.create_table(
        "work_outbox",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=80)),
        _must("ids", sa.JSON()),
        _must("data", sa.JSON()),
        _must("actor", sa.String(length=120)),
        _must("at", _AT),
        _must("state", sa.String(length=10), server_default="new"),
        sa.PrimaryKeyConstraint("id", name="pk_work_outbox"),
    )
    op.create_index("ix_work_outbox_new", "work_outbox", ["id"], **_where("state = 'new'"))
    op.create_table(
        "work_job",
        _must("id", sa.Integer()),
        _must("plugin", sa.String(length=60)),
        _must("kind", sa.String(length=120)),
        _must("arguments", sa.JSON()),
        _may("dedupe_key", sa.String(length=200)),
        _must("state", sa.String(length=10), server_default="due"),
        _must("due_at", _AT),
        _must("attempts", sa.Integer(), server_default="0"),
        _must("created_at", _AT),
        _must("actor", sa.String(length=120)),
        _may("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_work_job"),
    )
    op.create_index("ix_work_job_due", "work_job", ["state", "due_at"])
    op.create_index("ix_work_job_plugin", "work_job", ["plugin"])
    op.create_index(
        "uq_work_job_dedupe",
        "work_job",
        ["kind", "dedupe_key"],
        unique=True,
        **_where("dedupe_key IS NOT NULL AND state = 'due'"),
    )


_TABLES = [
    "host_state",
    "host_plugin",
    "host_process",
    "host_fault",
    "host_cost",
    "settings_value",
    "users_role",
    "users_user",
    "users_session",
    "users_token",
    "users_attempt",
    "users_preference",
    "audit_entry",
    "work_outbox",
    "work_job",
]
