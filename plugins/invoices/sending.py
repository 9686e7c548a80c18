"""Sending invoices by mail: what is written, to whom, the PDF that goes along and stays as it was, and the link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import (
    CrmError,
    File,
    Forbidden,
    GiveUp,
    Invalid,
    JobContext,
    Link,
    Message,
    Money,
    NotFound,
    Stale,
    Work,
    contacts,
    files,
    journal,
    links,
    mail,
    notifications,
    placeholders,
    texts,
)
from crmhost.web.api import text_in
from plugins.transactions import api as transactions

from . import letters, papers, paying, services, wording
from .models import KIND, Invoice

#: How long a link opens an invoice.
LASTS = dt.timedelta(days=365)
#: Types of the journal's entries, and the settings with what these mails say.
SENT, REMINDED, RECEIPT = "invoices.sent", "invoices.reminded", "invoices.receipt_sent"
LETTERS = {
    SENT: (letters.SUBJECT, letters.TEXT),
    REMINDED: (letters.REMINDER_SUBJECT, letters.REMINDER_TEXT),
    RECEIPT: (letters.RECEIPT_SUBJECT, letters.RECEIPT_TEXT),
}
#: Attempts at printing an invoice that is changed meanwhile.
_ATTEMPTS = 3


# --- the link ---------------------------------------------------------------------------------------------------------


def link(work: Work, invoice_id: int) -> str:
    """The address under which the customer finds an invoice without signing in; made when there is none, in this transaction.

    :raises Invalid: when it is a draft, which nobody outside sees.
    """
    work.require("invoices.send")
    invoice = _issued(services.get(work, invoice_id))
    return address_of(work, links.token_of(work, KIND, invoice.id, LASTS))


def shared(work: Work, invoice: Invoice) -> tuple[str, Link | None, list[Any]]:
    """The link that holds, its address first, empty when there is none, and who opened it, for ``invoices/openings.html``."""
    if invoice.state == "draft":
        return "", None, []
    link = links.held(work, KIND, invoice.id, LASTS) if work.can("invoices.send") else None
    address = address_of(work, links.token_in(work, link)) if link is not None else ""
    return address, link, links.openings(work, KIND, invoice.id, 10)


def address_of(work: Work, token: str) -> str:
    """The address of the page that a token opens."""
    return f"{work.base_url.rstrip('/')}/invoices/d/{token}"


def revoke(work: Work, invoice_id: int) -> int:
    """Has all links to an invoice open nothing from now on; gives how many did."""
    work.require("invoices.send")
    return links.revoke(work, KIND, services.get(work, invoice_id).id)


# --- what is written ----------------------------------------------------------------------------------------------------


def values(work: Work, invoice: Invoice, address: str) -> dict[str, Any]:
    """What the placeholders ``invoice.…`` and ``company.name`` stand for, in the language of the invoice.

    :param address: its link.
    """
    language = invoice.language
    amounts = {name: placeholders.money(work, invoice.amount(name), language) for name in ("total", "paid", "due")}
    days = {
        "date": placeholders.day(work, invoice.date, language),
        "due_date": placeholders.day(work, invoice.due_date, language),
    }
    to = papers.addressee(work, invoice.contact_id, invoice.company_id, language)
    return {
        "invoice": {
            **dict.fromkeys(wording.NAMES, ""),
            **amounts,
            **days,
            "number": invoice.number or "",
            "title": invoice.title,
            "ref": invoice.reference,
            "reference": invoice.reference,
            "currency": invoice.currency,
            "link": address,
            "url": address,
            "status": str(_state(invoice)),
        },
        "company": {"name": to.company.name if to.company is not None else ""},
    }


def _state(invoice: Invoice) -> str:
    """The name of an invoice's status."""
    return paying.STATES[invoice.state]


def written(
    work: Work, invoice: Invoice, subject: str, text: str, address: str, more: Mapping[str, Any] | None = None
) -> mail.Written:
    """Subject and text with their placeholders filled in.

    :param more: further values.
    :raises Invalid: by field, when one can't be read or stands for nothing.
    """
    contact = papers.addressee(work, invoice.contact_id, None).contact
    return wording.written(work, contact, {**values(work, invoice, address), **(more or {})}, subject, text)


def template(work: Work, key: str, language: str) -> str:
    """What a mail says before its placeholders are filled in: as the site wrote it, else as it came, in a language.

    :param key: one of :data:`.letters.DEFAULTS`.
    """
    return letters.own(work, key) or text_in(work, letters.DEFAULTS[key], language)


def recipients(work: Work, contact_id: int | None, company_id: int | None) -> list[str]:
    """The addresses that a mail to a customer may go to, the usual one first."""
    to = papers.addressee(work, contact_id, company_id)
    found = [to.email] if to.email else []
    if to.contact is not None:
        found += [row.email for row in contacts.emails_of(work, [to.contact.id]).get(to.contact.id, ())]
    if to.company is not None and to.company.email:
        found.append(to.company.email)
    return list(dict.fromkeys(found))


# --- sending ------------------------------------------------------------------------------------------------------------


def request(
    work: Work, invoice_id: int, *, to: str = "", subject: str = "", text: str = "", files: Sequence[object] = ()
) -> None:
    """Wants an invoice to be sent; a draft gets its number by it. The job makes the PDF and the mail.

    :param to: address; that of the contact or company without it. Subject and text come from the settings when empty.
    :param files: numbers of files of this invoice (extension “files”) that go along.
    :raises Invalid: by field.
    """
    work.require("invoices.send")
    invoice = services.get(work, invoice_id, lock=True)
    to = texts.clean_line(to) or next(iter(recipients(work, invoice.contact_id, invoice.company_id)), "")
    if not to:
        raise Invalid({"to": [no_address()]})
    if invoice.state == "draft":
        if not work.can("invoices.edit"):
            raise Forbidden("invoices.edit")
        invoice = services.issue(work, invoice_id)
    _issued(invoice)
    subject = subject or template(work, letters.SUBJECT, invoice.language)
    text = text or template(work, letters.TEXT, invoice.language)
    written(work, invoice, subject, text, address_of(work, "…"))
    _own_files(work, invoice, files)
    work.enqueue(
        "invoices.send",
        dedupe=f"{invoice.id}:{to}",
        invoice_id=invoice.id,
        to=to,
        subject=subject,
        text=text,
        files=[str(number) for number in files],
    )


def send(
    job: JobContext, invoice_id: int, to: str = "", subject: str = "", text: str = "", files: Sequence[str] = ()
) -> dict[str, Any] | None:
    """The job ``invoices.send``: prints, then stores the PDF and queues the mail in one transaction, once per job."""
    if job.saved:
        return None
    work = job.work
    try:
        message = deliver(work, invoice_id, to=to, subject=subject, text=text, done=job.save, chosen=files)
    except (Invalid, NotFound) as error:
        _tell(work, invoice_id, "An invoice could not be sent: %(why)s", error)
        raise GiveUp(str(error)) from error
    return {"mail": message}


def receipt(job: JobContext, invoice_id: int, transaction_id: int) -> dict[str, Any] | None:
    """The job ``invoices.receipt``: tells a customer that a payment came, once per job."""
    if job.saved:
        return None
    try:
        paid = transactions.get(paying.acting(job.work), transaction_id)
        invoice = services.get(job.work, invoice_id)
        told = {
            "amount": placeholders.money(job.work, Money(paid.total, paid.currency), invoice.language),
            "date": placeholders.day(job.work, paid.day, invoice.language),
            "method": paid.payment_method,
            "ref": paid.ref,
        }
        number = deliver(job.work, invoice_id, done=job.save, entry=RECEIPT, more={"payment": told})
    except (Invalid, NotFound) as error:
        _tell(job.work, invoice_id, "A receipt could not be sent: %(why)s", error)
        raise GiveUp(str(error)) from error
    return {"mail": number}


def _tell(work: Work, invoice_id: int, text: str, why: CrmError) -> None:
    with work.begin():
        notifications.tell(
            work,
            notifications.who_may(work, "invoices.send"),
            text,
            url=f"/invoices/{invoice_id}",
            kind="invoices.unsent",
            data={"why": str(why)},
        )


def deliver(
    work: Work,
    invoice_id: int,
    *,
    to: str = "",
    subject: str = "",
    text: str = "",
    done: Any,
    entry: str = SENT,
    more: Mapping[str, Any] | None = None,
    chosen: Sequence[str] = (),
) -> int:
    """Prints an invoice and queues it with a mail; gives the mail's number.

    :param subject: and text are those of the settings when empty, in the invoice's language.
    :param entry: type of the journal's entry, one of :data:`LETTERS`.
    :param more: further values of placeholders.
    :param chosen: files of the invoice that go along.
    :param done: called within the transaction with the mail's number; what it raises takes everything back.
    :raises Invalid: by field.
    """
    for attempt in range(_ATTEMPTS):
        invoice = _issued(services.get(work, invoice_id))
        to = to or next(iter(recipients(work, invoice.contact_id, invoice.company_id)), "")
        if not to:
            raise Invalid({"to": [no_address()]})
        version, contact_id, name = invoice.version, invoice.contact_id, papers.file_name(invoice)
        printed = papers.pdf(work, invoice_id)
        staged = files.stage(work, printed, name=name, owner="invoices", contact_id=contact_id, largest=0)
        with work.begin():
            invoice = services.get(work, invoice_id, lock=True)
            if invoice.version != version and attempt < _ATTEMPTS - 1:
                continue
            if invoice.version != version:
                raise Stale("This invoice is being changed. Send it again.")
            file = files.store(work, staged)
            address = address_of(work, links.token_of(work, KIND, invoice.id, LASTS))
            usual = (template(work, key, invoice.language) for key in LETTERS[entry])
            words = [given or kept for given, kept in zip((subject, text), usual, strict=True)]
            ready = written(work, invoice, words[0], words[1], address, more)
            message = mail.queue(
                work,
                contact_id=contact_id,
                to=to,
                subject=ready.subject,
                html=ready.html,
                text=ready.text,
                attachments=[attached(file), *_own_files(work, invoice, chosen)],
                source=f"invoices:{invoice.id}",
            )
            number: int = message.id
            done(number)
            _note(work, invoice, to, number, file, entry)
        return number
    raise AssertionError("unreachable")  # pragma: no cover


def _note(work: Work, invoice: Invoice, to: str, mail_id: int, file: File, entry: str) -> None:
    invoice.sent_at = invoice.updated_at = work.now
    invoice.version += 1
    data = {"to": to, "mail": mail_id, "file": file.id}
    said = Message("Sent to %(to)s", to=to)
    journal.system(work, [journal.SystemEntry(invoice.id, entry, object_type=KIND, summary=said, data=data)])
    name = f"invoice.{entry.partition('.')[2]}"
    work.audit(name, KIND, invoice.id, after=data)
    work.tell(name, [invoice.id])


def _own_files(work: Work, invoice: Invoice, chosen: Sequence[object]) -> list[Mapping[str, Any]]:
    """Files of an invoice that go with its mail.

    :raises Invalid: when one is gone, or they are too many or too large.
    """
    shelf = work.service("files") if chosen else None
    return list(shelf.attachments(KIND, invoice.id, chosen)) if shelf is not None else []


def attached(file: File) -> dict[str, Any]:
    """A stored file as :func:`mail.queue` takes it."""
    return {"file_id": file.id, "name": file.name, "media_type": file.media_type, "size": file.size}


def _issued(invoice: Invoice) -> Invoice:
    if invoice.state == "draft":
        raise Invalid("A draft is not shown to customers: give it a number first.")
    return invoice


def no_address() -> str:
    """What is said when nobody knows where to send to."""
    return Message("There is no e-mail address: add one to the contact, or give one here.")


def file_access(work: Work, file: File, action: str) -> bool:
    """Who may open what was sent: those who see the invoices. The host looked at the contact already."""
    seen = work.can("invoices.view") and (file.contact_id is not None or not work.actor.only_assigned)
    return seen and (action == "open" or work.can("invoices.send"))
