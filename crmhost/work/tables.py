"""Tables of the outbox, its deliveries, jobs, schedules and the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, MessageJSON, MessageText, UTCDateTime

#: While a job waits, no second one of its kind and key is made; on PostgreSQL and SQLite the same text.
WAITING = "dedupe_key IS NOT NULL AND state IN ('due', 'parked')"
#: Conditions of partial indexes, written out: neither database uses such an index for a condition with a parameter.
NEW_EVENT = text("work_outbox.state = 'new'")
DUE_DELIVERY = text("work_delivery.state = 'due'")


class OutboxEvent(Base):
    """An event, written in the transaction of its change and fanned out afterwards; one row holds up to 1,000 ids.

    It is picked by ``state`` (``new``, ``done``), never by "id greater than the last seen": on PostgreSQL a lower id may
    be committed later.
    """

    __tablename__ = "work_outbox"
    __table_args__ = (
        Index("ix_work_outbox_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
        Index("ix_work_outbox_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    ids: Mapped[list[int]] = mapped_column(JSON)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="new", server_default="new")


class JobRow(Base):
    """A job, written in the transaction of the change that wants it.

    ``state``: due, running, done, failed, cancelled, parked (its plugin is off). ``attempts`` counts starts, ``failures`` those
    that ended in an exception: an attempt that was killed does not lengthen the pause. ``worker`` and ``lease_until`` say who
    runs it and until when that is believed without a sign of life.
    """

    __tablename__ = "work_job"
    __table_args__ = (
        Index("ix_work_job_due", "state", "due_at", "id"),
        Index(
            "uq_work_job_dedupe",
            "kind",
            "dedupe_key",
            unique=True,
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        Index("ix_work_job_plugin", "plugin", "state", "id"),
        Index("ix_work_job_user", "user_id", "id"),
        Index("ix_work_job_finished", "state", "finished_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="due", server_default="due")
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    worker: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(120), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    cancel: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    progress: Mapped[dict[str, Any] | None] = mapped_column(MessageJSON)
    saved: Mapped[Any | None] = mapped_column(JSON)
    result: Mapped[dict[str, Any] | None] = mapped_column(MessageJSON)
    error: Mapped[str | None] = mapped_column(MessageText)


class JobLine(Base):
    """A line of a job's log."""

    __tablename__ = "work_job_line"
    __table_args__ = (Index("ix_work_job_line_job", "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("work_job.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(MessageText)


class Subscriber(Base):
    """An event handler of a plugin that is on, was suspended or could not be started: what is told is kept for it.

    Whoever holds the lease delivers to it, so that its events come in order.
    """

    __tablename__ = "work_subscriber"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    event: Mapped[str] = mapped_column(String(80))
    worker: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class Delivery(Base):
    """An event on its way to one subscriber. ``state``: due, done, failed."""

    __tablename__ = "work_delivery"
    __table_args__ = (
        UniqueConstraint("subscriber", "event_id", name="uq_work_delivery_subscriber_event"),
        Index(
            "ix_work_delivery_due",
            "subscriber",
            "event_id",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        Index("ix_work_delivery_state", "state", "due_at"),
        Index("ix_work_delivery_event", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("work_outbox.id", ondelete="CASCADE"))
    subscriber: Mapped[str] = mapped_column(String(200))
    plugin: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default="due", server_default="due")
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    finished_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(MessageText)


class ScheduleRow(Base):
    """When a schedule starts its job next. ``key`` tells apart several schedules of the same kind."""

    __tablename__ = "work_schedule"

    kind: Mapped[str] = mapped_column(String(120), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    cron: Mapped[str] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class AuditEntry(Base):
    """Who changed what, from what, to what; secrets masked. ``object_id`` is text, for keys of settings too."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_object", "object_type", "object_id", "id"),
        Index("ix_audit_entry_user", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_label: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(80))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(120), default="")
    before: Mapped[Any | None] = mapped_column(JSON)
    after: Mapped[Any | None] = mapped_column(JSON)
    address: Mapped[str] = mapped_column(String(64), default="")
