"""The sums of days and months: which are out of date is noted inside each transaction, a job makes them anew."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, String, case, delete, distinct, func, insert, literal, select

from crmhost.api import SYSTEM, JobContext, Message, Work, insert_rows, settings
from plugins.transactions import api as transactions
from plugins.transactions.api import Transaction

from . import buying, dimensions
from .converting import NUMBERS
from .counted import whole
from .days import Calendar, days_of, month_of, month_spans
from .models import Bought, Buyers, Dirty, Sum
from .plain import Plain

#: Hidden settings: all that is kept is as the settings say; the companies were on when it was made.
FRESH, WITH_COMPANIES = "sales_dashboard.fresh", "sales_dashboard.with_companies"
#: Transactions up to which a change of the settings waits for all figures.
AT_ONCE = 5_000
#: How long sums may be read from the transactions before they are made anew.
SOON = dt.timedelta(seconds=5)
_LOCK = 7_202
_FEW_MONTHS = 1_200
_FOLDED = 200
_ALL = ("", *dimensions.NAMES)
_UNSYNCED: dict[str, Any] = {"synchronize_session": False}


# --- noting ----------------------------------------------------------------------------------------------------------


def mark(work: Work, days: Iterable[dt.date], *, parts: bool = False) -> None:
    """Notes that days are out of date.

    :param parts: only what they come to by country, owner or tag.
    """
    wanted = sorted(set(days))
    if wanted:
        insert_rows(work.session, Dirty, [{"day": day, "month": month_of(day), "parts": parts} for day in wanted])
        work.enqueue("sales_dashboard.sums", due=work.now + SOON, dedupe="sums")


def mark_parts(work: Work, days: Select[Any]) -> None:
    """Notes that what the days that a select gives come to by part is out of date."""
    mark(work, work.session.scalars(days), parts=True)


# --- making anew -----------------------------------------------------------------------------------------------------


def run(job: JobContext) -> dict[str, Any]:
    """The job: makes the sums of days that are out of date anew, a month in a transaction, and folds the counts of customers."""
    work, number = job.work, 0
    while True:
        job.check()
        with work.begin():
            done = clean(work)
        if not done:
            break
        number += done
        job.progress(number)
    _fold_all(work, job.check)
    return {"message": Message("%(number)s days were summed up.", number=number)}


def clean(work: Work) -> int:
    """Makes the sums of the days of a month that are out of date anew; gives how many days there were."""
    buying.lock(work, [0], _LOCK)
    month = work.session.scalar(select(func.min(Dirty.month)))
    if month is None:
        return 0
    # What is noted from here on is not seen by the sums below for sure, and stays.
    gone = delete(Dirty).where(Dirty.month == month).returning(Dirty.day)
    days = sorted(set(work.session.scalars(gone, execution_options=_UNSYNCED)))
    sum_days(work, month, days)
    return len(days)


def sum_days(work: Work, month: dt.date, days: Sequence[dt.date]) -> None:
    """Makes the sums of days of one month, and of the month, anew."""
    plain = Plain(work.as_actor(SYSTEM), None, Calendar())
    for dimension in _ALL:
        rows: dict[Any, Any] = {}
        for day, currency, key, numbers in plain.rows((days[0], days[-1]), dimension, by_day=True, days=days):
            if any(numbers):
                rows[day, currency, key] = numbers
        mine = (Sum.dimension == dimension, Sum.grain == "day", Sum.start.in_(days))
        work.session.execute(delete(Sum).where(*mine), execution_options=_UNSYNCED)
        about = {"dimension": dimension, "grain": "day", "month": month}
        insert_rows(
            work.session,
            Sum,
            [
                {**about, "start": day, "currency": currency, "key": key, **dict(zip(NUMBERS, numbers, strict=True))}
                for (day, currency, key), numbers in sorted(rows.items())
            ],
        )
    _sum_month(work, month)


def _sum_month(work: Work, month: dt.date) -> None:
    work.session.execute(
        delete(Sum).where(Sum.dimension.in_(_ALL), Sum.grain == "month", Sum.start == month),
        execution_options=_UNSYNCED,
    )
    group = (Sum.dimension, Sum.currency, Sum.key, Sum.month)
    columns = [whole(getattr(Sum, name)) for name in NUMBERS]
    of_days = select(*group, Sum.month.label("start"), literal("month", String), *columns).group_by(*group)
    mine = (Sum.dimension.in_(_ALL), Sum.grain == "day", Sum.start.between(*month_spans(month, month)[0]))
    names = ["dimension", "currency", "key", "month", "start", "grain", *NUMBERS]
    work.session.execute(insert(Sum).from_select(names, of_days.where(*mine)))


def fold(work: Work) -> int:
    """Puts counts of customers that stand in several rows together, some at a time; gives how many it did."""
    buying.lock(work, [1], _LOCK)
    group = (Buyers.currency, Buyers.grain, Buyers.start)
    kinds = func.count(distinct(Buyers.previous)) + func.max(case((Buyers.previous.is_(None), 1), else_=0))
    several = select(*group).group_by(*group).having(func.count() > kinds).limit(_FOLDED)
    found = work.session.execute(several).all()
    for currency, grain, start in found:
        gone = delete(Buyers).where(Buyers.currency == currency, Buyers.grain == grain, Buyers.start == start)
        counts: Counter[dt.date | None] = Counter()
        for previous, amount in work.session.execute(
            gone.returning(Buyers.previous, Buyers.amount), execution_options=_UNSYNCED
        ):
            counts[previous] += amount
        about = {"currency": currency, "grain": grain, "start": start}
        rows = [{**about, "previous": previous, "amount": amount} for previous, amount in counts.items() if amount]
        insert_rows(work.session, Buyers, rows)
    return len(found)


def _fold_all(work: Work, check: Callable[[], None]) -> None:
    folded = 1
    while folded:
        check()
        with work.begin():
            folded = fold(work)


# --- all of them -----------------------------------------------------------------------------------------------------


def rebuild(work: Work) -> None:
    """Makes everything anew: at once when there is little, else by a job."""
    some = select(Transaction.id).limit(AT_ONCE + 1).subquery()
    if (work.session.scalar(select(func.count()).select_from(some)) or 0) > AT_ONCE or not transactions.fresh(work):
        settings.store(work, {FRESH: False})
        work.enqueue("sales_dashboard.rebuild", dedupe="rebuild")
        return
    for model in (Dirty, Sum, Bought, Buyers):
        work.session.execute(delete(model), execution_options=_UNSYNCED)
    for month in months(work):
        _whole_month(work, month)
    after: int | None = None
    while customers := next_customers(work, after):
        buying.retake(work, dict.fromkeys(customers))
        after = customers[-1]
    _done(work)


def run_rebuild(job: JobContext) -> dict[str, Any]:
    """The job: makes everything anew, some in a transaction."""
    if not transactions.fresh(job.work):
        # It is wanted again when the transactions stand on their days.
        return {"message": Message("The transactions are being summed up first.")}
    make_anew(job.work, job.check)
    return {"message": Message("All figures of the sales dashboard were made anew.")}


def make_anew(work: Work, check: Callable[[], None] = lambda: None) -> None:
    """Makes everything anew, some in a transaction.

    :param check: called now and then; may raise to stop it.
    """
    after: int | None = None
    while True:
        check()
        with work.begin():
            customers = next_customers(work, after)
            buying.retake(work, dict.fromkeys(customers))
        if not customers:
            break
        after = customers[-1]
    for month in months(work):
        check()
        with work.begin():
            buying.lock(work, [0], _LOCK)
            work.session.execute(delete(Dirty).where(Dirty.month == month), execution_options=_UNSYNCED)
            _whole_month(work, month)
    with work.begin():
        buying.recount(work)
    _fold_all(work, check)
    with work.begin():
        _done(work)


def look(job: JobContext) -> dict[str, Any]:
    """The job: sees to it that nothing stays out of date: sums, and what the companies being switched on or off changed."""
    work = job.work
    with work.begin():
        if not work.settings.get(FRESH):
            rebuild(work)
        elif len(in_force(work)) < len(_ALL):
            # The others stay in force while all of it is made anew.
            work.enqueue("sales_dashboard.rebuild", dedupe="rebuild")
        elif work.session.scalar(select(Dirty.id).limit(1)) is not None:
            work.enqueue("sales_dashboard.sums", dedupe="sums")
    return {}


def in_force(work: Work) -> Sequence[str]:
    """The dimensions whose sums hold: all, but those of people where the companies were switched on or off since."""
    companies = work.service("companies") is not None
    same = bool(work.settings.get(WITH_COMPANIES)) == companies
    return _ALL if same else tuple(name for name in _ALL if name not in dimensions.OF_PEOPLE)


def _done(work: Work) -> None:
    settings.store(work, {FRESH: True, WITH_COMPANIES: work.service("companies") is not None})


def _whole_month(work: Work, month: dt.date) -> None:
    span = month_spans(month, month)[0]
    sum_days(work, month, days_of([span]))


def months(work: Work) -> list[dt.date]:
    """The months that have transactions or sums, in the bin too."""
    edges = [
        edge
        for column in (Transaction.day, Sum.start, Dirty.day)
        for edge in work.session.execute(select(func.min(column), func.max(column))).one()
        if edge is not None
    ]
    if not edges:
        return []
    around = month_spans(min(edges), max(edges))
    if len(around) <= _FEW_MONTHS:
        return [span[0] for span in around]
    # Single transactions may lie centuries off.
    days = [
        day
        for column in (Transaction.day, Sum.start, Dirty.day)
        for day in work.session.scalars(select(column).distinct())
    ]
    return sorted({month_of(day) for day in days})


def next_customers(work: Work, after: int | None) -> list[int]:
    """The next customers that have bought, or of whom something is kept, by their numbers."""
    found: set[int] = set()
    low = -(2**31 - 1) if after is None else after
    if low < 0:
        companies = -Transaction.counted_company_id
        found.update(_some(work, companies, Transaction.counted_company_id < -low))
    people = Transaction.counted_contact_id
    found.update(_some(work, people, people > low))
    kept = select(Bought.customer).where(Bought.customer > low).distinct().order_by(Bought.customer)
    found.update(work.session.scalars(kept.limit(buying.SOME)))
    return sorted(found)[: buying.SOME]


def _some(work: Work, number: Any, condition: Any) -> list[int]:
    wanted = select(number).where(condition, Transaction.deleted_at.is_(None)).distinct()
    return [one for one in work.session.scalars(wanted.order_by(number).limit(buying.SOME)) if one is not None]
