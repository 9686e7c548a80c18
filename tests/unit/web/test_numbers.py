"""Numbers, days and money as people of each language write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from crmhost.web import i18n


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
