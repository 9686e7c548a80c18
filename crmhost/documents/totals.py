"""What the lines of a document come to. The rule is published in docs/guide/totals.md, and this is all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from ..money import Money, allocate, round_half_up, share
from .model import Document, Percent, TaxRate, plain

__all__ = ["LineTotals", "TaxTotal", "Totals", "calculate"]


@dataclasses.dataclass(frozen=True)
class LineTotals:
    """What one line comes to: ``net - discount + tax == total``.

    :param amount: quantity times price less the line's own discount, with tax where prices have it: what the line shows.
    :param net: quantity times price, without tax.
    :param discount: its own and its share of the document's, without tax.
    """

    amount: Money
    net: Money
    discount: Money
    tax: Money
    total: Money

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {field.name: getattr(self, field.name).json() for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True)
class TaxTotal:
    """One tax of the whole document, with that of the shipping.

    :param base: what it is taken of, without tax.
    """

    rate: TaxRate
    base: Money
    amount: Money

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        rate = {"name": self.rate.name, "rate": plain(self.rate.percent)}
        return {**rate, "base": self.base.json(), "amount": self.amount.json()}


@dataclasses.dataclass(frozen=True)
class Totals:
    """What a document comes to: ``net - discount + tax + shipping == total``.

    :param lines: in the order of the document's lines.
    :param net: all lines before discounts, without tax.
    :param discount: all discounts, those of lines too, without tax.
    :param tax: the sum of ``taxes``.
    :param taxes: by rate, the highest first.
    :param shipping: without tax.
    :param subtotal: the sum of what the lines show, with tax where prices have it.
    :param document_discount: what the document's own discount takes off the subtotal.
    """

    lines: tuple[LineTotals, ...]
    net: Money
    discount: Money
    tax: Money
    taxes: tuple[TaxTotal, ...]
    shipping: Money
    total: Money
    subtotal: Money
    document_discount: Money

    def json(self) -> dict[str, Any]:
        """As the API gives it; the lines' totals apart."""
        names = ("net", "discount", "tax", "shipping", "total", "subtotal", "document_discount")
        return {name: getattr(self, name).json() for name in names} | {"taxes": [one.json() for one in self.taxes]}


def calculate(document: Document) -> Totals:
    """What a document comes to, to the unit of its currency. The same for the same document, always."""
    gross = [round_half_up(line.quantity * line.unit_price.amount) for line in document.lines]
    amounts = [whole - _taken(line.discount, whole) for line, whole in zip(document.lines, gross, strict=True)]
    shares = _spread(document.discount, amounts)
    lines, parts = [], []
    for line, whole, amount, part in zip(document.lines, gross, amounts, shares, strict=True):
        net, taxes = _split(amount - part, line.taxes, document.prices_include_tax)
        before, _ = _split(whole, line.taxes, document.prices_include_tax)
        tax = sum(taxes)
        parts.append((line.taxes, net, taxes))
        lines.append([amount, before, before - net, tax, net + tax])
    posted = document.shipping.amount if document.shipping else 0
    shipping, taxes = _split(posted, document.shipping_taxes, document.prices_include_tax)
    if document.shipping is not None:
        parts.append((document.shipping_taxes, shipping, taxes))
    subtotal, net, discount, tax, total = (sum(line[column] for line in lines) for column in range(5))

    def money(amount: int) -> Money:
        return Money(amount, document.currency)

    return Totals(
        lines=tuple(LineTotals(*map(money, line)) for line in lines),
        net=money(net),
        discount=money(discount),
        tax=money(tax + sum(taxes)),
        taxes=tuple(
            TaxTotal(rate, money(base), money(amount)) for rate, (base, amount) in sorted(_by_rate(parts), key=_order)
        ),
        shipping=money(shipping),
        total=money(total + shipping + sum(taxes)),
        subtotal=money(subtotal),
        document_discount=money(sum(shares)),
    )


def _taken(discount: Money | Percent | None, amount: int) -> int:
    """What a discount takes off an amount: towards zero, and never past it."""
    if discount is None:
        return 0
    if isinstance(discount, Percent):
        return share(amount, discount.value)
    most = min(discount.amount, abs(amount))
    return most if amount > 0 else -most


def _spread(discount: Money | Percent | None, amounts: Sequence[int]) -> list[int]:
    """The parts of the lines in the document's discount.

    A fixed amount is borne by the lines of the sum's own sign, per cent by all; so no line is driven past zero.
    """
    shares = [0] * len(amounts)
    whole = sum(amounts)
    against = [at for at, amount in enumerate(amounts) if amount and (amount < 0) != (whole < 0)]
    along = [at for at, amount in enumerate(amounts) if amount and (amount < 0) == (whole < 0)]
    left = _taken(discount, whole)
    if against and isinstance(discount, Percent):
        of_these = _taken(discount, sum(amounts[at] for at in against))
        left -= of_these
        _share_out(of_these, against, amounts, shares)
    if along:
        _share_out(left, along, amounts, shares)
    return shares


def _share_out(amount: int, places: Sequence[int], amounts: Sequence[int], shares: list[int]) -> None:
    for at, part in zip(places, allocate(amount, [abs(amounts[at]) for at in places]), strict=True):
        shares[at] = part


def _split(amount: int, rates: Sequence[TaxRate], included: bool) -> tuple[int, list[int]]:
    """An amount without tax, and its taxes by rate, each rounded by itself."""
    if not included:
        return amount, [share(amount, rate.percent) for rate in rates]
    whole = 100 + sum(rate.percent for rate in rates)
    taxes = [round_half_up(amount * rate.percent / whole) for rate in rates]
    return amount - sum(taxes), taxes


def _by_rate(parts: Iterable[tuple[Sequence[TaxRate], int, list[int]]]) -> Iterable[tuple[TaxRate, tuple[int, int]]]:
    found: dict[TaxRate, tuple[int, int]] = {}
    for rates, net, taxes in parts:
        for rate, tax in zip(rates, taxes, strict=True):
            base, amount = found.get(rate, (0, 0))
            found[rate] = base + net, amount + tax
    return found.items()


def _order(one: tuple[TaxRate, Any]) -> tuple[Any, str]:
    return -one[0].percent, one[0].name
