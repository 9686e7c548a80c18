"""What invoices tell the transactions while those are on: their part of a customer's value, and what a payment is for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from crmhost.api import Box, Work
from crmhost.hooks import hookimpl


class ForTransactions:
    """Hooks of the transactions that invoices answer."""

    @hookimpl
    def transactions_transaction_boxes(self) -> Sequence[Box]:
        from .payment_pages import hint_boxes

        return hint_boxes()

    @hookimpl
    def transactions_value_parts(self, work: Work, object_type: str, ids: Sequence[int]) -> Sequence[Any]:
        from .paying import parts_of

        return parts_of(work, object_type, ids)

    @hookimpl
    def transactions_value_owners(
        self,
        work: Work,
        object_type: str,
        after: int,
        limit: int,
        currency: str,
        days: tuple[dt.date, dt.date] | None,
    ) -> Sequence[int]:
        from .paying import owners_after

        return owners_after(work, object_type, after, limit, currency, days)

    @hookimpl
    def transactions_invoices(self, work: Work, ids: Sequence[int]) -> Sequence[Any]:
        from .api import InvoicesService

        return InvoicesService(work).owners(ids)
