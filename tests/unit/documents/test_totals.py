"""What the lines of a document come to, compared with the published rule."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.documents import Document, Line, Percent, TaxRate, Totals, calculate, from_json, read, to_json
from crmhost.money import CurrencyMismatch, Money, digits_of

from .exact import compute

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "totals.md"
SUMS = ("net", "discount", "tax", "shipping", "total")
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
PERCENTS = st.one_of(st.sampled_from([0, 5, 10, 20, 50, 100]).map(Decimal), st.decimals(0, 100, places=4))
RATES = st.builds(
    TaxRate,
    st.sampled_from(["VAT", "City"]),
    st.sampled_from([Decimal(x) for x in ("0", "5", "7.25", "20", "33.3333")]),
)
TAXES = st.lists(RATES, max_size=3, unique=True).map(tuple)
QUANTITIES = st.one_of(st.integers(-5, 20).map(Decimal), st.decimals(-50, 50, places=4))
AMOUNTS = st.one_of(st.integers(-300, 300), st.integers(-(10**7), 10**7))


@st.composite
def made(draw: st.DrawFn, *, included: bool | None = None) -> Document:
    """Any document."""
    currency = draw(CURRENCIES)
    discounts = st.one_of(
        st.none(), PERCENTS.map(Percent), st.integers(0, 10**5).map(lambda amount: Money(amount, currency))
    )
    line = st.builds(
        Line,
        st.just("x"),
        AMOUNTS.map(lambda amount: Money(amount, currency)),
        QUANTITIES,
        st.just(""),
        discounts,
        TAXES,
    )
    return Document(
        currency,
        tuple(draw(st.lists(line, max_size=8))),
        draw(discounts),
        draw(st.one_of(st.none(), st.integers(-5000, 5000).map(lambda amount: Money(amount, currency)))),
        draw(TAXES),
        draw(st.booleans()) if included is None else included,
        draw(st.booleans()),
    )


@settings(max_examples=400)
@given(made())
def test_totals_are_those_of_the_published_rule(document: Document) -> None:
    """To the unit, for every combination."""
    found, wanted = calculate(document), compute(document)
    assert [{name: amount["amount"] for name, amount in line.json().items()} for line in found.lines] == wanted.lines
    assert {tax.rate: (tax.base.amount, tax.amount.amount) for tax in found.taxes} == wanted.taxes
    assert (found.shipping.amount, found.total.amount) == (wanted.shipping, wanted.total)


@given(made())
def test_parts_add_up_to_the_whole(document: Document) -> None:
    """Net less discount plus tax and shipping is the total, of each line and of all."""
    totals = calculate(document)
    for name in ("net", "discount"):
        assert getattr(totals, name).amount == sum(getattr(line, name).amount for line in totals.lines)
    assert totals.net - totals.discount + totals.tax + totals.shipping == totals.total
    assert totals.tax.amount == sum(tax.amount.amount for tax in totals.taxes)
    assert all(line.net - line.discount + line.tax == line.total for line in totals.lines)
    assert totals.subtotal.amount == sum(line.amount.amount for line in totals.lines)


@given(made(included=True))
def test_with_tax_in_the_prices_the_price_is_what_is_paid(document: Document) -> None:
    """Net and tax together are the price that was given, less the discounts, to the unit."""
    totals = calculate(document)
    shipping = document.shipping or Money.zero(document.currency)
    assert totals.total == totals.subtotal - totals.document_discount + shipping
    assert totals.net - totals.discount + totals.shipping + totals.tax == totals.total


@given(made())
def test_no_discount_turns_a_line_round(document: Document) -> None:
    """What is left of a line lies between nothing and what it was, and all that was off is off for 100 %."""
    for line, one in zip(document.lines, calculate(document).lines, strict=True):
        before = Line("", line.unit_price, line.quantity, taxes=line.taxes)
        whole = calculate(
            Document(document.currency, (before,), None, None, (), document.prices_include_tax)
        ).total.amount
        assert min(whole, 0) <= one.total.amount <= max(whole, 0)
    free = calculate(Document(document.currency, document.lines, Percent(Decimal(100))))
    assert not free.total
    assert not free.tax


@given(made(), st.randoms(use_true_random=False))
def test_the_order_of_lines_moves_leftover_units_alone(document: Document, chance: random.Random) -> None:
    """Net is the same in any order, and so is everything without a discount; with one, taxes move by a unit each at most."""
    lines = list(document.lines)
    chance.shuffle(lines)
    one, other = calculate(document), calculate(Document(**{**vars(document), "lines": tuple(lines)}))
    assert (one.net, one.subtotal, one.document_discount) == (other.net, other.subtotal, other.document_discount)
    if document.discount is None:
        assert {name: getattr(one, name) for name in SUMS} == {name: getattr(other, name) for name in SUMS}
        assert one.taxes == other.taxes
    elif not document.prices_include_tax:
        assert one.discount == other.discount
        assert abs(one.tax.amount - other.tax.amount) <= sum(len(line.taxes) for line in lines)


@given(made())
def test_a_credit_note_is_the_opposite(document: Document) -> None:
    """With all quantities turned round, every figure is."""
    one, other = calculate(document), calculate(document.negated())
    assert [-getattr(one, name) for name in SUMS] == [getattr(other, name) for name in SUMS]


@given(made())
def test_a_document_comes_back_from_json(document: Document) -> None:
    """What is stored, and what the API gives, is read as the same document."""
    written = json.loads(json.dumps(to_json(document)))
    assert from_json(written) == document
    again = read(written, document.currency)
    assert calculate(again) == calculate(document)


def _line(quantity: str, price: str, *rates: str, discount: str = "") -> dict[str, Any]:
    taxes = [{"name": "VAT" if at == 0 else f"Tax {at}", "rate": rate} for at, rate in enumerate(rates)]
    return {"title": "x", "quantity": quantity, "unit_price": price, "taxes": taxes, "discount": discount or None}


def _totals(lines: list[dict[str, Any]], currency: str = "EUR", **more: Any) -> Totals:
    return calculate(read({"lines": lines, **more}, currency))


TWO = [_line("2", "50", "20"), _line("1", "100")]
THIRDS = [_line("1", "33.33")] * 3
VAT = [{"name": "VAT", "rate": "20"}]


@pytest.mark.parametrize(
    ("lines", "more", "wanted"),
    [
        (TWO, {}, {"net": "200", "tax": "20", "total": "220"}),
        (TWO, {"discount": "10%"}, {"net": "200", "discount": "20", "tax": "18", "total": "198"}),
        (TWO, {"discount": "30"}, {"discount": "30", "tax": "17", "total": "187"}),
        (THIRDS, {"discount": "10"}, {"net": "99.99", "discount": "10", "total": "89.99"}),
        ([_line("1", "0.33", "10")] * 3, {}, {"net": "0.99", "tax": "0.09", "total": "1.08"}),
        ([_line("1", "100", "20")], {"shipping": "10", "shipping_taxes": VAT}, {"shipping": "10", "tax": "22", "total": "132"}),
        ([_line("3", "19.99", "5", "7.25")], {}, {"net": "59.97", "tax": "7.35", "total": "67.32"}),
        ([_line("1.5", "80", "20")], {"hours": True}, {"net": "120", "tax": "24", "total": "144"}),
        ([_line("1", "3.35", "10")], {}, {"tax": "0.34", "total": "3.69"}),
        ([_line("1", "100", "20"), _line("1", "-30", "20")], {}, {"net": "70", "tax": "14", "total": "84"}),
        ([_line("2", "50", "20"), _line("1", "100", "5")], {"discount": "10%", "shipping": "15", "shipping_taxes": VAT},
         {"discount": "20", "tax": "25.50", "total": "220.50"}),
        ([_line("1", "100", "20")], {"discount": "100%"}, {"discount": "100", "tax": "0", "total": "0"}),
        ([_line("1", "120", "20")], {"prices_include_tax": True}, {"net": "100", "tax": "20", "total": "120"}),
        ([_line("1", "9.99", "20")], {"prices_include_tax": True}, {"net": "8.32", "tax": "1.67", "total": "9.99"}),
        ([_line("1", "120", "20")], {"prices_include_tax": True, "discount": "12"},
         {"net": "100", "discount": "10", "tax": "18", "total": "108"}),
        ([_line("2", "50", "20", discount="10%")], {}, {"net": "100", "discount": "10", "tax": "18", "total": "108"}),
        ([_line("1", "30", "20", discount="50")], {}, {"discount": "30", "tax": "0", "total": "0"}),
        ([_line("-1", "100", "20", discount="10")], {}, {"net": "-100", "discount": "-10", "tax": "-18", "total": "-108"}),
        ([], {}, {"net": "0", "total": "0"}),
    ],
    ids=["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "included", "included-rest",
         "included-discount", "line-discount", "capped", "credit", "empty"],
)  # fmt: skip
def test_known_documents(lines: list[dict[str, Any]], more: dict[str, Any], wanted: dict[str, str]) -> None:
    """Each comes to what was computed by hand, and again when it is saved and read."""
    document = read({"lines": lines, **more}, "EUR")
    totals = calculate(document)
    assert {name: getattr(totals, name).decimal for name in wanted} == {
        name: Decimal(text) for name, text in wanted.items()
    }
    assert calculate(read(to_json(document), "EUR")) == totals


def test_what_each_line_bears_and_which_taxes_there_are() -> None:
    """A fixed discount is shared by price, the leftover cent goes to the first line, taxes are told by rate, highest first."""
    assert [line.discount.amount for line in _totals(TWO, discount="30").lines] == [1500, 1500]
    assert [line.discount.amount for line in _totals(THIRDS, discount="10").lines] == [334, 333, 333]
    rates = _totals([_line("3", "19.99", "5", "7.25"), _line("1", "10", "5")]).taxes
    assert [(str(tax.rate.percent), tax.base.amount, tax.amount.amount) for tax in rates] == [
        ("7.25", 5997, 435), ("5", 6997, 350),
    ]  # fmt: skip
    assert _totals([_line("3", "333", "10")], "JPY").total == Money(1099, "JPY")
    assert _totals([_line("1", "1.234", "5")], "KWD").json()["total"] == {"amount": 1296, "currency": "KWD"}


def test_a_document_has_one_currency_and_no_discount_below_zero() -> None:
    """Code that mixes them up is told at once."""
    with pytest.raises(CurrencyMismatch):
        Document("EUR", (Line("x", Money(1, "USD")),))
    with pytest.raises(ValueError, match="below zero"):
        Document("EUR", discount=Money(-1, "EUR"))
    with pytest.raises(ValueError, match="100"):
        Percent(Decimal(101))


def test_the_example_of_the_guide_is_computed() -> None:
    """Each figure of the worked example is what the program gives."""
    tables = [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", GUIDE.read_text("utf-8"), re.M)]
    given, found, sums = (
        [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]] for table in tables
    )
    lines = [
        {
            "title": title,
            "quantity": quantity,
            "unit_price": price,
            "discount": discount,
            "taxes": [{"name": rate, "rate": rate} for rate in [tax] if rate],
        }
        for title, quantity, price, discount, tax in given
    ]
    totals = _totals(lines, discount="10", shipping="15", shipping_taxes=[{"name": "20 %", "rate": "20 %"}])
    shown = [
        [
            line["title"],
            *(f"{amount.decimal:.{digits_of('EUR')}f}" for amount in (one.amount, one.discount, one.tax, one.total)),
        ]
        for line, one in zip(lines, totals.lines, strict=True)
    ]
    assert shown == found
    rows = {
        "Lines": totals.subtotal,
        "Discount": -totals.document_discount,
        "Shipping": totals.shipping,
        **{f"Tax {tax.rate.name} of {tax.base.decimal}": tax.amount for tax in totals.taxes},
        "Total": totals.total,
    }
    assert {name: str(amount.decimal) for name, amount in rows.items()} == dict(sums)
