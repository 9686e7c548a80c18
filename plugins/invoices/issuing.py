"""From draft to issued, and to void: numbers are given here, and what was issued only changes as the law on books allows."""

from __future__ import annotations

from sqlalchemy import select

from crmhost.api import Invalid, Message, Money, Work, numbering, texts

from . import paying, settings, storing
from .models import Invoice

DRAFT, UNPAID = "draft", "unpaid"
#: A state that somebody asked for, and what came of it, since it follows from the due date and payments.
_FOLLOWS = {("unpaid", "overdue"), ("unpaid", "paid"), ("unpaid", "part_paid")}


def issue(work: Work, invoice_id: int, *, number: str | None = None) -> Invoice:
    """Gives a draft its number; from now on it can be voided, and not deleted.

    :param number: of an invoice that was numbered elsewhere; without it, it gets the next one.
    :raises Invalid: when lines or the customer are missing, or it is no draft.
    :raises Conflict: when the number is taken.
    """
    work.require("invoices.edit")
    invoice = storing.get(work, invoice_id, lock=True)
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
        _check_credit(work, invoice)
    before = storing.snapshot(invoice)
    if number is not None:
        _require_free(work, number)
        invoice.number = number
    else:
        invoice.number = _next_number(work, invoice)
    invoice.number_key = texts.fold(invoice.number)
    invoice.issued_at, invoice.state = work.now, UNPAID
    storing.flush(work, invoice.number)
    paying.settle(work, [invoice])
    if invoice.credits_id is not None:
        paying.recount(work, [invoice.credits_id])
    storing.note_change(work, invoice, before)
    work.tell("invoice.issued", [invoice.id])
    storing.find_by(work, invoice)
    return invoice


def void(work: Work, invoice_id: int, reason: str = "") -> Invoice:
    """Takes an issued invoice back: it keeps its number, and nothing is owed for it. Payments that are attached stay received.

    :raises Invalid: when it is a draft, or has credit notes.
    """
    work.require("invoices.void")
    invoice = storing.get(work, invoice_id, lock=True)
    if invoice.state == DRAFT:
        raise Invalid("A draft was never sent out: delete it instead.")
    if invoice.credited:
        raise Invalid("This invoice has credit notes: void them first.")
    if invoice.state == "void":
        return invoice
    before = storing.snapshot(invoice)
    invoice.state, invoice.voided_at, invoice.void_reason = "void", work.now, texts.clean_line(reason)[:300]
    invoice.paid_apart = 0
    paying.settle(work, [invoice])
    work.session.flush()
    if invoice.credits_id is not None:
        paying.recount(work, [invoice.credits_id])
    storing.note_change(work, invoice, before)
    work.tell("invoice.voided", [invoice.id])
    return invoice


def is_fixed(invoice: Invoice) -> bool:
    """Whether date and sums stay as they are: somebody was sent them, or paid or credited some of them."""
    return invoice.state != "draft" and bool(
        invoice.sent_at or invoice.paid or invoice.paid_apart or invoice.credited or invoice.state == "void"
    )


def reach(work: Work, invoice: Invoice, state: str) -> None:
    """Brings an invoice to a state that somebody asked for.

    :raises Invalid: when it can't be reached, or follows from due date and payments.
    """
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
    elif state != invoice.state and (state, invoice.state) not in _FOLLOWS:
        said = "Overdue, Part-paid and Unpaid follow from the due date and the payments: change those."
        raise Invalid({"status": [said]})


# --- helpers ----------------------------------------------------------------------------------------------------------


def _next_number(work: Work, invoice: Invoice) -> str:
    """The next number that no invoice has; some may have been numbered elsewhere."""
    sequence, pattern = settings.formats(work)[1 if invoice.is_credit else 0]
    while True:
        number = numbering.next_number(work, sequence, pattern, invoice.date)
        if not storing.by_number(work, [number]):
            return number


def _require_free(work: Work, number: str) -> None:
    owner = storing.by_number(work, [number]).get(texts.fold(number))
    if owner is not None:
        raise storing.taken(work, number, owner)


def _check_credit(work: Work, note: Invoice) -> None:
    """:raises Invalid: when a credit note that is about to be issued takes off more than its invoice still asks for."""
    invoice = work.session.scalar(select(Invoice).where(Invoice.id == note.credits_id).with_for_update())
    if invoice is None or not invoice.counts:
        raise Invalid("The invoice of this credit note is void: delete the credit note.")
    if -note.total > invoice.total - invoice.credited:
        left = str(Money(invoice.total - invoice.credited, invoice.currency))
        raise Invalid(Message("At most %(amount)s of this invoice can still be credited.", amount=left))
