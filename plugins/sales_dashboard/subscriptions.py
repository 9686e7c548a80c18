"""What subscriptions bring: the terms that extensions know, summed up by months."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

from crmhost.api import Contact, Work, rates
from plugins.transactions.api import month_starts

from .hooks import SubscriptionTerm
from .recurring import Movement, Period, between, movements, periods

#: Movements that are shown one by one.
SHOWN = 100
#: Months over which churn is averaged.
_YEAR = 12


@dataclasses.dataclass(frozen=True)
class Moved:
    """A movement with whom it is about.

    :param contact_id: ``None`` where the customer is no contact that the actor may see.
    :param what: the subscriptions that the customer had or has.
    """

    move: Movement
    name: str
    contact_id: int | None
    what: str


@dataclasses.dataclass(frozen=True)
class Recurring:
    """Recurring revenue of one currency.

    :param months: the running month last.
    :param before: the month before the first, that the chart begins with.
    :param ahead: all that is to come: cancellations, contracts that are to begin.
    :param left_out: terms that have no rate on their first day.
    :param subscriptions: how many bring something today.
    """

    currency: str
    months: Sequence[Period]
    ahead: Sequence[Movement]
    subscriptions: int
    left_out: int
    moves: Sequence[Movement]
    terms: Sequence[SubscriptionTerm]

    @property
    def now(self) -> Period:
        """The running month, up to today."""
        return self.months[-1]

    @property
    def average(self) -> int:
        """What a customer brings by the month, half a unit rounded up."""
        number = self.now.customers
        return (2 * self.now.closing + number) // (2 * number) if number else 0

    @property
    def churn(self) -> float | None:
        """The share of customers who leave in a month, on average of the last twelve that are over."""
        over = [one for one in self.months[:-1][-_YEAR:] if one.customers_before]
        before = sum(one.customers_before for one in over)
        left = sum(one.numbers["churn"] - one.passing for one in over)
        return left / before if before else None

    @property
    def lifetime(self) -> int | None:
        """What a customer brings until leaving: the average by the month over the churn; nothing while nobody leaves."""
        return round(self.average / self.churn) if self.churn else None


def known(work: Work) -> list[SubscriptionTerm]:
    """All terms that extensions know, of the contacts that the actor may see."""
    work.require("sales_dashboard.view")
    answers = work.hooks.call("sales_dashboard_subscriptions", work=work)
    return [term for answer in answers for term in answer.value]


def currencies(work: Work, terms: Sequence[SubscriptionTerm]) -> list[str]:
    """The currencies of terms, the site's first."""
    base = rates.base_currency(work)
    return sorted({term.monthly.currency for term in terms}, key=lambda code: (code != base, code))


def of(work: Work, terms: Sequence[SubscriptionTerm], currency: str, number: int) -> Recurring:
    """Recurring revenue over so many months, up to today.

    :param currency: of the terms; empty for all in the base currency, each at the rate of its first day.
    """
    work.require("sales_dashboard.view")
    chosen, worth, left_out = _worth(work, terms, currency)
    moves = movements(chosen, worth)
    starts = month_starts(work.today, number)
    ends = [start - dt.timedelta(days=1) for start in starts[1:]]
    today = work.today
    return Recurring(
        currency or rates.base_currency(work),
        periods(moves, zip(starts, [*ends, today], strict=True)),
        between(moves, today + dt.timedelta(days=1), dt.date.max),
        len({term.subscription for term in chosen if _on(term, today) and worth(term)}),
        left_out,
        moves,
        chosen,
    )


def _on(term: SubscriptionTerm, day: dt.date) -> bool:
    return term.since <= day and (term.until is None or day < term.until)


def _worth(
    work: Work, terms: Sequence[SubscriptionTerm], currency: str
) -> tuple[Sequence[SubscriptionTerm], Callable[[SubscriptionTerm], int | None], int]:
    """The terms that are looked at, what each brings, and how many of them have no rate."""
    if currency:
        return [term for term in terms if term.monthly.currency == currency], lambda term: term.monthly.amount, 0
    converter, base = rates.converter(work), rates.base_currency(work)
    found: dict[int, int | None] = {}
    for term in terms:
        converted = None if term.monthly.currency == base else converter.convert(term.monthly, term.since)
        amount = term.monthly.amount if term.monthly.currency == base else converted.money.amount if converted else None
        found[id(term)] = amount
    return terms, lambda term: found[id(term)], sum(1 for amount in found.values() if amount is None)


def named(work: Work, found: Recurring, moves: Sequence[Movement]) -> list[Moved]:
    """Movements with whom they are about, at most :data:`SHOWN` of them."""
    some = list(moves)[:SHOWN]
    wanted = {move.customer for move in some}
    labels: dict[str, dict[str, None]] = {}
    contacts: dict[str, int] = {}
    for term in found.terms:
        if term.customer in wanted:
            labels.setdefault(term.customer, {})[term.label or term.subscription] = None
            if term.contact_id is not None:
                contacts[term.customer] = term.contact_id
    seen = work.visible(Contact).where(Contact.id.in_(sorted(set(contacts.values()))))
    people = {one.id: one for one in work.session.scalars(seen)} if contacts and work.can("contacts.view") else {}
    rows = []
    for move in some:
        person = people.get(contacts.get(move.customer, 0))
        rows.append(
            Moved(
                move, person.name if person else "", person.id if person else None,
                ", ".join(labels.get(move.customer, {})),
            )
        )  # fmt: skip
    return rows
