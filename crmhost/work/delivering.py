"""Delivers to one subscriber what is due, in order, while its lease is held."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from .. import logs
from ..contributions import EventHandler
from ..db import WRITES
from ..errors import JobStopped, RetryLater
from . import attempt, events, jobs

if TYPE_CHECKING:
    from ..host.generation import Generation
    from ..site import Site

#: Seconds between two writes of what was delivered: a worker that is killed repeats no more than these.
WRITE_EVERY = 0.25


@contextlib.contextmanager
def writing(site: Site) -> Iterator[Connection]:
    """A transaction that writes, without a unit of work around it."""
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        yield connection


def serve(site: Site, generation: Generation, name: str, worker: str, stopping: Callable[[], bool]) -> None:
    """Delivers to the subscriber ``name`` what is due now, unless another worker does."""
    now = site.clock()
    with writing(site) as connection:
        if not events.lease(connection, name, worker, now, now + jobs.LEASE):
            return
    try:
        with site.engine.connect() as connection:
            found, held = events.due(connection, name, now)
        _hand_over(site, generation, events.subscribers(generation)[name], found, held, stopping)
    finally:
        with writing(site) as connection:
            events.free(connection, worker, name)


def _hand_over(
    site: Site,
    generation: Generation,
    handler: EventHandler,
    found: list[events.Due],
    held: events.Held,
    stopping: Callable[[], bool],
) -> None:
    done: list[int] = []
    written = time.monotonic()
    try:
        for item in found:
            if stopping():
                return
            if held.holds(item):
                continue
            with logs.bound(event_id=item.event.id, event_name=item.event.name):
                error = attempt.deliver(site, generation, handler, item)
                until = _failed(site, handler, item, error) if error is not None else None
            if error is None:
                done.append(item.id)
            elif until is not None:
                held.hold(item, until)
            if time.monotonic() - written > WRITE_EVERY:
                _delivered(site, done)
                written = time.monotonic()
    finally:
        _delivered(site, done)
        if held.back:
            with writing(site) as connection:
                events.hold_back(connection, held.back)


def _delivered(site: Site, done: list[int]) -> None:
    if done:
        with writing(site) as connection:
            events.delivered(connection, done, site.clock())
        done.clear()


def _failed(site: Site, handler: EventHandler, item: events.Due, error: BaseException) -> dt.datetime | None:
    """Writes a failure down; gives the instant of the next attempt, none when there is none."""
    now = site.clock()
    if isinstance(error, JobStopped):
        return now
    with writing(site) as connection:
        if isinstance(error, RetryLater):
            events.put_off(connection, item, error.seconds, error.why, now)
            return now + dt.timedelta(seconds=error.seconds)
        pause = jobs.pause_after(item.failures + 1)
        last = events.not_delivered(connection, item, attempt.describe(error), pause, now)
    attempt.note(handler.plugin, f"handler of {item.event.name}", error, first=item.failures == 0, last=last)
    return None if last else now + dt.timedelta(seconds=pause)
