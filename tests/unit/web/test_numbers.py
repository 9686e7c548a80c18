"""Numbers, days and money as people of each language write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import Babel, force_locale
from werkzeug.datastructures import MultiDict
from wtforms import Form

from crmhost.money import Money
from crmhost.web import i18n
from crmhost.web.forms import MoneyField, NumberField


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application that knows languages, and nothing else."""
    made = Flask("probe")
    Babel(made)
    return made


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("fr", "1 234,56", "1234.56"),
        ("fr", "1\u202f234,56", "1234.56"),
        ("fr", "1.5", "1.5"),
        ("en", "1,234.56", "1234.56"),
        ("en", "1,234", "1234"),
        ("en", "1,5", "1.5"),
        ("de", "1.234", "1234"),
        ("de", "1.234.567,8", "1234567.8"),
        ("fr", "-3,", "-3"),
        ("en", "1’234.50", "1234.50"),
    ],
)
def test_a_number_is_read_as_it_is_meant(app: Flask, locale: str, text: str, value: str) -> None:
    """By the signs of the language; what can mean one thing only is taken in every language."""
    with app.test_request_context(), force_locale(locale):
        assert i18n.parse_number(text) == Decimal(value)
        assert i18n.parse_number(i18n.field_number(Decimal(value))) == Decimal(value)


def test_a_number_stands_in_its_field_in_every_language(app: Flask) -> None:
    """A number input of HTML would show nothing where a comma stands, and send nothing of what it can't read."""

    class Probe(Form):
        price = NumberField("Price", places=2)

    with app.test_request_context(), force_locale("fr"):
        field = str(Probe(price=Decimal("1190")).price())
    assert 'type="text"' in field
    assert 'value="1190,00"' in field


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "1.2.3", "NaN", "1e5", "--1", "Infinity", "٣"])
def test_what_is_no_number_is_refused(app: Flask, text: str) -> None:
    """By a sentence."""
    with app.test_request_context(), force_locale("fr"), pytest.raises(ValueError, match="Give a number"):
        i18n.parse_number(text)


def test_money_knows_the_minor_units_of_its_currency(app: Flask) -> None:
    """Two digits, none or three; in the reader's manner."""
    with app.test_request_context():
        with force_locale("fr"):
            assert i18n.money(123456, "EUR") == "1\u202f234,56\u00a0€"
            assert i18n.money(500, "JPY").startswith("500")
        with force_locale("en"):
            assert i18n.money(-123456, "EUR") == "-€1,234.56"
            assert i18n.money(1234, "BHD").endswith("1.234")
            assert i18n.money(Money(1234, "RSD")).endswith("12.34")


@pytest.mark.parametrize(
    ("locale", "typed", "found"),
    [
        ("fr", "1 234,5", Money(123450, "EUR")),
        ("en", "1,234.50", Money(123450, "EUR")),
        ("en", "1,234 jpy", Money(1234, "JPY")),
        ("en", "USD -3.5", Money(-350, "USD")),
        ("en", "", None),
    ],
)
def test_a_field_takes_money_as_its_reader_writes_it(app: Flask, locale: str, typed: str, found: Money | None) -> None:
    """In the currency of the field, unless another is typed; what it shows is read as the same again."""
    with app.test_request_context(), force_locale(locale):
        field = MoneyField(currency="EUR").bind(Form(), "price")
        field.process(MultiDict({"price": typed}))
        assert field.data == found
        shown = MoneyField(currency="EUR").bind(Form(), "price")
        shown.process(None, found)
        again = MoneyField(currency="EUR").bind(Form(), "price")
        again.process(MultiDict({"price": shown._value()}))
        assert again.data == found


@pytest.mark.parametrize("typed", ["12.345", "x", "12 EURO", "ABC 3", "1e3", "9" * 30])
def test_a_field_says_what_is_wrong_with_an_amount(app: Flask, typed: str) -> None:
    """By a sentence; what was typed stays."""
    with app.test_request_context(), force_locale("en"):
        field = MoneyField(currency="EUR").bind(Form(), "price")
        field.process(MultiDict({"price": typed}))
        assert field.data is None
        assert field.process_errors
        assert field._value() == typed


@pytest.mark.parametrize(
    ("locale", "text"), [("fr", "2026-11-24"), ("fr", "24/11/2026"), ("de", "24.11.2026"), ("en", "24/11/2026")]
)
def test_a_day_is_read_in_the_order_of_the_language(app: Flask, locale: str, text: str) -> None:
    """ISO 8601 everywhere."""
    with app.test_request_context(), force_locale(locale):
        assert i18n.parse_day(text) == dt.date(2026, 11, 24)


@pytest.mark.parametrize("text", ["", "soon", "31.02.2026", "2026-13-01", "1/2", "24/11-2026"])
def test_what_is_no_day_is_refused(app: Flask, text: str) -> None:
    """By a sentence."""
    with app.test_request_context(), force_locale("fr"), pytest.raises(ValueError, match="Give a day"):
        i18n.parse_day(text)
