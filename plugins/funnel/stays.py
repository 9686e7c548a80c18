"""Keeps the stays of contacts in their statuses, from the history that the core writes."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select

from crmhost.api import Change, Contact, JobContext, Message, StatusChange, Work, insert_rows, settings, statuses

from . import flows
from .models import Stay

#: Hidden setting: the stays of all contacts have been taken from the history.
COUNTED = "funnel.counted"
#: Contacts that are read at once.
SOME = 500
#: Contacts up to which enabling waits for it.
AT_ONCE = 5_000

#: A merge moves rows of the history, and one that is undone moves them back.
_MERGES = ("contact.merged", "contact.unmerged")
_TOUCHED = ("contact.created", "contact.status_changed", "contact.deleted", "contact.restored", *_MERGES)


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Takes the stays of the contacts that changed from their history anew."""
    touched = {change.object_id for change in changes if change.name in _TOUCHED}
    new = {change.object_id for change in changes if change.name == "contact.created"}
    for change in changes:
        if change.name in _MERGES:
            touched.update((change.after or change.before)["loser_ids"])
    ids = sorted(touched)
    for start in range(0, len(ids), SOME):
        take(work, ids[start : start + SOME], fresh=new.issuperset(ids[start : start + SOME]))


def take(work: Work, ids: Sequence[int], *, fresh: bool = False) -> None:
    """Takes the stays of contacts from their history.

    :param fresh: they have none yet.
    """
    session = work.session
    gone = Counter[flows.Key]() if fresh else _leave(work, ids)
    history = (
        select(StatusChange.contact_id, StatusChange.new_id, StatusChange.at, Contact.deleted_at)
        .join(Contact, Contact.id == StatusChange.contact_id)
        .where(StatusChange.contact_id.in_(ids))
        .order_by(StatusChange.contact_id, StatusChange.id)
    )
    found: list[dict[str, Any]] = []
    for contact, rows in itertools.groupby(session.execute(history), key=lambda row: int(row[0])):
        entries = [(row[1] or 0, row[2], row[3] is None) for row in rows]
        found += stays_of(contact, [(status, at) for status, at, _ in entries], live=entries[0][2])
    insert_rows(session, Stay, found)
    flows.add(work, gone, flows.counted(found))


def _leave(work: Work, ids: Sequence[int]) -> Counter[flows.Key]:
    """Deletes the stays of contacts; gives what they counted."""
    names = ("status_id", "week", "next_id", "span", "live", "again_at")
    gone = work.session.execute(
        delete(Stay).where(Stay.contact_id.in_(ids)).returning(*(getattr(Stay, name) for name in names)),
        execution_options={"synchronize_session": False},
    )
    return flows.counted(dict(row) for row in gone.mappings())


def forget(work: Work, contact_id: int) -> None:
    """Takes the stays of a contact away, before it goes itself."""
    flows.add(work, _leave(work, [contact_id]), {})


def stays_of(contact: int, entries: Sequence[tuple[int, dt.datetime]], *, live: bool = True) -> list[dict[str, Any]]:
    """The stays of a contact as rows.

    :param entries: statuses and when they were entered, in order.
    """
    found: list[dict[str, Any]] = []
    again: dict[int, dt.datetime] = {}
    following: tuple[int, dt.datetime] | None = None
    for status, at in reversed(entries):
        seconds = max(0, int((following[1] - at).total_seconds())) if following else None
        found.append({
            "contact_id": contact,
            "status_id": status,
            "entered_at": at,
            "next_id": following[0] if following else None,
            "seconds": seconds,
            "span": None if seconds is None else span_of(seconds),
            "again_at": again.get(status),
            "live": live,
            "week": flows.week_of(at),
        })  # fmt: skip
        again[status] = at
        following = status, at
    return found[::-1]


def span_of(seconds: int) -> int:
    """A number that grows with a time, the same for times that differ by a sixteenth at most: what a median lies in is found by
    it among a few hundred."""
    length = seconds.bit_length()
    return seconds if length < 5 else (length << 4) + (seconds >> (length - 5)) - 16


# --- all of them -----------------------------------------------------------------------------------------------------


def begin(work: Work) -> None:
    """Takes the stays of everybody: at once when they are few, else by a job."""
    number = (
        work.session.scalar(select(func.count()).select_from(select(Contact.id).limit(AT_ONCE + 1).subquery())) or 0
    )
    if number > AT_ONCE:
        settings.store(work, {COUNTED: False})
        work.enqueue("funnel.count", dedupe="count")
        return
    for ids in pages(work):
        take(work, ids)
    for status in statuses.all_statuses(work):
        flows.rebuild(work, status.id)
    settings.store(work, {COUNTED: True})


def pages(work: Work) -> Iterable[list[int]]:
    """Ids of all contacts, those in the bin too, some at a time."""
    after = 0
    while ids := list(
        work.session.scalars(select(Contact.id).where(Contact.id > after).order_by(Contact.id).limit(SOME))
    ):
        yield ids
        after = ids[-1]


def count(job: JobContext) -> dict[str, Any]:
    """The job: takes the stays of everybody, some in a transaction."""
    work = job.work
    last = work.session.scalar(select(func.max(Contact.id))) or 0
    done = 0
    for ids in pages(work):
        job.check()
        with work.begin():
            take(work, ids)
        done += len(ids)
        job.progress(ids[-1], last)
    # What was kept before may be of contacts that were erased while the plugin was off.
    for status in statuses.all_statuses(work):
        with work.begin():
            flows.rebuild(work, status.id)
    with work.begin():
        settings.store(work, {COUNTED: True})
    return {
        "message": Message("%(number)s contacts were counted for the funnel.", number=done),
        "url": "/funnel/?view=actual",
    }
