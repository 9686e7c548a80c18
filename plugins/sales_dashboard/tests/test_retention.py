"""Cohorts as a table, without a site."""

from __future__ import annotations

import datetime as dt

from plugins.sales_dashboard.retention import Table, table

JANUARY, FEBRUARY, MARCH = (dt.date(2026, month, 1) for month in (1, 2, 3))
COHORTS = {
    FEBRUARY: {0: (10, 5000)},
    JANUARY: {0: (4, 4000), 1: (2, 1000), 2: (1, 300)},
    MARCH: dict[int, tuple[int, int]](),
}


def made(measure: str) -> Table:
    return table(measure, COHORTS, dt.date(2026, 3, 9))


def values(measure: str) -> list[list[float | None]]:
    return [[cell.value for cell in row.cells] for row in made(measure).rows]


def test_each_measure() -> None:
    """A cohort has a cell for each month up to the running one, and none when nobody came."""
    assert values("customers") == [[4, 2, 1], [10, 0]]
    assert values("revenue") == [[4000, 1000, 300], [5000, 0]]
    assert values("retention") == [[0.5, 0.25], [0.0]]
    assert values("value") == [[1000, 1250, 1325], [500, 500]]
    assert [row.customers for row in made("value").rows] == [4, 10]
    assert (list(made("retention").offsets), list(made("value").offsets)) == ([1, 2], [0, 1, 2])


def test_shades_and_averages() -> None:
    """The largest is the darkest, nothing has no shade, and averages leave out the month that is not over."""
    cells = [cell for row in made("retention").rows for cell in row.cells]
    assert [(cell.shade, cell.running) for cell in cells] == [(9, False), (4, True), (0, True)]
    assert made("retention").average == [0.5, None]
    assert [round(value) for value in made("value").average if value is not None] == [643, 1250]
    assert made("revenue").average == []
    hollow = table("retention", {}, MARCH)
    assert (hollow.rows, list(hollow.offsets), hollow.average) == ([], [], [])
