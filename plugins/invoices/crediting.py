"""Credit notes: invoices with their sums turned round, that take off what another invoice asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, Money, Read, Work, documents

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


@dataclasses.dataclass(frozen=True)
class Note:
    """A credit note as the page of its invoice shows it."""

    id: int
    number: str | None
    currency: str
    total: int


def notes_read(work: Work, invoice: Invoice) -> Read:
    """What :func:`of` asks, for pages that ask it together with other things."""
    mine = work.visible(Invoice).where(Invoice.credits_id == invoice.id)
    columns = (Invoice.id, Invoice.number, Invoice.currency, Invoice.total)
    return Read(("invoices.notes", work.actor, invoice.id), mine.with_only_columns(*columns))


def of(work: Work, invoice: Invoice) -> list[Note]:
    """The credit notes of an invoice, drafts too, the oldest first."""
    return sorted((Note(*row) for row in work.rows(notes_read(work, invoice))), key=lambda note: note.id)
