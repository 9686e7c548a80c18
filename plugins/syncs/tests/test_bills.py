"""What invoices of sales say: whatever a shop's amounts are, the invoice comes to the sale's total."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.api import Money, documents
from plugins.syncs import bills
from plugins.syncs.shapes import Bill, BillLine, Sale

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def eur(amount: int) -> Money:
    """Cents."""
    return Money(amount, "EUR")


def sale(total: int, tax: int, bill: Bill | None, **amounts: int) -> Sale:
    """A sale of that total."""
    sums = {"total": eur(total), "tax": eur(tax), **{name: eur(amount) for name, amount in amounts.items()}}
    lines = [{"title": "Mug", "quantity": "2", "unit_price": eur(500), "total": eur(1000)}]
    return Sale(ref="1", name="Mug", status="", at=NOW, paid=True, amounts=sums, bill=bill, lines=lines)


def line(before: int, net: int, tax: int, quantity: str = "1", more: int | None = None) -> BillLine:
    """A line with one tax."""
    return BillLine(
        title="Mug", before=eur(before), net=eur(net), quantity=Decimal(quantity), taxes={"1": eur(tax)},
        taxes_before={"1": eur(tax if more is None else more)},
    )  # fmt: skip


def sums(found: documents.Document) -> tuple[int, int, int, int, int]:
    """Net, discount, tax, shipping, total."""
    totals = documents.calculate(found)
    return tuple(part.amount for part in (totals.net, totals.discount, totals.tax, totals.shipping, totals.total))  # type: ignore[return-value]


def test_taxes_by_rate() -> None:
    """Rates that are named, or told by the amounts; prices with tax where those without it don't come to the shop's cents."""
    named = Bill(
        lines=[line(2000, 1800, 360, "2")],
        shipping=eur(500),
        shipping_taxes={"1": eur(100)},
        rates={"1": ("VAT", "20.0000")},
    )
    found = bills.document(sale(2760, 460, named))
    assert sums(found) == (2000, 200, 460, 500, 2760)
    assert [(str(part.quantity), part.unit_price.amount, part.taxes[0].percent) for part in found.lines] == [
        ("2", 1000, 20)
    ]
    told = Bill(
        lines=[line(600, 600, 45, "2"), line(1200, 1200, 90)], shipping=eur(1000), rates={"1": ("State Tax", None)}
    )
    found = bills.document(sale(2935, 135, told))
    assert sums(found) == (1800, 0, 135, 1000, 2935)
    assert documents.calculate(found).taxes[0].rate == documents.TaxRate("State Tax", Decimal("7.5"))
    # 9.99 with 19 %: of 8.39 that would be 1.59.
    found = bills.document(sale(999, 160, Bill(lines=[line(839, 839, 160)], rates={"1": ("VAT", "19")})))
    assert found.prices_include_tax
    assert sums(found)[2:] == (160, 0, 999)


def test_what_no_rate_tells() -> None:
    """Where no rate comes to the amounts, the tax is a line; what is missing is another; a bare sale is billed by its sums."""
    odd = Bill(lines=[line(1000, 1000, 173), line(100, 100, 3)], rates={"1": ("VAT", "20")})
    found = bills.document(sale(1280, 176, odd))
    assert [(part.title, part.unit_price.amount) for part in found.lines][2:] == [("VAT", 176), ("Rounding", 4)]
    bare = bills.document(sale(1410, 160, None, discount=250, shipping=500))
    assert sums(bare)[4] == 1410
    assert bare.discount == eur(250)
    refund = bills.part(found, eur(640), "Refund")
    assert documents.calculate(refund.negated()).total == eur(-640)


_amounts = st.integers(0, 200_000)
_lines = st.lists(
    st.builds(
        lambda net, off, tax, quantity: line(net + off, net, tax, str(quantity), tax + off // 5),
        st.integers(-500, 200_000), st.integers(0, 900), st.integers(0, 40_000), st.decimals(0, 20, places=2),
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=60, derandomize=True)
@given(
    lines=_lines, shipping=_amounts, posted=st.integers(0, 900), apart=st.integers(-3, 3), back=st.integers(1, 10_000)
)
def test_any_bill(lines: list[BillLine], shipping: int, posted: int, apart: int, back: int) -> None:
    """The invoice comes to the sale's total, and a credit note over a part of it to that part."""
    bill = Bill(lines=lines, shipping=eur(shipping), shipping_taxes={"2": eur(posted)}, rates={"2": ("Post", "5")})
    tax = sum(part.taxes["1"].amount for part in lines) + posted
    total = sum(part.net.amount for part in lines) + tax + shipping + apart
    found = bills.document(sale(total, tax, bill))
    assert documents.calculate(found).total == eur(total)
    stored = documents.read(documents.to_json(found), "EUR")
    assert documents.calculate(stored).total == eur(total)
    assert documents.calculate(bills.part(stored, eur(back), "Refund").negated()).total == eur(-back)
