"""Invoices: reading one, writing, issuing, voiding, deleting drafts. What they owe follows in :mod:`.paying`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crmhost.api import (
    Change,
    Conflict,
    Invalid,
    Message,
    NotFound,
    Stale,
    Work,
    contacts,
    custom_fields,
    documents,
    keyset,
    numbering,
    record_fields,
    search,
    tags,
    texts,
)

from . import fields, paying, settings
from .models import KIND, Invoice

#: Statuses as people and programs name them; see :data:`.paying.STATES`.
DRAFT, UNPAID = "draft", "unpaid"


def get(work: Work, invoice_id: int, *, in_bin: bool = False, lock: bool = False) -> Invoice:
    """An invoice.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("invoices.view")
    number = keyset.valid_id(invoice_id)
    wanted = select(Invoice).where(Invoice.id == (number or 0))
    if not in_bin:
        wanted = wanted.where(Invoice.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Invoice.within_reach(work.actor))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Invoice | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("invoice", invoice_id)
    return found


def by_number(work: Work, numbers: Sequence[str]) -> dict[str, int]:
    """Folded number -> id, of invoices that have these numbers; those that the actor may not see too."""
    keys = [texts.fold(number) for number in numbers]
    rows = work.session.execute(select(Invoice.number_key, Invoice.id).where(Invoice.number_key.in_(keys)))
    return {str(row.number_key): row.id for row in rows}


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
    check_customer(work, values)
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
    _flush(work, origin)
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
            paying.mark_paid(work, invoice.id)
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
    check_customer(work, {"contact_id": invoice.contact_id, "company_id": invoice.company_id, **values}, invoice)
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
        tags.put(work, KIND, [invoice.id], values["tags"], _tags_of(work, invoice)) if "tags" in values else {}
    )
    record_fields.add_external_ids(work, KIND, invoice.id, values.get("external_ids", ()))
    if "custom" in values:
        custom_fields.write_index(work, KIND, [(invoice.id, invoice.custom, stored)])
    paying.settle(work, [invoice])
    note_change(work, invoice, before, changed_tags.get(invoice.id))
    if given.get("status") not in (None, ""):
        _reach(work, invoice, paying.state_named(given["status"]))
    find_by(work, invoice)
    work.session.flush()
    return invoice


def issue(work: Work, invoice_id: int, *, number: str | None = None) -> Invoice:
    """Gives a draft its number; from now on it can be voided, and not deleted.

    :param number: of an invoice that was numbered elsewhere; without it, it gets the next one.
    :raises Invalid: when lines or the customer are missing, or it is no draft.
    :raises Conflict: when the number is taken.
    """
    from . import crediting

    work.require("invoices.edit")
    invoice = get(work, invoice_id, lock=True)
    if invoice.state != DRAFT:
        raise Invalid(Message("This invoice has the number %(number)s already.", number=invoice.number or "–"))
    missing: dict[str, list[str]] = {}
    if not invoice.document.lines:
        missing["lines"] = ["Add a line first: what is it for?"]
    if invoice.contact_id is None and invoice.company_id is None:
        missing["contact_id"] = ["Choose who gets it first: a contact or a company."]
    if missing:
        raise Invalid(missing)
    if invoice.is_credit:
        crediting.check_issue(work, invoice)
    before = snapshot(invoice)
    if number is not None:
        _require_free(work, number)
        invoice.number = number
    else:
        invoice.number = _next_number(work, invoice)
    invoice.number_key = texts.fold(invoice.number)
    invoice.issued_at, invoice.state = work.now, UNPAID
    _flush(work, invoice.number)
    paying.settle(work, [invoice])
    if invoice.credits_id is not None:
        paying.recount(work, [invoice.credits_id])
    note_change(work, invoice, before)
    work.tell("invoice.issued", [invoice.id])
    find_by(work, invoice)
    return invoice


def void(work: Work, invoice_id: int, reason: str = "") -> Invoice:
    """Takes an issued invoice back: it keeps its number, and nothing is owed for it. Payments that are attached stay received.

    :raises Invalid: when it is a draft, or has credit notes.
    """
    work.require("invoices.void")
    invoice = get(work, invoice_id, lock=True)
    if invoice.state == DRAFT:
        raise Invalid("A draft was never sent out: delete it instead.")
    if invoice.credited:
        raise Invalid("This invoice has credit notes: void them first.")
    if invoice.state == "void":
        return invoice
    before = snapshot(invoice)
    invoice.state, invoice.voided_at, invoice.void_reason = "void", work.now, texts.clean_line(reason)[:300]
    invoice.paid_apart = 0
    paying.settle(work, [invoice])
    work.session.flush()
    if invoice.credits_id is not None:
        paying.recount(work, [invoice.credits_id])
    note_change(work, invoice, before)
    work.tell("invoice.voided", [invoice.id])
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
        "tags": _tags_of(work, invoice),
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


def is_fixed(invoice: Invoice) -> bool:
    """Whether date and sums stay as they are: somebody was sent them, or paid or credited some of them."""
    return invoice.state != DRAFT and bool(
        invoice.sent_at or invoice.paid or invoice.paid_apart or invoice.credited or invoice.state == "void"
    )


# --- shared within the plugin -----------------------------------------------------------------------------------------


def snapshot(invoice: Invoice) -> dict[str, Any]:
    """Columns for the audit log and changes: days as text, amounts in minor units."""
    found = {name: getattr(invoice, name) for name in fields.COLUMNS}
    return {name: record_fields.plain(value) for name, value in found.items()}


def note_change(
    work: Work, invoice: Invoice, before: Mapping[str, Any], tagged: tuple[list[str], list[str]] | None = None
) -> None:
    """Writes down what is no longer as it was; nothing when all is."""
    now = snapshot(invoice)
    old = {name: value for name, value in before.items() if now[name] != value}
    new = {name: now[name] for name in old}
    if tagged is not None:
        old["tags"], new["tags"] = tagged
    if not new:
        return
    invoice.version += 1
    invoice.updated_at = work.now
    work.session.flush()
    work.audit("invoice.updated", KIND, invoice.id, before=old, after=new)
    work.changed(Change("invoice.updated", KIND, invoice.id, old, new))


def check_customer(work: Work, values: Mapping[str, Any], current: Invoice | None = None) -> None:
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


def find_by(work: Work, invoice: Invoice) -> None:
    """Renews what the invoice is found by: number, reference, the titles of its lines."""
    words = [invoice.number or "", invoice.reference, *(line.title for line in invoice.document.lines[:50])]
    words += custom_fields.searched(work, KIND, invoice.custom)
    search.put(work, KIND, [(invoice.id, "\n".join(word for word in words if word))])


# --- helpers ----------------------------------------------------------------------------------------------------------


def _without_status(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "status"}


def _tags_of(work: Work, invoice: Invoice) -> list[str]:
    return [tag.name for tag in tags.of(work, KIND, [invoice.id]).get(invoice.id, ())]


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


def _reach(work: Work, invoice: Invoice, state: str) -> None:
    """Brings an invoice to a state that somebody asked for."""
    if state == invoice.state:
        return
    if invoice.state == DRAFT:
        issue(work, invoice.id)
    if state == "paid":
        paying.mark_paid(work, invoice.id)
    elif state == "void":
        void(work, invoice.id)
    elif state == DRAFT:
        raise Invalid({"status": ["An invoice with a number can't become a draft again: void it and copy it."]})
    elif state == UNPAID and invoice.paid_apart:
        paying.unmark_paid(work, invoice.id)
    elif state != invoice.state and (state, invoice.state) not in _FOLLOWING:
        said = "Overdue, Part-paid and Unpaid follow from the due date and the payments: change those."
        raise Invalid({"status": [said]})


#: A state that somebody asked for, and what came of it, since it follows from the due date and payments.
_FOLLOWING = {("unpaid", "overdue"), ("unpaid", "paid"), ("unpaid", "part_paid")}


def _next_number(work: Work, invoice: Invoice) -> str:
    """The next number that no invoice has; some may have been numbered elsewhere."""
    sequence, pattern = settings.formats(work)[1 if invoice.is_credit else 0]
    while True:
        number = numbering.next_number(work, sequence, pattern, invoice.date)
        if not by_number(work, [number]):
            return number


def _require_free(work: Work, number: str) -> None:
    owner = by_number(work, [number]).get(texts.fold(number))
    if owner is not None:
        raise _taken(work, number, owner)


def _taken(work: Work, number: str, owner: int | None) -> Conflict:
    said = Message("There is an invoice %(number)s already: take another number.", number=number)
    seen = owner is not None and work.session.scalar(
        work.visible(Invoice).with_only_columns(Invoice.id).where(Invoice.id == owner)
    )
    return Conflict(said, field="number", other_id=owner if seen else None)


def _flush(work: Work, key: str | None) -> None:
    """Writes what is new; another transaction may have taken its number or origin since we looked."""
    try:
        with work.session.begin_nested():
            work.session.flush()
    except IntegrityError as error:
        raise _taken(work, key or "", None) from error
