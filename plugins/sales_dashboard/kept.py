"""The figures from what is kept, and from the transactions where that is out of date."""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    and_,
    case,
    column,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
    values,
)
from sqlalchemy import cast as sql_cast

from crmhost.api import Work
from plugins.transactions.api import Transaction

from . import dimensions, summing
from .converting import NUMBERS
from .counted import CUSTOMER, whole
from .days import Calendar, Span, month_of, month_spans, week_of
from .models import Bought, Buyers, Dirty, Sum
from .plain import MOST, SUMS, Plain, around

_DAY = dt.timedelta(days=1)
#: Customers up to which the first sale of each is looked up.
_FEW = 50_000
#: Spans up to which who bought is counted day by day.
_SHORT = 62
#: (start, previous as in :class:`.models.Buyers`) -> customers.
Counts = Mapping[str, Mapping[dt.date, Mapping[dt.date | None, int]]]


def usable(work: Work, calendar: Calendar) -> bool:
    """Whether the kept figures answer: they are as the settings say, of the site's days, and for all that there is."""
    return calendar.zone is None and not work.actor.only_assigned and bool(work.settings.get(summing.FRESH))


class Kept(Plain):
    """The same figures as :class:`.plain.Plain`, from what is kept of them."""

    # --- money --------------------------------------------------------------------------------------------------------

    def pieces(
        self, span: Span, dimension: str, key: str | None, *, by_day: bool, days: Any = None
    ) -> list[Select[Any]]:
        """One statement of sums that are up to date, the others of transactions on days that are not."""
        if dimension not in summing.in_force(self.work):
            return super().pieces(span, dimension, key, by_day=by_day, days=days)
        late = [] if dimension else [Dirty.parts.is_(False)]
        inner = _full_months(span) if dimension and not by_day else None
        edges = _outside(span, inner)
        late_days = select(Dirty.day).where(Dirty.day.between(*span), *late)
        up_to_date = [and_(Sum.grain == "day", Sum.start.between(*edge), Sum.start.not_in(late_days)) for edge in edges]
        plain_days: Any = late_days
        if inner is not None:
            late_months = select(Dirty.month).where(Dirty.month.between(*inner), *late)
            up_to_date.append(and_(Sum.grain == "month", Sum.start.between(*inner), Sum.start.not_in(late_months)))
            # A day with transactions has sums, or is out of date itself.
            of_months = select(Sum.start).where(
                Sum.dimension == "", Sum.grain == "day", Sum.start.between(*inner), Sum.month.in_(late_months)
            )
            plain_days = union(late_days, of_months)
        found = [self._sums(dimension, key, condition, by_day=by_day) for condition in up_to_date]
        return [*found, *super().pieces(span, dimension, key, by_day=by_day, days=plain_days)]

    def _sums(self, dimension: str, key: str | None, condition: Any, *, by_day: bool) -> Select[Any]:
        mine = [Sum.dimension == dimension, condition]
        mine += [Sum.currency == self.currency] if self.currency else []
        mine += [Sum.key == key] if key is not None and dimension else []
        group = [Sum.currency, Sum.key, *([Sum.start] if by_day else [])]
        day = Sum.start if by_day else sql_cast(null(), Date)
        numbers = [whole(getattr(Sum, name)) for name in NUMBERS]
        columns: list[Any] = [literal(SUMS, String), day, Sum.currency, Sum.key, *numbers]
        return select(*columns).where(*mine).group_by(*group)

    # --- customers ----------------------------------------------------------------------------------------------------

    def customers(self, spans: Sequence[Span]) -> list[tuple[int, int, int]]:
        """Of each span: who bought, who of them for the first time, who bought up to its end."""
        code = self._code() if self.narrowed is None else None
        if code is None:
            return super().customers(spans)
        counts = self._counts(code, spans)
        looked = {span: _ranges(span) for span in set(spans) if _unit(span) is None}
        ranges = sorted({some for found in looked.values() for some in found})
        numbers = dict(zip(ranges, self._in_ranges(code, ranges), strict=True))
        starts = sorted(counts["day"])
        firsts = [counts["day"][day].get(None, 0) for day in starts]
        running = dict(zip([None, *starts], itertools.accumulate(firsts, initial=0), strict=True))
        found = []
        for first, last in spans:
            unit = _unit((first, last))
            if unit is None:
                active = sum(numbers[some] for some in looked[first, last]) + _across(counts["month"], (first, last))
            else:
                active = sum(counts[unit].get(first, {}).values())
            until, before = (running[_last(starts, day)] for day in (last, first - _DAY))
            found.append((active, until - before, until))
        return found

    def active(self, spans: Sequence[Span], currencies: Sequence[str]) -> dict[str, list[int]]:
        """How many customers bought in each span, in each of the currencies, by one statement."""
        pieces = [
            select(literal(place), Bought.currency, func.count(Bought.customer.distinct()))
            .where(Bought.currency.in_(currencies), Bought.day.between(*span))
            .group_by(Bought.currency)
            for place, span in enumerate(spans)
        ]
        found: dict[str, list[int]] = {}
        for place, currency, number in self.work.session.execute(union_all(*pieces)):
            found.setdefault(currency, [0] * len(spans))[place] = number
        return found

    def first(self, since: dt.date | None = None) -> ColumnElement[bool]:
        """The condition that a customer first bought by a transaction: looked up for each customer while they are few."""
        code = self._code() if self.narrowed is None else None
        if code is None:
            return super().first(since)
        new = [Bought.currency == code, Bought.previous.is_(None), Bought.day >= (since or dt.date.min)]
        counted = [Buyers.currency == code, Buyers.grain == "day", Buyers.previous.is_(None)]
        people = select(func.sum(Buyers.amount)).where(*counted, Buyers.start >= (since or dt.date.min))
        if (self.work.session.scalar(people) or 0) > _FEW:
            that_day = exists().where(*new, Bought.customer == CUSTOMER, Bought.day == Transaction.day)
            return and_(that_day.correlate(Transaction), super().first(since))
        columns = (Transaction.id, Transaction.at, Transaction.counted_contact_id, Transaction.counted_company_id)
        sold = self._sold().add_columns(*columns).subquery("sold")
        first = select(sold.c.id).order_by(sold.c.at, sold.c.id).limit(1)
        contact = first.where(sold.c.counted_contact_id == Bought.customer)
        company = first.where(sold.c.counted_contact_id.is_(None), sold.c.counted_company_id == -Bought.customer)
        ids = [
            select(one.correlate(Bought).scalar_subquery()).where(*new, of_them)
            for one, of_them in ((contact, Bought.customer > 0), (company, Bought.customer < 0))
        ]
        return Transaction.id.in_(union_all(*ids))

    def customer_parts(self, dimension: str, span: Span, kind: str) -> dict[str, int] | None:
        """How many customers each part of a dimension has: where a customer has one part, from the days on which they bought."""
        code = self._code()
        if dimension not in dimensions.OF_PEOPLE or code is None:
            begin = span[0] if kind == "customers" else dt.date.min
            if self.sums([(begin, span[1])])[0].sales > MOST:
                return None
            whose = self._of_buyers(code, span) if kind == "new_customers" and code is not None else []
            return self._by_part(dimension, span, kind, *whose)
        mine = [Bought.currency == code, Bought.day <= span[1]]
        mine += [Bought.day >= span[0]] if kind != "total_customers" else []
        mine += [Bought.previous.is_(None)] if kind != "customers" else []
        people = select(Bought.customer).where(*mine).distinct().subquery()
        chosen: Select[Any] = select().select_from(people)
        chosen, key = dimensions.of_people(self.work, dimension, chosen, people.c.customer, -people.c.customer)
        counted = chosen.add_columns(key, func.count()).group_by(key)
        return dict(self.work.session.execute(counted).all())

    def _of_buyers(self, code: str, span: Span) -> list[ColumnElement[bool]]:
        """The condition that a transaction is of somebody who bought in a span, whenever it is itself."""
        people = select(Bought.customer).where(Bought.currency == code, Bought.day.between(*span))
        companies = select(-Bought.customer).where(Bought.currency == code, Bought.day.between(*span))
        contact, company = Transaction.counted_contact_id, Transaction.counted_company_id
        return [or_(contact.in_(people), and_(contact.is_(None), company.in_(companies)))]

    def _code(self) -> str | None:
        """The currency under which customers are kept that the figures hold; ``None`` when it is neither one nor all."""
        conversion = self.conversion
        if conversion is None:
            return self.currency
        wanted = select(Buyers.currency, Buyers.start).where(
            Buyers.grain == "day", Buyers.currency.not_in(["", conversion.base])
        )
        sold = self.work.session.execute(wanted.distinct()).all()
        converted = {conversion.converts(currency, day) for currency, day in sold}
        return None if len(converted) > 1 else conversion.base if converted == {False} else ""

    def _counts(self, code: str, spans: Sequence[Span]) -> Counts:
        """How many customers bought in the days, weeks and months that spans need, and since when they do."""
        columns = (Buyers.grain, Buyers.start, Buyers.previous, func.sum(Buyers.amount))
        group = (Buyers.grain, Buyers.start, Buyers.previous)
        chosen = select(*columns).where(Buyers.currency == code).group_by(*group)
        first, last = around(spans)
        units = {_unit(span) for span in spans}
        new = Buyers.previous.is_(None)
        pieces = [chosen.where(Buyers.grain == "day", new, Buyers.start <= last)]
        if "day" in units:
            pieces.append(chosen.where(Buyers.grain == "day", ~new, Buyers.start.between(first, last)))
        pieces += [
            chosen.where(Buyers.grain == grain, Buyers.start.between(first, last))
            for grain in ("week", "month")
            if grain in units or (grain == "month" and None in units)
        ]
        found: dict[str, dict[dt.date, dict[dt.date | None, int]]] = {grain: {} for grain in ("day", "week", "month")}
        for grain, start, previous, number in self.work.session.execute(union_all(*pieces)):
            if number:
                found[grain].setdefault(start, {})[previous] = int(number)
        return found

    def _in_ranges(self, code: str, ranges: Sequence[_Range]) -> list[int]:
        """How many customers bought first in each range, of those who had not bought since a day before."""
        found = [0] * len(ranges)
        if not ranges:
            return found
        names: list[Any] = [
            column("place", Integer),
            *(column(name, Date) for name in ("first", "last", "bound", "since")),
        ]
        rows = [(place, *some) for place, some in enumerate(ranges)]
        pieces = []
        for before in (False, True):
            mine = [row for row in rows if (row[4] != dt.date.min) == before]
            if mine:
                table = values(*names, name=f"ranges_{before}").data(mine).cte()
                inside = [Bought.currency == code, Bought.day >= table.c.first, Bought.day <= table.c.last]
                if before:
                    inside += [Bought.previous >= table.c.since, Bought.previous < table.c.bound]
                else:
                    inside.append(func.coalesce(Bought.previous, dt.date.min) < table.c.bound)
                counted = select(table.c.place, func.count()).select_from(table).join(Bought, and_(*inside))
                pieces.append(counted.group_by(table.c.place))
        for place, number in self.work.session.execute(union_all(*pieces)):
            found[place] = number
        return found

    def best(self, span: Span, limit: int) -> list[tuple[int, int]]:
        """Who bought most in a span: customer and gross revenue, the most first."""
        code = self._code()
        if not code:
            if self.conversion is None or self.conversion.foreign:
                return super().best(span, limit)
            code = self.conversion.base
        gross = whole(Bought.gross)
        wanted = select(Bought.customer, gross).where(Bought.currency == code, Bought.day.between(*span))
        wanted = wanted.group_by(Bought.customer).order_by(gross.desc(), Bought.customer.desc()).limit(limit)
        return [(customer, int(amount)) for customer, amount in self.work.session.execute(wanted)]

    def cohorts(self, months: Sequence[dt.date]) -> dict[dt.date, dict[int, tuple[int, int]]]:
        """Month of the first purchase -> months since -> who bought, and for how much."""
        code = self._code()
        if not code:
            if self.conversion is None or self.conversion.foreign:
                return super().cohorts(months)
            code = self.conversion.base
        group = (Bought.first_month, Bought.month)
        customers = func.sum(case((Bought.again, 0), else_=1))
        wanted = select(*group, customers, whole(Bought.gross)).where(
            Bought.currency == code, Bought.first_month.in_(list(months))
        )
        found: dict[dt.date, dict[int, tuple[int, int]]] = {}
        for first, then, number, gross in self.work.session.execute(wanted.group_by(*group)):
            since = (then.year - first.year) * 12 + then.month - first.month
            found.setdefault(first, {})[since] = (int(number), int(gross))
        return found


#: First and last day; the customers had not bought since ``bound`` before; of those who bought before it, only since another day.
_Range = tuple[dt.date, dt.date, dt.date, dt.date]


def _unit(span: Span) -> str | None:
    """What a span is: a day, a week, a month; ``None`` for another one."""
    first, last = span
    if first == last:
        return "day"
    if first == week_of(first) and last - first == 6 * _DAY:
        return "week"
    return "month" if month_spans(first, first) == [span] else None


def _full_months(span: Span) -> Span | None:
    """The months that lie wholly in a span, as a span."""
    inside = [month for month in month_spans(*span) if month[0] >= span[0] and month[1] <= span[1]]
    return (inside[0][0], inside[-1][1]) if inside else None


def _long(span: Span) -> Span | None:
    return _full_months(span) if (span[1] - span[0]).days >= _SHORT else None


def _outside(span: Span, inner: Span | None) -> list[Span]:
    """What of a span lies outside of another one within it."""
    if inner is None:
        return [span]
    edges = [(span[0], inner[0] - _DAY), (inner[1] + _DAY, span[1])]
    return [edge for edge in edges if edge[0] <= edge[1]]


def _ranges(span: Span) -> list[_Range]:
    """The ranges of days in which the customers of a span bought first, but for those that :func:`_across` counts."""
    inner = _long(span)
    found = [(*edge, span[0], dt.date.min) for edge in _outside(span, inner)]
    if inner is not None and month_of(span[0]) < span[0]:
        # Those who bought earlier in the month in which it begins.
        found.append((*inner, span[0], month_of(span[0])))
    return found


def _across(months: Mapping[dt.date, Mapping[dt.date | None, int]], span: Span) -> int:
    """Of the full months of a long span, who bought there and not since the month in which it begins."""
    inner = _long(span)
    if inner is None:
        return 0
    begin = month_of(span[0])
    return sum(
        number
        for month, by_previous in months.items()
        if inner[0] <= month <= inner[1]
        for previous, number in by_previous.items()
        if previous is None or previous < begin
    )


def _last(starts: Sequence[dt.date], day: dt.date) -> dt.date | None:
    place = bisect.bisect_right(starts, day)
    return starts[place - 1] if place else None
