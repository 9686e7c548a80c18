"""What an invoice of a sale says: its lines with their taxes, to the cent what the sale came to."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from crmhost.api import Message, Money, documents, money, texts

from .shapes import Bill, BillLine, Sale

#: Titles of lines that no side gave; they are put into the language of papers by :func:`reworded`.
TAX, ROUNDING = Message("Tax"), Message("Rounding")
_LONGEST, _LONGEST_TAX, _MOST_DIGITS = 200, 60, 4


def document(sale: Sale) -> documents.Document:
    """The lines of an invoice that comes to the sale's total.

    Taxes stand by rate where the rates that the other side names, or those that its amounts tell, come to its very amounts, with
    prices without tax or with it; else each tax is a line of its own. What is still missing, or too much, is a last line.
    """
    total, tax = sale.amounts["total"], _amount(sale, "tax")
    bill = sale.bill or _plain(sale)
    for rates in _rates(bill):
        for included in (False, True):
            found = _document(bill, total.currency, rates, included)
            sums = documents.calculate(found)
            if (sums.total, sums.tax) == (total, tax):
                return found
    taxes = _by_name(bill)
    if sum(amount for _name, amount in taxes) != tax.amount:
        taxes = [("", tax.amount)] if tax else []
    more = [(name or TAX, Money(amount, total.currency)) for name, amount in taxes if amount]
    found = _document(bill, total.currency, {}, False)
    found = _with(found, more)
    left = total - documents.calculate(found).total
    return _with(found, [(ROUNDING, left)] if left or not found.lines else [])


def reworded(found: documents.Document, say: Callable[[str], str]) -> documents.Document:
    """A document with its own words in the language of papers."""
    words = {str(word): say(word) for word in (TAX, ROUNDING)}
    lines = [dataclasses.replace(line, title=words.get(line.title, line.title)) for line in found.lines]
    return dataclasses.replace(found, lines=tuple(lines))


def part(invoice: documents.Document, amount: Money, title: str) -> documents.Document:
    """A part of an invoice, such as what is paid back of it: of each of its taxes as much as of the whole.

    :param amount: with tax.
    """
    sums = documents.calculate(invoice)
    groups: dict[tuple[documents.TaxRate, ...], int] = {}
    for line, each in zip(invoice.lines, sums.lines, strict=True):
        groups[line.taxes] = groups.get(line.taxes, 0) + each.total.amount
    posted = sums.total.amount - sum(each.total.amount for each in sums.lines)
    if posted:
        groups[invoice.shipping_taxes] = groups.get(invoice.shipping_taxes, 0) + posted
    known = [(rates, whole) for rates, whole in groups.items() if whole > 0] or [((), 1)]
    parts = money.allocate(amount.amount, [whole for _rates, whole in known])
    lines = tuple(
        documents.Line(title[:_LONGEST], Money(some, amount.currency), taxes=rates)
        for (rates, _whole), some in zip(known, parts, strict=True)
        if some
    )
    return documents.Document(amount.currency, lines, prices_include_tax=True)


# --- lines ------------------------------------------------------------------------------------------------------------


def _amount(sale: Sale, name: str) -> Money:
    total = sale.amounts["total"]
    return sale.amounts.get(name, Money.zero(total.currency))


def _plain(sale: Sale) -> Bill:
    """What is known of a sale whose source says no more than sums."""
    currency = sale.amounts["total"].currency
    discount = _amount(sale, "discount")
    lines = [
        BillLine(
            title=str(line["title"]),
            quantity=Decimal(str(line.get("quantity", 1))),
            before=line["total"],
            net=line["total"],
        )
        for line in sale.lines or ()
    ]
    if not lines:
        net = sale.amounts["total"] - _amount(sale, "tax") - _amount(sale, "shipping")
        lines, discount = [BillLine(title=sale.name, before=net, net=net)], Money.zero(currency)
    return Bill(lines=lines, shipping=_amount(sale, "shipping"), discount=discount)


def _document(bill: Bill, currency: str, rates: Mapping[str, documents.TaxRate], included: bool) -> documents.Document:
    def taxes(named: Mapping[str, Money]) -> tuple[documents.TaxRate, ...]:
        return tuple(dict.fromkeys(rates[key] for key, amount in named.items() if key in rates and amount))

    def gross(amount: Money, named: Mapping[str, Money]) -> Money:
        return amount + sum(named.values(), Money.zero(currency)) if included else amount

    lines = []
    for line in bill.lines:
        before, net = gross(line.before, line.taxes_before or line.taxes), gross(line.net, line.taxes)
        if net > before:
            before = net
        quantity, each, title = _each(line, before)
        lines.append(
            documents.Line(
                title[:_LONGEST], each, quantity, discount=before - net or None, taxes=taxes(line.taxes)
            )
        )  # fmt: skip
    posted = gross(bill.shipping, bill.shipping_taxes) if bill.shipping is not None else None
    return documents.Document(
        currency, tuple(lines), discount=bill.discount or None, shipping=posted or None,
        shipping_taxes=taxes(bill.shipping_taxes) if posted else (), prices_include_tax=included,
    )  # fmt: skip


def _each(line: BillLine, whole: Money) -> tuple[Decimal, Money, str]:
    """Quantity and price of one where they come to the whole; else one of it, with the quantity in front."""
    title = texts.clean_line(line.title) or "–"
    quantity = line.quantity
    if quantity > 0 and quantity == quantity.quantize(Decimal(1).scaleb(-_MOST_DIGITS)):
        each = Money(money.round_half_up(whole.amount / quantity), whole.currency)
        if money.round_half_up(each.amount * quantity) == whole.amount:
            return quantity.normalize() + 0, each, title
    shown = f"{quantity.normalize():f}"
    return Decimal(1), whole, title if quantity in (0, 1) else f"{shown} × {title}"


def _with(found: documents.Document, more: Sequence[tuple[str, Money]]) -> documents.Document:
    """A document with lines for amounts behind its own."""
    lines = tuple(documents.Line(title[:_LONGEST], amount) for title, amount in more)
    return dataclasses.replace(found, lines=(*found.lines, *lines))


# --- taxes ------------------------------------------------------------------------------------------------------------


def _rates(bill: Bill) -> Iterator[dict[str, documents.TaxRate]]:
    """Ways to name the rates of a bill: as the other side does, else as its amounts tell, with as few digits as can be."""
    keys = [key for key, amount in _sums(bill).items() if amount[1]]
    if all(key in bill.rates and bill.rates[key][1] is not None for key in keys):
        yield {key: documents.TaxRate(_named(bill, key), Decimal(str(bill.rates[key][1]))) for key in keys}
    sums = _sums(bill)
    for digits in range(_MOST_DIGITS + 1):
        found = {}
        for key in keys:
            base, amount = sums[key]
            if not base:
                return
            exact = Decimal(amount) * 100 / Decimal(base)
            found[key] = documents.TaxRate(
                _named(bill, key), exact.quantize(Decimal(1).scaleb(-digits)).normalize() + 0
            )
        if any(not 0 <= rate.percent <= 1000 for rate in found.values()):
            return
        yield found
        if not keys:
            return


def _named(bill: Bill, key: str) -> str:
    name = bill.rates[key][0] if key in bill.rates else ""
    return texts.clean_line(name)[:_LONGEST_TAX] or "VAT"


def _sums(bill: Bill) -> dict[str, tuple[int, int]]:
    """Tax -> what it is taken of, and what it comes to."""
    found: dict[str, tuple[int, int]] = {}
    posted = [(bill.shipping, bill.shipping_taxes)] if bill.shipping is not None else []
    for net, taxes in itertools.chain(((line.net, line.taxes) for line in bill.lines), posted):
        for key, amount in taxes.items():
            if amount:
                base, whole = found.get(key, (0, 0))
                found[key] = base + net.amount, whole + amount.amount
    return found


def _by_name(bill: Bill) -> list[tuple[str, int]]:
    return [(_named(bill, key), amount) for key, (_base, amount) in _sums(bill).items()]
