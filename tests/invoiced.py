"""Invoices of one contact, for pictures and for the test of every page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from crmhost.api import Work
from crmhost.site import Site
from plugins.invoices import crediting, paying, services
from plugins.invoices.models import Invoice
from plugins.transactions import services as transactions

REFERENCE = "PO 2026/17"


def some(site: Site) -> None:
    """One paid in part and credited, a late one in dollars, one marked as paid, and the payment that it may be."""
    with site.work() as work, work.begin():
        first = work.today - dt.timedelta(days=100)
        vat = [{"name": "VAT", "rate": "20"}]
        hall = {"title": "Hall, one day", "quantity": "2", "unit_price": "640.00", "taxes": vat}
        lunch = {
            "title": "Lunch",
            "text": "Vegetarian for three",
            "quantity": "14",
            "unit_price": "19.90",
            "taxes": vat,
        }
        paid = _write(work, first, [hall, lunch], discount="5%", reference=REFERENCE, notes="Thank you.")
        paying.record_payment(work, paid, {"amount": "800.00", "date": (first + dt.timedelta(days=20)).isoformat()})
        services.issue(work, crediting.credit(work, paid, {"lines": [{**lunch, "quantity": "2"}]}).id)
        long = "Travel, accommodation and two evenings of preparation for the whole team in the mountains"
        lines = [{"title": long, "quantity": "1", "unit_price": "2310.00"}]
        _write(work, first + dt.timedelta(days=40), lines, currency="USD")
        marked = _write(work, work.today - dt.timedelta(days=12), [{"title": "Book", "unit_price": "48.00"}])
        paying.mark_paid(work, marked)
        total = {"amount": 4_800, "currency": services.get(work, marked).currency}
        fields = {"ref": "BANK-5531", "name": "Transfer", "status": "Completed", "contact_id": 7, "total": total}
        transactions.create(work, fields)


def found(site: Site) -> int:
    """The id of the one that is paid in part."""
    with site.work() as work:
        return work.session.scalars(select(Invoice.id).where(Invoice.reference == REFERENCE)).one()


def _write(work: Work, day: dt.date, lines: list[dict[str, Any]], **more: str) -> int:
    fields = {"contact_id": 7, "date": day, "due_date": day + dt.timedelta(days=30), "lines": lines, "status": "Unpaid"}
    return services.create(work, {**fields, **more}).id
