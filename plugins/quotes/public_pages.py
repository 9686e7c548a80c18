"""What clients open without signing in: the quote behind a link, and the certificate of an acceptance."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import SYSTEM, Conflict, Invalid, Link, NotFound, Work, links
from crmhost.web.api import (
    Response,
    abort,
    current_person,
    current_work,
    linked,
    opened_now,
    public,
    redirect,
    render_template,
    unlisted,
    url_for,
    writing,
)

from . import accepting, client_pages, settings, versions
from .models import KIND, Quote, Version


def add_public_pages(blueprint: Blueprint) -> None:
    """Adds the pages to those of the quotes."""
    blueprint.add_url_rule("/d/<token>", "shared", shared)
    blueprint.add_url_rule("/d/<token>/pdf", "shared_pdf", shared_pdf)
    for name, view in (("seen", seen), ("accept", accept), ("decline", decline)):
        blueprint.add_url_rule(f"/d/<token>/{name}", f"shared_{name}", view, methods=["POST"])
    blueprint.add_url_rule("/verify/<code>", "verify", verify)


def _shown(work: Work, token: str) -> tuple[Link, Quote, Version]:
    """The link, its quote and the version that was sent; 404 for all that opens nothing."""
    if not work.settings.get(settings.LINKS):
        abort(404)
    link = linked(KIND, token)
    try:
        quote, version = versions.shown(work.as_actor(SYSTEM), link.object_id)
    except NotFound:
        abort(404)
    return link, quote, version


def _page(work: Work, token: str, refused: Invalid | Conflict | None = None) -> Response:
    link, quote, version = _shown(work, token)
    answers = ("pdf", "seen", "accept", "decline")
    return client_pages.page(
        work,
        quote,
        version,
        to={name: url_for(f"quotes.shared_{name}", token=token) for name in answers},
        refused=refused,
        link=link,
        openings=[one for one in links.openings(work, KIND, quote.id) if one.link_id == link.id],
    )


@public
def shared(token: str) -> Any:
    """The quote."""
    return _page(current_work(), token)


@public
def seen(token: str) -> Any:
    """The page says that a person has it before them; staff who look at what they sent are no clients."""
    _shown(current_work(), token)
    if current_person() is None:
        with writing() as work:
            link = linked(KIND, token)
            opened_now(link)
            accepting.seen(work, link.object_id)
    return "", 204


@public
def accept(token: str) -> Any:
    """The client accepts."""
    _shown(current_work(), token)
    try:
        with writing() as work:
            accepting.accept(work, linked(KIND, token).object_id, **client_pages.signed())
    except (Invalid, Conflict) as error:
        return _page(current_work(), token, error)
    return redirect(url_for("quotes.shared", token=token), 303)


@public
def decline(token: str) -> Any:
    """The client declines."""
    _shown(current_work(), token)
    try:
        with writing() as work:
            accepting.decline(work, linked(KIND, token).object_id, **client_pages.declined())
    except (Invalid, Conflict) as error:
        return _page(current_work(), token, error)
    return redirect(url_for("quotes.shared", token=token), 303)


@public
def shared_pdf(token: str) -> Any:
    """The PDF of the quote."""
    work = current_work()
    _link, _quote, version = _shown(work, token)
    return client_pages.pdf(work, version)


@public
def verify(code: str) -> Any:
    """Whether what was accepted is as it was."""
    work = current_work()
    try:
        taken, version, whole = accepting.verify(work.as_actor(SYSTEM), code)
    except NotFound:
        abort(404)
    return unlisted(
        render_template(
            "quotes/verify.html", taken=taken, version=version, whole=whole, signature=accepting.signature(taken)
        )
    )
