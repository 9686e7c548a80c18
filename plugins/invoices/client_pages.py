"""The page of an invoice as clients see it, behind a link and in the portal."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from babel import UnknownLocaleError
from flask import send_file
from flask_babel import force_locale

from crmhost.api import Link, Work
from crmhost.web.api import Response, current_work, name_download, render_template, unlisted

from . import papers
from .models import Invoice


def page(
    work: Work,
    invoice: Invoice,
    *,
    to: Mapping[str, str],
    token: str = "",
    link: Link | None = None,
    openings: Sequence[Any] = (),
    **frame: Any,
) -> Response:
    """The page, in the language of the invoice.

    :param to: addresses by what they do: ``pdf``, and ``seen``, to be told that somebody looks.
    :param token: of the link that opened it; empty in the portal.
    :param frame: what the template of the frame takes, and ``frame``, its name.
    """
    given = {**papers.context(work, invoice), "to": to, "token": token, "link": link, "openings": openings, **frame}
    try:
        with force_locale(invoice.language or str(work.settings.get("site.language") or current_work().locale)):
            return unlisted(render_template("invoices/shared.html", **given))
    except (UnknownLocaleError, ValueError):
        return unlisted(render_template("invoices/shared.html", **given))


def pdf(work: Work, invoice: Invoice) -> Any:
    """The PDF of an invoice as it stands, to be saved."""
    answer = send_file(io.BytesIO(papers.pdf(work, invoice.id)), mimetype="application/pdf")
    name_download(answer, papers.file_name(invoice), shown=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
