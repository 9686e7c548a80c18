"""Pages for customers, who have no account: an invoice under its link, as a page and as PDF."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import SYSTEM, Link, Work, links
from crmhost.web.api import (
    abort,
    current_person,
    current_work,
    linked,
    opened_now,
    public,
    unlisted,
    url_for,
    writing,
)

from . import client_pages, services
from .models import KIND, Invoice


@public
def shared(token: str) -> Any:
    """An invoice, for who has its link."""
    work, invoice, link = _found(token)
    to = {"pdf": url_for("invoices.shared_pdf", token=token), "seen": url_for("invoices.seen", token=token)}
    openings = [one for one in links.openings(work, KIND, invoice.id) if one.link_id == link.id]
    return client_pages.page(work, invoice, to=to, token=token, link=link, openings=openings)


@public
def shared_pdf(token: str) -> Any:
    """The invoice as PDF."""
    work, invoice, _link = _found(token)
    return unlisted(client_pages.pdf(work, invoice))


@public
def seen(token: str) -> Any:
    """Notes that somebody has the page before them; staff who look at what they sent are no clients."""
    _work, _invoice, link = _found(token)
    if current_person() is None:
        with writing():
            opened_now(link)
    return "", 204


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
