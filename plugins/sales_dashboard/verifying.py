"""Compares all that is kept with what plain SQL over the transactions gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import SYSTEM, Work

from . import buying, summing
from .converting import NOTHING, NUMBERS, plus
from .days import Calendar, month_spans
from .models import Dirty, Sum
from .plain import Plain


def differences(work: Work) -> Iterator[str]:
    """Each kept figure that is not what the transactions say, as a line. Days that are known to be out of date are left out."""
    for month in summing.months(work):
        for dimension in summing.in_force(work):
            yield from _sums(work, month, dimension)
    after: int | None = None
    while customers := summing.next_customers(work, after):
        expected = {(row["customer"], row["currency"], row["day"]): row for row in buying.expected(work, customers)}
        kept = {(row["customer"], row["currency"], row["day"]): row for row in buying.stored(work, customers)}
        yield from _compare("bought", kept, expected)
        after = customers[-1]
    for row in work.session.execute(buying.differences(work)):
        yield f"buyers {' '.join(str(value or '-') for value in row[:-1])}: {int(row[-1]):+d} missing"


def _sums(work: Work, month: dt.date, dimension: str) -> Iterator[str]:
    span = month_spans(month, month)[0]
    parts = [] if dimension else [Dirty.parts.is_(False)]
    late = set(work.session.scalars(select(Dirty.day).where(Dirty.day.between(*span), *parts)))
    days: dict[Any, Any] = {}
    whole: dict[Any, Any] = {}
    plain = Plain(work.as_actor(SYSTEM), None, Calendar())
    for day, currency, key, numbers in plain.rows(span, dimension, by_day=True):
        if any(numbers):
            days[day, currency, key] = plus(days.get((day, currency, key), NOTHING), numbers)
            whole[month, currency, key] = plus(whole.get((month, currency, key), NOTHING), numbers)
    columns = (Sum.start, Sum.currency, Sum.key, *(getattr(Sum, name) for name in NUMBERS))
    for grain, expected in (("day", days), ("month", whole)):
        mine = (Sum.dimension == dimension, Sum.grain == grain, Sum.start.between(*span))
        kept = {row[:3]: tuple(row[3:]) for row in map(tuple, work.session.execute(select(*columns).where(*mine)))}
        if grain == "day":
            kept, expected = (_without(some, late) for some in (kept, expected))
        elif late:
            continue
        yield from _compare(f"{dimension or 'all'} {grain}", kept, expected)


def _without(rows: Mapping[Any, Any], late: set[dt.date]) -> dict[Any, Any]:
    return {key: row for key, row in rows.items() if key[0] not in late}


def _compare(what: str, kept: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Iterable[str]:
    for key in sorted({*kept, *expected}, key=str):
        if kept.get(key) != expected.get(key):
            told = " ".join(str(part) or "-" for part in key)
            yield f"{what} {told}: kept {kept.get(key, 'nothing')}, in truth {expected.get(key, 'nothing')}"
