"""The figures: what pages, the API and mails show. Nothing else reads what is kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from crmhost.api import Invalid, Work, rates
from plugins.transactions import api as transactions

from . import dimensions, fees, firsts, kept, labels, plain
from .converting import NOTHING, Numbers, Sums, over, plus
from .counted import Narrowed
from .days import Calendar, Span

__all__ = [
    "DIMENSIONS",
    "METRICS",
    "Narrowed",
    "Part",
    "Span",
    "Totals",
    "behind",
    "best_customers",
    "cohorts",
    "currencies",
    "customer_parts",
    "parts",
    "restated",
    "totals",
    "totals_by_currency",
]

METRICS = (
    "gross_revenue",
    "net_revenue",
    "discounts",
    "fees",
    "average_revenue_per_customer",
    "new_customers",
    "total_customers",
)
DIMENSIONS = dimensions.NAMES


@dataclasses.dataclass(frozen=True)
class Totals:
    """The figures of one span; money in minor units of the currency.

    :param gross: total and discount of the sales.
    :param fees: those of the sales; ``other_fees`` are apart.
    :param refunds: what was given back, above zero.
    :param customers: who bought in the span; ``new_customers`` of them for the first time; ``total_customers`` up to its end.
    :param left_out: transactions of the span that do not count, or have no rate.
    """

    gross: int = 0
    discounts: int = 0
    fees: int = 0
    other_fees: int = 0
    taxes: int = 0
    refunds: int = 0
    customers: int = 0
    new_customers: int = 0
    total_customers: int = 0
    sales: int = 0
    refunds_number: int = 0
    left_out: int = 0

    @property
    def net(self) -> int:
        """Gross less discounts, refunds, all fees, taxes."""
        return self.gross - self.discounts - self.refunds - self.fees - self.other_fees - self.taxes

    @property
    def average(self) -> int:
        """Gross by customer, a half rounded up; 0 without customers."""
        return (2 * self.gross + self.customers) // (2 * self.customers) if self.customers else 0

    def metric(self, name: str) -> int:
        """One of :data:`METRICS`. :raises Invalid: when it is none."""
        if name not in METRICS:
            raise Invalid("There is no such figure.")
        return {
            "gross_revenue": self.gross,
            "net_revenue": self.net,
            "discounts": self.discounts,
            "fees": self.fees + self.other_fees,
            "average_revenue_per_customer": self.average,
            "new_customers": self.new_customers,
            "total_customers": self.total_customers,
        }[name]


@dataclasses.dataclass(frozen=True)
class Part:
    """What one tag, product … has of a figure.

    :param key: as :class:`Narrowed` takes it; empty for what has none.
    :param quantity: how many of a product were sold, a decimal number as text; empty for other dimensions.
    """

    key: str
    label: str
    totals: Totals
    quantity: str = ""


def totals(
    work: Work,
    spans: Sequence[Span],
    currency: str,
    zone: str | None = None,
    where: Narrowed | None = None,
    *,
    customers: bool = True,
) -> list[Totals]:
    """The figures of each span, in a few statements however many there are.

    :param spans: first and last day of each; they may overlap.
    :param currency: of the transactions; empty for everything in the base currency.
    :param zone: cuts days in this zone instead of the site's.
    :param where: only the transactions of one part of a dimension; customers are then new when they first buy there, and other
        fees are no part of it.
    :param customers: whether customers are counted.
    """
    work.require("sales_dashboard.view")
    if not spans:
        return []
    asked = _asked(work, currency, zone, where)
    sums = asked.sums(spans)
    people = asked.customers(spans) if customers else [(0, 0, 0)] * len(spans)
    others = fees.by_span(work, spans, currency) if where is None else [0] * len(spans)
    return [_totals(some, number, other) for some, number, other in zip(sums, people, others, strict=True)]


def totals_by_currency(
    work: Work, spans: Sequence[Span], currencies: Sequence[str], *, customers: bool
) -> dict[str, list[Totals]]:
    """The figures of each span, of each of the currencies, in as many statements however many there are.

    New and total customers are left out.

    :param customers: whether those who bought in the spans are counted.
    """
    work.require("sales_dashboard.view")
    if not spans or not currencies:
        return {}
    asked = _asked(work, None, None)
    if customers and not isinstance(asked, kept.Kept):
        # While what is kept is made anew, one after the other.
        return {code: totals(work, spans, code) for code in currencies}
    days: dict[str, dict[dt.date, Numbers]] = {}
    for day, code, _key, numbers in asked.rows(plain.around(spans), by_day=True):
        if day is not None:
            mine = days.setdefault(code, {})
            mine[day] = plus(mine.get(day, NOTHING), numbers)
    people = asked.active(spans, currencies) if customers and isinstance(asked, kept.Kept) else {}
    others, none = fees.by_currency(work, spans), [0] * len(spans)
    return {
        code: [
            _totals(some, (number, 0, 0), other)
            for some, number, other in zip(
                over(spans, days.get(code, {})), people.get(code, none), others.get(code, none), strict=True
            )
        ]
        for code in currencies
    }


def _totals(some: Sums, people: tuple[int, int, int] = (0, 0, 0), other: int = 0) -> Totals:
    sums = dataclasses.asdict(some)
    del sums["quantity"]
    named = dict(zip(("customers", "new_customers", "total_customers"), people, strict=True))
    return Totals(**sums, **named, other_fees=other)


def _asked(work: Work, currency: str | None, zone: str | None, where: Narrowed | None = None) -> plain.Plain:
    calendar = _calendar(work, zone)
    if kept.usable(work, calendar):
        return kept.Kept(work, currency, calendar, where)
    # While the days of the transactions are out of date, instants say where they lie.
    return plain.Plain(
        work, currency, calendar if transactions.fresh(work) else Calendar(calendar.zone or work.timezone), where
    )


def _calendar(work: Work, zone: str | None) -> Calendar:
    """Days of the site's zone are kept with each transaction."""
    return Calendar(None if zone in (None, "", str(work.timezone)) else ZoneInfo(str(zone)))


def currencies(work: Work) -> list[str]:
    """The currencies that transactions are in, the site's first, which is always there."""
    work.require("sales_dashboard.view")
    base = rates.base_currency(work)
    found = plain.currencies(work) | {base}
    return sorted(found, key=lambda code: (code != base, code))


def parts(
    work: Work,
    dimension: str,
    span: Span,
    currency: str,
    zone: str | None = None,
    limit: int = 50,
) -> list[Part]:
    """What each part of a dimension has, the largest gross revenue first.

    A transaction with several tags is part of each. A product has the totals of its lines; what lines do not hold stands under
    the empty key. Customers are not counted.

    :raises Invalid: when there is no such dimension.
    """
    work.require("sales_dashboard.view")
    if dimension not in DIMENSIONS:
        raise Invalid("Choose one of the breakdowns.")
    sums = _asked(work, currency, zone).parts(dimension, span)
    found = {key: _totals(some) for key, some in sums.items()}
    return _named(work, dimension, sums, found, lambda key: found[key].gross, limit)


def customer_parts(
    work: Work, dimension: str, span: Span, currency: str, metric: str, limit: int = 50
) -> list[Part] | None:
    """What each part of a dimension has of a figure of customers; ``None`` when there are too many sales to count them.

    A customer stands under each part where they bought, and is new where they first bought, as :func:`totals` of the part has it.

    :param metric: ``new_customers`` or ``total_customers``, the largest number first; or ``average_revenue_per_customer``, the
        largest gross revenue first.
    :raises Invalid: when there is no such dimension.
    """
    work.require("sales_dashboard.view")
    if dimension not in DIMENSIONS:
        raise Invalid("Choose one of the breakdowns.")
    asked = _asked(work, currency, None)
    kind = "customers" if metric == "average_revenue_per_customer" else metric
    people = asked.customer_parts(dimension, span, kind)
    if people is None:
        return None
    sums = asked.parts(dimension, span)
    found = {
        key: dataclasses.replace(_totals(sums.get(key, Sums())), **{kind: people.get(key, 0)})
        for key in (sums if kind == "customers" else people)
    }
    return _named(
        work, dimension, sums, found, lambda key: found[key].gross if kind == "customers" else people[key], limit
    )


def _named(
    work: Work,
    dimension: str,
    sums: Mapping[str, Sums],
    found: Mapping[str, Totals],
    rank: Callable[[str], int],
    limit: int,
) -> list[Part]:
    largest = sorted(found, key=lambda key: (-rank(key), -found[key].refunds, key))[:limit]
    labelled = labels.of(work, dimension, largest)
    quantities = {key: _number(sums[key].quantity) for key in largest if key in sums}
    return [Part(key, labelled.get(key, key), found[key], quantities.get(key, "")) for key in largest]


def _number(millionths: int) -> str:
    return f"{(Decimal(millionths) / 1_000_000).normalize():f}" if millionths else ""


def best_customers(work: Work, span: Span, currency: str, limit: int = 10) -> list[tuple[str, int, str, int, int, int]]:
    """Who bought most in a span: kind (``contact`` or ``company``), id, name, gross, number of sales, refunds.

    Names are those that the actor may see, else empty.
    """
    work.require("sales_dashboard.view")
    asked = _asked(work, currency, None)
    found = asked.best(span, limit)
    named = labels.customers(work, [customer for customer, _gross in found])
    more = asked.of_customers(span, [customer for customer, _gross in found])
    return [
        ("contact" if customer > 0 else "company", abs(customer), named.get(customer, ""), gross, *more[customer])
        for customer, gross in found
    ]


def cohorts(work: Work, currency: str, months: Sequence[dt.date]) -> dict[dt.date, dict[int, tuple[int, int]]]:
    """Of those who first bought in a month, how many bought again so many months later, and for how much.

    :param months: first days of the months of first purchase.
    :returns: month -> months since -> (customers, gross in minor units); months in which nobody of them bought are left out.
    """
    work.require("sales_dashboard.view")
    return _asked(work, currency, None).cohorts(sorted(set(months)))


def restated(work: Work, span: Span, currency: str) -> tuple[int, int]:
    """What of a span was entered or changed after the span was over: how many transactions, and what they come to.

    Sales add, refunds subtract; a span that is not over yet was not restated.
    """
    work.require("sales_dashboard.view")
    return _asked(work, currency, None).restated(span)


def behind(work: Work, metric: str, span: Span, currency: str, where: Narrowed | None = None) -> str:
    """Address of the list of the transactions that a figure is made of.

    :param metric: one of :data:`METRICS`; of customers, the sale with which each of them first bought.
    :param where: the part that customers are narrowed to; the list's own filters of it are the caller's.
    :raises Invalid: when it is none.
    """
    if metric not in METRICS:
        raise Invalid("There is no such figure.")
    rule = transactions.rule(work)
    signs = (1, -1) if metric == "net_revenue" else (1,)
    types = sorted(number for number, sign in rule.signs.items() if sign in signs)
    if not rule.statuses or not types:
        # Nothing counts: no transaction is that old.
        span = dt.date.min, dt.date(1900, 1, 1)
    since = span[0] if metric == "new_customers" else None
    asked: list[tuple[str, object]] = [("status", number) for number in sorted(rule.statuses)]
    asked += [("type", number) for number in types]
    asked += [("date_from", span[0])] if metric != "total_customers" else []
    asked += [("date_to", span[1])]
    asked += [("currency", currency)] if currency else []
    asked += (
        [(firsts.FILTER, firsts.text(currency, since, where))] if metric in ("new_customers", "total_customers") else []
    )
    return f"/transactions/?{urlencode(asked)}"


def first_sales(work: Work, given: str) -> ColumnElement[bool]:
    """The filter of transactions that :func:`behind` uses: the condition that a customer first bought by a transaction.

    :param given: as :func:`.firsts.text` makes it.
    :raises Invalid: when the text can't be understood.
    """
    work.require("sales_dashboard.view")
    currency, since, where = firsts.read(given)
    return _asked(work, currency, None, where).first(since)
