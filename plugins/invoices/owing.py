"""What contacts and companies owe, as figures, columns and filters of their pages and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from crmhost.api import Contact, Invalid, Message, Work
from crmhost.web.api import gettext, money
from plugins.transactions import api as transactions

from .models import Invoice
from .paying import OWED

#: Value of the filter of contacts -> states of invoices; contacts with none of them fit “none”.
OPEN: Mapping[str, Sequence[str]] = {"open": OWED, "overdue": ("overdue",), "none": OWED}


def outstanding(object_type: str) -> Callable[[Work, Any], str | None]:
    """What a contact or company owes, for their page; ``None`` when that is nothing."""

    def shown(work: Work, record: Any) -> str | None:
        return _shown(transactions.worth_of(work, object_type, record.id)) or None

    return shown


def column(object_type: str) -> Callable[[Work, Sequence[int]], Mapping[int, str]]:
    """What contacts or companies owe, for a column of their list."""

    def shown(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
        found = transactions.values_of(work, object_type, ids)
        return {key: text for key, values in found.items() if (text := _shown(values))}

    return shown


def _shown(values: Sequence[transactions.Value | transactions.Worth]) -> str:
    owed = [(value.invoiced - value.paid, value.currency) for value in values]
    return " + ".join(money(amount, currency) for amount, currency in owed if amount)


def choices(_work: Work) -> list[tuple[str, str]]:
    """What contacts can be filtered by."""
    names = {
        "open": gettext("Something is due"),
        "overdue": gettext("Something is overdue"),
        "none": gettext("Nothing is due"),
    }
    return list(names.items())


def owes(_work: Work, text: str) -> ColumnElement[bool]:
    """Contacts with open or overdue invoices, or without any.

    :raises Invalid: when it is none of the choices.
    """
    states = OPEN.get(text.strip().lower())
    if states is None:
        said = Message("“%(value)s” is not known here: choose open, overdue or none.", value=text[:40])
        raise Invalid({"invoices_open": [said]})
    those = select(Invoice.contact_id).where(
        Invoice.state.in_(states), Invoice.contact_id.is_not(None), Invoice.deleted_at.is_(None)
    )
    return Contact.id.not_in(those) if text.strip().lower() == "none" else Contact.id.in_(those)
