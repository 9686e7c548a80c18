"""What subscriptions bring regularly, from what readings find."""

from __future__ import annotations

import datetime as dt
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.api import Money
from plugins.syncs.api import Subscribed, monthly
from plugins.syncs.terms import Span, follow

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def day(number: int) -> dt.datetime:
    return START + number * DAY


def seen(number: int, cents: int = 1000, *, since: int = 0, until: int | None = None) -> Subscribed:
    ends = None if until is None else day(until)
    return Subscribed(amount=Money(cents, "EUR"), unit="month", since=day(since), until=ends, seen=day(number))


def told(*sightings: Subscribed) -> list[tuple[int, int | None, int]]:
    spans: list[Span] = []
    for one in sightings:
        spans = follow(spans, one)
    return [
        ((span.since - START).days, None if span.until is None else (span.until - START).days, span.amount)
        for span in spans
    ]


def test_each_kind_of_change() -> None:
    """A price, a cancellation, its undoing, a return and a trial that ended in nothing are told as they were."""
    assert told(seen(5)) == [(0, None, 1000)]
    assert told(seen(5), seen(9, 1500)) == [(0, 9, 1000), (9, None, 1500)]
    assert told(seen(5), seen(9, until=30)) == [(0, 30, 1000)]
    assert told(seen(5), seen(9, until=30), seen(12, until=60)) == [(0, 60, 1000)]
    assert told(seen(5), seen(9, until=30), seen(12)) == [(0, None, 1000)]
    assert told(seen(5), seen(9, until=9), seen(20, until=20)) == [(0, 9, 1000)]
    assert told(seen(5), seen(9, until=9), seen(20)) == [(0, 9, 1000), (20, None, 1000)]
    assert told(seen(5, since=14)) == [(14, None, 1000)]
    assert told(seen(5, since=14), seen(8, 2000, since=21)) == [(21, None, 2000)]
    assert told(seen(5, since=14), seen(8, since=14, until=10)) == []
    assert told(seen(40, until=30)) == [(0, 30, 1000)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([500, 1000]), st.one_of(st.none(), st.integers(-3, 9))),
        max_size=12,
    )
)
def test_terms_follow_one_another(steps: list[tuple[int, int, int | None]]) -> None:
    """Terms never overlap nor are empty, the same seen again changes nothing, and the last one is what is seen."""
    now, spans = 1, list[Span]()
    for later, cents, until in steps:
        now += later
        one = seen(now, cents, until=None if until is None else now + until)
        spans = follow(spans, one)
        assert follow(spans, one) == spans
        assert all(span.until is None or span.since < span.until for span in spans)
        assert all(a.until is not None and a.until <= b.since for a, b in itertools.pairwise(spans))
        if one.until is None:
            assert (spans[-1].amount, spans[-1].until) == (cents, None)
        elif spans:
            assert spans[-1].until is not None
            assert spans[-1].until <= max(one.until, one.seen)


def test_by_the_month() -> None:
    """A year is twelve months or fifty-two weeks."""
    assert [round(monthly(1200, unit, every)) for unit, every in (("year", 1), ("month", 3), ("week", 1), ("day", 30))] == [
        100, 400, 5200, 1217,
    ]  # fmt: skip
