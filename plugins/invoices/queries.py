"""Which invoices a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select

from crmhost.api import Money, RecordList, Work, filters, money_sums, texts

from . import paying
from .models import KIND, Invoice

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "date": (Invoice.date, Invoice.id),
    "due_date": (Invoice.due_date, Invoice.id),
    "created_at": (Invoice.created_at, Invoice.id),
    "number": (Invoice.number_key, Invoice.id),
    "total": (Invoice.currency, Invoice.total, Invoice.id),
    "due": (Invoice.currency, Invoice.due, Invoice.id),
}

_LIVE = Invoice.deleted_at.is_(None)
LIST = RecordList(
    model=Invoice,
    kind=KIND,
    permission="invoices.view",
    orders=ORDERS,
    sort="-date",
    filters={
        "status": filters.choice(Invoice.state, lambda _work, value: paying.state_named(value)),
        "tag": filters.tag(Invoice.id, KIND),
        "contact_id": filters.record(Invoice.contact_id),
        "company_id": filters.record(Invoice.company_id),
        "credits_id": filters.record(Invoice.credits_id),
        "date_from": filters.first_day(Invoice.date),
        "date_to": filters.last_day(Invoice.date),
        "due_from": filters.first_day(Invoice.due_date),
        "due_to": filters.last_day(Invoice.due_date),
        "total_min": filters.least(Invoice.total, Invoice.currency, _LIVE),
        "total_max": filters.most(Invoice.total, Invoice.currency, _LIVE),
        "currency": filters.currency(Invoice.currency),
        "number": filters.same(Invoice.number_key, texts.fold),
        "reference": filters.same(Invoice.reference),
        "source": filters.same(Invoice.source),
    },
    begins=(Invoice.number_key,),
    whole=("number", "reference", "source"),
)
matching = LIST.matching


def sums(work: Work, chosen: Select[Any]) -> dict[str, list[Money]] | None:
    """What is chosen comes to: ``total``, ``paid`` and ``due``, for each currency, that of the site first.

    :returns: ``None`` when too many are chosen.
    """
    amounts = {"total": Invoice.total, "paid": Invoice.paid, "due": Invoice.due}
    return money_sums(work, chosen, Invoice.currency, amounts)
