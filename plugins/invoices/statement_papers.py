"""Statements of account on paper and by mail: the PDF, what is written, and the job that sends both."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from crmhost.api import (
    Forbidden,
    GiveUp,
    Invalid,
    JobContext,
    JournalType,
    Message,
    NotFound,
    Work,
    files,
    journal,
    mail,
    notifications,
    placeholders,
    texts,
)
from crmhost.web.api import paper_pdf, text_in

from . import letters, papers, sending, settings, statements, wording
from .models import Invoice
from .statements import Owner, Statement

TEMPLATE = "invoices/pdf/statement.html"
#: The type of the journal's entry.
SENT = "invoices.statement_sent"


def journal_types() -> Sequence[JournalType]:
    """What the journals tell of mails about invoices."""
    return [
        JournalType(name=sending.SENT, label="Invoice sent", icon="send"),
        JournalType(name=sending.REMINDED, label="Reminder sent", icon="bell"),
        JournalType(name=sending.RECEIPT, label="Receipt sent", icon="receipt"),
        JournalType(name=SENT, label="Statement of account sent", icon="file-text"),
    ]


def pdf(work: Work, statement: Statement) -> bytes:
    """The PDF of a statement, in the customer's language. Not inside a transaction.

    :raises PdfError: when it can't be made.
    """
    language = language_of(work, statement.object_type, statement.object_id)
    contact_id, company_id = _ids(statement.object_type, statement.object_id)
    return paper_pdf(
        work,
        TEMPLATE,
        language=language,
        statement=statement,
        sender=str(work.settings.get(settings.COMPANY_TEXT) or work.settings.get("site.address") or ""),
        address=papers.addressee(work, contact_id, company_id, language).lines,
    )


def file_name(statement: Statement, name: str) -> str:
    """What to call the PDF: whose it is, as far as names of files may have it, and its last day."""
    whose = re.sub(r"[^\w-]+", "-", name)[:60].strip("-") or str(statement.object_id)
    return f"statement-{whose}-{statement.end.isoformat()}.pdf"


def language_of(work: Work, object_type: Owner, object_id: int) -> str:
    """The language of a customer: that of the newest invoice; empty for the site's."""
    owner = Invoice.contact_id if object_type == "contact" else Invoice.company_id
    newest = work.visible(Invoice).with_only_columns(Invoice.language).where(owner == object_id)
    return str(work.session.scalar(newest.order_by(Invoice.date.desc(), Invoice.id.desc()).limit(1)) or "")


# --- by mail ------------------------------------------------------------------------------------------------------------


def recipients(work: Work, object_type: Owner, object_id: int) -> list[str]:
    """The addresses that a statement may go to, the usual one first."""
    return sending.recipients(work, *_ids(object_type, object_id))


def drafted(work: Work, object_type: Owner, object_id: int) -> tuple[str, str]:
    """Subject and text of the mail before its placeholders are filled in."""
    language = language_of(work, object_type, object_id)
    subject, text = (
        letters.own(work, key) or text_in(work, letters.DEFAULTS[key], language)
        for key in (letters.STATEMENT_SUBJECT, letters.STATEMENT_TEXT)
    )
    return subject, text


def written(work: Work, statement: Statement, subject: str, text: str) -> mail.Written:
    """Subject and text with their placeholders filled in. :raises Invalid: by field."""
    language = language_of(work, statement.object_type, statement.object_id)
    contact_id, company_id = _ids(statement.object_type, statement.object_id)
    to = papers.addressee(work, contact_id, company_id, language)
    balances = [placeholders.money(work, account.closing, language) for account in statement.accounts]
    more = {
        "statement": {
            "from": placeholders.day(work, statement.start, language),
            "until": placeholders.day(work, statement.end, language),
            "balance": " + ".join(balances) or "0",
        },
        "company": {"name": to.company.name if to.company is not None else ""},
    }
    return wording.written(work, to.contact, more, subject, text)


def request(
    work: Work, object_type: Owner, object_id: int, start: dt.date, end: dt.date, *, to: str = "", subject: str = "",
    text: str = "",
) -> None:  # fmt: skip
    """Wants a statement to be sent; the job makes the PDF and the mail.

    :param to: address; that of the contact or company without it. Subject and text come from the settings when empty.
    :raises Invalid: by field.
    :raises Forbidden: to those who see only some contacts, for a company: its statement would lack what they don't see.
    """
    work.require("invoices.send")
    if work.actor.only_assigned and object_type == "company":
        raise Forbidden("invoices.send")
    to = texts.clean_line(to) or next(iter(recipients(work, object_type, object_id)), "")
    if not to:
        raise Invalid({"to": [sending.no_address()]})
    usual = drafted(work, object_type, object_id)
    subject, text = subject or usual[0], text or usual[1]
    written(work, statements.of(work, object_type, object_id, start, end), subject, text)
    work.enqueue(
        "invoices.send_statement", dedupe=f"{object_type}:{object_id}:{start}:{end}:{to}", object_type=object_type,
        object_id=object_id, to=to, subject=subject, text=text, start=start.isoformat(), end=end.isoformat(),
    )  # fmt: skip


def send(
    job: JobContext, object_type: Owner, object_id: int, start: str, end: str, to: str, subject: str, text: str
) -> dict[str, Any] | None:
    """The job ``invoices.send_statement``: prints, then stores the PDF and queues the mail in one transaction, once per job."""
    if job.saved:
        return None
    work, days = job.work, (dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    try:
        statement = statements.of(work, object_type, object_id, *days)
        ready = written(work, statement, subject, text)
        name = file_name(statement, statements.owner_of(work, object_type, object_id).name)
        contact_id, _company = _ids(object_type, object_id)
        printed = pdf(work, statement)
        staged = files.stage(work, printed, name=name, owner="invoices", contact_id=contact_id, largest=0)
        with work.begin():
            file = files.store(work, staged)
            message = mail.queue(
                work,
                contact_id=contact_id,
                to=to,
                subject=ready.subject,
                html=ready.html,
                text=ready.text,
                attachments=[sending.attached(file)],
                source=f"invoices:statement:{object_type}:{object_id}",
            )
            number: int = message.id
            job.save(number)
            data = {"to": to, "mail": number, "file": file.id, "start": start, "end": end}
            said = Message(
                "Statement of account from %(start)s to %(end)s, sent to %(to)s", start=days[0], end=days[1], to=to
            )
            entry = journal.SystemEntry(object_id, SENT, object_type=object_type, summary=said, data=data)
            journal.system(work, [entry])
            work.audit("invoice.statement_sent", object_type, object_id, after=data)
    except (Invalid, NotFound) as error:
        with work.begin():
            notifications.tell(
                work,
                notifications.who_may(work, "invoices.send"),
                "A statement of account could not be sent: %(why)s",
                url=f"/invoices/statement/{object_type}/{object_id}",
                kind="invoices.unsent",
                data={"why": str(error)},
            )
        raise GiveUp(str(error)) from error
    return {"mail": number}


def _ids(object_type: Owner, object_id: int) -> tuple[int | None, int | None]:
    return (object_id, None) if object_type == "contact" else (None, object_id)
