"""Pages for customers, who have no account: an invoice under its link, as a page and as PDF."""

from __future__ import annotations

import io
from typing import Any

from babel import UnknownLocaleError
from flask import Blueprint, send_file
from flask_babel import force_locale

from crmhost.api import SYSTEM, Link, Work
from crmhost.web.api import (
    abort,
    current_work,
    linked,
    name_download,
    opened_now,
    public,
    render_template,
    unlisted,
    writing,
)

from . import papers, services
from .models import KIND, Invoice


@public
def shared(token: str) -> Any:
    """An invoice, for who has its link."""
    work, invoice, _link = _found(token)
    given = papers.context(work, invoice)
    try:
        with force_locale(invoice.language or current_work().locale):
            page = render_template("invoices/shared.html", token=token, **given)
    except (UnknownLocaleError, ValueError):
        page = render_template("invoices/shared.html", token=token, **given)
    return unlisted(page)


@public
def shared_pdf(token: str) -> Any:
    """The invoice as PDF."""
    work, invoice, _link = _found(token)
    return unlisted(pdf_answer(work, invoice))


@public
def seen(token: str) -> Any:
    """Notes that somebody has the page before them."""
    _work, _invoice, link = _found(token)
    with writing():
        opened_now(link)
    return "", 204


def pdf_answer(work: Work, invoice: Invoice) -> Any:
    """The PDF of an invoice as it stands, to be saved."""
    name = papers.file_name(invoice)
    answer = send_file(io.BytesIO(papers.pdf(work, invoice.id)), mimetype="application/pdf")
    name_download(answer, name, shown=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def add_public_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/d/<token>", view_func=shared)
    blueprint.add_url_rule("/d/<token>/pdf", view_func=shared_pdf)
    blueprint.add_url_rule("/d/<token>/seen", view_func=seen, methods=["POST"])


def _found(token: str) -> tuple[Work, Invoice, Link]:
    """The invoice that a token opens, read on behalf of the site; a draft or one in the bin is not there."""
    link = linked(KIND, token)
    work = current_work().as_actor(SYSTEM)
    invoice = work.session.get(Invoice, link.object_id)
    if invoice is None or invoice.state == "draft" or invoice.deleted_at is not None:
        abort(404)
    return work, services.get(work, invoice.id), link
