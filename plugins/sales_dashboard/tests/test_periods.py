"""Periods, their parts, and what they are compared with."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.api import Invalid
from plugins.sales_dashboard import periods

TODAY = dt.date(2026, 11, 22)
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2040, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def span(first: str, last: str) -> periods.Span:
    return day(first), day(last)


def read(**given: str) -> periods.Period:
    return periods.read({name.rstrip("_"): text for name, text in given.items()}, TODAY, {})


@pytest.mark.parametrize(
    ("given", "mine", "past", "grain"),
    [
        ({}, ("2026-10-24", "2026-11-22"), ("2026-09-24", "2026-10-23"), "day"),
        ({"period": "today"}, ("2026-11-22", "2026-11-22"), ("2026-11-21", "2026-11-21"), "day"),
        ({"period": "7", "compare": "year"}, ("2026-11-16", "2026-11-22"), ("2025-11-16", "2025-11-22"), "day"),
        ({"period": "90"}, ("2026-08-25", "2026-11-22"), ("2026-05-27", "2026-08-24"), "week"),
        # What runs is compared with the same part of what was before, what is over with all of it.
        ({"period": "month"}, ("2026-11-01", "2026-11-22"), ("2026-10-01", "2026-10-22"), "day"),
        ({"period": "month", "date": "2026-03-31"}, ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), "day"),
        ({"period": "quarter"}, ("2026-10-01", "2026-11-22"), ("2026-07-01", "2026-08-22"), "week"),
        ({"period": "year", "date": "2025-05-05"}, ("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31"), "month"),
        (
            {"period": "month", "date": "2025-02-09", "compare": "year"},
            ("2025-02-01", "2025-02-28"), ("2024-02-01", "2024-02-29"), "day",
        ),
        ({"from": "1997-01-01", "to": "1998-06-30"}, ("1997-01-01", "1998-06-30"), ("1995-07-01", "1996-12-31"), "month"),
        ({"from": "2026-11-10", "to": "2026-11-12"}, ("2026-11-10", "2026-11-12"), ("2026-11-07", "2026-11-09"), "day"),
    ],
)  # fmt: skip
def test_periods(given: dict[str, str], mine: tuple[str, str], past: tuple[str, str], grain: str) -> None:
    """Each kind has its days, what it is compared with, and a usual grain."""
    found = periods.read(given, TODAY, {})
    assert (found.span, found.past, found.grain) == (span(*mine), span(*past), grain)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"period": "decade"}, "period"),
        ({"grain": "hour"}, "grain"),
        ({"compare": "rivals"}, "compare"),
        ({"from": "31.3.2026"}, "from"),
        ({"from": "2026-03-31", "to": "2026-03-30"}, "to"),
        ({"from": "1901-01-01", "to": "2026-03-30"}, "from"),
        ({"period": "month", "date": "9999-01-01"}, "date"),
    ],
)
def test_what_is_no_period_is_refused(given: dict[str, str], field: str) -> None:
    """What can't be understood is said by its name."""
    with pytest.raises(Invalid) as caught:
        periods.read(given, TODAY, {})
    assert list(caught.value.errors) == [field]


@settings(deadline=None, max_examples=150)
@given(
    first=DAYS,
    days=st.integers(1, 4000),
    grain=st.sampled_from(periods.GRAINS),
    compare=st.sampled_from(periods.AGAINST),
)
def test_parts_fill_a_period(first: dt.date, days: int, grain: str, compare: str) -> None:
    """Parts fill the period without a gap; those beside them never leave what they belong to."""
    last = first + dt.timedelta(days=days - 1)
    asked: dict[str, Any] = {"from": first.isoformat(), "to": last.isoformat(), "grain": grain, "compare": compare}
    found = periods.read(asked, TODAY, {})
    assert found.buckets[0][0] == first
    assert found.buckets[-1][1] == last
    assert len(found.buckets) <= periods.MOST + 2
    for before, after in zip(found.buckets, found.buckets[1:], strict=False):
        assert after[0] - before[1] == dt.timedelta(days=1)
    assert (found.past is None) == (compare == "none")
    if found.past is not None:
        assert len(found.past_buckets) == len(found.buckets)
        known = [part for part in found.past_buckets if part]
        assert known[0][0] == found.past[0]
        assert all(found.past[0] <= start <= end <= found.past[1] for start, end in known)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(known))
        assert found.past[1] < last


def test_stepping() -> None:
    """One steps from a period to its neighbours, and forward no further than today."""
    month = read(period="month")
    before = periods.step(month, TODAY, -1)
    assert before == {"period": "month", "grain": "day", "compare": "before", "date": "2026-10-31"}
    october = periods.read(before, TODAY, {})
    assert october.span == span("2026-10-01", "2026-10-31")
    assert periods.step(october, TODAY, 1) == {"period": "month", "grain": "day", "compare": "before"}
    assert periods.step(month, TODAY, 1) == {}
    half = periods.read({"from": "2025-01-01", "to": "2025-06-30"}, TODAY, {})
    after = periods.step(half, TODAY, 1)
    assert (after["from"], after["to"]) == ("2025-07-01", "2025-12-31")
    week = periods.read({"period": "7", "date": "2026-11-10"}, TODAY, {})
    assert periods.step(week, TODAY, 1)["date"] == "2026-11-17"


def test_words() -> None:
    """Periods and their parts are said as people write them, in the reader's language."""
    assert periods.in_words(span("2026-10-24", "2026-11-22"), "en").replace("\u2009", " ") == "24 Oct – 22 Nov 2026"
    assert periods.in_words(span("2026-02-01", "2026-02-28"), "fr") == "février 2026"
    assert periods.in_words(span("2026-01-01", "2026-12-31"), "en") == "2026"
    assert periods.title(span("2026-10-01", "2026-12-31"), "quarter", "en") == "Q4 2026"
    assert periods.title(span("2026-10-05", "2026-10-31"), "month", "en").startswith("5")
