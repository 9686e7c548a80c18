"""Who is running: a stack of plugin ids per thread of control, with what each costs and how it fails.

Every call into a plugin's code goes through :func:`running`; queries are counted by a listener on the engine. The meter is
read and emptied by the runtime every few seconds, so a crash may lose the last figures and nothing else.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import datetime as dt
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, event

from .. import logs
from ..db import utcnow

log = logging.getLogger("crmhost.plugins")

_current: contextvars.ContextVar[str] = contextvars.ContextVar("crmhost_plugin", default="")


@dataclasses.dataclass
class Cost:
    """What a plugin's code cost: calls, wall milliseconds, queries, errors."""

    calls: int = 0
    milliseconds: float = 0.0
    queries: int = 0
    errors: int = 0


@dataclasses.dataclass(frozen=True)
class FaultRecord:
    """One failure of a plugin's code. ``place`` says where: ``hook contact_boxes``, ``route funnel.index`` …"""

    plugin: str
    place: str
    error: str
    traceback: str
    at: dt.datetime


class Meter:
    """Costs and faults since they were last taken, of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: dict[str, Cost] = {}
        self._faults: deque[FaultRecord] = deque(maxlen=500)

    def add(self, plugin: str, milliseconds: float) -> None:
        """Counts one call."""
        with self._lock:
            cost = self._costs.setdefault(plugin, Cost())
            cost.calls += 1
            cost.milliseconds += milliseconds

    def query(self, plugin: str) -> None:
        """Counts one query."""
        with self._lock:
            self._costs.setdefault(plugin, Cost()).queries += 1

    def fault(self, record: FaultRecord) -> None:
        """Keeps one failure."""
        with self._lock:
            self._costs.setdefault(record.plugin, Cost()).errors += 1
            self._faults.append(record)

    @property
    def pending_faults(self) -> bool:
        """Whether failures wait to be written."""
        return bool(self._faults)

    def take(self) -> tuple[dict[str, Cost], list[FaultRecord]]:
        """All since the last call, and starts anew."""
        with self._lock:
            costs, self._costs = self._costs, {}
            faults = list(self._faults)
            self._faults.clear()
        return costs, faults


meter = Meter()


def current_plugin() -> str:
    """Id of the plugin whose code runs now; empty for the host itself."""
    return _current.get()


@contextlib.contextmanager
def running(plugin: str) -> Iterator[None]:
    """The code inside belongs to the plugin: it is timed, and its queries and failures count against it."""
    token = _current.set(plugin)
    started = time.perf_counter()
    try:
        yield
    finally:
        _current.reset(token)
        meter.add(plugin, (time.perf_counter() - started) * 1000)


def record_fault(plugin: str, place: str, error: BaseException) -> FaultRecord:
    """Logs a failure of the plugin and keeps it for the Extensions page."""
    text = "".join(traceback.format_exception(error))
    record = FaultRecord(plugin, place, f"{type(error).__name__}: {error}"[:500], text[-20_000:], utcnow())
    meter.fault(record)
    logs.note(plugin=plugin)
    log.error("plugin %s failed in %s: %s", plugin, place, record.error, exc_info=error)
    return record


def count_queries(engine: Engine) -> None:
    """Counts each statement on the engine for the plugin that is running."""

    def count(*_: Any) -> None:
        plugin = _current.get()
        if plugin:
            meter.query(plugin)

    event.listen(engine, "after_cursor_execute", count)
