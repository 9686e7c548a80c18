"""Invoices: writing, changing, copying, deleting drafts. How they are issued stands in :mod:`.issuing`, what is owed in
:mod:`.paying`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import (
    Change,
    Invalid,
    Message,
    NotFound,
    Stale,
    Work,
    contacts,
    custom_fields,
    documents,
    record_fields,
    search,
    tags,
)

from . import fields, paying, settings
from .issuing import DRAFT, is_fixed, issue, reach, void
from .models import KIND, Invoice
from .storing import by_number, find_by, flush, get, note_change, snapshot, tags_of

__all__ = [
    "by_number",
    "create",
    "delete",
    "duplicate",
    "find_by",
    "get",
    "is_fixed",
    "issue",
    "restore",
    "update",
    "void",
]


def create(
    work: Work, given: Mapping[str, Any], *, source: str = "manual", origin: str | None = None, **columns: Any
) -> Invoice:
    """Writes an invoice: a draft, unless ``status`` says otherwise.

    :param given: see :func:`.fields.prepare`; besides ``status`` (a name: Draft, Unpaid, Paid) and, for invoices that were
        numbered elsewhere, ``number``.
    :param origin: what it is made of, such as ``quote:7``: of one origin one invoice is made, and given back when asked again.
    :param columns: further columns, for other modules of this plugin.
    :raises Invalid: sentences by field.
    :raises Conflict: when the number is taken.
    """
    work.require("invoices.edit")
    if origin is not None:
        there: Invoice | None = work.session.scalar(select(Invoice).where(Invoice.origin == origin))
        if there is not None:
            return there
    state = paying.state_named(given.get("status") or "Draft")
    values = fields.prepare(work, _without_status(given), None, required=source in ("manual", "api"))
    _check_customer(work, values)
    document = values.pop("document")
    invoice = Invoice(
        state=DRAFT,
        source=values.pop("source", "") or source[:60],
        origin=origin,
        terms=values.pop("terms", str(work.settings.get(settings.TERMS) or "")),
        notes=values.pop("notes", str(work.settings.get(settings.NOTES) or "")),
        custom=values.pop("custom", {}),
        created_at=work.now,
        updated_at=work.now,
        **{
            name: values[name]
            for name in ("contact_id", "company_id", "date", "due_date", "reference", "language")
            if name in values
        },
        **columns,
    )
    invoice.price(document)
    work.session.add(invoice)
    flush(work, origin)
    if values.get("tags"):
        tags.put(work, KIND, [invoice.id], values["tags"])
    custom_fields.write_index(work, KIND, [(invoice.id, invoice.custom, None)])
    record_fields.add_external_ids(work, KIND, invoice.id, values.get("external_ids", ()))
    after = snapshot(invoice)
    work.audit("invoice.created", KIND, invoice.id, after=after)
    work.changed(Change("invoice.created", KIND, invoice.id, {}, after))
    if state == DRAFT and values.get("number"):
        raise Invalid({"number": ["A draft has no number: give another status, or leave the number out."]})
    if state != DRAFT:
        issue(work, invoice.id, number=values.get("number") or None)
        if state == "paid":
            # Nobody says when: an invoice that comes paid was so on its day, as far as anybody can tell.
            paying.mark_paid(work, invoice.id, on=invoice.date)
        elif state == "void":
            void(work, invoice.id)
    find_by(work, invoice)
    work.session.flush()
    return invoice


def update(work: Work, invoice_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Invoice:
    """Changes an invoice; fields that are not given stay. A status that is given is reached as a person would.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: by field; also when what was issued and paid, credited or sent would change.
    """
    work.require("invoices.edit")
    invoice = get(work, invoice_id, lock=True)
    if version is not None and version != invoice.version:
        raise Stale("Somebody saved this invoice meanwhile: look at their changes before you save yours.")
    before = snapshot(invoice)
    values = fields.prepare(work, _without_status(given), invoice)
    _require_open(invoice, values)
    _check_customer(work, {"contact_id": invoice.contact_id, "company_id": invoice.company_id, **values}, invoice)
    stored = invoice.custom
    if "document" in values:
        invoice.price(values["document"])
    for name in (
        "contact_id",
        "company_id",
        "date",
        "due_date",
        "reference",
        "notes",
        "terms",
        "language",
        "custom",
        "source",
    ):
        if name in values and values[name] != getattr(invoice, name):
            setattr(invoice, name, values[name])
    if "number" in values and values["number"] and values["number"] != invoice.number:
        raise Invalid({"number": ["Numbers are given when an invoice leaves Draft, and stay."]})
    changed_tags = (
        tags.put(work, KIND, [invoice.id], values["tags"], tags_of(work, invoice)) if "tags" in values else {}
    )
    record_fields.add_external_ids(work, KIND, invoice.id, values.get("external_ids", ()))
    if "custom" in values:
        custom_fields.write_index(work, KIND, [(invoice.id, invoice.custom, stored)])
    paying.settle(work, [invoice])
    note_change(work, invoice, before, changed_tags.get(invoice.id))
    if given.get("status") not in (None, ""):
        reach(work, invoice, paying.state_named(given["status"]))
    find_by(work, invoice)
    work.session.flush()
    return invoice


def duplicate(work: Work, invoice_id: int, *, source: str = "manual", **columns: Any) -> Invoice:
    """A draft with the same customer, lines and texts, of today."""
    invoice = get(work, invoice_id)
    if invoice.is_credit:
        raise Invalid("A credit note can't be copied: credit the invoice again.")
    given = {
        **documents.to_json(invoice.document),
        **{
            name: getattr(invoice, name)
            for name in ("contact_id", "company_id", "reference", "notes", "terms", "language")
        },
        "custom": custom_fields.shown(work, KIND, invoice.custom),
        "tags": tags_of(work, invoice),
    }
    return create(work, given, source=source, **columns)


def delete(work: Work, ids: Sequence[int]) -> int:
    """Puts drafts into the bin; gives how many.

    :raises Invalid: when one of them is no draft: it can be voided.
    """
    work.require("invoices.delete")
    drafts = [get(work, number, lock=True) for number in dict.fromkeys(ids)]
    for invoice in drafts:
        if invoice.state != DRAFT:
            said = Message(
                "%(number)s has a number and can't be deleted: void it instead.", number=invoice.number or "–"
            )
            raise Invalid(said)
    for invoice in drafts:
        _bin(work, invoice, work.now)
    return len(drafts)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Takes drafts out of the bin; gives how many."""
    work.require("invoices.delete")
    gone = [found for number in dict.fromkeys(ids) if (found := get(work, number, in_bin=True, lock=True)).deleted_at]
    for invoice in gone:
        _bin(work, invoice, None)
    return len(gone)


def _bin(work: Work, invoice: Invoice, at: dt.datetime | None) -> None:
    name = "invoice.restored" if at is None else "invoice.deleted"
    invoice.deleted_at, invoice.updated_at = at, work.now
    invoice.version += 1
    work.session.flush()
    if at is None:
        find_by(work, invoice)
    else:
        search.drop(work, KIND, [invoice.id])
    work.audit(name, KIND, invoice.id)
    work.changed(
        Change(name, KIND, invoice.id, {}, {"contact_id": invoice.contact_id, "company_id": invoice.company_id})
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def _without_status(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "status"}


def _check_customer(work: Work, values: Mapping[str, Any], current: Invoice | None = None) -> None:
    """:raises Invalid: when the contact or company is not there for the actor."""
    wrong: dict[str, list[str]] = {}
    contact = values.get("contact_id")
    if contact is not None and (current is None or contact != current.contact_id):
        try:
            contacts.get(work, contact)
        except NotFound as error:
            wrong["contact_id"] = [error.message]
    company = values.get("company_id")
    if company is not None and (current is None or company != current.company_id):
        companies = work.service("companies")
        if companies is None:
            wrong["company_id"] = ["Companies are switched off: choose a contact."]
        elif not companies.names([company]):
            wrong["company_id"] = [
                Message("There is no company %(number)s, or you may not see it.", number=str(company))
            ]
    if work.actor.only_assigned and contact is None:
        wrong.setdefault("contact_id", ["Choose one of your contacts: you would not see this invoice otherwise."])
    if wrong:
        raise Invalid(wrong)


def _require_open(invoice: Invoice, values: Mapping[str, Any]) -> None:
    """:raises Invalid: when what is told to the tax office, or was paid or sent, would change."""
    if invoice.state == "void":
        raise Invalid("A void invoice stays as it is. Copy it, and change the copy.")
    moved = "document" in values and values["document"] != invoice.document
    moved = moved or ("date" in values and values["date"] != invoice.date)
    if not moved or invoice.state == DRAFT:
        return
    if is_fixed(invoice):
        raise Invalid(
            "This invoice was sent or paid: its date and sums stay as they are. Write a credit note, or void it and copy it."
        )
