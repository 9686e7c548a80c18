"""Hooks of the transactions, for extensions whose records belong to a contact's or company's value."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from crmhost.api import Box, Change, Filter, Tab, Vital
from crmhost.hooks import hookspec


@dataclasses.dataclass(frozen=True)
class ValuePart:
    """What a contact or company has besides transactions, in one currency and its minor units.

    Money in another currency than the site's is given in that one where ``rates.converter(work)`` converts it.

    :param object_id: of the contact or company.
    :param invoiced: the sum of the invoices, as they were sent.
    :param paid: what was paid of them, however.
    :param value: what of ``paid`` no transaction records; it is added to the value.
    """

    object_id: int
    currency: str
    invoiced: int = 0
    paid: int = 0
    value: int = 0


@dataclasses.dataclass(frozen=True)
class InvoiceOwner:
    """The invoice that a transaction is to be attached to.

    :param label: what people call it, such as its number.
    :param url: its page; empty for none.
    """

    id: int
    label: str
    currency: str
    contact_id: int | None = None
    company_id: int | None = None
    url: str = ""


@hookspec("declare", gives=Vital)
def transactions_transaction_vitals() -> Sequence[Vital]:
    """Figures below a transaction's name; ``value`` gets the work and the transaction."""
    return []


@hookspec("declare", gives=Box)
def transactions_transaction_boxes() -> Sequence[Box]:
    """Boxes of a transaction's page; ``render`` gets the work and the transaction."""
    return []


@hookspec("declare", gives=Tab)
def transactions_transaction_tabs() -> Sequence[Tab]:
    """Tabs beside the journal of a transaction's page; ``render`` and ``count`` get the work and the transaction."""
    return []


@hookspec("declare", gives=Filter)
def transactions_transaction_filters() -> Sequence[Filter]:
    """Further filters of the list of transactions, of its export and of ``GET /transactions``.

    ``condition`` gets the work and the text given, and gives an SQL condition on ``Transaction``.
    """
    return []


@hookspec("action")
def transactions_counted(work: Any, changes: Sequence[Change]) -> None:
    """Transactions count to other contacts or companies now, since their invoice is somebody else's or gone.

    Told inside the transaction. It may be told while ``within`` handlers run, which hear of no changes that are noted by then.

    :param changes: named ``transaction.counted``, with ``counted_contact_id`` and ``counted_company_id``.
    """


@hookspec("collect", gives=ValuePart)
def transactions_value_parts(work: Any, object_type: str, ids: Sequence[int]) -> Sequence[ValuePart] | None:
    """What else belongs to the value of contacts or companies.

    Asked inside the transaction whenever their value is summed up. Whoever answers calls
    ``api.recompute(work, object_type, ids)`` when an answer changes, and ``api.rebuild(work)`` when it is switched on or off.

    :param object_type: ``contact`` or ``company``.
    """


@hookspec("collect")
def transactions_value_owners(
    work: Any, object_type: str, after: int, limit: int, currency: str, days: tuple[dt.date, dt.date] | None
) -> Sequence[int] | None:
    """Ids above ``after``, the lowest first and at most ``limit``, of contacts or companies that have parts.

    Asked page by page when all values are made anew, or when exchange rates changed.

    :param currency: only those with parts in it; empty for all.
    :param days: only those with parts of these days and those between; ``None`` for all.
    """


@hookspec("first")
def transactions_invoices(work: Any, ids: Sequence[int]) -> Sequence[InvoiceOwner] | None:
    """The invoices with these ids that ``work.actor`` may see; ``None`` from an extension that has no invoices."""
