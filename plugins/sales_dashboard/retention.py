"""Cohorts as a table: customers by the month of their first purchase, and what became of them month by month. Pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

MEASURES = ("retention", "customers", "revenue", "value")
#: Shades of a cell, from none to the darkest.
SHADES = 9
_NONE = (0, 0)
#: Months since the first purchase -> customers who bought then, and for how much.
Months = Mapping[int, tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Cell:
    """A month of a cohort.

    :param value: a share for retention, a number for customers, else minor units; ``None`` for months that are to come.
    :param shade: 0 to :data:`SHADES`, by how much it is beside the others.
    :param running: of the month that is not over.
    """

    value: float | None
    shade: int = 0
    running: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
    """A cohort: the month of first purchases and how many customers made one."""

    month: dt.date
    customers: int
    cells: Sequence[Cell]


@dataclasses.dataclass(frozen=True)
class Table:
    """The cohorts, the oldest first. ``average`` is of all those that are old enough, weighted by their customers; for
    retention and value only, else empty."""

    measure: str
    rows: Sequence[Row]
    average: Sequence[float | None]

    @property
    def offsets(self) -> range:
        """Numbers of the months since the first purchase that the columns stand for."""
        first = 1 if self.measure == "retention" else 0
        return range(first, first + max((len(row.cells) for row in self.rows), default=0))


def between(first: dt.date, second: dt.date) -> int:
    """How many months the second lies after the first."""
    return (second.year - first.year) * 12 + second.month - first.month


def table(measure: str, cohorts: Mapping[dt.date, Months], today: dt.date) -> Table:
    """The table of some cohorts, by the month of their first purchase."""
    months = sorted(month for month, found in cohorts.items() if found.get(0, _NONE)[0])
    # With every customer back in each month of the first, retention begins with the month after.
    first = 1 if measure == "retention" else 0
    values = {
        month: [_value(measure, cohorts[month], offset) for offset in range(first, age + 1)]
        for month in months
        for age in [between(month, today)]
    }
    most = max((value for found in values.values() for value in found), default=0)
    rows = [
        Row(
            month,
            cohorts[month][0][0],
            [
                Cell(value, _shade(value, most), running=offset == between(month, today))
                for offset, value in enumerate(found, first)
            ],
        )
        for month, found in values.items()
    ]
    longest = max((len(row.cells) for row in rows), default=0)
    average = [_average(rows, place) for place in range(longest)] if measure in ("retention", "value") else []
    return Table(measure, rows, average)


def _value(measure: str, cohort: Months, offset: int) -> float:
    customers, revenue = cohort.get(offset, _NONE)
    if measure == "customers":
        return customers
    if measure == "revenue":
        return revenue
    if measure == "value":
        return sum(some[1] for month, some in cohort.items() if month <= offset) / cohort[0][0]
    return customers / cohort[0][0]


def _shade(value: float, most: float) -> int:
    return max(1, round(SHADES * value / most)) if value > 0 and most > 0 else 0


def _average(rows: Sequence[Row], place: int) -> float | None:
    """Of the cohorts whose month is over."""
    old = [row for row in rows if place < len(row.cells) and not row.cells[place].running]
    whole = sum(row.customers for row in old)
    return sum((row.cells[place].value or 0) * row.customers for row in old) / whole if whole else None
