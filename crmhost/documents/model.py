"""Lines, discounts and taxes of a document, as people give them. What they come to is computed by :mod:`.totals`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..money import CurrencyMismatch, Money

__all__ = ["Document", "Line", "Percent", "TaxRate", "from_json", "to_json"]


@dataclasses.dataclass(frozen=True)
class Percent:
    """A discount in per cent of what it is taken from: 0 to 100."""

    value: Decimal

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 100:
            raise ValueError(f"a discount is between 0 and 100 %, not {self.value}")

    def __str__(self) -> str:
        """As the API gives it: “10%”."""
        return f"{plain(self.value)}%"


@dataclasses.dataclass(frozen=True)
class TaxRate:
    """A tax: what it is called, and how many per cent."""

    name: str
    percent: Decimal

    def json(self) -> dict[str, str]:
        """As the API gives it: ``{"name": "VAT", "rate": "20"}``."""
        return {"name": self.name, "rate": plain(self.percent)}


@dataclasses.dataclass(frozen=True)
class Line:
    """One position of a document.

    :param title: one line of text; ``text`` may follow it, with several.
    :param quantity: pieces or hours, at most four digits after the point; below zero on credit notes.
    :param unit_price: with or without tax, as the document says.
    :param discount: an amount, not below zero, or per cent, of quantity times price.
    :param taxes: each is taken of the line's price; one doesn't raise another.
    """

    title: str
    unit_price: Money
    quantity: Decimal = Decimal(1)
    text: str = ""
    discount: Money | Percent | None = None
    taxes: tuple[TaxRate, ...] = ()


@dataclasses.dataclass(frozen=True)
class Document:
    """What an invoice or a quote is made of, all in one currency.

    :param discount: an amount, not below zero, or per cent, of all lines; shipping stays as it is.
    :param shipping: with or without tax, as the prices are.
    :param prices_include_tax: whether prices, discounts and shipping are given with tax.
    :param hours: whether quantities are called hours.
    :raises CurrencyMismatch: when an amount is of another currency.
    """

    currency: str
    lines: tuple[Line, ...] = ()
    discount: Money | Percent | None = None
    shipping: Money | None = None
    shipping_taxes: tuple[TaxRate, ...] = ()
    prices_include_tax: bool = False
    hours: bool = False

    def __post_init__(self) -> None:
        discounts = [line.discount for line in self.lines] + [self.discount]
        for amount in [line.unit_price for line in self.lines] + [self.shipping] + discounts:
            if isinstance(amount, Money) and amount.currency != self.currency:
                raise CurrencyMismatch(f"a document in {self.currency} has an amount in {amount.currency}")
        for amount in discounts:
            if isinstance(amount, Money) and amount.amount < 0:
                raise ValueError("a discount is not below zero")

    def negated(self) -> Document:
        """The same with all quantities and the shipping turned round: a credit note. Every total is then the opposite."""
        lines = tuple(dataclasses.replace(line, quantity=-line.quantity) for line in self.lines)
        return dataclasses.replace(self, lines=lines, shipping=None if self.shipping is None else -self.shipping)


def plain(number: Decimal) -> str:
    """A number without idle zeros and exponents: “1.5”, “20”."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- JSON, as it is stored and as the API gives it --------------------------------------------------------------------


def to_json(document: Document) -> dict[str, Any]:
    """A document as JSON-able values; :func:`from_json` makes the same document of them."""
    return {
        "currency": document.currency,
        "lines": [
            {
                "title": line.title,
                "text": line.text,
                "quantity": plain(line.quantity),
                "unit_price": line.unit_price.json(),
                "discount": _discount(line.discount),
                "taxes": [rate.json() for rate in line.taxes],
            }
            for line in document.lines
        ],
        "discount": _discount(document.discount),
        "shipping": None if document.shipping is None else document.shipping.json(),
        "shipping_taxes": [rate.json() for rate in document.shipping_taxes],
        "prices_include_tax": document.prices_include_tax,
        "hours": document.hours,
    }


def _discount(discount: Money | Percent | None) -> Any:
    return discount.json() if isinstance(discount, Money) else None if discount is None else str(discount)


def from_json(stored: Mapping[str, Any]) -> Document:
    """The document of which :func:`to_json` made these values. What comes from outside is read by ``documents.read``."""
    return Document(
        stored["currency"],
        tuple(
            Line(
                line["title"],
                Money(**line["unit_price"]),
                Decimal(line["quantity"]),
                line["text"],
                _stored_discount(line["discount"]),
                _stored_taxes(line["taxes"]),
            )
            for line in stored["lines"]
        ),
        _stored_discount(stored["discount"]),
        None if stored["shipping"] is None else Money(**stored["shipping"]),
        _stored_taxes(stored["shipping_taxes"]),
        stored["prices_include_tax"],
        stored["hours"],
    )


def _stored_discount(stored: Any) -> Money | Percent | None:
    if stored is None:
        return None
    return Percent(Decimal(stored.removesuffix("%"))) if isinstance(stored, str) else Money(**stored)


def _stored_taxes(stored: Any) -> tuple[TaxRate, ...]:
    return tuple(TaxRate(rate["name"], Decimal(rate["rate"])) for rate in stored)
