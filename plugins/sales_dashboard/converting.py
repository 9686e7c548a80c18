"""Sums of days, and what they come to in the base currency."""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
import functools
import itertools
import operator
from collections.abc import Mapping, Sequence

from crmhost.api import Money, Work, rates

from .days import Span, days_of

#: How many of the numbers of :class:`Sums` are money; they come first.
_MONEY = 5
#: The place of what is left out.
_LEFT_OUT = 7


@dataclasses.dataclass(frozen=True)
class Sums:
    """What some transactions come to in one currency, in its minor units.

    :param refunds: what was given back, above zero.
    :param left_out: transactions that do not count, or have no rate.
    :param quantity: how many of a product were sold, in millionths.
    """

    gross: int = 0
    discounts: int = 0
    fees: int = 0
    taxes: int = 0
    refunds: int = 0
    sales: int = 0
    refunds_number: int = 0
    left_out: int = 0
    quantity: int = 0


#: The numbers of :class:`Sums`, in the order of its fields.
Numbers = Sequence[int]
NUMBERS = tuple(field.name for field in dataclasses.fields(Sums))
NOTHING: Numbers = (0,) * len(NUMBERS)


def plus(one: Numbers, other: Numbers) -> Numbers:
    """Both together."""
    return tuple(map(operator.add, one, other))


def minus(one: Numbers, other: Numbers) -> Numbers:
    """One without the other."""
    return tuple(map(operator.sub, one, other))


def over(spans: Sequence[Span], days: Mapping[dt.date, Numbers]) -> list[Sums]:
    """What each span comes to, from what its days come to; each day is looked at once however many spans hold it."""
    known = sorted(days)
    running = list(itertools.accumulate((days[day] for day in known), plus, initial=NOTHING))
    found = []
    for first, last in spans:
        start, end = _place(known, first), _place(known, last + dt.timedelta(days=1))
        found.append(Sums(*minus(running[max(start, end)], running[start])))
    return found


def _place(days: Sequence[dt.date], day: dt.date) -> int:
    return bisect.bisect_left(days, day)


class Conversion:
    """What days come to in the base currency: each amount of a day at the rate that holds on it."""

    def __init__(self, work: Work) -> None:
        self._converter = rates.converter(work)
        self.base = self._converter.base
        #: Currencies that have a rate on some day.
        self.foreign = self._converter.currencies

    def converts(self, currency: str, day: dt.date) -> bool:
        """Whether a day's sums in a currency have a place in the base currency."""
        return currency == self.base or self._converter.rate(currency, day) is not None

    def numbers(self, currency: str, day: dt.date, numbers: Numbers) -> Numbers:
        """A day's sums in the base currency; without a rate all of it is left out."""
        if currency == self.base:
            return numbers
        if self._converter.rate(currency, day) is None:
            return (*NOTHING[:_LEFT_OUT], sum(numbers[_MONEY : _LEFT_OUT + 1]), 0)
        return (*(self.money(currency, day, amount) for amount in numbers[:_MONEY]), *numbers[_MONEY:])

    def money(self, currency: str, day: dt.date, amount: int) -> int:
        """An amount of a day that converts, in the base currency."""
        if currency == self.base:
            return amount
        converted = self._converter.convert(Money(amount, currency), day)
        assert converted is not None
        return converted.money.amount

    def without(self, span: Span) -> list[tuple[str, Span]]:
        """Runs of days of a span on which a currency, of those that have rates, has none."""
        found = []
        days = days_of([span])
        for currency in self.foreign:
            for converts, run in itertools.groupby(days, key=functools.partial(self.converts, currency)):
                some = list(run)
                if not converts:
                    found.append((currency, (some[0], some[-1])))
        return found
