"""What clients open without signing in: the quote behind a link, and the certificate of an acceptance."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_babel import force_locale
from markupsafe import Markup

from crmhost.api import SYSTEM, Conflict, Invalid, NotFound, Work, documents
from crmhost.web.api import (
    Response,
    abort,
    client_address,
    current_work,
    gettext,
    linked,
    name_download,
    opened_now,
    public,
    redirect,
    render_template,
    request,
    unlisted,
    url_for,
    writing,
)

from . import accepting, sending, settings, states, versions
from .models import KIND, Quote, Version


def add_public_pages(blueprint: Blueprint) -> None:
    """Adds the pages to those of the quotes."""
    blueprint.add_url_rule("/d/<token>", "shared", shared)
    blueprint.add_url_rule("/d/<token>/pdf", "shared_pdf", shared_pdf)
    for name, view in (("seen", seen), ("accept", accept), ("decline", decline)):
        blueprint.add_url_rule(f"/d/<token>/{name}", f"shared_{name}", view, methods=["POST"])
    blueprint.add_url_rule("/verify/<code>", "verify", verify)


def _shown(work: Work, token: str) -> tuple[Any, Quote, Version]:
    """The link, its quote and the version that was sent; 404 for all that opens nothing."""
    if not work.settings.get(settings.LINKS):
        abort(404)
    link = linked(KIND, token)
    try:
        quote, version = versions.shown(work.as_actor(SYSTEM), link.object_id)
    except NotFound:
        abort(404)
    return link, quote, version


def _page(work: Work, token: str, problem: str = "", typed: str = "", reason: str = "", status: int = 200) -> Response:
    _link, quote, version = _shown(work, token)
    over = quote.state in states.OPEN and states.is_over(quote, work.today)
    with force_locale(version.language or str(work.settings.get("site.language") or work.locale)):
        html = render_template(
            "quotes/shared.html",
            quote=quote,
            version=version,
            text=Markup(version.html),  # noqa: S704  # made harmless when it was frozen
            totals=documents.calculate(version.document) if version.document.lines else None,
            open=quote.state in states.OPEN and not over,
            over=over or quote.state == "expired",
            taken=accepting.of(work, quote.id) if quote.state == "accepted" else None,
            token=token,
            problem=gettext(problem) if problem else "",
            typed=typed,
            reason=reason,
        )
    answer = unlisted(html)
    answer.status_code = status
    return answer


@public
def shared(token: str) -> Any:
    """The quote."""
    return _page(current_work(), token)


@public
def seen(token: str) -> Any:
    """The page says that a person has it before them."""
    _shown(current_work(), token)
    with writing() as work:
        link = linked(KIND, token)
        opened_now(link)
        accepting.seen(work, link.object_id)
    return "", 204


@public
def accept(token: str) -> Any:
    """The client accepts."""
    _shown(current_work(), token)
    typed, drawing = request.form.get("name", "")[:300], request.form.get("drawing", "")
    try:
        with writing() as work:
            link = linked(KIND, token)
            accepting.accept(
                work,
                link.object_id,
                digest=request.form.get("digest", ""),
                name=typed,
                drawing=drawing,
                address=client_address(),
                agent=request.headers.get("User-Agent", ""),
            )
    except (Invalid, Conflict) as error:
        return _refused(token, error, typed=typed)
    return redirect(url_for("quotes.shared", token=token), 303)


@public
def decline(token: str) -> Any:
    """The client declines."""
    _shown(current_work(), token)
    reason = request.form.get("reason", "")[:4000]
    try:
        with writing() as work:
            link = linked(KIND, token)
            accepting.decline(work, link.object_id, digest=request.form.get("digest", ""), reason=reason)
    except (Invalid, Conflict) as error:
        return _refused(token, error, reason=reason)
    return redirect(url_for("quotes.shared", token=token), 303)


def _refused(token: str, error: Invalid | Conflict, **kept: str) -> Response:
    errors = getattr(error, "errors", None) or {}
    said = next((sentences[0] for sentences in errors.values() if sentences), error.message)
    return _page(current_work(), token, said, status=409 if isinstance(error, Conflict) else 422, **kept)


@public
def shared_pdf(token: str) -> Any:
    """The PDF of the quote."""
    work = current_work()
    _link, _quote, version = _shown(work, token)
    answer = Response(sending.pdf_of(work.as_actor(SYSTEM), version), mimetype="application/pdf")
    name_download(answer, sending.file_name(version))
    return unlisted(answer)


@public
def verify(code: str) -> Any:
    """Whether what was accepted is as it was."""
    work = current_work()
    try:
        taken, version, whole = accepting.verify(work.as_actor(SYSTEM), code)
    except NotFound:
        abort(404)
    return unlisted(render_template("quotes/verify.html", taken=taken, version=version, whole=whole))
