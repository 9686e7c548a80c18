"""The published rule on totals once more, in fractions and written from docs/guide/totals.md, for the tests to compare with."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from math import floor

from crmhost.documents import Document, Line, Percent, TaxRate
from crmhost.money import Money


def nearest(exact: Fraction) -> int:
    """Half a unit goes away from zero."""
    return floor(exact + Fraction(1, 2)) if exact >= 0 else -floor(-exact + Fraction(1, 2))


def off(discount: Money | Percent | None, amount: int) -> int:
    """What a discount takes off one amount."""
    match discount:
        case None:
            return 0
        case Percent(value):
            return nearest(Fraction(value) / 100 * amount)
    return max(amount, -discount.amount) if amount < 0 else min(amount, discount.amount)


def proportional(amount: int, weights: dict[int, int]) -> dict[int, int]:
    """An amount by weight: each part cut towards zero, then one unit each to those that lost most, the first of equals first."""
    whole = sum(weights.values())
    exact = {at: Fraction(amount) * weight / whole for at, weight in weights.items()}
    parts = {at: int(share) for at, share in exact.items()}
    unit = 1 if amount > 0 else -1
    while sum(parts.values()) != amount:
        lost = {at: unit * (exact[at] - parts[at]) for at in parts}
        parts[max(lost, key=lambda at: (lost[at], -at))] += unit
    return parts


def shares(discount: Money | Percent | None, amounts: list[int]) -> dict[int, int]:
    """The part of each line in the document's discount."""
    over = {at: amount for at, amount in enumerate(amounts) if amount > 0}
    under = {at: -amount for at, amount in enumerate(amounts) if amount < 0}
    some = sum(amounts)
    found = dict.fromkeys(range(len(amounts)), 0)
    main, other = (over, under) if some >= 0 else (under, over)
    rest = off(discount, some)
    if isinstance(discount, Percent) and other:
        theirs = off(discount, sum(amounts[at] for at in other))
        found |= proportional(theirs, other)
        rest -= theirs
    return found | proportional(rest, main) if main else found


def taxed(amount: int, rates: tuple[TaxRate, ...], included: bool) -> tuple[int, dict[TaxRate, int]]:
    """An amount without tax, and its taxes."""
    percents = {rate: Fraction(rate.percent) for rate in rates}
    base = Fraction(amount, 1) / (1 + sum(percents.values()) / 100) if included else Fraction(amount)
    taxes = {rate: nearest(base * percent / 100) for rate, percent in percents.items()}
    return amount - (sum(taxes.values()) if included else 0), taxes


@dataclasses.dataclass
class Exact:
    """What a document comes to, in minor units."""

    lines: list[dict[str, int]]
    taxes: dict[TaxRate, tuple[int, int]]
    shipping: int
    total: int


def compute(document: Document) -> Exact:
    """What a document comes to."""
    priced = [nearest(Fraction(line.quantity) * line.unit_price.amount) for line in document.lines]
    amounts = [one - off(line.discount, one) for one, line in zip(priced, document.lines, strict=True)]
    parts = shares(document.discount, amounts)
    included = document.prices_include_tax
    lines: list[dict[str, int]] = []
    posted = Line("shipping", document.shipping or Money.zero(document.currency), taxes=document.shipping_taxes)
    taxes: dict[TaxRate, tuple[int, int]] = {}
    for at, line in enumerate([*document.lines, posted]):
        paid = amounts[at] - parts[at] if at < len(amounts) else posted.unit_price.amount
        net, its = taxed(paid, line.taxes, included)
        if at < len(amounts) or document.shipping is not None:
            for rate, tax in its.items():
                taxes[rate] = (taxes.get(rate, (0, 0))[0] + net, taxes.get(rate, (0, 0))[1] + tax)
        before = taxed(priced[at], line.taxes, included)[0] if at < len(amounts) else net
        tax = sum(its.values())
        amount = amounts[at] if at < len(amounts) else paid
        lines.append({"amount": amount, "net": before, "discount": before - net, "tax": tax, "total": net + tax})
    total = sum(line["total"] for line in lines)
    return Exact(lines[:-1], taxes, lines[-1]["net"], total)
