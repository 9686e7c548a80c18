"""Comparing both sides month by month: numbers, sums, and which records differ."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select

from crmhost.api import Conflict, CrmError, Message, Work, insert_rows
from plugins.transactions import api as transactions

from . import applying, connections, mapping
from .calls import Teller, calling
from .models import HAS_PARENT, Connection, Difference, Month, Record
from .pace import Pace
from .sales import REFUND
from .shapes import Incoming, Reader, Sale, Source

_SOME = 500
#: Records that differ which one page shows, and one job repairs.
SHOWN = 200
#: Records that differ which are fetched together.
_AT_ONCE = 50
#: Option of a connection: how often both sides are compared by themselves; and when they were last.
COMPARE, COMPARED = "compare", "compared"
#: What the option can be -> days.
EVERY = {"weekly": 7, "monthly": 30}


@dataclasses.dataclass
class _Sums:
    their_number: int = 0
    their_sum: int = 0
    our_number: int = 0
    our_sum: int = 0


@dataclasses.dataclass(frozen=True)
class _Theirs:
    """A sale or refund as the other side has it; ``amount`` is ``None`` when it does not count there."""

    kind: str
    external_id: str
    at: dt.datetime
    currency: str
    amount: int | None


def overdue(work: Work) -> list[Connection]:
    """The connections that want to be compared by themselves, and were not since so many days."""
    found = []
    for one in connections.on(work):
        days, last = EVERY.get(str(one.options.get(COMPARE) or "")), one.cursors.get(COMPARED)
        if days is None or not one.complete:
            continue
        # An hour less: no two days are begun at the very same second.
        wait = dt.timedelta(days=days, hours=-1)
        if last is None or dt.datetime.fromisoformat(last) + wait <= work.now:
            found.append(one)
    return found


def compare(teller: Teller, connection_id: int) -> int:
    """Compares all sales and refunds of both sides; gives how many differ. Nothing is changed but what the comparison found."""
    work = teller.work
    one = connections.get(work, connection_id)
    source = connections.source_of(work, one.source)
    months: dict[tuple[dt.date, str], _Sums] = {}
    differences: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    with calling(work, connection_id):
        reader = connections.reader(work, source, one)
        for step in (step for step in reader.steps() if step in source.sales):
            cursor, done = None, 0
            while True:
                teller.check()
                page = reader.page(step, cursor, None)
                theirs = _theirs(work, source, reader, connections.get(work, connection_id), page.items)
                seen.update((item.kind, item.external_id) for item in theirs)
                differences += _compared(work, one, theirs, months)
                done += len(page.items)
                teller.progress(done, page.total, source.kinds.get(step, step))
                if page.cursor is None:
                    break
                cursor = page.cursor
    differences += _only_here(work, one, source, seen, months)
    _keep(work, one, months, differences)
    return len(differences)


def _theirs(work: Work, source: Source, reader: Reader, one: Connection, items: Sequence[Incoming]) -> list[_Theirs]:
    rules, options = mapping.resolve(work, source, one), connections.options_of(source, one)
    dates = _refund_dates(work, one, [item.external_id for item in items])
    found: list[_Theirs] = []
    for item, sale in _sales(source, reader, options, items):
        try:
            counts = mapping.transaction_status(rules, sale.status, paid=sale.paid) in rules.counted
        except CrmError:
            # It stands among those that were set aside, or is about to.
            continue
        total = sale.amounts["total"]
        found.append(_Theirs(item.kind, item.external_id, sale.at, total.currency, total.amount if counts else None))
        for refund in sale.refunds or ():
            at = dates.get(refund.external_id, refund.at)
            amount = -refund.amount.amount if counts else None
            found.append(_Theirs(REFUND, refund.external_id, at, total.currency, amount))
    return found


def _sales(
    source: Source, reader: Reader, options: Mapping[str, Any], items: Sequence[Incoming]
) -> Iterator[tuple[Incoming, Sale]]:
    """The sales that can be read; those that don't tell their refunds by themselves are completed for it."""
    found = [(item, _sale(source, options, item)) for item in items]
    short = [item for item, sale in found if sale is None or sale.refunds is None]
    whole = {(item.kind, item.external_id): item for item in (reader.complete(short) if short else ())}
    for item, sale in found:
        more = whole.get((item.kind, item.external_id))
        read = _sale(source, options, more) if more is not None else sale
        if read is not None:
            yield item, read


def _sale(source: Source, options: Mapping[str, Any], item: Incoming) -> Sale | None:
    try:
        found = source.shape(item, options)
    except applying.UNREADABLE:
        return None
    return found if isinstance(found, Sale) else None


def _refund_dates(work: Work, one: Connection, parents: Sequence[str]) -> dict[str, dt.datetime]:
    mine = (Record.connection_id == one.id, Record.kind == REFUND, Record.parent.in_(parents), HAS_PARENT)
    rows = work.session.execute(select(Record.external_id, Record.at).where(*mine))
    return {name: at for name, at in rows if at is not None}


def _compared(
    work: Work, one: Connection, theirs: Sequence[_Theirs], months: dict[tuple[dt.date, str], _Sums]
) -> Iterable[dict[str, Any]]:
    ours = _ours(work, one, theirs)
    for item in theirs:
        have = ours.get((item.kind, item.external_id))
        amount, currency = have if have is not None else (None, item.currency)
        sums = months.setdefault((_month(work, item.at), item.currency), _Sums())
        if item.amount is not None:
            sums.their_number += 1
            sums.their_sum += item.amount
        if amount is not None:
            other = months.setdefault((_month(work, item.at), currency), _Sums())
            other.our_number += 1
            other.our_sum += amount
        if amount != item.amount or (amount is not None and currency != item.currency):
            yield _difference(
                one, item.kind, item.external_id, _month(work, item.at), item.currency, item.amount, amount
            )


def _ours(work: Work, one: Connection, items: Sequence[_Theirs]) -> dict[tuple[str, str], tuple[int | None, str]]:
    """Kind and id there -> what its transaction counts here, ``None`` for nothing, and its currency."""
    rule = transactions.rule(work)
    found: dict[tuple[str, str], tuple[int | None, str]] = {}
    names: dict[str, list[str]] = {}
    for item in items:
        names.setdefault(item.kind, []).append(item.external_id)
    numbers: dict[tuple[str, str], int] = {}
    for kind, ids in names.items():
        for start in range(0, len(ids), _SOME):
            mine = (Record.connection_id == one.id, Record.kind == kind)
            wanted = select(Record.external_id, Record.object_id).where(
                *mine, Record.external_id.in_(ids[start : start + _SOME])
            )
            numbers |= {(kind, name): number for name, number in work.session.execute(wanted) if number is not None}
    there = transactions.by_ids(work, list(numbers.values()))
    for key, number in numbers.items():
        one_ = there.get(number)
        if one_ is not None:
            amount = one_.total * rule.signs.get(one_.type_id, 0) if rule.counts(one_) else None
            found[key] = (amount, one_.currency)
    return found


def _only_here(
    work: Work, one: Connection, source: Source, seen: set[tuple[str, str]], months: dict[tuple[dt.date, str], _Sums]
) -> Iterable[dict[str, Any]]:
    """Records that count here and are not there any more."""
    after = 0
    while True:
        wanted = select(Record).where(
            Record.connection_id == one.id, Record.kind.in_([*source.sales, REFUND]), Record.id > after,
            Record.counts, Record.at.is_not(None),
        )  # fmt: skip
        rows = list(work.session.scalars(wanted.order_by(Record.id).limit(_SOME)))
        if not rows:
            return
        after = rows[-1].id
        missing = [row for row in rows if (row.kind, row.external_id) not in seen and row.at is not None]
        theirs = [_Theirs(row.kind, row.external_id, row.at, row.currency, None) for row in missing if row.at]
        ours = _ours(work, one, theirs)
        for item in theirs:
            amount, currency = ours.get((item.kind, item.external_id), (None, item.currency))
            if amount is not None:
                sums = months.setdefault((_month(work, item.at), currency), _Sums())
                sums.our_number += 1
                sums.our_sum += amount
                yield _difference(one, item.kind, item.external_id, _month(work, item.at), currency, None, amount)


def _month(work: Work, at: dt.datetime) -> dt.date:
    return at.astimezone(work.timezone).date().replace(day=1)


def _difference(
    one: Connection, kind: str, name: str, month: dt.date, currency: str, theirs: int | None, ours: int | None
) -> dict[str, Any]:
    return {
        "connection_id": one.id, "month": month, "kind": kind, "external_id": name, "currency": currency, "theirs": theirs,
        "ours": ours,
    }  # fmt: skip


def _keep(
    work: Work, one: Connection, months: dict[tuple[dt.date, str], _Sums], differences: Sequence[dict[str, Any]]
) -> None:
    """Puts what this comparison found in the place of the last one's."""
    with work.begin():
        for model in (Month, Difference):
            gone = delete(model).where(model.connection_id == one.id)
            work.session.execute(gone, execution_options={"synchronize_session": False})
        rows = [
            {"connection_id": one.id, "month": month, "currency": currency, "at": work.now, **dataclasses.asdict(sums)}
            for (month, currency), sums in sorted(months.items())
        ]
        insert_rows(work.session, Month, rows)
        kept = connections.get(work, one.id, lock=True)
        kept.cursors = {**kept.cursors, COMPARED: work.now.isoformat()}
        unique = {(row["kind"], row["external_id"]): row for row in differences}
        insert_rows(work.session, Difference, list(unique.values())[:10_000])


def months_of(work: Work, one: Connection) -> list[Month]:
    """What the last comparison found, the newest month first."""
    wanted = select(Month).where(Month.connection_id == one.id)
    return list(work.session.scalars(wanted.order_by(Month.month.desc(), Month.currency)))


def differences_of(work: Work, one: Connection, limit: int = SHOWN) -> list[Difference]:
    """The records that differ, the newest month first."""
    wanted = select(Difference).where(Difference.connection_id == one.id)
    return list(work.session.scalars(wanted.order_by(Difference.month.desc(), Difference.id).limit(limit)))


def differing(work: Work, one: Connection) -> int:
    """How many records differ."""
    mine = select(func.count()).select_from(Difference).where(Difference.connection_id == one.id)
    return work.session.scalar(mine) or 0


def want_repair(work: Work, connection_id: int, difference_ids: Sequence[int]) -> int:
    """Wants the job that fetches records that differ, those of them that still do; gives its number.

    :raises Conflict: when none of them differs any more.
    """
    work.require("syncs.edit")
    connections.get(work, connection_id)
    mine = (Difference.connection_id == connection_id, Difference.id.in_(list(difference_ids)[:SHOWN]))
    left = list(work.session.scalars(select(Difference.id).where(*mine).order_by(Difference.id)))
    if not left:
        raise Conflict(Message("These were repaired already, or compared anew: nothing is left to fetch of them."))
    return connections.want(work, "syncs.repair", connection_id, difference_ids=left)


def repair(teller: Teller, connection_id: int, difference_ids: Sequence[int]) -> int:
    """Fetches records that differ and takes them as they are there; what staff typed over stays. Gives how many were fetched.

    Some at a time: what was dealt with is no difference any more, so that another attempt goes on with the rest.
    """
    fetched, pace = 0, Pace(teller.work)
    numbers = sorted(set(difference_ids))
    for start in range(0, len(numbers), _AT_ONCE):
        teller.check()
        fetched += _repair_some(teller, connection_id, numbers[start : start + _AT_ONCE], pace)
        teller.progress(min(start + _AT_ONCE, len(numbers)), len(numbers))
    return fetched


def _repair_some(teller: Teller, connection_id: int, difference_ids: Sequence[int], pace: Pace) -> int:
    work = teller.work
    one = connections.get(work, connection_id)
    source = connections.source_of(work, one.source)
    these = (Difference.connection_id == one.id, Difference.id.in_(difference_ids))
    rows = list(work.session.scalars(select(Difference).where(*these)))
    sale = next(iter(source.sales), "")
    parents = _parents(work, one, [row.external_id for row in rows if row.kind == REFUND])
    names: dict[str, list[str]] = {}
    for row in rows:
        kind, name = (sale, parents.get(row.external_id, "")) if row.kind == REFUND else (row.kind, row.external_id)
        if name:
            names.setdefault(kind, []).append(name)
    with calling(work, connection_id):
        reader = connections.reader(work, source, one)
        items = [item for kind, ids in names.items() for item in reader.fetch(kind, list(dict.fromkeys(ids)))]
        items = list(reader.complete(applying.changed(work, one, items, force=True)))
    start = 0
    while start < len(items):
        teller.check()
        some = items[start : start + pace.size]
        pace.take(len(some), partial(_apply, work, source, connection_id, some))
        start += len(some)
    with work.begin():
        work.session.execute(delete(Difference).where(*these), execution_options={"synchronize_session": False})
    return len(items)


def _apply(work: Work, source: Source, connection_id: int, items: list[Incoming]) -> None:
    applying.apply(work, source, connections.get(work, connection_id), items)


def _parents(work: Work, one: Connection, refunds: Sequence[str]) -> dict[str, str]:
    mine = (Record.connection_id == one.id, Record.kind == REFUND, Record.external_id.in_(list(refunds)))
    return {row[0]: row[1] for row in work.session.execute(select(Record.external_id, Record.parent).where(*mine))}
