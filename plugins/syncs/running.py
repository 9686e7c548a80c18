"""Reading the other side: all of history once, then what changed since. A page is done wholly or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import hashlib
import os
import socket
import time
from functools import partial
from pathlib import Path

from crmhost.api import Conflict, Message, Work

from . import applying, connections, receiving
from .applying import Outcome
from .calls import Teller, calling
from .models import Connection
from .pace import Pace
from .shapes import Incoming, Page, Reader, Source

#: Changes are asked for from this long before the last reading on, as clocks differ and shops store late.
OVERLAP = dt.timedelta(minutes=10)
#: A reading that was not heard of for this long is over.
LEASE = dt.timedelta(seconds=120)


def run(teller: Teller, connection_id: int, *, full: bool = False) -> Outcome:
    """Reads what is new: everything the first time, then what changed since; goes on where the last attempt was stopped.

    :param full: everything once more, also what is as it was.
    :raises Conflict: when somebody else reads this connection just now.
    :raises RetryLater: when the other side is busy or can't be reached.
    :raises GiveUp: when the keys are refused, with what to do.
    """
    work = teller.work
    one = connections.get(work, connection_id)
    source = connections.source_of(work, one.source)
    _begin(work, teller.key, connection_id, full=full)
    try:
        with calling(work, connection_id):
            reader = connections.reader(work, source, one)
            _read(teller, source, reader, connection_id)
    finally:
        _release(work, teller.key, connection_id)
    receiving.proceed(teller, connection_id)
    return Outcome(**connections.get(work, connection_id).cursors.get("last", {}))


def process_key() -> str:
    """A key for a reading by this process itself: once the process is gone, another one takes over without waiting."""
    return f"process:{_machine()}:{os.getpid()}:{time.time_ns() % 10**9}"


@functools.cache
def _machine() -> str:
    """What tells apart where the number of a process means the same: containers may share a name, and a kernel."""
    marks = [socket.gethostname()]
    with contextlib.suppress(OSError):
        # Only Linux says this; elsewhere there are no containers that share a kernel.
        marks += [Path("/proc/sys/kernel/random/boot_id").read_text("ascii"), str(Path("/proc/self/ns/pid").readlink())]
    return hashlib.blake2b("\n".join(marks).encode(), digest_size=8).hexdigest()


def is_over(one: Connection, now: dt.datetime) -> bool:
    """Whether nobody reads a connection any more, whoever began to."""
    if not one.run_key or one.run_until is None or one.run_until <= now:
        return True
    kind, _colon, rest = one.run_key.partition(":")
    machine, _colon, rest = rest.partition(":")
    if kind != "process" or machine != _machine():
        return False
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        # It is somebody else's process.
        return False
    return False


def _begin(work: Work, key: str, connection_id: int, *, full: bool) -> None:
    with work.begin():
        one = connections.get(work, connection_id, lock=True)
        if one.run_key != key and not is_over(one, work.now):
            raise Conflict(Message("“%(name)s” is being read already: its page shows how far it is.", name=one.name))
        one.run_key, one.run_until = key, work.now + LEASE
        going = one.cursors.get("run")
        if going is None or (full and not going.get("all")):
            since = None if full else one.cursors.get("since")
            going = {"all": full, "since": since, "step": 0, "cursor": None, "began": work.now.isoformat(), "done": 0}
            one.cursors = {**one.cursors, "run": going}
        work.session.flush()


def _release(work: Work, key: str, connection_id: int) -> None:
    with work.begin():
        one = connections.get(work, connection_id, lock=True)
        if one.run_key == key:
            one.run_key, one.run_until = "", None


def _read(teller: Teller, source: Source, reader: Reader, connection_id: int) -> None:
    work = teller.work
    steps, pace = reader.steps(), Pace(work)
    while True:
        teller.check()
        one = connections.get(work, connection_id)
        going = one.cursors.get("run")
        if going is None or one.paused:
            return
        since = dt.datetime.fromisoformat(going["since"]) if going["since"] else None
        step = steps[going["step"]] if going["step"] < len(steps) else ""
        if not step:
            _finish(work, teller.key, connection_id)
            return
        page = reader.page(step, going["cursor"], since)
        items = applying.changed(work, one, page.items, force=bool(going["all"]))
        if items:
            items = list(reader.complete(items))
        outcome = _take(teller, source, one, items, pace)
        outcome.unchanged += len(page.items) - len(items)
        done = _step_on(teller, connection_id, page, step, outcome)
        teller.progress(done, page.total, source.kinds.get(step, step))


def _take(teller: Teller, source: Source, one: Connection, items: list[Incoming], pace: Pace) -> Outcome:
    outcome, start = Outcome(), 0
    while start < len(items):
        some = items[start : start + pace.share(len(items) - start)]
        ready = applying.Ready(source, one, some)
        outcome += pace.take(len(some), partial(_apply, teller.work, source, one.id, some, ready))
        start += len(some)
    return outcome


def _apply(work: Work, source: Source, connection_id: int, items: list[Incoming], ready: applying.Ready) -> Outcome:
    return applying.apply(work, source, connections.get(work, connection_id), items, ready)


def _step_on(teller: Teller, connection_id: int, page: Page, step: str, outcome: Outcome) -> int:
    """Notes that a page is done; the page itself may come again without harm."""
    work = teller.work
    with work.begin():
        one = _mine(work, teller.key, connection_id)
        going = dict(one.cursors["run"])
        over = page.cursor is None
        done = int(going["done"]) + len(page.items)
        going |= {"cursor": page.cursor, "step": going["step"] + over, "done": 0 if over else done}
        sums = Outcome(**going.get("sums", {})) + outcome
        going["sums"] = dataclasses.asdict(sums)
        one.cursors = {**one.cursors, "run": going}
        if outcome.added:
            one.counts = {**one.counts, step: one.counts.get(step, 0) + outcome.added}
        one.run_until = work.now + LEASE
        if one.failures or one.problem:
            one.failures, one.problem, one.problem_at = 0, "", None
    return done


def _finish(work: Work, key: str, connection_id: int) -> None:
    with work.begin():
        one = _mine(work, key, connection_id)
        going = one.cursors["run"]
        since = dt.datetime.fromisoformat(going["began"]) - OVERLAP
        rest = {name: value for name, value in one.cursors.items() if name != "run"}
        first = not one.complete
        one.cursors = {**rest, "since": since.isoformat(), "last": going.get("sums", {})}
        one.read_at = work.now
        one.failures, one.problem, one.problem_at = 0, "", None
        work.session.flush()
        if first:
            work.tell("sync.imported", [one.id])


def _mine(work: Work, key: str, connection_id: int) -> Connection:
    one = connections.get(work, connection_id, lock=True)
    if one.run_key != key:
        raise Conflict(Message("“%(name)s” is read elsewhere by now.", name=one.name))
    return one
