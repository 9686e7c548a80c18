"""Recurring revenue: what subscriptions bring by the month (MRR), and by whom it grew and shrank. Pure; amounts in minor units.

What is whose: all subscriptions of one customer are seen together, day by day. So who cancels one of two contracts, and who
exchanges one for another on a day expands, contracts, or does nothing at all.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .hooks import SubscriptionTerm

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = KINDS = ("new", "expansion", "contraction", "churn", "reactivation")
#: How many customers more there are by a movement.
_HEADS = {NEW: 1, REACTIVATION: 1, CHURN: -1}
_DAY = operator.attrgetter("day")


class Movement(NamedTuple):
    """A change of what a customer brings by the month; below zero for contraction and churn."""

    day: dt.date
    customer: str
    kind: str
    amount: int


@dataclasses.dataclass(frozen=True)
class Period:
    """How recurring revenue moved from one day to another, both included: opening + the sum of ``moved`` = closing.

    :param moved: by kind; ``numbers`` how many movements of each there were.
    :param customers_before: who brought something the day before; ``customers`` at the end.
    :param passing: customers who came and left within, counted among the new and the churned ones too.
    """

    start: dt.date
    end: dt.date
    opening: int
    moved: Mapping[str, int]
    numbers: Mapping[str, int]
    closing: int
    customers_before: int
    customers: int
    passing: int

    @property
    def customer_churn(self) -> float | None:
        """The share of the customers at the beginning who left; those who also came within are none of them."""
        return _share(self.numbers[CHURN] - self.passing, self.customers_before)

    @property
    def revenue_churn(self) -> float | None:
        """The share of the revenue at the beginning that was lost by churn and contraction."""
        return _share(-self.moved[CHURN] - self.moved[CONTRACTION], self.opening)

    @property
    def net_churn(self) -> float | None:
        """The same after what expansion and reactivation brought; below zero when that was more."""
        lost = -sum(self.moved[kind] for kind in (CHURN, CONTRACTION, EXPANSION, REACTIVATION))
        return _share(lost, self.opening)


def movements(terms: Iterable[SubscriptionTerm], worth: Callable[[SubscriptionTerm], int | None]) -> list[Movement]:
    """All movements in the order of their days, those ahead too: contracts that are to begin, cancellations to come.

    :param worth: what a term brings by the month; ``None`` leaves it out. It is asked once for each term, so that rates of
        exchange make no movement.
    """
    steps: dict[str, list[tuple[dt.date, int]]] = {}
    for term in terms:
        amount = worth(term)
        if not amount or (term.until is not None and term.until <= term.since):
            continue
        mine = steps.setdefault(term.customer, [])
        mine.append((term.since, amount))
        if term.until is not None:
            mine.append((term.until, -amount))
    by_day: dict[dt.date, list[Movement]] = {}
    for customer in sorted(steps):
        for move in _of_customer(customer, steps[customer]):
            by_day.setdefault(move.day, []).append(move)
    return [move for day in sorted(by_day) for move in by_day[day]]


def _of_customer(customer: str, steps: list[tuple[dt.date, int]]) -> Iterator[Movement]:
    """The movements of one customer, from the days on which they bring more or less, in any order."""
    steps.sort()
    running, known, place = 0, False, 0
    while place < len(steps):
        day, change = steps[place]
        place += 1
        while place < len(steps) and steps[place][0] == day:
            change += steps[place][1]
            place += 1
        if not change:
            continue
        before, running = running, running + change
        if not before:
            kind = REACTIVATION if known else NEW
        elif not running:
            kind = CHURN
        else:
            kind = EXPANSION if change > 0 else CONTRACTION
        known = True
        yield Movement(day, customer, kind, change)


def between(moves: Sequence[Movement], first: dt.date, last: dt.date) -> Sequence[Movement]:
    """The movements of these days, both included; ``moves`` as :func:`movements` gives them."""
    return moves[bisect.bisect_left(moves, first, key=_DAY) : bisect.bisect_right(moves, last, key=_DAY)]


def periods(moves: Sequence[Movement], spans: Iterable[tuple[dt.date, dt.date]]) -> list[Period]:
    """What moved in each span; ``moves`` as :func:`movements` gives them."""
    sums = [0, *itertools.accumulate(move.amount for move in moves)]
    heads = [0, *itertools.accumulate(_HEADS.get(move.kind, 0) for move in moves)]
    found = []
    for start, end in spans:
        first, last = bisect.bisect_left(moves, start, key=_DAY), bisect.bisect_right(moves, end, key=_DAY)
        moved, numbers = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
        came: set[str] = set()
        passing = 0
        for move in moves[first:last]:
            moved[move.kind] += move.amount
            numbers[move.kind] += 1
            if move.kind in (NEW, REACTIVATION):
                came.add(move.customer)
            elif move.kind == CHURN and move.customer in came:
                came.discard(move.customer)
                passing += 1
        found.append(Period(start, end, sums[first], moved, numbers, sums[last], heads[first], heads[last], passing))
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
