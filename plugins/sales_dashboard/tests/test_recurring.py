"""Recurring revenue and its movements, without a site."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.api import Money
from plugins.sales_dashboard.hooks import SubscriptionTerm
from plugins.sales_dashboard.recurring import KINDS, movements, periods

START = dt.date(2026, 1, 1)


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def term(customer: str, since: int, until: int | None, cents: int) -> SubscriptionTerm:
    ends = None if until is None else day(until)
    return SubscriptionTerm(f"t:{customer}", customer, day(since), Money(cents, "EUR"), ends)


def told(*terms: SubscriptionTerm) -> list[tuple[int, str, int]]:
    moves = movements(terms, lambda one: one.monthly.amount)
    return [((move.day - START).days, move.kind, move.amount) for move in moves]


def test_each_kind() -> None:
    """One of several cancelled is a contraction, an exchange on one day moves by the difference, a return is a reactivation."""
    assert told(term("a", 0, None, 500)) == [(0, "new", 500)]
    assert told(term("a", 0, 30, 500), term("a", 5, None, 200)) == [
        (0, "new", 500), (5, "expansion", 200), (30, "contraction", -500),
    ]  # fmt: skip
    assert told(term("a", 0, 30, 500), term("a", 30, None, 700)) == [(0, "new", 500), (30, "expansion", 200)]
    assert told(term("a", 0, 30, 500), term("a", 30, None, 500)) == [(0, "new", 500)]
    assert told(term("a", 0, 30, 500), term("a", 60, None, 300)) == [
        (0, "new", 500), (30, "churn", -500), (60, "reactivation", 300),
    ]  # fmt: skip
    assert told(term("a", 9, 9, 500), term("b", 3, None, 0)) == []


def test_who_comes_and_leaves_within() -> None:
    """They count as new and as churned, are named, and are none of those who could leave at the beginning."""
    terms = [term("a", 0, None, 500), term("b", 0, 40, 300), term("c", 35, 50, 100)]
    moves = movements(terms, lambda one: one.monthly.amount)
    (found,) = periods(moves, [(day(31), day(58))])
    assert (found.opening, found.closing, found.customers_before, found.customers, found.passing) == (800, 500, 2, 1, 1)
    assert (found.numbers["new"], found.numbers["churn"], found.customer_churn) == (1, 2, 0.5)
    assert (found.revenue_churn, found.net_churn) == (0.5, 0.5)
    (before,) = periods(moves, [(day(-60), day(-30))])
    assert (before.opening, before.customer_churn, before.revenue_churn) == (0, None, None)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)), st.integers(0, 900)
        ),
        max_size=9,
    ),
    st.integers(-5, 70),
    st.integers(0, 40),
)
def test_movements_add_up(rows: list[tuple[str, int, int | None, int]], first: int, length: int) -> None:
    """Opening and closing are what subscriptions bring on these days, and the movements of any span are their difference."""
    terms = [term(*row) for row in rows]

    def brought(when: dt.date) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in terms:
            if one.since <= when and (one.until is None or when < one.until) and one.monthly.amount:
                found[one.customer] = found.get(one.customer, 0) + one.monthly.amount
        return found

    (found,) = periods(movements(terms, lambda one: one.monthly.amount), [(day(first), day(first + length))])
    before, after = brought(day(first - 1)), brought(day(first + length))
    assert (found.opening, found.closing) == (sum(before.values()), sum(after.values()))
    assert (found.customers_before, found.customers) == (len(before), len(after))
    assert found.closing - found.opening == sum(found.moved[kind] for kind in KINDS)
    assert found.customers - found.customers_before == (
        found.numbers["new"] + found.numbers["reactivation"] - found.numbers["churn"]
    )
    assert all(found.moved[kind] >= 0 for kind in ("new", "expansion", "reactivation"))
    assert all(found.moved[kind] <= 0 for kind in ("contraction", "churn"))
