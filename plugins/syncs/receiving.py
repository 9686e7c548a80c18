"""Webhooks: kept with their job in one transaction, answered at once, dealt with in the background."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select, update

from crmhost.api import Work, upsert

from . import applying, connections
from .calls import Teller, calling
from .models import Connection, Received
from .pace import Pace
from .shapes import Incoming, Source

#: Days after which it is forgotten that an event came: no sender repeats later.
KEPT = 30


def receive(work: Work, one: Connection, event_id: str, item: Incoming | None, *, topic: str = "", kind: str = "",
            external_id: str = "") -> bool:  # fmt: skip
    """Keeps what a webhook told, and wants the job that deals with it: in a transaction, after the signature was checked.

    :param event_id: the sender's own number of the event; told again, it is known already.
    :param item: the record as it came; ``None`` when the record is to be fetched, then ``kind`` and ``external_id`` name it.
    :returns: whether it is new.
    """
    body = None
    if item is not None:
        kind, external_id = item.kind, item.external_id
        body = {"version": item.version, "gone": item.gone, "body": dict(item.body)}
    values = {
        "connection_id": one.id, "event_id": event_id[:200], "topic": topic[:120], "kind": kind, "external_id": external_id[:200],
        "body": body, "at": work.now, "done_at": None,
    }  # fmt: skip
    made = upsert(work.session, Received).values(values).on_conflict_do_nothing().returning(Received.id)
    new = work.session.scalar(made) is not None
    heard = update(Connection).where(Connection.id == one.id).values(heard_at=work.now)
    work.session.execute(heard, execution_options={"synchronize_session": False})
    if new and not one.paused:
        work.enqueue("syncs.receive", dedupe=str(one.id), connection_id=one.id)
    return new


def waiting(work: Work, one: Connection) -> int:
    """How many events wait to be dealt with."""
    open_ = select(func.count()).where(Received.connection_id == one.id, Received.done_at.is_(None))
    return work.session.scalar(open_) or 0


def proceed(teller: Teller, connection_id: int) -> int:
    """Deals with what came in, some at a time; gives how many events."""
    work, done, pace = teller.work, 0, Pace(teller.work)
    while True:
        teller.check()
        one = connections.get(work, connection_id)
        wanted = select(Received).where(Received.connection_id == connection_id, Received.done_at.is_(None))
        rows = list(work.session.scalars(wanted.order_by(Received.id).limit(pace.size)))
        if not rows or one.paused:
            return done
        ids = [row.id for row in rows]
        source = connections.source_of(work, one.source)
        told, asked = _told(rows)
        with calling(work, connection_id):
            reader = connections.reader(work, source, one)
            for item in applying.doubtful(work, one, told):
                asked.setdefault(item.kind, []).append(item.external_id)
            items = applying.changed(work, one, told, newest=False)
            fetched: list[Incoming] = []
            for kind, names in asked.items():
                fetched += reader.fetch(kind, list(dict.fromkeys(names)))
            known = {(item.kind, item.external_id) for item in fetched}
            items = [item for item in items if (item.kind, item.external_id) not in known]
            items += applying.changed(work, one, fetched)
            items = list(reader.complete(items)) if items else []
        ready = applying.Ready(source, one, items)
        pace.take(len(rows), partial(_deal, work, source, connection_id, items, ready, ids))
        done += len(ids)
        teller.progress(done)


def _deal(
    work: Work, source: Source, connection_id: int, items: list[Incoming], ready: applying.Ready, events: list[int]
) -> None:
    """Takes records, and notes that the events which told of them were dealt with."""
    one = connections.get(work, connection_id)
    outcome = applying.apply(work, source, one, items, ready)
    if outcome.added and items:
        kind = items[0].kind
        one.counts = {**one.counts, kind: one.counts.get(kind, 0) + outcome.added}
    gone = update(Received).where(Received.id.in_(events)).values(done_at=work.now, body=None)
    work.session.execute(gone, execution_options={"synchronize_session": False})


def _told(rows: Sequence[Received]) -> tuple[list[Incoming], dict[str, list[str]]]:
    """The newest of each record that came whole, and the ids of those that are to be fetched."""
    newest: dict[tuple[str, str], Incoming] = {}
    asked: dict[str, list[str]] = {}
    for row in rows:
        if not row.kind:
            continue
        if row.body is None:
            asked.setdefault(row.kind, []).append(row.external_id)
            continue
        item = _item(row, row.body)
        other = newest.get((row.kind, row.external_id))
        if other is None or item.gone or item.version >= other.version:
            twins = other is not None and item.version == other.version
            if other is not None and (other.gone or (twins and applying.digest(item) != applying.digest(other))):
                # Nobody can say which of the two came first.
                asked.setdefault(row.kind, []).append(row.external_id)
            newest[row.kind, row.external_id] = item
    return list(newest.values()), asked


def _item(row: Received, body: Mapping[str, Any]) -> Incoming:
    return Incoming(
        kind=row.kind, external_id=row.external_id, version=int(body.get("version") or 0), gone=bool(body.get("gone")),
        body=body.get("body") or {},
    )  # fmt: skip


def forget_old(work: Work, limit: int = 500) -> int:
    """Forgets events that were dealt with long ago, at most ``limit``; gives how many."""
    before = work.now - dt.timedelta(days=KEPT)
    old = (
        select(Received.id)
        .where(Received.at < before, Received.done_at.is_not(None))
        .order_by(Received.at)
        .limit(limit)
    )
    ids = list(work.session.scalars(old))
    work.session.execute(delete(Received).where(Received.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)
