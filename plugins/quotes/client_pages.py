"""The page of a quote as clients see it, behind a link and in the portal, and what they send from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import force_locale
from markupsafe import Markup

from crmhost.api import SYSTEM, Conflict, Invalid, Link, Work, documents
from crmhost.web.api import Response, client_address, gettext, name_download, render_template, request, unlisted

from . import accepting, sending, states
from .models import Quote, Version


def page(
    work: Work,
    quote: Quote,
    version: Version,
    *,
    to: Mapping[str, str],
    refused: Invalid | Conflict | None = None,
    link: Link | None = None,
    openings: Sequence[Any] = (),
    name: str = "",
    **frame: Any,
) -> Response:
    """The page, in the language of the quote.

    :param to: addresses by what they do: ``pdf``, ``accept``, ``decline``, and ``seen``, to be told that somebody looks.
    :param refused: why what was sent was not taken; what was typed stands there again.
    :param name: of who is signed in; it stands in the field for the name.
    :param frame: what the template of the frame takes, and ``frame``, its name.
    """
    over = quote.state in states.OPEN and states.is_over(quote, work.today)
    taken = accepting.of(work, quote.id) if quote.state == "accepted" else None
    with force_locale(version.language or str(work.settings.get("site.language") or work.locale)):
        answer = unlisted(
            render_template(
                "quotes/shared.html",
                quote=quote,
                version=version,
                text=Markup(version.html),  # noqa: S704  # made harmless when it was frozen
                totals=documents.calculate(version.document) if version.document.lines else None,
                open=quote.state in states.OPEN and not over,
                over=over or quote.state == "expired",
                taken=taken,
                signature=accepting.signature(taken),
                to=to,
                problem=_said(refused) if refused is not None else "",
                typed=request.form.get("name", "")[:200] if refused is not None else name,
                reason=request.form.get("reason", "")[:2000] if refused is not None else "",
                link=link,
                openings=openings,
                **frame,
            )
        )
    if refused is not None:
        answer.status_code = refused.status
    return answer


def signed() -> dict[str, str]:
    """What :func:`.accepting.accept` takes, of the form that was sent.

    :raises Invalid: when a drawing is announced and there is none.
    """
    form = request.form
    drawing = form.get("drawing", "") if form.get("how") != "typed" else ""
    if form.get("how") == "drawn" and not drawing:
        raise Invalid({"drawing": ["Draw your signature first, or choose “Type it”."]})
    return {
        "digest": form.get("digest", ""),
        "name": form.get("name", "")[:300],
        "drawing": drawing,
        "address": client_address(),
        "agent": request.headers.get("User-Agent", ""),
    }


def declined() -> dict[str, str]:
    """What :func:`.accepting.decline` takes, of the form that was sent."""
    return {"digest": request.form.get("digest", ""), "reason": request.form.get("reason", "")[:4000]}


def pdf(work: Work, version: Version) -> Response:
    """The PDF of what the client saw, to be saved."""
    answer = Response(sending.pdf_of(work.as_actor(SYSTEM), version), mimetype="application/pdf")
    name_download(answer, sending.file_name(version))
    return unlisted(answer)


def _said(refused: Invalid | Conflict) -> str:
    errors = getattr(refused, "errors", None) or {}
    return str(gettext(next((sentences[0] for sentences in errors.values() if sentences), refused.message)))
