"""Invoices for tests: kept in memory, they belong to contacts and add their parts to values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from crmhost.api import Work
from crmhost.hooks import hookimpl
from plugins.transactions.api import InvoiceOwner, ValuePart, paid_of_invoices


@dataclasses.dataclass
class Invoice:
    """An invoice; ``by_hand`` is what somebody marked as paid without a transaction."""

    id: int
    contact_id: int | None
    amount: int
    by_hand: int = 0
    currency: str = "EUR"
    company_id: int | None = None


#: Emptied by each test that uses it.
INVOICES: dict[int, Invoice] = {}


class Plugin:
    """Answers what transactions ask."""

    @hookimpl
    def transactions_invoices(self, work: Work, ids: Sequence[int]) -> Sequence[InvoiceOwner]:
        return [
            InvoiceOwner(one.id, f"INV-{one.id}", one.currency, one.contact_id, one.company_id)
            for one in INVOICES.values()
            if one.id in ids
        ]

    @hookimpl
    def transactions_value_owners(self, work: Work, object_type: str, after: int, limit: int) -> Sequence[int]:
        found = {getattr(one, f"{object_type}_id") for one in INVOICES.values()}
        return sorted(number for number in found if number is not None and number > after)[:limit]

    @hookimpl
    def transactions_value_parts(self, work: Work, object_type: str, ids: Sequence[int]) -> Sequence[ValuePart]:
        recorded = paid_of_invoices(work, INVOICES)
        parts = []
        for one in INVOICES.values():
            owner = getattr(one, f"{object_type}_id")
            if owner in ids:
                paid = recorded[one.id].amount if one.id in recorded else one.by_hand
                parts.append(ValuePart(owner, one.currency, one.amount, paid, 0 if one.id in recorded else one.by_hand))
        return parts
