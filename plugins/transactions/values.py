"""What contacts and companies are worth: kept in step inside each transaction, always summed up from what is there."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import delete, func, select, text

from crmhost.api import Change, JobContext, Message, Read, Work, insert_rows, rates, settings

from . import counting
from . import settings as own_settings
from .converted import by_day, summed
from .fields import day_of
from .hooks import ValuePart
from .models import KIND, Day, Transaction, Value

ObjectType = Literal["contact", "company"]
OBJECTS: Mapping[str, Any] = {"contact": Transaction.counted_contact_id, "company": Transaction.counted_company_id}
SOME = 500
#: Transactions up to which a change of the settings waits for all figures.
AT_ONCE = 5_000
#: Hidden setting: all figures are as the settings say.
FRESH = "transactions.fresh"
#: Keys of locks, so that two units of work never sum up one thing at a time.
_LOCKS = {"contact": 7_101, "company": 7_102, "day": 7_103}
_UNSYNCED: dict[str, Any] = {"synchronize_session": False}


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Sums up anew what the changes touched."""
    touched: dict[str, set[int]] = {"contact": set(), "company": set()}
    days: set[dt.date] = set()
    asked: set[int] = set()
    for change in changes:
        if change.name == "transaction.created":
            # It says itself what it touches; if more befalls it in the same unit, a later change is asked for.
            days.add(dt.date.fromisoformat(change.after["day"]))
            for object_type, found in touched.items():
                found.add(change.after.get(f"counted_{object_type}_id") or 0)
        elif change.object_type == KIND:
            asked.add(change.object_id)
    ids = sorted(asked)
    for some in _chunks(ids):
        columns = (Transaction.counted_contact_id, Transaction.counted_company_id, Transaction.day)
        for contact_id, company_id, day in work.session.execute(select(*columns).where(Transaction.id.in_(some))):
            touched["contact"].add(contact_id or 0)
            touched["company"].add(company_id or 0)
            days.add(day)
    for change in changes:
        if change.object_type == KIND:
            for object_type, found in touched.items():
                found.add(change.before.get(f"counted_{object_type}_id") or 0)
            if "day" in change.before:
                days.add(dt.date.fromisoformat(change.before["day"]))
        elif change.name == "contact.erased":
            touched["contact"].add(change.object_id)
        elif change.name == rates.CHANGED:
            work.enqueue("transactions.rates", **{name: change.after[name] for name in ("currency", "first", "last")})
    for object_type, found in touched.items():
        recompute(work, object_type, found - {0})
    recompute_days(work, days)


def recompute(work: Work, object_type: str, ids: Iterable[int]) -> None:
    """Sums up the value of contacts or companies anew.

    :param object_type: ``contact`` or ``company``.
    """
    rule = counting.rule(work) if ids else None
    for some in _chunks(sorted(set(ids))):
        assert rule is not None
        _lock(work, object_type, some)
        rows = _summed(work, rule, object_type, some)
        _add_parts(work, object_type, some, rows)
        mine = (Value.object_type == object_type, Value.object_id.in_(some))
        work.session.execute(delete(Value).where(*mine), execution_options=_UNSYNCED)
        insert_rows(work.session, Value, [rows[key] for key in sorted(rows)])


def _summed(
    work: Work, rule: counting.Rule, object_type: str, ids: Sequence[int]
) -> dict[tuple[int, str], dict[str, Any]]:
    column = OBJECTS[object_type]
    rows = {}
    for (key, currency), sums in summed(work, [column], column.in_(ids), rule=rule).items():
        row = _empty(object_type, key, currency)
        row |= {"transactions": sums.amount, "refunded": sums.refunded, "total": sums.amount}
        row |= {"number": sums.number, "first_at": sums.first, "last_at": sums.last}
        rows[key, currency] = row
    return rows


def _add_parts(work: Work, object_type: str, ids: Sequence[int], rows: dict[tuple[int, str], dict[str, Any]]) -> None:
    for answer in work.hooks.call("transactions_value_parts", work=work, object_type=object_type, ids=list(ids)):
        parts: Sequence[ValuePart] = answer.value
        for part in parts:
            row = rows.setdefault((part.object_id, part.currency), _empty(object_type, part.object_id, part.currency))
            row["invoiced"] += part.invoiced
            row["paid"] += part.paid
            row["total"] += part.value


def _empty(object_type: str, object_id: int, currency: str) -> dict[str, Any]:
    amounts = dict.fromkeys(("transactions", "refunded", "invoiced", "paid", "total", "number"), 0)
    about = {"object_type": object_type, "object_id": object_id, "currency": currency}
    return {**about, **amounts, "first_at": None, "last_at": None}


def recompute_days(work: Work, days: Iterable[dt.date]) -> None:
    """Sums up days anew."""
    rule = counting.rule(work) if days else None
    for some in _chunks(sorted(set(days))):
        assert rule is not None
        _lock(work, "day", [day.toordinal() for day in some])
        work.session.execute(delete(Day).where(Day.day.in_(some)), execution_options=_UNSYNCED)
        live = (Transaction.day.in_(some), Transaction.deleted_at.is_(None))
        names = ("day", "currency", "amount", "number", "left_out")
        rows = [dict(zip(names, row, strict=True)) for row in by_day(work, *live, rule=rule)]
        insert_rows(work.session, Day, rows)


def _lock(work: Work, what: str, numbers: Sequence[int]) -> None:
    """On PostgreSQL, lets nobody else sum up the same until this unit ends; SQLite has one writer anyway.

    Two units that each read before the other's commit would else both write a sum that lacks the other's part.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        locked = text(
            "SELECT count(pg_advisory_xact_lock(:kind, number)) FROM unnest(CAST(:numbers AS int[])) AS number"
        )
        work.session.execute(locked, {"kind": _LOCKS[what], "numbers": sorted(numbers)})


def _chunks(items: Iterable[Any]) -> Iterable[list[Any]]:
    found = list(items)
    for start in range(0, len(found), SOME):
        yield found[start : start + SOME]


# --- all of them -----------------------------------------------------------------------------------------------------


def rebuild(work: Work) -> None:
    """Sums up everything anew: at once when there is little, else by a job."""
    number = (
        work.session.scalar(select(func.count()).select_from(select(Transaction.id).limit(AT_ONCE + 1).subquery())) or 0
    )
    if number > AT_ONCE:
        settings.store(work, {FRESH: False})
        work.enqueue("transactions.rebuild", dedupe="rebuild")
        return
    _dates_anew(work, 0, AT_ONCE + 1)
    for object_type in OBJECTS:
        work.session.execute(delete(Value).where(Value.object_type == object_type), execution_options=_UNSYNCED)
        after = 0
        while ids := _owners(work, object_type, after):
            recompute(work, object_type, ids)
            after = ids[-1]
    work.session.execute(delete(Day), execution_options=_UNSYNCED)
    recompute_days(work, list(work.session.scalars(select(Transaction.day).distinct())))
    settings.store(work, {FRESH: True})


def run_rebuild(job: JobContext) -> dict[str, Any]:
    """The job: sums up everything anew, some in a transaction."""
    work = job.work
    after = 0
    while True:
        job.check()
        with work.begin():
            found = _dates_anew(work, after, SOME)
        if not found:
            break
        after = found
    for object_type in OBJECTS:
        after = 0
        while True:
            job.check()
            with work.begin():
                ids = _owners(work, object_type, after)
                known = (
                    select(Value.object_id).where(Value.object_type == object_type, Value.object_id > after).distinct()
                )
                stored = list(work.session.scalars(known.order_by(Value.object_id).limit(SOME)))
                some = sorted({*ids, *stored})[:SOME]
                recompute(work, object_type, some)
            if not some:
                break
            after = some[-1]
            job.progress(after)
    _rebuild_days(job)
    with work.begin():
        settings.store(work, {FRESH: True})
    return {"message": Message("All values and sums of transactions were made anew.")}


def _rebuild_days(job: JobContext) -> None:
    work = job.work
    last = dt.date.min
    while True:
        job.check()
        with work.begin():
            days: set[dt.date] = set()
            for column in (Transaction.day, Day.day):
                days.update(
                    work.session.scalars(select(column).where(column > last).distinct().order_by(column).limit(100))
                )
            some = sorted(days)[:100]
            recompute_days(work, some)
        if not some:
            return
        last = some[-1]


def run_rates(job: JobContext, currency: str, first: str, last: str) -> dict[str, Any]:
    """The job after rates of a currency changed: sums up anew what they concern, some in a transaction.

    :param first: day from which on, up to ``last``.
    """
    work, days = job.work, (dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    mine = (Transaction.currency == currency, Transaction.day.between(*days), Transaction.deleted_at.is_(None))
    for object_type, column in OBJECTS.items():
        after = 0
        while True:
            job.check()
            with work.begin():
                wanted = select(column).where(column > after, *mine).distinct().order_by(column).limit(SOME)
                found = set(work.session.scalars(wanted))
                asked = {"object_type": object_type, "after": after, "limit": SOME, "currency": currency, "days": days}
                for answer in work.hooks.call("transactions_value_owners", work=work, **asked):
                    found.update(answer.value or ())
                some = sorted(found)[:SOME]
                recompute(work, object_type, some)
            if not some:
                break
            after = some[-1]
            job.progress(after)
    edge = days[0] - dt.timedelta(days=1)
    while True:
        job.check()
        with work.begin():
            wanted = select(Transaction.day).where(*mine, Transaction.day > edge).distinct().order_by(Transaction.day)
            some_days = list(work.session.scalars(wanted.limit(100)))
            recompute_days(work, some_days)
        if not some_days:
            break
        edge = some_days[-1]
    return {"message": Message("Sums in the base currency follow the rates of %(currency)s.", currency=currency)}


def _owners(work: Work, object_type: str, after: int) -> list[int]:
    """The next contacts or companies that have a value."""
    column = OBJECTS[object_type]
    wanted = (
        select(column).where(column > after, Transaction.deleted_at.is_(None)).distinct().order_by(column).limit(SOME)
    )
    found = set(work.session.scalars(wanted))
    for answer in work.hooks.call(
        "transactions_value_owners",
        work=work,
        object_type=object_type,
        after=after,
        limit=SOME,
        currency="",
        days=None,
    ):
        found.update(answer.value or ())
    return sorted(found)[:SOME]


def _dates_anew(work: Work, after: int, some: int) -> int:
    """Puts transactions on the days of the site's zone; gives the last one looked at, 0 when there is none."""
    wanted = select(Transaction.id, Transaction.at, Transaction.day).where(Transaction.id > after)
    rows = work.session.execute(wanted.order_by(Transaction.id).limit(some)).all()
    moved = [{"id": key, "day": day_of(work, at)} for key, at, day in rows if day_of(work, at) != day]
    if moved:
        from sqlalchemy import update

        work.session.execute(update(Transaction), moved)
    return rows[-1][0] if rows else 0


# --- what follows a change of the settings ---------------------------------------------------------------------------


def follow_settings(work: Work, changes: Sequence[Change]) -> None:
    """Makes all figures anew when what counts changed, or the days were cut anew."""
    keys = {key for change in changes if change.name == "setting.changed" for key in change.after}
    if own_settings.follow(work, changes) or keys & {"site.timezone", "site.currency", rates.SHOWN, rates.HOLDS}:
        rebuild(work)


# --- reading ---------------------------------------------------------------------------------------------------------


def values_of(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, list[Value]]:
    """The values of contacts or companies, one per currency, that of the site first; those without any are left out.

    Whether the actor may see them is the caller's business.
    """
    base = str(work.settings.get("site.currency") or "")
    found: dict[int, list[Value]] = {}
    for some in _chunks(ids):
        wanted = select(Value).where(Value.object_type == object_type, Value.object_id.in_(some))
        for value in work.session.scalars(wanted.order_by(Value.currency)):
            found.setdefault(value.object_id, []).append(value)
    return {key: sorted(values, key=lambda value: value.currency != base) for key, values in found.items()}


@dataclasses.dataclass(frozen=True)
class Worth:
    """What one contact or company is worth in one currency, in its minor units."""

    currency: str
    total: int
    invoiced: int
    paid: int
    refunded: int


def worth_read(object_type: str, record: int) -> Read:
    """What :func:`worth_of` asks, for pages that ask it together with other things."""
    wanted = select(Value.currency, Value.total, Value.invoiced, Value.paid, Value.refunded)
    wanted = wanted.where(Value.object_type == object_type, Value.object_id == record)
    return Read(("transactions.worth", object_type, record), wanted)


def worth_of(work: Work, object_type: str, record: int) -> list[Worth]:
    """What one contact or company is worth, for each currency, that of the site first.

    Whether the actor may see it is the caller's business.
    """
    base = str(work.settings.get("site.currency") or "")
    found = [Worth(*row) for row in work.rows(worth_read(object_type, record))]
    return sorted(found, key=lambda worth: (worth.currency != base, worth.currency))
