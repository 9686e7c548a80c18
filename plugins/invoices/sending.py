"""Sending invoices by mail: what is written, to whom, the PDF that goes along and stays as it was, and the link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import (
    File,
    Forbidden,
    GiveUp,
    Invalid,
    JobContext,
    Message,
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

from . import papers, services, settings, wording
from .models import KIND, Invoice

#: How long a link opens an invoice.
LASTS = dt.timedelta(days=365)
#: The type of the journal's entry.
SENT = "invoices.sent"
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


def shared(work: Work, invoice: Invoice) -> tuple[str, list[Any]]:
    """The address of the link that holds, empty when there is none, and who opened it, for ``invoices/openings.html``."""
    if invoice.state == "draft":
        return "", []
    soon = work.now + dt.timedelta(days=1)
    held = any(one.holds(soon) for one in links.of(work, KIND, invoice.id)) and work.can("invoices.send")
    address = address_of(work, links.token_of(work, KIND, invoice.id, LASTS)) if held else ""
    return address, links.openings(work, KIND, invoice.id, 10)


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
    from .paying import STATES

    return STATES[invoice.state]


def written(work: Work, invoice: Invoice, subject: str, text: str, address: str) -> mail.Written:
    """Subject and text with their placeholders filled in.

    :raises Invalid: by field, when one can't be read or stands for nothing.
    """
    subject, text = texts.clean_line(subject), texts.clean_text(text)
    if not subject or not text:
        empty = ["Write something first."]
        raise Invalid({name: empty for name, given in (("subject", subject), ("text", text)) if not given})
    contact = papers.addressee(work, invoice.contact_id, None).contact
    more = values(work, invoice, address)
    errors: dict[str, list[str]] = {}
    for name, given, fill in (("subject", subject, placeholders.line), ("text", text, placeholders.text)):
        try:
            piece = fill(work, given, contact, more=more)
        except Invalid as error:
            errors[name] = [error.message]
        else:
            if piece.unknown:
                errors[name] = [wording.unknown(piece.unknown)]
    if errors:
        raise Invalid(errors)
    return mail.write(work, mail.compose(work, "text", subject, text), contact, more=more)


def recipients(work: Work, invoice: Invoice) -> list[str]:
    """The addresses that a mail about an invoice may go to, the usual one first."""
    to = papers.addressee(work, invoice.contact_id, invoice.company_id)
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
    to = texts.clean_line(to) or next(iter(recipients(work, invoice)), "")
    if not to:
        raise Invalid({"to": [no_address()]})
    if invoice.state == "draft":
        if not work.can("invoices.edit"):
            raise Forbidden("invoices.edit")
        invoice = services.issue(work, invoice_id)
    _issued(invoice)
    subject, text = subject or settings.text_of(work, settings.SUBJECT), text or settings.text_of(work, settings.TEXT)
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
        message = deliver(
            work,
            invoice_id,
            to=to,
            subject=subject or settings.text_of(work, settings.SUBJECT),
            text=text or settings.text_of(work, settings.TEXT),
            done=job.save,
            chosen=files,
        )
    except (Invalid, NotFound) as error:
        with work.begin():
            notifications.tell(
                work,
                notifications.who_may(work, "invoices.send"),
                "An invoice could not be sent: %(why)s",
                url=f"/invoices/{invoice_id}",
                kind="invoices.unsent",
                data={"why": str(error)},
            )
        raise GiveUp(str(error)) from error
    return {"mail": message}


def deliver(
    work: Work,
    invoice_id: int,
    *,
    to: str,
    subject: str,
    text: str,
    done: Any,
    entry: str = SENT,
    chosen: Sequence[str] = (),
) -> int:
    """Prints an invoice and queues it with a mail; gives the mail's number.

    :param entry: type of the journal's entry.
    :param chosen: files of the invoice that go along.
    :param done: called within the transaction with the mail's number; what it raises takes everything back.
    :raises Invalid: by field.
    """
    for attempt in range(_ATTEMPTS):
        invoice = _issued(services.get(work, invoice_id))
        to = to or next(iter(recipients(work, invoice)), "")
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
            ready = written(work, invoice, subject, text, address)
            message = mail.queue(
                work,
                contact_id=contact_id,
                to=to,
                subject=ready.subject,
                html=ready.html,
                text=ready.text,
                attachments=[_attached(file), *_own_files(work, invoice, chosen)],
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


def _attached(file: File) -> dict[str, Any]:
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
