"""On which days each customer bought, and how many did: kept in step inside each transaction."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Date,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy import cast as sql_cast

from crmhost.api import Work, insert_rows
from plugins.transactions.api import Transaction

from .counted import CUSTOMER, Counting, whole
from .days import Span, month_of, week_of
from .models import Bought, Buyers

#: Customers that are looked at together.
SOME = 200
_LOCK = 7_201
_UNSYNCED: dict[str, Any] = {"synchronize_session": False}
#: Customer and currency, which is empty for all together.
Key = tuple[int, str]
#: A day with the one on which the customer bought before.
Pair = tuple[dt.date, dt.date | None]


def retake(work: Work, customers: Mapping[int, Span | None]) -> None:
    """Takes from the transactions anew on which days customers bought.

    :param customers: each with the span in which something changed, ``None`` for ever.
    """
    numbers = sorted(customers)
    for start in range(0, len(numbers), SOME):
        some = numbers[start : start + SOME]
        spans = [customers[number] for number in some]
        known = [span for span in spans if span is not None]
        whole_life = len(known) < len(spans)
        _retake(work, some, None if whole_life else (min(one[0] for one in known), max(one[1] for one in known)))


def _retake(work: Work, customers: Sequence[int], span: Span | None) -> None:
    lock(work, customers)
    now = _sold(work, customers, span)
    edges = _edges(work, customers, span) if span is not None else {}
    before = _kept(work, customers, span, {edge[1] for edge in edges.values() if edge[1] is not None})
    counts: Counter[tuple[str, str, dt.date, dt.date | None]] = Counter()
    gone: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    for key in sorted({*now, *before}):
        last, following, first = edges.get(key, (None, None, None))
        stored = {day: row for day, row in before.get(key, {}).items() if day == following or _inside(day, span)}
        old = {day: row.gross for day, row in stored.items() if day != following}
        new = now.get(key, {})
        if old == new:
            continue
        will = list(_pairs(last, sorted(new), following))
        for pairs, amount in ((_pairs(last, sorted(old), following), -1), (will, 1)):
            for day, previous in pairs:
                for unit in _units(day, previous):
                    counts[key[1], *unit] += amount
        begin = month_of(first if last is not None and first is not None else min((*new, following or dt.date.max)))
        if span is not None and following is not None and last is None:
            _begin(work, key, span[1], begin)
        written = set()
        for day, previous in will:
            row = _row(key, day, previous, begin, new[day] if day in new else stored[day].gross)
            same = stored.get(day)
            if same is None or any(getattr(same, name) != value for name, value in row.items()):
                made.append(row)
                written.add(day)
        gone += [_place(key, day) for day in stored if day in written or (day not in new and day != following)]
    _write(work, gone, made, counts)


def _inside(day: dt.date, span: Span | None) -> bool:
    return span is None or span[0] <= day <= span[1]


def _write(work: Work, gone: list[dict[str, Any]], made: list[dict[str, Any]], counts: Counter[Any]) -> None:
    if gone:
        mine = (
            Bought.customer == bindparam("one"),
            Bought.currency == bindparam("code"),
            Bought.day == bindparam("at"),
        )
        work.session.connection().execute(delete(Bought).where(*mine), gone)
    insert_rows(work.session, Bought, made)
    names = ("currency", "grain", "start", "previous")
    rows = [dict(zip(names, key, strict=True)) | {"amount": amount} for key, amount in counts.items() if amount]
    insert_rows(work.session, Buyers, rows)


def _place(key: Key, day: dt.date) -> dict[str, Any]:
    return {"one": key[0], "code": key[1], "at": day}


def _row(key: Key, day: dt.date, previous: dt.date | None, begin: dt.date, gross: int) -> dict[str, Any]:
    month = month_of(day)
    return {
        "customer": key[0],
        "currency": key[1],
        "day": day,
        "previous": previous,
        "month": month,
        "first_month": begin,
        "again": previous is not None and month_of(previous) == month,
        "gross": gross,
    }


def _pairs(last: dt.date | None, days: Sequence[dt.date], following: dt.date | None) -> Iterator[Pair]:
    chain = [last, *days, *([] if following is None else [following])]
    return ((day, previous) for previous, day in itertools.pairwise(chain) if day is not None)


def _units(day: dt.date, previous: dt.date | None) -> Iterator[tuple[str, dt.date, dt.date | None]]:
    """What a purchase adds to the counts: grain, start, previous as in :class:`.models.Buyers`."""
    new = previous is None
    yield "day", day, None if new else day
    week, month = week_of(day), month_of(day)
    if previous is None or week_of(previous) != week:
        yield "week", week, None if new else week
    if previous is None or month_of(previous) != month:
        yield "month", month, None if previous is None else month_of(previous)


# --- reading ---------------------------------------------------------------------------------------------------------


def _sold(work: Work, customers: Sequence[int], span: Span | None) -> dict[Key, dict[dt.date, int]]:
    """Gross revenue by customer, currency and day, from the transactions."""
    counting = Counting(work)
    mine: list[Any] = [counting.sale]
    if span is not None:
        # The index of a contact's transactions is in order of their instants; a zone lies at most 14 hours off.
        edges = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in span)
        slack = dt.timedelta(days=2)
        mine += [Transaction.at >= next(edges) - slack, Transaction.at < next(edges) + slack]
        mine.append(Transaction.day.between(*span))
    group = (CUSTOMER, Transaction.currency, Transaction.day)
    found: dict[Key, dict[dt.date, int]] = {}
    for owner in _owners(customers):
        wanted = select(*group, whole(counting.gross)).where(owner, *mine).group_by(*group)
        for customer, currency, day, gross in work.session.execute(wanted):
            found.setdefault((customer, currency), {})[day] = int(gross)
            found.setdefault((customer, ""), {})[day] = 0
    return found


def _owners(customers: Sequence[int]) -> Iterator[Any]:
    people, companies = ([abs(one) for one in customers if (one > 0) == contact] for contact in (True, False))
    if people:
        yield Transaction.counted_contact_id.in_(people)
    if companies:
        yield and_(Transaction.counted_contact_id.is_(None), Transaction.counted_company_id.in_(companies))


def _edges(
    work: Work, customers: Sequence[int], span: Span
) -> dict[Key, tuple[dt.date | None, dt.date | None, dt.date | None]]:
    """Of each customer and currency: the last day before a span, the first one after it, the first of all."""
    before, after = case((Bought.day < span[0], Bought.day)), case((Bought.day > span[1], Bought.day))
    group = (Bought.customer, Bought.currency)
    wanted = select(*group, func.max(before), func.min(after), func.min(Bought.day))
    rows = work.session.execute(wanted.where(Bought.customer.in_(customers)).group_by(*group))
    return {(customer, currency): (last, following, first) for customer, currency, last, following, first in rows}


def _kept(
    work: Work, customers: Sequence[int], span: Span | None, following: Iterable[dt.date]
) -> dict[Key, dict[dt.date, Any]]:
    """The rows of customers within a span, and on the days that follow it."""
    wanted = select(*Bought.__table__.columns).where(Bought.customer.in_(customers))
    if span is not None:
        wanted = wanted.where(or_(Bought.day.between(*span), Bought.day.in_(sorted(set(following)))))
    found: dict[Key, dict[dt.date, Any]] = {}
    for row in work.session.execute(wanted):
        found.setdefault((row.customer, row.currency), {})[row.day] = row
    return found


def _begin(work: Work, key: Key, after: dt.date, begin: dt.date) -> None:
    """Writes the month of the first purchase to what was bought after a day."""
    mine = (Bought.customer == key[0], Bought.currency == key[1], Bought.day > after, Bought.first_month != begin)
    work.session.execute(update(Bought).where(*mine).values(first_month=begin), execution_options=_UNSYNCED)


def lock(work: Work, numbers: Sequence[int], kind: int = _LOCK) -> None:
    """On PostgreSQL, lets nobody else work on the same until this unit ends; SQLite has one writer anyway."""
    if work.session.get_bind().dialect.name == "postgresql":
        locked = text("SELECT count(pg_advisory_xact_lock(:kind, number)) FROM unnest(CAST(:all AS int[])) AS number")
        work.session.execute(locked, {"kind": kind, "all": list(numbers)})


def expected(work: Work, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The rows that customers should have, by the transactions."""
    for key, days in _sold(work, customers, None).items():
        for day, previous in _pairs(None, sorted(days), None):
            yield _row(key, day, previous, month_of(min(days)), days[day])


def stored(work: Work, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The rows that customers have."""
    for days in _kept(work, customers, None, ()).values():
        for row in days.values():
            yield dict(row._mapping)


# --- how many --------------------------------------------------------------------------------------------------------


def differences(work: Work) -> Select[Any]:
    """What the counts of customers lack or have too much: currency, grain, start, previous, amount."""
    week: Any = func.date(Bought.day, "weekday 0", "-6 days", type_=Date)
    week_before: Any = func.date(Bought.previous, "weekday 0", "-6 days", type_=Date)
    month_before: Any = func.date(Bought.previous, "start of month", type_=Date)
    if work.session.get_bind().dialect.name == "postgresql":
        week, week_before = (sql_cast(func.date_trunc("week", day), Date) for day in (Bought.day, Bought.previous))
        month_before = sql_cast(func.date_trunc("month", Bought.previous), Date)
    new = Bought.previous.is_(None)
    kinds = [
        ("day", Bought.day, case((new, null()), else_=Bought.day), true()),
        ("week", week, case((new, null()), else_=week), or_(new, week_before != week)),
        ("month", Bought.month, month_before, Bought.again.is_(False)),
    ]
    wanted = [
        select(
            Bought.currency,
            literal(grain, String).label("grain"),
            start.label("start"),
            previous.label("previous"),
            literal(1, Integer).label("amount"),
        ).where(condition)
        for grain, start, previous, condition in kinds
    ]
    have = select(Buyers.currency, Buyers.grain, Buyers.start, Buyers.previous, -Buyers.amount)
    both = union_all(*wanted, have).subquery()
    group = (both.c.currency, both.c.grain, both.c.start, both.c.previous)
    return select(*group, func.sum(both.c.amount)).group_by(*group).having(func.sum(both.c.amount) != 0)


def recount(work: Work) -> None:
    """Brings the counts of customers to what the days on which they bought say, in one look at both."""
    names = ("currency", "grain", "start", "previous", "amount")
    rows = [dict(zip(names, row, strict=True)) for row in work.session.execute(differences(work))]
    insert_rows(work.session, Buyers, [{**row, "amount": int(row["amount"])} for row in rows])
