"""Credit notes: invoices with their sums turned round, that take off what another invoice asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import Invalid, Message, Money, Work, documents

from . import services
from .models import Invoice


def credit(work: Work, invoice_id: int, given: Mapping[str, Any] | None = None, *, unfinished: bool = False) -> Invoice:
    """Writes the draft of a credit note over all that an invoice still asks for, or over some lines.

    :param given: ``lines`` and the rest of a document with positive quantities, when it is not to be all of it; ``notes``.
    :param unfinished: whether a person still takes lines off the draft: it may come to more than is left, until it is issued.
    :raises Invalid: when there is nothing left to credit, or it would be more than the invoice.
    """
    work.require("invoices.edit")
    invoice = services.get(work, invoice_id, lock=True)
    if not invoice.counts or invoice.is_credit:
        raise Invalid("Only an issued invoice can be credited. A draft can be changed or deleted.")
    given = dict(given or {})
    notes = given.pop("notes", "")
    document = documents.read(given, invoice.currency) if given.get("lines") else invoice.document
    turned = document.negated()
    totals = documents.calculate(turned)
    open_ = invoice.total - invoice.credited
    if -totals.total.amount > open_ and not (unfinished and open_ > 0):
        said = Message(
            "At most %(amount)s of this invoice can still be credited.", amount=str(Money(open_, invoice.currency))
        )
        raise Invalid({"lines": [said]} if given.get("lines") else said)
    return services.create(
        work,
        {
            **documents.to_json(turned),
            "contact_id": invoice.contact_id,
            "company_id": invoice.company_id,
            "reference": invoice.number or "",
            "language": invoice.language,
            "notes": notes,
            "terms": "",
            "due_date": None,
        },
        credits_id=invoice.id,
    )


def of(work: Work, invoice_id: int) -> list[Invoice]:
    """The credit notes of an invoice, drafts too, the oldest first."""
    mine = work.visible(Invoice).where(Invoice.credits_id == invoice_id)
    return list(work.session.scalars(mine.order_by(Invoice.id)))


def check_issue(work: Work, note: Invoice) -> None:
    """:raises Invalid: when a credit note that is about to be issued takes off more than its invoice still asks for."""
    invoice = work.session.scalar(select(Invoice).where(Invoice.id == note.credits_id).with_for_update())
    if invoice is None or not invoice.counts:
        raise Invalid("The invoice of this credit note is void: delete the credit note.")
    if -note.total > invoice.total - invoice.credited:
        left = str(Money(invoice.total - invoice.credited, invoice.currency))
        raise Invalid(Message("At most %(amount)s of this invoice can still be credited.", amount=left))
