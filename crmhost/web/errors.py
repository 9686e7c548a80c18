"""What a person sees when something can't be done: plain words inside the frame, with what to do next."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from ..errors import CrmError
from ..logs import note
from .database import db
from .request import is_fragment
from .state import API_PREFIX, HOOKS_PREFIX
from .toasts import Toast, trigger

log = logging.getLogger("crmhost.web")


def _words(code: int) -> tuple[str, str]:
    """Title and text for a status."""
    known = {
        400: (
            _("That did not work"),
            _("The request could not be understood. Go back, reload the page and try again."),
        ),
        403: (_("You may not do this"), _("Ask an admin for the permission that it needs.")),
        404: (_("There is no such page"), _("It may have been deleted, or you may not see it.")),
        405: (_("That can't be done here"), _("Go back and use the buttons of the page.")),
        409: (_("Somebody was faster"), _("Reload the page to see how it is now, then try again.")),
        412: (_("Somebody changed this meanwhile"), _("Reload the page to see both versions, then save again.")),
        413: (_("That is too large"), _("Send a smaller file or a shorter text.")),
        422: (_("That can't be taken as it is"), _("Go back and correct what is said below.")),
        429: (_("Too many tries"), _("Wait a few minutes, then try again.")),
    }
    return known.get(
        code,
        (
            _("Something went wrong here"),
            _("It was written to the log. Try again; tell your admin if it happens once more."),
        ),
    )


def _message(error: CrmError) -> str:
    """The sentence of an error, in the reader's language."""
    return str(_(error.message))


def error_answer(code: int, message: str = "", *, plugin: str = "") -> Response:
    """The answer for an error: a page, a short text for a fragment, or a problem (RFC 9457) below ``/api/``."""
    title, text = _words(code)
    request_id = g.get("request_id", "")
    if request.path.startswith((API_PREFIX, HOOKS_PREFIX)):
        problem = {
            "type": "about:blank",
            "title": title,
            "status": code,
            "detail": message or text,
            "instance": request.path,
        }
        answer = make_response(json.dumps(problem, ensure_ascii=False), code)
        answer.mimetype = "application/problem+json"
        return answer
    if is_fragment():
        words = message or f"{title}. {text}"
        answer = make_response(str(escape(words)), code)
        answer.headers["HX-Reswap"] = "none"
        if code < 500:
            answer.headers["HX-Trigger"] = trigger([Toast(words, "bad")])
        return answer
    db.session.rollback()
    page = render_template(
        "crmhost/error.html",
        code=code,
        title=title,
        text=message or text,
        plugin=plugin,
        request_id=request_id if code >= 500 else "",
    )
    return make_response(page, code)


def _crm_error(error: CrmError) -> Response:
    return error_answer(error.status, _message(error), plugin=error.plugin)


def _http_error(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if error.response is not None or code < 400:
        return error
    answer = error_answer(code)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


def _crash(error: Exception) -> Response:
    plugin = getattr(error, "crmhost_plugin", "")
    note(plugin=plugin or None)
    log.exception("a page failed", exc_info=error)
    try:
        return error_answer(500, plugin=plugin)
    except Exception:
        log.exception("the error page failed too")
        text = "Something went wrong here. It was written to the log under {}.".format(g.get("request_id", ""))
        return make_response(f"<!doctype html><html lang=en><title>Error</title><p>{escape(text)}</p></html>", 500)


def init_app(app: Flask) -> None:
    """Registers the handlers."""
    app.register_error_handler(CrmError, _crm_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)
