"""The figures by plain SQL over the transactions: what every kept figure has to equal."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, Select, and_, case, exists, func, literal, not_, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Work
from plugins.transactions import api as transactions
from plugins.transactions.api import Line, Transaction

from . import dimensions
from .converting import NOTHING, Conversion, Numbers, Sums, minus, over, plus
from .days import Calendar, Span, days_of, month_spans

#: Who bought: the contact, else the company, whose ids stand below zero.
CUSTOMER = func.coalesce(Transaction.counted_contact_id, -Transaction.counted_company_id)
#: (day, currency, key of the part, numbers).
Row = tuple[dt.date | None, str, str, Numbers]
#: Spans in one statement.
_SOME = 2_000


@dataclasses.dataclass(frozen=True)
class Narrowed:
    """One part of a dimension.

    :param dimension: tag, product, source, type, country or owner.
    :param key: id of the tag, type or user, title of the product, source, code of the country; empty for what has none.
    """

    dimension: str
    key: str


def whole(each: Any) -> ColumnElement[int]:
    """The sum of whole numbers, which PostgreSQL gives as a decimal."""
    return sql_cast(func.coalesce(func.sum(each), 0), BigInteger)


class Counting:
    """What counts now, as conditions and columns."""

    def __init__(self, work: Work) -> None:
        rule = transactions.rule(work)
        self.counts = rule.condition()
        self.sale = and_(self.counts, not_(rule.subtracts()))
        self.refund = and_(self.counts, rule.subtracts())

    @property
    def gross(self) -> Any:
        """What a sale adds to the gross revenue."""
        return Transaction.total + Transaction.discount

    def sums(self) -> list[ColumnElement[int]]:
        """The numbers of :class:`.converting.Sums`, of transactions."""
        amounts = (self.gross, Transaction.discount, Transaction.fee, Transaction.tax)
        money = [whole(case((self.sale, amount), else_=0)) for amount in amounts]
        money.append(whole(case((self.refund, Transaction.total), else_=0)))
        numbers = [whole(case((condition, 1), else_=0)) for condition in (self.sale, self.refund)]
        return [*money, *numbers, whole(case((self.counts, 0), else_=1))]

    def sums_of_lines(self) -> list[ColumnElement[int]]:
        """The same of lines, which hold no discounts, fees and taxes."""
        nothing = literal(0)
        of_sales, refunds = (whole(case((some, Line.total), else_=0)) for some in (self.sale, self.refund))
        conditions = (self.sale, self.refund, not_(self.counts))
        numbers = [func.count(case((some, Line.transaction_id)).distinct()) for some in conditions]
        return [of_sales, nothing, nothing, nothing, refunds, *numbers]


class Plain:
    """Figures of one currency, or of everything in the base currency, read from the transactions.

    :param currency: empty for everything in the base currency.
    :param where: only one part of a dimension.
    """

    def __init__(self, work: Work, currency: str, calendar: Calendar, where: Narrowed | None = None) -> None:
        self.work, self.currency, self.calendar, self.narrowed = work, currency, calendar, where
        self.counting = Counting(work)
        self.conversion = None if currency else Conversion(work)
        self._mine: list[Any] = [Transaction.visible_to(work.actor)]
        if currency:
            self._mine.append(Transaction.currency == currency)

    # --- money --------------------------------------------------------------------------------------------------------

    def sums(self, spans: Sequence[Span]) -> list[Sums]:
        """What each span comes to."""
        dimension, key = (self.narrowed.dimension, self.narrowed.key) if self.narrowed else ("", "")
        days: dict[dt.date, Numbers] = {}
        for day, currency, _key, numbers in self.rows(_around(spans), dimension, key, by_day=True):
            assert day is not None
            if self.conversion is not None:
                numbers = self.conversion.numbers(currency, day, numbers)
            days[day] = plus(days.get(day, NOTHING), numbers)
        return over(spans, days)

    def parts(self, dimension: str, span: Span) -> dict[str, Sums]:
        """What each part of a dimension comes to, by its key."""
        found: dict[str, Numbers] = {}
        by_day = self.conversion is not None and bool(self.conversion.foreign)
        for day, currency, key, numbers in self.rows(span, dimension, by_day=by_day):
            if self.conversion is not None:
                numbers = self.conversion.numbers(currency, day or span[0], numbers)
            found[key] = plus(found.get(key, NOTHING), numbers)
        return {key: Sums(*numbers) for key, numbers in found.items() if any(numbers)}

    def rows(self, span: Span, dimension: str = "", key: str | None = None, *, by_day: bool) -> list[Row]:
        """What a span comes to, by currency and part.

        :param dimension: empty for all in one.
        :param key: only this part.
        :param by_day: each day apart; else rows have no day.
        """
        if dimension != "product":
            return self._read(span, dimension, key, self.counting.sums(), by_day=by_day)
        titled = self._read(span, dimension, key or None, self.counting.sums_of_lines(), by_day=by_day)
        return titled if key else self._with_rest(span, titled if key is None else [], titled, by_day=by_day)

    def _with_rest(self, span: Span, shown: list[Row], titled: Sequence[Row], *, by_day: bool) -> list[Row]:
        """Adds what no line holds: shipping, taxes, transactions without lines, which alone are counted in it."""
        rest: dict[Any, Numbers] = {row[:2]: (*row[3][:5], 0, 0, 0) for row in self.rows(span, by_day=by_day)}
        for day, currency, _title, numbers in titled:
            rest[day, currency] = minus(rest[day, currency], (*numbers[:5], 0, 0, 0))
        bare = not_(exists().where(Line.transaction_id == Transaction.id, Line.title != ""))
        for day, currency, _key, numbers in self._read(span, "", None, self.counting.sums(), bare, by_day=by_day):
            rest[day, currency] = plus(rest[day, currency], (0, 0, 0, 0, 0, *numbers[5:]))
        return shown + [(day, currency, "", numbers) for (day, currency), numbers in rest.items()]

    def _read(
        self, span: Span, dimension: str, key: str | None, columns: Sequence[Any], *where: Any, by_day: bool
    ) -> list[Row]:
        chosen, day, days = self._by_day(span) if by_day else (self._within(span), None, [])
        group: list[Any] = [*([day] if by_day else []), Transaction.currency]
        if dimension:
            chosen, keyed = self._keyed(dimension, chosen)
            group.append(keyed)
            where = (*where, keyed == key) if key is not None else where
        wanted = chosen.add_columns(*group, *columns).where(*self._mine, *where).group_by(*group)
        found: list[Row] = []
        for row in self.work.session.execute(wanted):
            rest = list(row)
            at: Any = rest.pop(0) if by_day else None
            currency, part = rest.pop(0), str(rest.pop(0)) if dimension else ""
            found.append((days[at] if days else at, currency, part, tuple(map(int, rest))))
        return found

    def _within(self, span: Span) -> Select[Any]:
        chosen: Select[Any] = select().select_from(Transaction)
        return chosen.where(self.calendar.between(span))

    def _by_day(self, span: Span) -> tuple[Select[Any], Any, list[dt.date]]:
        """Transactions of a span, the column of their day, and the days that it numbers if it does."""
        if self.calendar.zone is None:
            return self._within(span), Transaction.day, []
        days = days_of([span])
        table, inside = self.calendar.table([(one, one) for one in days])
        return select().select_from(table).join(Transaction, inside), table.c.place, days

    def _keyed(self, dimension: str, chosen: Select[Any]) -> tuple[Select[Any], Any]:
        if dimension != "product":
            return dimensions.joined(self.work, dimension, chosen)
        titled = and_(Line.transaction_id == Transaction.id, Line.title != "")
        return chosen.join(Line, titled), Line.title

    # --- customers ----------------------------------------------------------------------------------------------------

    def customers(self, spans: Sequence[Span]) -> list[tuple[int, int, int]]:
        """Of each span: who bought, who of them for the first time, who bought up to its end."""
        firsts = self._firsts(self.calendar.until(_around(spans)[1]))
        found: dict[int, list[int]] = {place: [0, 0, 0] for place in range(len(spans))}
        for start in range(0, len(spans), _SOME):
            table, inside = self.calendar.table(spans[start : start + _SOME])
            active = self._sold(select().select_from(table).join(Transaction, inside))
            active = active.add_columns(table.c.place, func.count(CUSTOMER.distinct())).group_by(table.c.place)
            since, before = self.calendar.since(firsts.c.first, table), self.calendar.before_end(firsts.c.first, table)
            new = select(table.c.place, func.count(case((since, 1))), func.count())
            new = new.select_from(table).join(firsts, before).group_by(table.c.place)
            for place, number in self.work.session.execute(active):
                found[place + start][0] = number
            for place, number, all_of_them in self.work.session.execute(new):
                found[place + start][1:] = [number, all_of_them]
        return [(some[0], some[1], some[2]) for some in found.values()]

    def _firsts(self, *where: Any) -> Any:
        """When each customer first bought, as a table."""
        bought = self._sold().where(CUSTOMER.is_not(None), *where)
        first = bought.add_columns(CUSTOMER.label("customer"), func.min(self.calendar.moment).label("first"))
        return first.group_by(CUSTOMER).cte("firsts")

    def _sold(self, chosen: Select[Any] | None = None) -> Select[Any]:
        """Sales that a figure holds, with nothing chosen of them yet."""
        some = select().select_from(Transaction) if chosen is None else chosen
        some = some.where(self.counting.sale, *self._mine)
        if self.conversion is not None:
            some = some.where(*self._converts(self.conversion))
        if self.narrowed is not None:
            some = self._part(some, self.narrowed)
        return some

    def _part(self, some: Select[Any], part: Narrowed) -> Select[Any]:
        if part.dimension == "product" and not part.key:
            return some.where(not_(exists().where(Line.transaction_id == Transaction.id, Line.title != "")))
        chosen, keyed = self._keyed(part.dimension, some)
        return chosen.where(keyed == part.key)

    def _converts(self, conversion: Conversion) -> list[ColumnElement[bool]]:
        """Conditions that leave out what has no rate on its day."""
        foreign = Transaction.currency.in_(conversion.foreign)
        held: list[ColumnElement[bool]] = [Transaction.currency.in_([conversion.base, *conversion.foreign])]
        edges = (
            self.work.session.scalar(select(some(Transaction.day)).where(foreign, *self._mine))
            for some in (func.min, func.max)
        )
        since, until = edges if conversion.foreign else (None, None)
        if since is None or until is None:
            return held
        # The day of another zone may be the one before or after.
        gaps = conversion.without((since - dt.timedelta(days=1), until + dt.timedelta(days=1)))
        if gaps:
            table, inside = self.calendar.table([span for _currency, span in gaps], [code for code, _span in gaps])
            gone = exists().select_from(table).where(table.c.currency == Transaction.currency, inside)
            held.append(not_(gone.correlate(Transaction)))
        return held

    def best(self, span: Span, limit: int) -> list[tuple[int, int]]:
        """Who bought most in a span: customer and gross revenue, the most first."""
        sold = self._money(span, CUSTOMER, where=[CUSTOMER.is_not(None)])
        return sorted(sold.items(), key=lambda one: (-one[1], -one[0]))[:limit]

    def of_customers(self, span: Span, customers: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Of some customers: how many sales a span holds, and what was given back."""
        found = dict.fromkeys(customers, (0, 0))
        people = or_(
            Transaction.counted_contact_id.in_([customer for customer in customers if customer > 0]),
            and_(
                Transaction.counted_contact_id.is_(None),
                Transaction.counted_company_id.in_([-customer for customer in customers if customer < 0]),
            ),
        )
        chosen, day, days = self._by_day(span)
        group = [CUSTOMER, Transaction.currency, day]
        wanted = chosen.where(*self._mine, people).add_columns(*group, *self.counting.sums()).group_by(*group)
        for customer, currency, at, *numbers in self.work.session.execute(wanted):
            some: Numbers = tuple(map(int, numbers))
            if self.conversion is not None:
                some = self.conversion.numbers(currency, days[at] if days else at, some)
            sales, back = found[customer]
            found[customer] = sales + some[5], back + some[4]
        return found

    def quantities(self, span: Span, titles: Sequence[str]) -> dict[str, str]:
        """How many of some products the sales of a span hold, as decimal numbers."""
        number: Any = sql_cast(Line.quantity, Numeric(20, 6))
        millionths = whole(sql_cast(func.round(number * 1_000_000), BigInteger))
        chosen, keyed = self._keyed("product", self._within(span))
        sold = self._sold(chosen).where(keyed.in_([title for title in titles if title]))
        rows = self.work.session.execute(sold.add_columns(keyed, millionths).group_by(keyed))
        return {title: f"{Decimal(int(some)).scaleb(-6).normalize():f}" for title, some in rows}

    def _money(
        self, span: Span, key: Any, *, where: Sequence[Any] = (), joins: Sequence[tuple[Any, Any]] = ()
    ) -> dict[Any, int]:
        """Gross revenue of a span by a key."""
        by_day = self.conversion is not None and bool(self.conversion.foreign)
        chosen, day, days = self._by_day(span) if by_day else (self._within(span), None, [])
        for table, condition in joins:
            chosen = chosen.join(table, condition)
        group = [key, Transaction.currency, *([day] if by_day else [])]
        found: dict[Any, int] = {}
        wanted = self._sold(chosen).where(*where).add_columns(*group, whole(self.counting.gross)).group_by(*group)
        for one, currency, *at, gross in self.work.session.execute(wanted):
            if self.conversion is not None and at:
                gross = self.conversion.money(currency, days[at[0]] if days else at[0], gross)
            found[one] = found.get(one, 0) + int(gross)
        return found

    def cohorts(self, months: Sequence[dt.date]) -> dict[dt.date, dict[int, tuple[int, int]]]:
        """Month of the first purchase -> months since -> who bought, and for how much."""
        last = self.work.session.scalar(select(func.max(Transaction.day)).where(*self._mine))
        if last is None or not months:
            return {}
        all_months = month_spans(months[0], max(last, months[-1]) + dt.timedelta(days=1))
        firsts = self._firsts()
        begun, when_begun = self.calendar.table([month_spans(month, month)[0] for month in months]), firsts.c.first
        active, inside = self.calendar.table(all_months)
        cohort = begun[0]
        joins = [
            (firsts, firsts.c.customer == CUSTOMER),
            (cohort, and_(self.calendar.since(when_begun, cohort), self.calendar.before_end(when_begun, cohort))),
            (active, inside),
        ]
        key = cohort.c.place * len(all_months) + active.c.place
        chosen: Select[Any] = select().select_from(Transaction)
        for table, condition in joins:
            chosen = chosen.join(table, condition)
        people = self._sold(chosen).add_columns(key, func.count(CUSTOMER.distinct())).group_by(key)
        money = self._money((months[0], all_months[-1][1]), key, joins=joins)
        found: dict[dt.date, dict[int, tuple[int, int]]] = {}
        for number, customers in self.work.session.execute(people):
            month, then = months[number // len(all_months)], all_months[number % len(all_months)][0]
            since = (then.year - month.year) * 12 + then.month - month.month
            found.setdefault(month, {})[since] = (customers, money.get(number, 0))
        return found

    def restated(self, span: Span) -> tuple[int, int]:
        """How many transactions of a span were entered or changed after it was over, and what they come to."""
        over_at = Calendar(self.work.timezone).end(span[1])
        begun = self.work.session.scalar(
            select(func.min(Transaction.created_at)).where(Transaction.deleted_at.is_(None))
        )
        if over_at > self.work.now or begun is None:
            return 0, 0
        # What was there before the books were kept here was entered later, and restates nothing.
        since = max(over_at, Calendar(self.work.timezone).end(begun.astimezone(self.work.timezone).date()))
        late = [Transaction.updated_at >= since, self.counting.counts]
        number, amount = 0, 0
        for day, currency, _key, numbers in self._read(span, "", None, self.counting.sums(), *late, by_day=True):
            assert day is not None
            if self.conversion is None or self.conversion.converts(currency, day):
                some = self.conversion.numbers(currency, day, numbers) if self.conversion else numbers
                number, amount = number + some[5] + some[6], amount + some[0] - some[1] - some[4]
        return number, amount


def currencies(work: Work) -> set[str]:
    """Those that transactions are in."""
    if work.actor.only_assigned:
        mine = select(Transaction.currency).where(Transaction.visible_to(work.actor))
        return set(work.session.scalars(mine.distinct()))
    return set(work.session.scalars(select(transactions.Day.currency).distinct()))


def _around(spans: Sequence[Span]) -> Span:
    return min(span[0] for span in spans), max(span[1] for span in spans)
