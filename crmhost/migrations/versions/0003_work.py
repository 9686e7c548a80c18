"""Deliveries of events, leases and progress of jobs, schedules.

Revision ID: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AT = sa.DateTime(timezone=True)
_WAITING = "dedupe_key IS NOT NULL AND state IN ('due', 'parked')"
_WAITING_BEFORE = "dedupe_key IS NOT NULL AND state = 'due'"


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_index("ix_work_outbox_at", "work_outbox", ["at"])
    for index in ("ix_work_job_due", "ix_work_job_plugin", "uq_work_job_dedupe"):
        op.drop_index(index, table_name="work_job")
    with op.batch_alter_table("work_job") as table:
        for column in (
            _must("failures", sa.Integer(), server_default="0"),
            _may("started_at", _AT),
            _may("finished_at", _AT),
            _may("worker", sa.String(length=160)),
            _may("lease_until", _AT),
            _may("user_id", sa.Integer()),
            _must("cancel", sa.Boolean(), server_default=sa.text("false")),
            _may("progress", sa.JSON()),
            _may("saved", sa.JSON()),
            _may("result", sa.JSON()),
        ):
            table.add_column(column)
        table.create_foreign_key("fk_work_job_user_id", "users_user", ["user_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_work_job_due", "work_job", ["state", "due_at", "id"])
    op.create_index("ix_work_job_plugin", "work_job", ["plugin", "state", "id"])
    op.create_index("ix_work_job_user", "work_job", ["user_id", "id"])
    op.create_index("ix_work_job_finished", "work_job", ["state", "finished_at"])
    op.create_index("uq_work_job_dedupe", "work_job", ["kind", "dedupe_key"], unique=True, **_where(_WAITING))
    _job_lines()
    _deliveries()
    op.create_table(
        "work_schedule",
        _must("kind", sa.String(length=120)),
        _must("key", sa.String(length=64)),
        _must("plugin", sa.String(length=60)),
        _must("cron", sa.String(length=120)),
        _must("arguments", sa.JSON()),
        _must("zone", sa.String(length=60)),
        _must("due_at", _AT),
        _may("last_at", _AT),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_work_schedule"),
    )


def _job_lines() -> None:
    op.create_table(
        "work_job_line",
        _must("id", sa.Integer()),
        _must("job_id", sa.Integer()),
        _must("at", _AT),
        _must("text", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_work_job_line"),
        sa.ForeignKeyConstraint(["job_id"], ["work_job.id"], name="fk_work_job_line_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_work_job_line_job", "work_job_line", ["job_id", "id"])


def _deliveries() -> None:
    op.create_table(
        "work_subscriber",
        _must("name", sa.String(length=200)),
        _must("plugin", sa.String(length=60)),
        _must("event", sa.String(length=80)),
        _may("worker", sa.String(length=160)),
        _may("lease_until", _AT),
        sa.PrimaryKeyConstraint("name", name="pk_work_subscriber"),
    )
    op.create_table(
        "work_delivery",
        _must("id", sa.Integer()),
        _must("event_id", sa.Integer()),
        _must("subscriber", sa.String(length=200)),
        _must("plugin", sa.String(length=60)),
        _must("state", sa.String(length=10), server_default="due"),
        _must("due_at", _AT),
        _must("failures", sa.Integer(), server_default="0"),
        _may("finished_at", _AT),
        _may("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_work_delivery"),
        sa.ForeignKeyConstraint(["event_id"], ["work_outbox.id"], name="fk_work_delivery_event_id", ondelete="CASCADE"),
        sa.UniqueConstraint("subscriber", "event_id", name="uq_work_delivery_subscriber_event"),
    )
    op.create_index("ix_work_delivery_due", "work_delivery", ["subscriber", "event_id"], **_where("state = 'due'"))
    op.create_index("ix_work_delivery_state", "work_delivery", ["state", "due_at"])
    op.create_index("ix_work_delivery_event", "work_delivery", ["event_id"])


def downgrade() -> None:
    for table in ("work_schedule", "work_delivery", "work_subscriber", "work_job_line"):
        op.drop_table(table)
    for index in (
        "ix_work_job_due", "ix_work_job_plugin", "ix_work_job_user", "ix_work_job_finished", "uq_work_job_dedupe",
    ):  # fmt: skip
        op.drop_index(index, table_name="work_job")
    with op.batch_alter_table("work_job") as table:
        table.drop_constraint("fk_work_job_user_id", type_="foreignkey")
        for name in (
            "failures", "started_at", "finished_at", "worker", "lease_until",
            "user_id", "cancel", "progress", "saved", "result",
        ):  # fmt: skip
            table.drop_column(name)
    op.create_index("ix_work_job_due", "work_job", ["state", "due_at"])
    op.create_index("ix_work_job_plugin", "work_job", ["plugin"])
    op.create_index("uq_work_job_dedupe", "work_job", ["kind", "dedupe_key"], unique=True, **_where(_WAITING_BEFORE))
    op.drop_index("ix_work_outbox_at", table_name="work_outbox")
