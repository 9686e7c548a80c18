"""How many contacts came on each day: rows of differences, folded now and then, so that a graph over any years is quick.

A day is cut in the site's time zone. Contacts in the bin don't count; what the counts say follows every change before it is
committed.
"""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, cast, delete, extract, func, literal, select, union_all

from ...work.unit import Change, Work
from ..rows import chunks, insert_rows, table
from .models import Contact, ContactDay

#: Rows are folded about each time so many were added.
FOLD_EVERY = 10_000
#: Seconds: no zone's day begins within such a span.
_QUARTER = 900
_ZONE = "site.timezone"


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Keeps the counts when contacts come, go, or get another date of adding; computes them anew in another zone."""
    if any(change.name == "setting.changed" and _ZONE in change.after for change in changes):
        work.enqueue("contacts.rebuild", dedupe="rebuild")
    sums: Counter[dt.date] = Counter()
    moved: Counter[int] = Counter()
    erased: dict[int, str] = {}
    for change in changes:
        if change.name == "contact.created":
            sums[_day(work, change.after["created_at"])] += 1
        elif change.name == "contact.updated" and change.after.get("created_at"):
            sums[_day(work, change.before["created_at"])] -= 1
            sums[_day(work, change.after["created_at"])] += 1
        elif change.name in ("contact.deleted", "contact.restored"):
            moved[change.object_id] += 1 if change.name == "contact.restored" else -1
        elif change.name == "contact.erased":
            moved[change.object_id] -= not change.before["in_bin"]
            erased[change.object_id] = change.before["created_at"]
    for some in chunks(list(moved)):
        for key, at in work.session.execute(select(Contact.id, Contact.created_at).where(Contact.id.in_(some))):
            sums[_day(work, at)] += moved[key]
    for key, added in erased.items():
        sums[_day(work, added)] += moved[key]
    add(work, sums)


def _day(work: Work, at: dt.datetime | str) -> dt.date:
    instant = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(work.timezone).date()


def add(work: Work, differences: Mapping[dt.date, int]) -> None:
    """Notes differences: day -> contacts more or fewer."""
    rows = [{"day": day, "amount": amount} for day, amount in sorted(differences.items()) if amount]
    if not rows:
        return
    insert_rows(work.session, ContactDay, rows)
    last = work.session.scalar(select(func.max(ContactDay.id))) or 0
    if (last - len(rows)) // FOLD_EVERY != last // FOLD_EVERY:
        fold(work)


def fold(work: Work) -> None:
    """Puts one row per day in the place of its many. Rows that another transaction is folding are left to it."""
    session = work.session
    free = select(ContactDay.id).with_for_update(skip_locked=True)
    sums: Counter[dt.date] = Counter()
    for day, amount in session.execute(
        delete(ContactDay).where(ContactDay.id.in_(free)).returning(ContactDay.day, ContactDay.amount),
        execution_options={"synchronize_session": False},
    ):
        sums[day] += amount
    _write(work, sums)


def rebuild(work: Work) -> None:
    """Counts anew, from the contacts."""
    session = work.session
    quarter = cast(extract("epoch", Contact.created_at), Integer) / literal(_QUARTER)
    bucket = (
        cast(func.floor(quarter), Integer)
        if session.get_bind().dialect.name == "postgresql"
        else cast(quarter, Integer)
    )
    # One statement sees one moment: what others add meanwhile is in neither half, and stays as it is.
    seen = session.execute(
        union_all(
            select(literal(0).label("kind"), ContactDay.id, literal(0).label("number")),
            select(literal(1), bucket, func.count()).where(Contact.deleted_at.is_(None)).group_by(bucket),
        )
    ).all()
    for some in chunks([row[1] for row in seen if not row[0]]):
        session.execute(delete(table(ContactDay)).where(ContactDay.id.in_(some)))
    sums: Counter[dt.date] = Counter()
    for kind, quarters, number in seen:
        if kind:
            sums[_day(work, dt.datetime.fromtimestamp(quarters * _QUARTER, dt.UTC))] += number
    _write(work, sums)


def _write(work: Work, sums: Mapping[dt.date, int]) -> None:
    insert_rows(work.session, ContactDay, [{"day": day, "amount": amount} for day, amount in sums.items() if amount])


# --- reading ---------------------------------------------------------------------------------------------------------


def first(work: Work) -> dt.date | None:
    """The day on which the first contact came that the actor may see."""
    work.require("contacts.view")
    if work.actor.only_assigned:
        at = work.session.scalar(select(func.min(Contact.created_at)).where(Contact.visible_to(work.actor)))
        return _day(work, at) if at is not None else None
    return work.session.scalar(select(func.min(ContactDay.day)))


def came(work: Work, bounds: Sequence[dt.date]) -> list[int]:
    """How many contacts came from each of these days until the next one, of those that the actor may see.

    :param bounds: ascending; the last one ends the last span.
    """
    work.require("contacts.view")
    if work.actor.only_assigned:
        return _own(work, bounds)
    sums = select(ContactDay.day, func.sum(ContactDay.amount)).group_by(ContactDay.day)
    counted = [0] * (len(bounds) - 1)
    for day, amount in work.session.execute(sums.where(ContactDay.day >= bounds[0], ContactDay.day < bounds[-1])):
        counted[bisect.bisect_right(bounds, day) - 1] += int(amount)
    return counted


def _own(work: Work, bounds: Iterable[dt.date]) -> list[int]:
    """Counted exactly, each span by the index of who has the contact."""
    instants = [dt.datetime.combine(day, dt.time(), work.timezone).astimezone(dt.UTC) for day in bounds]
    spans: list[Any] = [
        select(literal(place), func.count()).where(
            Contact.visible_to(work.actor), Contact.created_at >= start, Contact.created_at < end
        )
        for place, (start, end) in enumerate(itertools.pairwise(instants))
    ]
    found = {row[0]: row[1] for row in work.session.execute(union_all(*spans))}
    return [found[place] for place in range(len(spans))]
