"""Tables of the host: the state of plugins, the generation, the processes and the faults."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, UTCDateTime


class HostState(Base):
    """One row: which generation is wanted, and the version of the settings that need no rebuild."""

    __tablename__ = "host_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(default=1)
    settings_version: Mapped[int] = mapped_column(default=1)


class PluginState(Base):
    """What the site decided about a plugin. ``state``: enabled, disabled, suspended. No row: never enabled.

    ``enabled_at`` orders plugins that do not depend on each other, so that in a conflict the newcomer loses.
    ``tried_digest`` is the digest of the code that passed the trial; ``grants`` what an admin agreed to; ``data`` what the
    manifest says of its tables, for the time when its folder is gone.
    """

    __tablename__ = "host_plugin"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(40), default="")
    enabled_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    tried_digest: Mapped[str] = mapped_column(String(64), default="")
    grants: Mapped[list[str]] = mapped_column(JSON, default=list)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    stale: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    traceback: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class ProcessBeat(Base):
    """A living process and the generation that it runs. ``failed``: plugin id -> reason it was left out there."""

    __tablename__ = "host_process"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    generation: Mapped[int]
    oldest: Mapped[int] = mapped_column(default=0)
    failed: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    restart_needed: Mapped[list[str]] = mapped_column(JSON, default=list)
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Fault(Base):
    """A failure of a plugin's code, with the traceback for the admin."""

    __tablename__ = "host_fault"
    __table_args__ = (Index("ix_host_fault_plugin", "plugin", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    place: Mapped[str] = mapped_column(String(160))
    error: Mapped[str] = mapped_column(String(500))
    traceback: Mapped[str] = mapped_column(Text)
    process: Mapped[str] = mapped_column(String(120))


class HookCost(Base):
    """Cost of a plugin's hooks in one process and minute; flushed every ten seconds, so a crash may lose a little."""

    __tablename__ = "host_cost"

    plugin: Mapped[str] = mapped_column(String(60), primary_key=True)
    minute: Mapped[dt.datetime] = mapped_column(UTCDateTime, primary_key=True)
    process: Mapped[str] = mapped_column(String(120), primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
    milliseconds: Mapped[float] = mapped_column(default=0.0)
    queries: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
