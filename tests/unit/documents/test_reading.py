"""Documents from outside: what is taken, and what is refused at which field."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.documents import MOST_LINES, Document, Line, Percent, TaxRate, read, to_json
from crmhost.errors import Invalid
from crmhost.money import Money

LINE = {"title": "Chair", "unit_price": "12.50"}


def test_lines_are_read_in_every_usual_writing() -> None:
    """Money as an object or as text, per cent with its sign, numbers with a point or a comma; what is left out is plain."""
    taxes = [{"name": " VAT ", "rate": "20"}, {"name": "City", "rate": 7.25}]
    raw = {
        "lines": [
            {"title": " Oak\nchair ", "text": "one\r\ntwo", "quantity": "1,5", "unit_price": "EUR 1.234,50",
             "discount": "10 %", "taxes": taxes, "id": 7},
            {"title": "Hour", "unit_price": {"amount": 8000, "currency": "EUR"}, "discount": {"amount": 0, "currency": "EUR"}},
        ],
        "discount": "12,50", "shipping": 10, "shipping_taxes": [{"name": "VAT", "rate": "20%"}], "prices_include_tax": True,
    }  # fmt: skip
    vat = TaxRate("VAT", Decimal(20))
    assert read(raw, "EUR") == Document(
        "EUR",
        (
            Line("Oak chair", Money(123450, "EUR"), Decimal("1.5"), "one\ntwo", Percent(Decimal(10)),
                 (vat, TaxRate("City", Decimal("7.25")))),
            Line("Hour", Money(8000, "EUR")),
        ),
        Money(1250, "EUR"), Money(1000, "EUR"), (vat,), True,
    )  # fmt: skip
    assert read({}, "JPY") == Document("JPY")
    assert to_json(read(raw, "EUR"))["lines"][0]["quantity"] == "1.5"
    assert to_json(read(raw, "EUR"))["lines"][0]["discount"] == "10%"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"lines": "x"}, "lines"),
        ({"lines": [LINE] * (MOST_LINES + 1)}, "lines"),
        ({"lines": [LINE, 7]}, "lines.1"),
        ({"lines": [{"unit_price": "1"}]}, "lines.0.title"),
        ({"lines": [{**LINE, "title": 7}]}, "lines.0.title"),
        ({"lines": [{**LINE, "title": "x" * 201}]}, "lines.0.title"),
        ({"lines": [{**LINE, "text": "x" * 2001}]}, "lines.0.text"),
        ({"lines": [{"title": "x"}]}, "lines.0.unit_price"),
        ({"lines": [{**LINE, "unit_price": "1.005"}]}, "lines.0.unit_price"),
        ({"lines": [{**LINE, "unit_price": "1 USD"}]}, "lines.0.unit_price"),
        ({"lines": [LINE, LINE, {**LINE, "quantity": "two"}]}, "lines.2.quantity"),
        ({"lines": [{**LINE, "quantity": "1.00001"}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": "1e-90"}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": 10**9}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": 10**8, "unit_price": "999"}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "discount": "101%"}]}, "lines.0.discount"),
        ({"lines": [{**LINE, "discount": "%"}]}, "lines.0.discount"),
        ({"lines": [{**LINE, "discount": "-1"}]}, "lines.0.discount"),
        ({"lines": [{**LINE, "taxes": "VAT"}]}, "lines.0.taxes"),
        ({"lines": [{**LINE, "taxes": [{"name": "VAT", "rate": "20"}, {"name": "VAT", "rate": "20.0"}]}]}, "lines.0.taxes"),
        ({"lines": [{**LINE, "taxes": [{"name": f"T{at}", "rate": "1"} for at in range(11)]}]}, "lines.0.taxes"),
        ({"lines": [{**LINE, "taxes": [{"rate": "20"}]}]}, "lines.0.taxes.0.name"),
        ({"lines": [{**LINE, "taxes": [{"name": "VAT"}]}]}, "lines.0.taxes.0.rate"),
        ({"lines": [{**LINE, "taxes": [{"name": "VAT", "rate": "-1"}]}]}, "lines.0.taxes.0.rate"),
        ({"lines": [{**LINE, "taxes": [{"name": "VAT", "rate": "1001"}]}]}, "lines.0.taxes.0.rate"),
        ({"lines": [{**LINE, "taxes": ["VAT"]}]}, "lines.0.taxes.0"),
        ({"discount": []}, "discount"),
        ({"shipping": "free"}, "shipping"),
        ({"shipping_taxes": {}}, "shipping_taxes"),
        ({"prices_include_tax": "maybe"}, "prices_include_tax"),
    ],
)  # fmt: skip
def test_what_cant_be_taken_is_told_at_its_field(raw: dict[str, Any], field: str) -> None:
    """One mistake names one field, with a sentence."""
    with pytest.raises(Invalid) as caught:
        read(raw, "EUR")
    assert list(caught.value.errors) == [field]
    assert all(sentence.endswith(".") for sentence in caught.value.errors[field])


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody has to correct one to learn of the next."""
    with pytest.raises(Invalid) as caught:
        read({"lines": [{"quantity": "x"}], "discount": "x", "hours": 1}, "EUR")
    assert set(caught.value.errors) == {"lines.0.title", "lines.0.unit_price", "lines.0.quantity", "discount", "hours"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["lines", "title", "quantity", "unit_price", "discount", "taxes", "name", "rate", "amount", "currency"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["lines", "discount", "shipping", "shipping_taxes", "hours"]), JSON))
def test_odd_input_is_refused_and_never_breaks(raw: dict[str, Any]) -> None:
    """Whatever JSON comes, there is a document or a list of mistakes."""
    with contextlib.suppress(Invalid):
        assert isinstance(read(raw, "EUR"), Document)
