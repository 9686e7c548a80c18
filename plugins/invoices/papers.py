"""The papers of invoices and credit notes: what stands on them, and their PDF."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError

from crmhost.api import SYSTEM, Contact, CrmError, Work, contacts, documents
from crmhost.web.api import paper_html, paper_pdf

from . import services, settings
from .models import Invoice

TEMPLATE = "invoices/pdf/paper.html"


@dataclasses.dataclass(frozen=True)
class Addressee:
    """Who gets an invoice: lines of an address, their e-mail, and the contact when there is one."""

    lines: tuple[str, ...]
    email: str
    contact: Contact | None
    company: Any = None


def addressee(work: Work, contact_id: int | None, company_id: int | None, language: str = "") -> Addressee:
    """Who gets the papers of a contact, or of a company, to the attention of the contact.

    Whoever may see an invoice may see to whom it goes: nobody is asked whether they may see the company too.

    :param language: in which the country is named; empty for the site's.
    """
    site = work.as_actor(SYSTEM)
    contact = company = None
    if contact_id is not None:
        contact = contacts.get(site, contact_id, in_bin=True)
    companies = site.service("companies") if company_id is not None else None
    if companies is not None:
        try:
            company = companies.get(company_id)
        except CrmError:
            company = None
    address = next(
        (one.address1 for one in (company, contact) if one is not None and any((one.address1 or {}).values())), {}
    )
    person = contact.name if contact is not None else ""
    if contact is not None and contact.prefix and person != contact.email:
        person = f"{contact.prefix} {person}"
    names = [company.name if company is not None else "", person]
    lines = [line for line in (*names, *_address(address, language or _site_language(work))) if line]
    email = (contact.email if contact is not None else "") or (company.email if company is not None else "")
    return Addressee(tuple(lines), email, contact, company)


def context(work: Work, invoice: Invoice) -> dict[str, Any]:
    """What the template of a paper gets; the page that its link opens gets the same.

    ``invoice``, ``kind`` (invoice or credit), ``mark`` (draft, void, paid or nothing), ``document``, ``totals``, ``sender``
    (lines of text), ``address`` (lines), ``credits`` (number of the credited invoice), ``paid``, ``credited``, ``due``
    (amounts; due is below zero when too much was paid).
    """
    language = invoice.language or _site_language(work)
    credited = work.session.get(Invoice, invoice.credits_id) if invoice.credits_id is not None else None
    mark = invoice.state if invoice.state in ("draft", "void") else ""
    if invoice.state == "paid" and not invoice.is_credit:
        mark = "paid"
    return {
        "invoice": invoice,
        "kind": "credit" if invoice.is_credit else "invoice",
        "mark": mark,
        "document": invoice.document,
        "totals": documents.calculate(invoice.document),
        "sender": str(work.settings.get(settings.COMPANY_TEXT) or work.settings.get("site.address") or ""),
        "address": addressee(work, invoice.contact_id, invoice.company_id, language).lines,
        "credits": credited.number if credited is not None else "",
        **{name: invoice.amount(name) for name in ("paid", "credited", "due")},
    }


def pdf(work: Work, invoice_id: int) -> bytes:
    """The PDF of an invoice as it stands, in its language. Not inside a transaction.

    :raises PdfError: when it can't be made.
    """
    invoice = services.get(work, invoice_id)
    given = context(work, invoice)
    return paper_pdf(work, TEMPLATE, language=invoice.language, created=invoice.updated_at, **given)


def html(work: Work, invoice_id: int) -> str:
    """What :func:`pdf` prints."""
    invoice = services.get(work, invoice_id)
    return paper_html(work, TEMPLATE, language=invoice.language, **context(work, invoice))


def file_name(invoice: Invoice) -> str:
    """What to call the PDF: its number, as far as names of files may have it."""
    name = re.sub(r"[^\w.-]+", "-", invoice.number or "").strip("-.")
    return f"{name or f'draft-{invoice.id}'}.pdf"


def _address(parts: Mapping[str, str] | None, language: str) -> list[str]:
    parts = parts or {}
    town = " ".join(part for part in (parts.get("postal_code", ""), parts.get("city", "")) if part)
    code = parts.get("country", "")
    try:
        country = Locale.parse(language).territories.get(code, code)
    except (UnknownLocaleError, ValueError):
        country = code
    return [parts.get("line1", ""), parts.get("line2", ""), town, parts.get("county", ""), country]


def _site_language(work: Work) -> str:
    return str(work.settings.get("site.language") or work.locale or "en")
