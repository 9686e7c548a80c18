"""Events on their way: from the outbox into one delivery per subscriber, and from there to the handlers.

A row of the outbox is picked by its state, never by "id greater than the last seen", which loses events on PostgreSQL. Whoever
holds a subscriber's lease delivers to it, one event after the other; an event that waits for its next attempt holds back later
events of the same objects, and nothing else.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select, update

from ..contributions import Event, EventHandler
from ..core.keyset import beyond
from ..errors import Conflict, NotFound
from .tables import DUE_DELIVERY, NEW_EVENT, Delivery, OutboxEvent, Subscriber
from .unit import Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..host.generation import Generation

#: Rows of the outbox that are fanned out in one transaction.
FAN_OUT = 500
#: Deliveries looked at, at once, for one subscriber.
WINDOW = 500
#: Failures after which a delivery is given up.
ATTEMPTS = 10
#: How long delivered events are kept.
KEEP = dt.timedelta(days=7)


def subscribers(generation: Generation) -> dict[str, EventHandler]:
    """Name -> handler of all that subscribe in a generation."""
    found: dict[str, EventHandler] = {}
    for item in generation.contributions("event_handlers"):
        called = item.name or getattr(item.handler, "__qualname__", type(item.handler).__name__)
        found[f"{item.plugin}:{item.event}:{called}"[:200]] = item
    return found


def wants(pattern: str, event: str) -> bool:
    """Whether a subscriber of ``pattern`` (``contact.created``, ``contact.*``, ``*``) gets this event."""
    if pattern in ("*", event):
        return True
    return pattern.endswith(".*") and event.startswith(pattern[:-1])


def enlist(connection: Connection, generation: Generation, kept: Collection[str]) -> None:
    """Makes the table of subscribers agree with a generation; the caller commits.

    :param kept: plugins that are not in the generation and whose events are kept all the same: suspended or failed ones.
    """
    wanted = subscribers(generation)
    running = {plugin.id for plugin in generation.plugins}
    known = {row.name: row.plugin for row in connection.execute(select(Subscriber.name, Subscriber.plugin))}
    new = [
        {"name": name, "plugin": item.plugin, "event": item.event} for name, item in wanted.items() if name not in known
    ]
    if new:
        connection.execute(insert(Subscriber), new)
    gone = [
        name
        for name, plugin in known.items()
        if (plugin in running and name not in wanted) or (plugin not in running and plugin not in kept)
    ]
    if gone:
        connection.execute(delete(Subscriber).where(Subscriber.name.in_(gone)))


def fan_out(connection: Connection, now: dt.datetime, limit: int = FAN_OUT) -> int:
    """Turns events of the outbox into deliveries; the caller commits. Says how many events it took."""
    new = select(OutboxEvent.id, OutboxEvent.name).where(NEW_EVENT).order_by(OutboxEvent.id)
    taken = connection.execute(new.limit(limit).with_for_update(skip_locked=True)).all()
    if not taken:
        return 0
    known = connection.execute(select(Subscriber.name, Subscriber.plugin, Subscriber.event)).all()
    rows = [
        {"event_id": event.id, "subscriber": item.name, "plugin": item.plugin, "due_at": now}
        for event in taken
        for item in known
        if wants(item.event, event.name)
    ]
    if rows:
        connection.execute(insert(Delivery), rows)
    done = update(OutboxEvent).where(OutboxEvent.id.in_([event.id for event in taken]))
    connection.execute(done.values(state="done"))
    return len(taken)


# --- delivering ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Due:
    """A delivery to one subscriber, with its event."""

    id: int
    failures: int
    event: Event

    @property
    def objects(self) -> frozenset[tuple[str, int]]:
        """What it is about: pairs of kind and id."""
        kind = self.event.name.partition(".")[0]
        return frozenset((kind, number) for number in self.event.ids)


def with_due(connection: Connection, names: Collection[str], now: dt.datetime) -> list[str]:
    """Those of the subscribers for whom something is due, and whom nobody serves now."""
    something = (
        select(Delivery.id).where(Delivery.subscriber == Subscriber.name, DUE_DELIVERY, Delivery.due_at <= now).exists()
    )
    free = or_(Subscriber.lease_until.is_(None), Subscriber.lease_until < now)
    return list(connection.scalars(select(Subscriber.name).where(Subscriber.name.in_(names), free, something)))


def lease(connection: Connection, name: str, worker: str, now: dt.datetime, until: dt.datetime) -> bool:
    """Takes or renews the right to deliver to a subscriber; the caller commits."""
    free = or_(Subscriber.lease_until.is_(None), Subscriber.lease_until < now, Subscriber.worker == worker)
    mine = update(Subscriber).where(Subscriber.name == name, free).values(worker=worker, lease_until=until)
    return bool(connection.execute(mine).rowcount)


def free(connection: Connection, worker: str, name: str = "") -> None:
    """Gives up a lease, or all of this worker's."""
    mine = update(Subscriber).where(Subscriber.worker == worker)
    if name:
        mine = mine.where(Subscriber.name == name)
    connection.execute(mine.values(worker=None, lease_until=None))


def free_dead(connection: Connection, dead: Collection[str]) -> None:
    """Frees what workers held that are known to be dead."""
    if dead:
        gone = update(Subscriber).where(Subscriber.worker.in_(dead))
        connection.execute(gone.values(worker=None, lease_until=None))


class Held:
    """What waits, and until when: objects whose event could not be delivered yet hold back their later events."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, int], dt.datetime] = {}
        #: Deliveries that are due but held back -> until when.
        self.back: dict[int, dt.datetime] = {}

    def hold(self, item: Due, until: dt.datetime) -> None:
        """From now on the objects of this delivery wait."""
        self._until.update(dict.fromkeys(item.objects, until))

    def holds(self, item: Due) -> bool:
        """Whether a delivery must wait for an earlier one; then all that shares an object with it waits too."""
        waits = [self._until[key] for key in item.objects if key in self._until]
        if waits:
            self.back[item.id] = max(waits)
            self.hold(item, max(waits))
        return bool(waits)


def due(connection: Connection, subscriber: str, now: dt.datetime) -> tuple[list[Due], Held]:
    """What can be delivered now, in order, and what is held back by an earlier event of the same object."""
    held = Held()
    found: list[Due] = []
    last = 0
    while not found:
        rows = connection.execute(_window(subscriber, last)).all()
        for row in rows:
            last = row.event_id
            event = Event(row.event_id, row.name, tuple(row.ids), row.data, row.at, row.actor)
            item = Due(row.id, row.failures, event)
            if row.due_at > now:
                held.hold(item, row.due_at)
            elif not held.holds(item):
                found.append(item)
        if len(rows) < WINDOW:
            break
    return found, held


def hold_back(connection: Connection, held: Mapping[int, dt.datetime]) -> None:
    """Lets deliveries wait as long as what holds them back, so that nobody looks at them before."""
    by_instant: dict[dt.datetime, list[int]] = {}
    for number, until in held.items():
        by_instant.setdefault(until, []).append(number)
    for until, ids in by_instant.items():
        connection.execute(update(Delivery).where(Delivery.id.in_(ids)).values(due_at=until))


def _window(subscriber: str, last: int) -> Any:
    return (
        select(
            Delivery.id,
            Delivery.event_id,
            Delivery.failures,
            Delivery.due_at,
            OutboxEvent.name,
            OutboxEvent.ids,
            OutboxEvent.data,
            OutboxEvent.at,
            OutboxEvent.actor,
        )
        .join(OutboxEvent, OutboxEvent.id == Delivery.event_id)
        .where(Delivery.subscriber == subscriber, DUE_DELIVERY, Delivery.event_id > last)
        .order_by(Delivery.event_id)
        .limit(WINDOW)
    )


def delivered(connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
    """Writes down that these deliveries are done."""
    if ids:
        mine = update(Delivery).where(Delivery.id.in_(ids))
        connection.execute(mine.values(state="done", finished_at=now, error=None))


def not_delivered(connection: Connection, item: Due, error: str, pause: float, now: dt.datetime) -> bool:
    """Writes down a failure: it is tried again later, or given up after :data:`ATTEMPTS`; says whether it was given up."""
    failures = item.failures + 1
    values: dict[str, Any] = {"failures": failures, "error": error[:4000]}
    if failures >= ATTEMPTS:
        values.update(state="failed", finished_at=now)
    else:
        values.update(due_at=now + dt.timedelta(seconds=pause))
    connection.execute(update(Delivery).where(Delivery.id == item.id).values(values))
    return failures >= ATTEMPTS


def put_off(connection: Connection, item: Due, seconds: float, why: str, now: dt.datetime) -> None:
    """Puts a delivery off without counting a failure."""
    later = {"due_at": now + dt.timedelta(seconds=seconds), "error": why[:4000] or None}
    connection.execute(update(Delivery).where(Delivery.id == item.id).values(later))


# --- for people ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Failed:
    """A delivery that was given up, with its event."""

    id: int
    subscriber: str
    plugin: str
    event: str
    ids: Sequence[int]
    at: dt.datetime
    error: str
    due_at: dt.datetime


def failed(work: Work, limit: int = 100, after: tuple[dt.datetime, int] | None = None) -> list[Failed]:
    """Deliveries that were given up, newest first.

    :param after: only those that come after this one: its ``due_at`` and ``id``.
    """
    work.require("jobs.view")
    keys = (Delivery.due_at, Delivery.id)
    rows = work.session.execute(
        select(
            Delivery.id,
            Delivery.subscriber,
            Delivery.plugin,
            OutboxEvent.name,
            OutboxEvent.ids,
            OutboxEvent.at,
            Delivery.error,
            Delivery.due_at,
        )
        .join(OutboxEvent, OutboxEvent.id == Delivery.event_id)
        .where(Delivery.state == "failed", *([beyond(keys, after, descending=True)] if after else []))
        .order_by(*(key.desc() for key in keys))
        .limit(limit)
    )
    return [
        Failed(row.id, row.subscriber, row.plugin, row.name, row.ids, row.at, row.error or "", row.due_at)
        for row in rows
    ]


def retry(work: Work, delivery_id: int) -> None:
    """Lets a delivery that was given up be tried again; inside ``work.begin()``.

    :raises Conflict: when it was not given up.
    """
    work.require("jobs.edit")
    found: Delivery | None = work.session.get(Delivery, delivery_id, with_for_update=True)
    if found is None:
        raise NotFound("delivery", delivery_id)
    if found.state != "failed":
        raise Conflict("Only what was given up can be delivered again.")
    found.state, found.due_at, found.failures, found.finished_at = "due", work.now, 0, None
    work.session.flush()
    work.audit("delivery.retried", "delivery", delivery_id, after={"subscriber": found.subscriber})


def prune(work: Work, keep: dt.timedelta = KEEP, limit: int = 5000) -> int:
    """Deletes events that were delivered to all long ago, at most so many; what waits or failed stays."""
    open_ = select(Delivery.id).where(Delivery.event_id == OutboxEvent.id, Delivery.state != "done").exists()
    old = (
        select(OutboxEvent.id)
        .where(OutboxEvent.state == "done", OutboxEvent.at < work.now - keep, ~open_)
        .order_by(OutboxEvent.at)
        .limit(limit)
    )
    gone = delete(OutboxEvent).where(OutboxEvent.id.in_(old.scalar_subquery()))
    done = work.session.execute(gone.execution_options(synchronize_session=False))
    return int(getattr(done, "rowcount", 0))
