"""The OpenAPI document at ``/openapi.json`` and the pages for people at ``/docs``. Both are open to everybody."""

from __future__ import annotations

import re

from flask_smorest import Blueprint
from markupsafe import Markup, escape

from crmhost.web.api import Response, link, public, render_template, request

from ..reading import sections
from .answers import JSON
from .openapi import document

blueprint = Blueprint("rest_api_docs", __name__, url_prefix="/", description="What you are reading.")


@blueprint.get("/openapi.json")
@blueprint.response(200, {"type": "object"})
@blueprint.doc(**{"x-public": True})
@public
def openapi() -> Response:
    """Gives this document (OpenAPI 3.1)."""
    found = document()
    answer = Response(found.body, content_type=JSON)
    answer.set_etag(found.tag)
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(request)
    return answer


@blueprint.get("/docs")
@blueprint.response(200, {"type": "string"}, content_type="text/html")
@blueprint.doc(**{"x-public": True})
@public
def page() -> Response:
    """Gives the documentation for people."""
    found = document().value
    text = render_template(
        "rest_api/docs.html",
        info=found["info"],
        introduction=[_marked_up(part) for part in found["info"]["description"].strip().split("\n\n")],
        sections=sections(found),
        tokens_address=link("rest_api.list_tokens"),
    )
    return Response(text, content_type="text/html; charset=utf-8")


def _marked_up(text: str) -> Markup:
    """A paragraph with ``code`` and **strong** words as markup."""
    safe = str(escape(" ".join(text.split())))
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe))  # noqa: S704  # escaped above
