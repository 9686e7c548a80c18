"""On which days each customer bought, and how many did: kept in step inside each transaction."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from plugins.transactions import api as transactions
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
    work.session.flush()
    now = _sold(work, customers, span)
    before = _kept(work, customers, span)
    counts: Counter[tuple[str, str, dt.date, dt.date | None]] = Counter()
    gone: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    for key in sorted({*now, *before}):
        known = before.get(key, {})
        last = max((day for day in known if span is not None and day < span[0]), default=None)
        following = min((day for day in known if span is not None and day > span[1]), default=None)
        stored = {day: row for day, row in known.items() if day != last}
        old = {day: row.gross for day, row in stored.items() if day != following}
        new = now.get(key, {})
        if old == new:
            continue
        will = list(_pairs(last, sorted(new), following))
        for pairs, amount in ((_pairs(last, sorted(old), following), -1), (will, 1)):
            for day, previous in pairs:
                for unit in _units(day, previous):
                    counts[key[1], *unit] += amount
        begin = known[last].first_month if last is not None else month_of(min((*new, following or dt.date.max)))
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
    values: dict[str, Any] = {}
    if span is not None:
        # The index of a contact's transactions is in order of their instants; a zone lies at most 14 hours off.
        begin, end = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in span)
        slack = dt.timedelta(days=2)
        values = {"begin": begin - slack, "end": end + slack, "first": span[0], "last": span[1]}
    rule = transactions.rule(work)
    found: dict[Key, dict[dt.date, int]] = {}
    for contacts in (True, False):
        if ids := [abs(one) for one in customers if (one > 0) == contacts]:
            wanted = _sales(rule, contacts=contacts, spanned=span is not None)
            for customer, currency, day, gross in _read(work, wanted, {**values, "ids": ids}):
                found.setdefault((customer, currency), {})[day] = int(gross)
                found.setdefault((customer, ""), {})[day] = 0
    return found


def _kept(work: Work, customers: Sequence[int], span: Span | None) -> dict[Key, dict[dt.date, Any]]:
    """The rows of customers: within a span, the last one before it and the first one after it; ``None`` for all."""
    values: dict[str, Any] = {"customers": list(customers)}
    if span is not None:
        values |= {"first": span[0], "last": span[1]}
    found: dict[Key, dict[dt.date, Any]] = {}
    for row in _read(work, _rows(spanned=span is not None), values):
        found.setdefault((row.customer, row.currency), {})[row.day] = row
    return found


def _read(work: Work, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Any]:
    """Reads past the session, which takes longer than the database does for so little; it has written all by then."""
    return work.session.connection().execute(statement, values).all()


# Each of these is put together once: with every transaction that is saved, that took as long as reading.


@functools.lru_cache(maxsize=16)
def _sales(rule: transactions.Rule, *, contacts: bool, spanned: bool) -> Select[Any]:
    counting = Counting(rule)
    mine: list[Any] = [Transaction.counted_contact_id.in_(_many("ids"))]
    if not contacts:
        mine = [Transaction.counted_contact_id.is_(None), Transaction.counted_company_id.in_(_many("ids"))]
    if spanned:
        mine += [Transaction.at >= bindparam("begin"), Transaction.at < bindparam("end")]
        mine.append(Transaction.day.between(bindparam("first"), bindparam("last")))
    group: list[Any] = [CUSTOMER, Transaction.currency, Transaction.day]
    return select(*group, whole(counting.gross)).where(counting.sale, *mine).group_by(*group)


@functools.cache
def _rows(*, spanned: bool) -> Select[Any]:
    table = Bought.__table__
    mine = table.c.customer.in_(_many("customers"))
    if not spanned:
        return select(*table.columns).where(mine)
    after = func.lead(table.c.day).over(partition_by=(table.c.customer, table.c.currency), order_by=table.c.day)
    row = select(*table.columns, after.label("following")).where(mine).subquery().c
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    before = and_(row.day < first, or_(row.following.is_(None), row.following >= first))
    behind = and_(row.day > last, or_(row.previous.is_(None), row.previous <= last))
    columns = [row[column.name] for column in table.columns]
    return select(*columns).where(or_(row.day.between(first, last), before, behind))


def _many(name: str) -> Any:
    return bindparam(name, expanding=True)


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
    for days in _kept(work, customers, None).values():
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
