"""Whose a transaction is: the contacts, companies and invoices that it names, and to whose value it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, Invalid, Message, Work

from .hooks import InvoiceOwner
from .models import Transaction

#: Ids that one statement takes.
SOME = 500


class Owners:
    """The records that some transactions name, read at once.

    :param rows: prepared fields of the transactions, see :func:`plugins.transactions.fields.prepare`.
    """

    def __init__(self, work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
        self._limited = work.actor.only_assigned
        self._contacts = visible_contacts(work, _ids(rows, "contact_id"))
        self._companies = visible_companies(work, _ids(rows, "company_id"))
        self._invoices = invoices(work, _ids(rows, "invoice_id"))

    def check(self, values: Mapping[str, Any], current: Transaction | None, currency: str) -> None:
        """Refuses what is not there, or what the actor may not see.

        :raises Invalid: by field.
        """
        errors: dict[str, list[str]] = {}
        for name, known, said in (
            ("contact_id", self._contacts, Message("There is no such contact, or you may not see it.")),
            ("company_id", self._companies, Message("There is no such company, or you may not see it.")),
            ("invoice_id", self._invoices, Message("There is no such invoice, or you may not see it.")),
        ):
            number = values.get(name)
            if number is not None and number not in known and not (current and getattr(current, name) == number):
                errors[name] = [said]
        invoice = self._invoices.get(values.get("invoice_id", 0) or 0)
        if invoice is not None and invoice.currency != currency:
            said = Message(
                "That invoice is in %(currency)s: so must be what is attached to it.", currency=invoice.currency
            )
            errors["invoice_id"] = [said]
        if self._limited and not errors:
            counted = self.counted(values, current)["counted_contact_id"]
            if counted is None:
                errors["contact_id"] = ["Choose one of your contacts."]
        if errors:
            raise Invalid(errors)

    def counted(self, values: Mapping[str, Any], current: Transaction | None) -> dict[str, int | None]:
        """To whose value a transaction counts: the owner of its invoice, else its own contact and company."""
        found: dict[str, int | None] = {}
        for name in ("contact_id", "company_id"):
            own = values[name] if name in values else getattr(current, name, None)
            number = values["invoice_id"] if "invoice_id" in values else getattr(current, "invoice_id", None)
            invoice = self._invoices.get(number) if number is not None else None
            if invoice is not None:
                own = getattr(invoice, name) or own
            elif number is not None and current is not None and number == current.invoice_id and name not in values:
                # The invoice can't be asked for, as its extension is off: what was so stays so.
                own = getattr(current, f"counted_{name}")
            found[f"counted_{name}"] = own
        return found


def _ids(rows: Sequence[Mapping[str, Any]], name: str) -> list[int]:
    return list({row[name]: None for row in rows if row.get(name) is not None})


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    all_ids = list(ids)
    for start in range(0, len(all_ids), SOME):
        yield all_ids[start : start + SOME]


def visible_contacts(work: Work, ids: Iterable[int]) -> dict[int, str]:
    """Contacts that the actor may see, with their names."""
    found: dict[int, str] = {}
    if not work.can("contacts.view"):
        return found
    for some in _chunks(ids):
        for contact in work.session.scalars(work.visible(Contact).where(Contact.id.in_(some))):
            found[contact.id] = contact.name
    return found


def visible_companies(work: Work, ids: Iterable[int]) -> dict[int, str]:
    """Companies that the actor may see, with their names; none while companies are off."""
    service = work.service("companies")
    return dict(service.names(list(ids))) if service is not None and list(ids) else {}


def invoices(work: Work, ids: Iterable[int]) -> dict[int, InvoiceOwner]:
    """Invoices that the actor may see; none while invoices are off."""
    wanted = list(ids)
    found = work.hooks.call("transactions_invoices", work=work, ids=wanted) if wanted else None
    return {invoice.id: invoice for invoice in found or ()}


def contact_names(work: Work, ids: Iterable[int | None]) -> dict[int, str]:
    """Names of the contacts among these that the actor may see."""
    return visible_contacts(work, {number for number in ids if number is not None})


def still_there(work: Work, contact_id: int) -> bool:
    """Whether there is such a contact, in the bin too."""
    return work.session.scalar(select(Contact.id).where(Contact.id == contact_id)) is not None
