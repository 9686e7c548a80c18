"""What subscriptions bring regularly, and how that changed: from what each reading finds."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from crmhost.api import Work, insert_rows

from .models import Record, Term
from .shapes import Other, Subscribed

_SOME = 500
#: How many units a year has.
_A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
_COLUMNS = (Term.since, Term.until, Term.currency, Term.amount, Term.unit, Term.every)


@dataclasses.dataclass(frozen=True)
class Span:
    """A time in which a subscription brings the same; see :class:`.models.Term`."""

    since: dt.datetime
    until: dt.datetime | None
    currency: str
    amount: int
    unit: str
    every: int


def follow(spans: Sequence[Span], now: Subscribed) -> list[Span]:
    """What is known of a subscription once it was seen like this; seen so again, nothing changes.

    A price that changed holds from the moment on at which that was seen. What ended before it began never was.
    """
    kept = [span for span in spans if span.since < now.seen and (now.until is None or span.since < now.until)]
    if now.until is not None:
        kept = [dataclasses.replace(span, until=_first(span.until, now.until)) for span in kept]
    price = (now.amount.currency, now.amount.amount, now.unit, now.every)
    begins = now.since
    if kept:
        if now.until is not None and now.until <= now.seen:
            return kept
        last = kept[-1]
        over = last.until is not None and last.until < now.seen
        if not over and (last.currency, last.amount, last.unit, last.every) == price:
            return [*kept[:-1], dataclasses.replace(last, until=now.until)]
        begins = now.seen
        if not over:
            kept[-1] = dataclasses.replace(last, until=begins)
    if now.until is not None and now.until <= begins:
        return kept
    return [*kept, Span(begins, now.until, *price)]


def _first(one: dt.datetime | None, other: dt.datetime) -> dt.datetime:
    return other if one is None else min(one, other)


def monthly(amount: Decimal | int, unit: str, every: int) -> Decimal:
    """What comes each ``every`` units, by the month: a year has 12 months, 52 weeks, 365 days."""
    return Decimal(amount) * _A_YEAR[unit] / (12 * every)


def keep(work: Work, stored: Iterable[tuple[Record, Any]]) -> None:
    """Remembers what subscriptions that were stored bring from now on."""
    found = {
        record.id: shaped.subscribed
        for record, shaped in stored
        if isinstance(shaped, Other) and shaped.subscribed is not None
    }
    known = _known(work, list(found))
    rows: list[dict[str, Any]] = []
    changed = []
    for record_id, now in found.items():
        before = known.get(record_id, [])
        after = follow(before, now)
        if after != before:
            changed.append(record_id)
            rows += [{"record_id": record_id, **dataclasses.asdict(span)} for span in after]
    for start in range(0, len(changed), _SOME):
        gone = delete(Term).where(Term.record_id.in_(changed[start : start + _SOME]))
        work.session.execute(gone, execution_options={"synchronize_session": False})
    insert_rows(work.session, Term, rows)


def end(work: Work, records: Sequence[Record]) -> None:
    """Has subscriptions that were deleted there bring nothing from now on."""
    ids = [record.id for record in records]
    for record_id, spans in _known(work, ids).items():
        kept = [span for span in spans if span.since < work.now]
        ended = [dataclasses.replace(span, until=_first(span.until, work.now)) for span in kept]
        gone = delete(Term).where(Term.record_id == record_id)
        work.session.execute(gone, execution_options={"synchronize_session": False})
        insert_rows(work.session, Term, [{"record_id": record_id, **dataclasses.asdict(span)} for span in ended])


def _known(work: Work, ids: Sequence[int]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for start in range(0, len(ids), _SOME):
        wanted = select(Term.record_id, *_COLUMNS).where(Term.record_id.in_(ids[start : start + _SOME]))
        for row in work.session.execute(wanted.order_by(Term.record_id, Term.since)):
            found.setdefault(row[0], []).append(Span(*row[1:]))
    return found
