"""Writing invoices in a test as the pages do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.invoices import paying, services
from plugins.invoices.models import Invoice
from plugins.transactions import api as transactions

Write = Callable[..., int]


def line(price: int, quantity: str = "1", *taxes: str, **more: Any) -> dict[str, Any]:
    """A line at a price in cents."""
    rates = [{"name": "VAT", "rate": rate} for rate in taxes]
    return {
        "title": "Work",
        "quantity": quantity,
        "unit_price": {"amount": price, "currency": "EUR"},
        "taxes": rates,
        **more,
    }


@pytest.fixture
def write() -> Write:
    """Writes an invoice over an amount in cents to a contact; gives its id."""

    def make(host: Host, amount: int = 10_000, contact: int | None = None, status: str = "Unpaid", **given: Any) -> int:
        owner = {"contact_id": host.make.contact() if contact is None else contact}
        with host.work() as work, work.begin():
            return services.create(work, {"lines": [line(amount)], "status": status, **owner, **given}).id

    return make


def seen(host: Host, invoice_id: int) -> Invoice:
    """An invoice as it stands."""
    with host.work() as work:
        return services.get(work, invoice_id)


def pay(host: Host, invoice_id: int, amount: int | None = None, key: str = "", **given: Any) -> int:
    """Records a payment in cents; gives the transaction's id."""
    if amount is not None:
        given["amount"] = {"amount": amount, "currency": "EUR"}
    with host.work() as work, work.begin():
        return paying.record_payment(work, invoice_id, given, key=key).id


def transact(host: Host, amount: int, contact: int | None = None, **given: Any) -> int:
    """Adds a transaction in cents that counts, attached to nothing unless told so."""
    with host.work() as work, work.begin():
        fields = {"total": {"amount": amount, "currency": "EUR"}, "name": "Paid", "status": "Succeeded", **given}
        fields.setdefault("ref", f"T{host.clock().timestamp()}-{transact.__dict__.setdefault('n', 0)}")
        transact.__dict__["n"] += 1
        return transactions.create(work, {"contact_id": contact, **fields}).id


def worth(host: Host, contact: int) -> int:
    """The value of a contact, in cents."""
    with host.work() as work:
        values = transactions.values_of(work, "contact", [contact]).get(contact, ())
        return next((value.total for value in values if value.currency == "EUR"), 0)
