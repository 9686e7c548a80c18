"""Money: digits of currencies, rounding, sharing out, and what is read from outside."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from crmhost import money
from crmhost.money import CurrencyMismatch, Money

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "RSD", "IQD"])
AMOUNTS = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("RSD", 2), ("IQD", 3), ("ISK", 0)]
)
def test_digits_are_those_of_iso_4217(currency: str, digits: int) -> None:
    """A currency has the digits of the standard, also where a locale shows fewer."""
    assert money.digits_of(currency) == digits


@given(AMOUNTS, CURRENCIES)
def test_money_comes_back_from_its_own_text_and_json(amount: int, currency: str) -> None:
    """What is written as text or JSON is read as the same amount."""
    one = Money(amount, currency)
    assert money.read(str(one), "USD") == one
    assert money.read(json.loads(json.dumps(one.json())), "USD") == one
    assert money.read(one.decimal, currency) == one


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_parts_add_up_and_lie_within_a_unit_of_their_share(amount: int, weights: list[int]) -> None:
    """Nothing is lost in sharing out, and no part is a whole unit off."""
    parts = money.allocate(amount, weights)
    assert sum(parts) == amount
    if sum(weights):
        exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
        assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


@given(st.integers(-(10**12), 10**12), st.decimals(-200, 200, places=4))
def test_a_share_is_the_nearest_unit(amount: int, percent: Decimal) -> None:
    """Half a unit goes away from zero."""
    exact = Fraction(amount) * Fraction(percent) / 100
    found = money.share(amount, percent)
    assert abs(found - exact) <= Fraction(1, 2)
    if abs(found - exact) == Fraction(1, 2):
        assert abs(found) > abs(exact)


def test_two_currencies_are_never_added() -> None:
    """Adding or comparing them is an error, not a number."""
    for wrong in (lambda: Money(1, "EUR") + Money(1, "USD"), lambda: Money(1, "EUR") < Money(2, "USD")):
        with pytest.raises(CurrencyMismatch):
            wrong()
    with pytest.raises(CurrencyMismatch):
        money.total([Money(1, "EUR"), Money(1, "USD")], "EUR")
    assert money.total([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")
    assert Money(3, "EUR") - Money(5, "EUR") == -Money(2, "EUR")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("12.50", Money(1250, "EUR")), ("1.234,50", Money(123450, "EUR")), ("1'234.50 CHF", Money(123450, "CHF")),
        ("jpy 1200", Money(1200, "JPY")), ("-3", Money(-300, "EUR")), (7, Money(700, "EUR")), ("", None), (None, None),
        ({"amount": 5, "currency": "KWD"}, Money(5, "KWD")), ({"amount": 5}, Money(5, "EUR")), (".5", Money(50, "EUR")),
        (Money(1, "USD"), Money(1, "USD")),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_and_programs_write_them(raw: object, found: Money | None) -> None:
    """With or without a code, with a point or a comma."""
    assert money.read(raw, "EUR") == found


@pytest.mark.parametrize(
    "raw",
    [
        "12.505", "twelve", "all", "USD", "1e99", "NaN", "Infinity", "12 ABC", "99999999999999", True, [], {"amount": 1.5},
        {"amount": True}, {"amount": "5"}, {"amount": 1, "currency": "EURO"}, {"amount": 1, "currency": 5}, {"amount": 10**15},
        "1..5", "--1", "٣x",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_a_sentence(raw: object) -> None:
    """The sentence says what to give instead."""
    with pytest.raises(ValueError, match=r"\.$"):
        money.read(raw, "EUR")


def test_an_amount_is_a_whole_number() -> None:
    """A float never becomes money, nor does a number without a currency."""
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, "eur")
    with pytest.raises(ValueError, match="weights"):
        money.allocate(1, [])


def test_in_words_has_the_digits_of_the_currency() -> None:
    """Whatever the locale likes to show."""
    assert money.in_words(Money(1234567, "EUR"), Locale("fr")) == "12\u202f345,67\u00a0€"
    assert money.in_words(Money(1234, "JPY"), Locale("en")) == "¥1,234"
    assert money.in_words(Money(-1234, "RSD"), Locale("en")).endswith("12.34")
