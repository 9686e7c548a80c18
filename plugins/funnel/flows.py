"""How many stays began in each week and where they led: kept sums, so that the figures of any period are read from a few.

What is kept are rows of differences, so that no row is hot; a job puts those of one kind together now and then.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, delete, func, insert, or_, select, union_all

from crmhost.api import JobContext, Message, Work, insert_rows, statuses

from .models import Flow, Stay

#: The job is wanted each time so many rows were added.
FOLD_EVERY = 20_000
_WEEK = 7 * 24 * 3600
#: More than any id of a status, and any span.
_IDS, _SPANS = 2**26, 2**11
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Key(NamedTuple):
    """What a sum is of: stays in a status that began in a week, the status that followed, and how long they lasted."""

    status_id: int
    week: int
    next_id: int | None
    span: int | None


def week_of(at: dt.datetime) -> int:
    """Number of the week, counted from 1970 in UTC, whatever the site's zone: so that another zone changes nothing kept."""
    return (at - _EPOCH) // dt.timedelta(seconds=_WEEK)


def begin_of(week: int) -> dt.datetime:
    """The moment at which it begins."""
    return _EPOCH + dt.timedelta(seconds=week * _WEEK)


def counted(rows: Iterable[Mapping[str, Any]]) -> Counter[Key]:
    """The sums of stays given as rows: of each contact only the last one in a status, while it is not in the bin."""
    kept = (row for row in rows if row["live"] and row["again_at"] is None)
    return Counter(Key(row["status_id"], row["week"], row["next_id"], row["span"]) for row in kept)


def add(work: Work, gone: Mapping[Key, int], come: Mapping[Key, int]) -> None:
    """Notes that stays went and others came."""
    sums = Counter(come)
    sums.subtract(gone)
    rows = [{**key._asdict(), "amount": amount} for key, amount in sums.items() if amount]
    if not rows:
        return
    insert_rows(work.session, Flow, rows)
    last = work.session.scalar(select(func.max(Flow.id))) or 0
    if (last - len(rows)) // FOLD_EVERY != last // FOLD_EVERY:
        work.enqueue("funnel.fold", dedupe="fold")


def fold(job: JobContext) -> dict[str, Any]:
    """The job: puts one row in the place of several of one kind, one status after the other."""
    for status in statuses.all_statuses(job.work):
        job.check()
        with job.work.begin():
            fold_status(job.work, status.id)
    return {"message": Message("The sums of the funnel were put together.")}


def fold_status(work: Work, status_id: int) -> None:
    """Puts the rows of one status together. Rows that another transaction is folding are left to it."""
    session = work.session
    several = (
        select(Flow.week).where(Flow.status_id == status_id).group_by(Flow.week, Flow.next_id, Flow.span)
    ).having(func.count() > 1)
    free = select(Flow.id).where(Flow.status_id == status_id, Flow.week.in_(several)).with_for_update(skip_locked=True)
    sums: Counter[Key] = Counter()
    gone = delete(Flow).where(Flow.id.in_(free))
    for status, week, next_id, span, amount in session.execute(
        gone.returning(Flow.status_id, Flow.week, Flow.next_id, Flow.span, Flow.amount),
        execution_options={"synchronize_session": False},
    ):
        sums[Key(status, week, next_id, span)] += amount
    insert_rows(session, Flow, [{**key._asdict(), "amount": amount} for key, amount in sums.items() if amount])


def rebuild(work: Work, status_id: int) -> None:
    """Sums up the stays of one status anew."""
    session = work.session
    names = ("status_id", "week", "next_id", "span")
    columns = [getattr(Stay, name) for name in names]
    kept = and_(Stay.status_id == status_id, Stay.live, Stay.again_at.is_(None))
    sums = select(*columns, func.count()).where(kept).group_by(*columns)
    old = delete(Flow).where(Flow.status_id == status_id)
    new = insert(Flow).from_select([*names, "amount"], sums)
    if session.get_bind().dialect.name == "postgresql":
        # One statement sees one moment: what others note meanwhile is neither summed up nor deleted.
        session.execute(new.add_cte(old.returning(Flow.id).cte("gone")))
    else:
        session.execute(old, execution_options={"synchronize_session": False})
        session.execute(new)


# --- reading ---------------------------------------------------------------------------------------------------------


def last_ones(start: dt.datetime, end: dt.datetime) -> Any:
    """The condition on stays that began in a period and are their contact's last in that status that did."""
    return and_(
        Stay.live, Stay.entered_at >= start, Stay.entered_at < end, or_(Stay.again_at.is_(None), Stay.again_at >= end)
    )


def sums(
    work: Work, status_ids: Sequence[int], start: dt.datetime, end: dt.datetime, who: Select[int] | None = None
) -> list[tuple[int, int | None, int | None, int]]:
    """Status, the one that followed, span and number of the stays that began in a period and were their contact's last there.

    For everybody from the sums of its whole weeks, and from the stays at its ends and of those who came back to the status later.

    :param who: ids of the contacts that count; they are counted from their stays.
    """
    first, last = week_of(start - dt.timedelta(microseconds=1)) + 1, week_of(end)
    if who is not None:
        return _read(work, [_plain(status_ids, start, end).where(Stay.contact_id.in_(who))])
    if first >= last:
        return _read(work, [_plain(status_ids, start, end)])
    mine = Stay.status_id.in_(status_ids)
    weeks = and_(Flow.status_id.in_(status_ids), Flow.week >= first, Flow.week < last)
    key: Any = _packed(Flow)
    parts: list[Any] = [select(key, func.sum(Flow.amount)).where(weeks).group_by(key)]
    for edge in ((start, begin_of(first)), (begin_of(last), end)):
        if edge[0] < edge[1]:
            inside = and_(Stay.live, Stay.entered_at >= edge[0], Stay.entered_at < edge[1])
            parts.append(_counts(mine, inside, or_(Stay.again_at.is_(None), Stay.again_at >= end)))
    # Those who came back are not among the sums.
    back = and_(Stay.live, Stay.again_at >= end, Stay.entered_at >= begin_of(first), Stay.entered_at < begin_of(last))
    parts.append(_counts(mine, back))
    return _read(work, parts)


def _plain(status_ids: Sequence[int], start: dt.datetime, end: dt.datetime) -> Any:
    return _counts(Stay.status_id.in_(status_ids), last_ones(start, end))


def _counts(*where: Any) -> Any:
    key: Any = _packed(Stay)
    return select(key, func.count()).where(*where).group_by(key)


def _packed(rows: Any) -> ColumnElement[int]:
    """Status, next status and span as one number, by which databases group twice as fast as by three columns."""
    parts = (rows.status_id, func.coalesce(rows.next_id, -1) + 1, func.coalesce(rows.span, -1) + 1)
    status, following, span = (cast(part, BigInteger) for part in parts)
    packed: ColumnElement[int] = ((status * _IDS + following) * _SPANS + span).label("key")
    return packed


def _read(work: Work, parts: Sequence[Any]) -> list[tuple[int, int | None, int | None, int]]:
    found: Counter[int] = Counter()
    statement: Any = union_all(*parts) if len(parts) > 1 else parts[0]
    for row in work.session.execute(statement):
        found[row[0]] += int(row[1])
    rows: list[tuple[int, int | None, int | None, int]] = []
    for key, amount in found.items():
        ids, span = divmod(key, _SPANS)
        status, following = divmod(ids, _IDS)
        if amount:
            rows.append((status, following - 1 if following else None, span - 1 if span else None, amount))
    return rows
