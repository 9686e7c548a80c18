"""The figures by plain SQL over the transactions: what every kept figure has to equal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy import cast as sql_cast

from crmhost.api import Work
from plugins.transactions import api as transactions
from plugins.transactions.api import Line, Transaction

from . import dimensions
from .converting import NOTHING, Conversion, Numbers, Sums, over, plus
from .counted import CUSTOMER, Counting, Narrowed, whole
from .days import Calendar, Span, days_of, month_spans

#: (day, currency, key of the part, numbers).
Row = tuple[dt.date | None, str, str, Numbers]
#: Spans in one statement.
_SOME = 2_000
#: Sales up to which the customers of parts are counted.
MOST = 100_000
#: What a row of the statements is: sums of a part; of a product, by lines; of all, where products are asked; what has no lines.
SUMS, _TITLED, _ALL, _BARE = "sums", "titled", "all", "bare"


class Plain:
    """Figures of one currency, or of everything in the base currency, read from the transactions.

    :param currency: empty for everything in the base currency, ``None`` for all currencies as they are.
    :param where: only one part of a dimension.
    """

    def __init__(self, work: Work, currency: str | None, calendar: Calendar, where: Narrowed | None = None) -> None:
        self.work, self.currency, self.calendar, self.narrowed = work, currency, calendar, where
        self.counting = Counting(transactions.rule(work))
        self.conversion = Conversion(work) if currency == "" else None
        self._mine: list[Any] = [Transaction.visible_to(work.actor)]
        if currency:
            self._mine.append(Transaction.currency == currency)

    # --- money --------------------------------------------------------------------------------------------------------

    def sums(self, spans: Sequence[Span]) -> list[Sums]:
        """What each span comes to."""
        dimension, key = (self.narrowed.dimension, self.narrowed.key) if self.narrowed else ("", "")
        days: dict[dt.date, Numbers] = {}
        for day, currency, _key, numbers in self.rows(around(spans), dimension, key, by_day=True):
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

    def rows(
        self, span: Span, dimension: str = "", key: str | None = None, *, by_day: bool, days: Any = None
    ) -> list[Row]:
        """What a span comes to, by currency and part; there may be several rows of one.

        :param dimension: empty for all in one.
        :param key: only this part.
        :param by_day: each day apart; else rows have no day.
        :param days: the only days that are wanted.
        """
        pieces = self.pieces(span, dimension, key, by_day=by_day, days=days)
        numbered = days_of([span]) if by_day and self.calendar.zone is not None else []
        found: list[Row] = []
        rest: dict[Any, Numbers] = {}
        for piece, at, currency, part, *numbers in self.work.session.execute(union_all(*pieces)):
            day = numbered[at] if numbered else at
            some: Numbers = tuple(map(int, numbers))
            if piece in (SUMS, _TITLED) and (key is None or part == key):
                found.append((day, currency, part, some))
            if piece != SUMS:
                rest[day, currency] = plus(rest.get((day, currency), NOTHING), _of_rest(piece, some))
        if rest and not key:
            found += [(day, currency, "", some) for (day, currency), some in rest.items()]
        return found

    def pieces(
        self, span: Span, dimension: str, key: str | None, *, by_day: bool, days: Any = None
    ) -> list[Select[Any]]:
        """The statements of :meth:`rows`: what the row is, day, currency, key, numbers.

        :param days: the only days that are wanted, or a select of them.
        """
        sums = self.counting.sums()
        chosen, day, _days = self._by_day(span, days) if by_day else (self._within(span, days), None, [])
        if dimension != "product":
            keyed = None
            if dimension:
                chosen, keyed = self._keyed(dimension, chosen)
                chosen = chosen if key is None else chosen.where(keyed == key)
            return [self._piece(SUMS, chosen, day, keyed, sums)]
        titled, title = self._keyed(dimension, chosen)
        titled = titled.where(title == key) if key else titled
        found = [self._piece(_TITLED, titled, day, title, self.counting.sums_of_lines())]
        if not key:
            found.append(self._piece(_ALL, chosen, day, None, sums))
            found.append(self._piece(_BARE, chosen.where(_bare()), day, None, sums))
        return found

    def _piece(self, piece: str, chosen: Select[Any], day: Any, keyed: Any, columns: Sequence[Any]) -> Select[Any]:
        given = [Transaction.currency, *([] if keyed is None else [keyed]), *([] if day is None else [day])]
        no_day, no_key = sql_cast(null(), Date), literal("", String)
        shown = [no_day if day is None else day, Transaction.currency, no_key if keyed is None else keyed]
        return chosen.add_columns(literal(piece, String), *shown, *columns).where(*self._mine).group_by(*given)

    def _within(self, span: Span, days: Any = None) -> Select[Any]:
        chosen: Select[Any] = select().select_from(Transaction)
        return chosen.where(self.calendar.between(span) if days is None else in_days(self.work, days))

    def _by_day(self, span: Span, only: Any = None) -> tuple[Select[Any], Any, list[dt.date]]:
        """Transactions of a span, the column of their day, and the days that it numbers if it does."""
        if self.calendar.zone is None:
            return self._within(span, only), Transaction.day, []
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
        firsts = self._firsts(self.calendar.until(around(spans)[1]))
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

    def customer_parts(self, dimension: str, span: Span, kind: str) -> dict[str, int] | None:
        """How many customers each part of a dimension has, by its key; ``None`` when there are too many sales to count them.

        :param kind: ``customers`` who bought there in the span; ``new_customers`` who had not before; ``total_customers`` who
            did up to its end.
        """
        some = self._bought_in(span, kind).add_columns(Transaction.id).limit(MOST + 1).subquery()
        if (self.work.session.scalar(select(func.count()).select_from(some)) or 0) > MOST:
            return None
        return self._by_part(dimension, span, kind)

    def _bought_in(self, span: Span, kind: str) -> Select[Any]:
        inside = self.calendar.between(span) if kind == "customers" else self.calendar.until(span[1])
        return self._sold().where(inside, CUSTOMER.is_not(None))

    def _by_part(self, dimension: str, span: Span, kind: str, *whose: ColumnElement[bool]) -> dict[str, int]:
        """How many customers each part has, however many sales there are.

        :param whose: conditions of the only transactions that are to be read.
        """
        sold = self._bought_in(span, kind).where(*whose)
        columns = CUSTOMER.label("customer"), func.min(self.calendar.moment).label("first")
        chosen, key = self._keyed(dimension, sold)
        pieces = [chosen.add_columns(key.label("key"), *columns).group_by(CUSTOMER, key)]
        if dimension == "product":
            bare = sold.where(_bare()).add_columns(literal("", String).label("key"), *columns)
            pieces.append(bare.group_by(CUSTOMER))
        firsts = union_all(*pieces).cte("firsts")
        table, _inside = self.calendar.table([span])
        since = self.calendar.since(firsts.c.first, table) if kind == "new_customers" else true()
        wanted = select(firsts.c.key, func.count()).select_from(table).join(firsts, since).group_by(firsts.c.key)
        return dict(self.work.session.execute(wanted).all())

    def _firsts(self, *where: Any) -> Any:
        """When each customer first bought, as a table."""
        bought = self._sold().where(CUSTOMER.is_not(None), *where)
        first = bought.add_columns(CUSTOMER.label("customer"), func.min(self.calendar.moment).label("first"))
        return first.group_by(CUSTOMER).cte("firsts")

    def first(self, since: dt.date | None = None) -> ColumnElement[bool]:
        """The condition that a customer first bought by a transaction, of the sales that figures hold: one for each of them.

        :param since: not before this day.
        """
        columns = (Transaction.id, Transaction.at, Transaction.counted_contact_id, Transaction.counted_company_id)
        sold = self._sold().add_columns(*columns)
        same, earlier = sold.subquery("same"), sold.subquery("earlier")
        at, contact, company = Transaction.at, Transaction.counted_contact_id, Transaction.counted_company_id
        sooner = [earlier.c.at <= at, or_(earlier.c.at < at, earlier.c.id < Transaction.id)]

        def none(*whose: Any) -> ColumnElement[bool]:
            return not_(exists().where(*whose, *sooner).correlate(Transaction))

        of_company = none(earlier.c.counted_contact_id.is_(None), earlier.c.counted_company_id == company)
        return and_(
            exists().where(same.c.id == Transaction.id).correlate(Transaction),
            none(earlier.c.counted_contact_id == contact),
            true() if since is None else not_(self.calendar.until(since - dt.timedelta(days=1))),
            or_(contact.is_not(None), and_(company.is_not(None), of_company)),
        )

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
        if part.dimension != "product":
            return dimensions.narrowed(self.work, part.dimension, part.key, some)
        if not part.key:
            return some.where(_bare())
        chosen, title = self._keyed(part.dimension, some)
        return chosen.where(title == part.key)

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
        chosen, day, _days = self._by_day(span)
        chosen = chosen.where(Transaction.updated_at >= since, self.counting.counts)
        days, number, amount = days_of([span]), 0, 0
        for _piece, at, currency, _key, *numbers in self.work.session.execute(
            self._piece(SUMS, chosen, day, None, self.counting.sums())
        ):
            when, some = days[at] if isinstance(at, int) else at, tuple(map(int, numbers))
            if self.conversion is None or self.conversion.converts(currency, when):
                some = tuple(self.conversion.numbers(currency, when, some)) if self.conversion else some
                number, amount = number + some[5] + some[6], amount + some[0] - some[1] - some[4]
        return number, amount


def currencies(work: Work) -> set[str]:
    """Those that transactions are in."""
    if work.actor.only_assigned:
        mine = select(Transaction.currency).where(Transaction.visible_to(work.actor))
        return set(work.session.scalars(mine.distinct()))
    return set(work.session.scalars(select(transactions.Day.currency).distinct()))


def around(spans: Sequence[Span]) -> Span:
    return min(span[0] for span in spans), max(span[1] for span in spans)


def _bare() -> ColumnElement[bool]:
    """The condition that no line of a transaction says what was sold."""
    return not_(exists().where(Line.transaction_id == Transaction.id, Line.title != ""))


def _of_rest(piece: str, numbers: Numbers) -> Numbers:
    """What a row adds to what no line holds: shipping, taxes, and transactions without lines, which alone are counted in it."""
    money, counted = numbers[:5], numbers[5:]
    if piece == _BARE:
        return (0, 0, 0, 0, 0, *counted)
    sign = -1 if piece == _TITLED else 1
    return (*(sign * amount for amount in money), *[0] * len(counted))


def in_days(work: Work, days: Any) -> ColumnElement[bool]:
    """The condition that a transaction is of one of the days that a select gives, each looked up in the index."""
    if work.session.get_bind().dialect.name == "postgresql" and not isinstance(days, list):
        # As a list that is made first: of a select, PostgreSQL might think that it holds most of the days.
        return Transaction.day == func.any(func.array(days.scalar_subquery()))
    return Transaction.day.in_(days)
