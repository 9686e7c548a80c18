"""Tables of the outbox, of jobs and of the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, UTCDateTime


class OutboxEvent(Base):
    """An event, written in the transaction of its change and fanned out afterwards; one row holds up to 1,000 ids.

    It is picked by ``state`` (``new``, ``done``), never by "id greater than the last seen": on PostgreSQL a lower id may
    be committed later.
    """

    __tablename__ = "work_outbox"
    __table_args__ = (
        Index("ix_work_outbox_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    ids: Mapped[list[int]] = mapped_column(JSON)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="new", server_default="new")


class JobRow(Base):
    """A job, written in the transaction of the change that wants it. ``state``: due, running, done, failed, parked."""

    __tablename__ = "work_job"
    __table_args__ = (
        Index("ix_work_job_due", "state", "due_at"),
        Index(
            "uq_work_job_dedupe",
            "kind",
            "dedupe_key",
            unique=True,
            sqlite_where=text("dedupe_key IS NOT NULL AND state = 'due'"),
            postgresql_where=text("dedupe_key IS NOT NULL AND state = 'due'"),
        ),
        Index("ix_work_job_plugin", "plugin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="due", server_default="due")
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(120), default="")
    error: Mapped[str | None] = mapped_column(Text)


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
