"""Documents as the API, files and forms give them: read whole, with every mistake named at the field where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from .. import money
from ..core.text import clean_line, clean_text
from ..errors import Invalid
from ..messages import Message
from ..money import Money
from .model import Document, Line, Percent, TaxRate

__all__ = ["LONGEST_TEXT", "LONGEST_TITLE", "MOST_LINES", "MOST_TAXES", "read", "read_discount", "read_quantity"]

MOST_LINES = 500
MOST_TAXES = 10
LONGEST_TITLE = 200
LONGEST_TEXT = 2000
LONGEST_TAX = 60
_LARGEST_QUANTITY = 10**9
_LARGEST_RATE = 1000
_DIGITS = 4
_Read = TypeVar("_Read")


def read(raw: Mapping[str, Any], currency: str) -> Document:
    """A document of what the API or a form gives.

    :param raw: ``lines``, ``discount``, ``shipping``, ``shipping_taxes``, ``prices_include_tax``, ``hours``, all optional; a line
        has ``title``, ``unit_price``, and maybe ``text``, ``quantity``, ``discount``, ``taxes``. Others are passed over.
    :param currency: of all amounts.
    :raises Invalid: by field: ``discount``, ``lines.0.quantity``, ``lines.2.taxes.0.rate``, counted from 0.
    """
    reader = _Reader(currency)
    document = Document(
        currency,
        reader.lines(raw.get("lines")),
        reader.at("discount", lambda: read_discount(raw.get("discount"), currency), None),
        reader.at("shipping", lambda: reader.amount(raw.get("shipping")), None),
        reader.taxes("shipping_taxes", raw.get("shipping_taxes")),
        reader.at("prices_include_tax", lambda: _switch(raw.get("prices_include_tax")), False),
        reader.at("hours", lambda: _switch(raw.get("hours")), False),
    )
    if reader.errors:
        raise Invalid(reader.errors)
    return document


class _Reader:
    """Reads the parts of one document and collects what is wrong with them."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.errors: dict[str, list[str]] = {}

    def at(self, field: str, find: Callable[[], _Read], otherwise: _Read) -> _Read:
        """What is found; else the mistake is noted at its field."""
        try:
            return find()
        except ValueError as error:
            self.errors.setdefault(field, []).append(error.args[0])
            return otherwise

    def amount(self, raw: Any) -> Money | None:
        return _same_currency(money.read(raw, self.currency), self.currency)

    def lines(self, raw: Any) -> tuple[Line, ...]:
        if not isinstance(raw, list | tuple) and raw is not None:
            self.errors["lines"] = [Message("Give a list of lines.")]
            return ()
        if raw and len(raw) > MOST_LINES:
            self.errors["lines"] = [Message("A document has at most %(most)s lines.", most=MOST_LINES)]
            return ()
        return tuple(self.line(f"lines.{at}", one) for at, one in enumerate(raw or ()))

    def line(self, at: str, raw: Any) -> Line:
        nothing = Money.zero(self.currency)
        if not isinstance(raw, Mapping):
            self.errors[at] = [Message("Give a line with a title and a price.")]
            return Line("", nothing)
        line = Line(
            self.at(f"{at}.title", lambda: _title(raw.get("title")), ""),
            self.at(f"{at}.unit_price", lambda: _needed(self.amount(raw.get("unit_price"))), nothing),
            self.at(f"{at}.quantity", lambda: read_quantity(raw.get("quantity")), Decimal(1)),
            self.at(f"{at}.text", lambda: _text(raw.get("text"), LONGEST_TEXT, clean_text), ""),
            self.at(f"{at}.discount", lambda: read_discount(raw.get("discount"), self.currency), None),
            self.taxes(f"{at}.taxes", raw.get("taxes")),
        )
        most = money.LARGEST * 10 ** money.digits_of(self.currency) // 100
        if abs(line.quantity * line.unit_price.amount) >= most:
            self.errors.setdefault(f"{at}.quantity", []).append(Message("Quantity times price is too large."))
        return line

    def taxes(self, at: str, raw: Any) -> tuple[TaxRate, ...]:
        if not isinstance(raw, list | tuple) and raw is not None:
            self.errors[at] = [Message("Give a list of taxes.")]
            return ()
        if raw and len(raw) > MOST_TAXES:
            self.errors[at] = [Message("At most %(most)s taxes at once.", most=MOST_TAXES)]
            return ()
        found = [self.tax(f"{at}.{number}", one) for number, one in enumerate(raw or ())]
        if len(set(found)) < len(found) and not any(field.startswith(f"{at}.") for field in self.errors):
            self.errors[at] = [Message("One tax is given twice.")]
        return tuple(found)

    def tax(self, at: str, raw: Any) -> TaxRate:
        if isinstance(raw, TaxRate):
            return raw
        if not isinstance(raw, Mapping):
            self.errors[at] = [Message("Give a tax with its name and rate.")]
            return TaxRate("", Decimal())
        return TaxRate(
            self.at(f"{at}.name", lambda: _tax_name(raw.get("name")), ""),
            self.at(f"{at}.rate", lambda: _rate(raw.get("rate")), Decimal()),
        )


def read_quantity(raw: Any) -> Decimal:
    """A quantity; 1 when none is given.

    :raises ValueError: with a sentence, when it is no number, too large, or has more than four digits after the point.
    """
    number = None if raw is None else money.read_decimal(raw, Message("Give the quantity as a number, such as 1.5."))
    if number is None:
        return Decimal(1)
    if abs(number) >= _LARGEST_QUANTITY:
        raise ValueError(Message("This number is too large."))
    return _short(number)


def read_discount(raw: Any, currency: str) -> Money | Percent | None:
    """A discount: ``"10%"``, or an amount of money in any writing; ``None`` for nothing.

    :raises ValueError: with a sentence, when it can't be taken.
    """
    if isinstance(raw, Percent):
        return raw
    wrong = Message("Give the discount as an amount, or in per cent with the sign %.")
    if isinstance(raw, str) and raw.strip().endswith("%"):
        number = money.read_decimal(raw.strip()[:-1], wrong)
        if number is None:
            raise ValueError(wrong)
        if not 0 <= number <= 100:
            raise ValueError(Message("A discount is between 0 and 100 per cent."))
        return Percent(_short(number)) if number else None
    amount = _same_currency(money.read(raw, currency), currency)
    if amount is not None and amount.amount < 0:
        raise ValueError(Message("A discount is not below zero."))
    return amount or None


def _short(number: Decimal) -> Decimal:
    if number != number.quantize(Decimal(1).scaleb(-_DIGITS)):
        raise ValueError(Message("At most four digits after the point."))
    return Decimal(f"{number:f}")


def _same_currency(amount: Money | None, currency: str) -> Money | None:
    if amount is not None and amount.currency != currency:
        raise ValueError(Message("All amounts here are in %(currency)s.", currency=currency))
    return amount


def _needed(amount: Money | None) -> Money:
    if amount is None:
        raise ValueError(Message("Give the price of one."))
    return amount


def _text(raw: Any, longest: int, clean: Callable[[str], str]) -> str:
    if raw is not None and not isinstance(raw, str):
        raise ValueError(Message("This must be text."))
    text = clean(raw or "")
    if len(text) > longest:
        raise ValueError(
            Message(
                "This is too long: at most %(longest)s characters, this has %(length)s.",
                longest=longest,
                length=len(text),
            )
        )
    return text


def _title(raw: Any) -> str:
    title = _text(raw, LONGEST_TITLE, clean_line)
    if not title:
        raise ValueError(Message("Say what this line is for."))
    return title


def _tax_name(raw: Any) -> str:
    name = _text(raw, LONGEST_TAX, clean_line)
    if not name:
        raise ValueError(Message("Give the tax a name, such as VAT."))
    return name


def _rate(raw: Any) -> Decimal:
    wrong = Message("Give the rate in per cent, such as 20.")
    text = raw.strip().removesuffix("%") if isinstance(raw, str) else raw
    number = money.read_decimal(text, wrong)
    if number is None:
        raise ValueError(wrong)
    if not 0 <= number <= _LARGEST_RATE:
        raise ValueError(Message("A rate is a number from 0 to %(most)s.", most=_LARGEST_RATE))
    return _short(number)


def _switch(raw: Any) -> bool:
    if raw is not None and not isinstance(raw, bool):
        raise ValueError(Message("This must be yes or no."))
    return bool(raw)
