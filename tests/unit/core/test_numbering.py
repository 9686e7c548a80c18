"""Consecutive numbers: none twice, none left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmhost.api import Invalid, numbering
from crmhost.testing import Host

Hosts = Callable[..., Host]
DAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("{number}", ["1", "2", "1"]),
        ("INV-{number:04}-A", ["INV-0001-A", "INV-0002-A", "INV-0001-A"]),
        ("{year}/{number}", ["2026/1", "2026/2", "2027/1"]),
        ("{year}{month}-{number:02}", ["202611-01", "202611-02", "202612-01"]),
    ],
)
def test_patterns(host: Hosts, pattern: str, numbers: list[str]) -> None:
    """Each period counts on its own; each sequence too."""
    site = host()
    assert numbering.check_pattern(f" {pattern} ") == pattern
    later = dt.date(2027, 1, 1) if "month" not in pattern else dt.date(2026, 12, 1)
    with site.work() as work, work.begin():
        found = [numbering.next_number(work, "loans", pattern, DAY) for _ in range(2)]
        other = "other" if "{year}" not in pattern else "loans"
        found.append(numbering.next_number(work, other, pattern, later))
    assert found == numbers


@pytest.mark.parametrize(
    "pattern",
    ["", "INV", "{number}{number}", "{number:99}", "{no}", "{month}-{number}", "{number", "x" * 40 + "{number}"],
)
def test_a_pattern_that_tells_nothing_apart_is_refused(pattern: str) -> None:
    """By a sentence that says what to write."""
    with pytest.raises(Invalid):
        numbering.check_pattern(pattern)


def test_savers_at_once_get_numbers_in_a_row(host: Hosts) -> None:
    """64 that save while others fail get 64 consecutive numbers, on both databases."""
    site = host()

    def save(turn: int) -> str | None:
        try:
            with site.work() as work, work.begin():
                found = numbering.next_number(work, "loans", "{number}", DAY)
                if turn % 5 == 0:
                    raise RuntimeError("the machine fell over")
                return found
        except RuntimeError:
            return None

    with ThreadPoolExecutor(16) as pool:
        found = [number for number in pool.map(save, range(80)) if number]
    assert sorted(map(int, found)) == list(range(1, 65))


def test_the_next_number_is_set_forward_only(host: Hosts) -> None:
    """Numbers that were given never come again."""
    site = host()
    with site.work() as work, work.begin():
        assert numbering.following(work, "loans", "{number}", DAY) == (1, "1")
        numbering.set_next(work, "loans", "{number}", DAY, 7)
        assert numbering.following(work, "loans", "{number}", DAY) == (7, "7")
        assert numbering.next_number(work, "loans", "{number}", DAY) == "7"
        for wrong in (7, 0, -1, 10**12, True):
            with pytest.raises(Invalid):
                numbering.set_next(work, "loans", "{number}", DAY, wrong)
        numbering.set_next(work, "loans", "{number}", DAY, 8)
        assert numbering.next_number(work, "loans", "{number}", DAY) == "8"
