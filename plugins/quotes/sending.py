"""Sending a quote: frozen, printed, mailed with its link and PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Invalid, Link, Work, contacts, documents, files, links, mail
from crmhost.web.api import paper_pdf

from . import accepting, services, settings, versions
from .models import KIND, Quote, Version

SUBJECT, TEXT = settings.MAIL_SUBJECT, settings.MAIL_TEXT


def pdf_of(work: Work, version: Version) -> bytes:
    """The PDF of what the client saw, and how they accepted it: always the same bytes. Not inside a transaction."""
    taken = accepting.of(work, version.quote_id)
    if taken is not None and taken.version_id != version.id:
        taken = None
    drawn = {"signature": ("image/png", taken.drawing)} if taken is not None and taken.drawing else None
    return paper_pdf(
        work,
        "quotes/pdf/paper.html",
        language=version.language,
        created=version.made_at if taken is None else taken.at,
        files=drawn,
        logo=str(version.sender.get("logo", "")),
        version=version,
        taken=taken,
        signed_on=taken.at.astimezone(work.timezone).date() if taken is not None else None,
        totals=documents.calculate(version.document),
        worth=version.worth,
    )


def file_name(version: Version) -> str:
    """What the PDF is called."""
    return f"quote-{version.quote_id}-{version.number}.pdf"


def address(work: Work, quote_id: int, token: str) -> str:
    """The easy-access page of a link; where links are off, the quote behind the portal's sign-in."""
    if not work.settings.get(settings.LINKS):
        return f"{work.base_url}/quotes/p/{quote_id}"
    return f"{work.base_url}/quotes/d/{token}"


def send(
    work: Work, quote_id: int, *, mailed: bool, subject: str = "", content: str = "", chosen: Sequence[object] = ()
) -> str:
    """Freezes a quote, makes its link and, when wanted, mails both with the PDF; gives the link. Outside of a transaction.

    :param subject: of the mail, with placeholders; that of the settings without one.
    :param content: its text as HTML with placeholders, ``{{ quote.link }}`` among them.
    :param chosen: numbers of files of this quote (extension “files”) that go along.
    :raises Invalid: by field.
    """
    work.require("quotes.send")
    if not mailed:
        with work.begin():
            return address(work, quote_id, versions.send(work, quote_id)[1])
    work.require("mail.send")
    with work.begin():
        version = versions.freeze(work, services.get(work, quote_id, lock=True))
    printed = pdf_of(work, version)
    staged = files.stage(
        work, printed, name=file_name(version), owner="quotes", media_type="application/pdf", largest=0,
        contact_id=services.get(work, quote_id).contact_id,
    )  # fmt: skip
    with work.begin():
        sent, token = versions.send(work, quote_id)
        found = address(work, quote_id, token)
        quote = services.get(work, quote_id)
        kept = files.store(work, staged)
        attached: list[Mapping[str, Any]] = []
        if sent.id == version.id:
            own = {"file_id": kept.id, "name": kept.name, "media_type": kept.media_type, "size": kept.size}
            attached.append(own)
        shelf = work.service("files") if chosen else None
        if shelf is not None:
            attached += shelf.attachments(KIND, quote.id, chosen)
        _mail(work, quote, found, subject, content, attached)
    return found


def _mail(
    work: Work, quote: Quote, found: str, subject: str, content: str, attached: Sequence[Mapping[str, Any]]
) -> mail.MailMessage:
    contact = contacts.get(work, quote.contact_id) if quote.contact_id is not None else None
    source = mail.compose(
        work, "rich", subject or str(work.settings.get(SUBJECT)), content or str(work.settings.get(TEXT))
    )
    more = {
        "quote": {**versions.values(work, quote), "link": found},
        "company": versions.company_values(work, quote),
    }
    written = mail.write(work, source, contact, more=more)
    versions.require_known(written.unknown)
    return mail.queue(
        work,
        subject=written.subject,
        html=written.html,
        text=written.text,
        contact_id=quote.contact_id,
        attachments=attached,
        source=f"quotes:{quote.id}",
    )


def link_of(work: Work, quote: Quote) -> tuple[str, Link | None]:
    """The link of a quote that was sent, its address first; empty when it was revoked or never made."""
    link = links.held(work, KIND, quote.id, settings.link_lasts(work)) if quote.version_id is not None else None
    return (address(work, quote.id, links.token_in(work, link)), link) if link is not None else ("", None)


def make_link(work: Work, quote_id: int) -> str:
    """A link of a quote that was sent.

    :raises Invalid: when it was not sent yet.
    """
    work.require("quotes.send")
    quote = services.get(work, quote_id)
    if quote.version_id is None:
        raise Invalid("Send the quote first: until then nobody but you can open it.")
    return address(work, quote.id, links.token_of(work, KIND, quote.id, settings.link_lasts(work)))


def revoke(work: Work, quote_id: int) -> int:
    """Has all links of a quote open nothing from now on; gives how many did."""
    work.require("quotes.send")
    return links.revoke(work, KIND, services.get(work, quote_id).id)
