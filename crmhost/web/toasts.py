"""Toasts: short notes after something was done, with “Undo” where it can be taken back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Literal

from flask import Flask, Response, g, session

from .request import is_fragment

_KEY = "toasts"
#: More than this many waiting notes are not kept: the oldest go.
_MOST = 5

Category = Literal["ok", "info", "warn", "bad"]


@dataclasses.dataclass(frozen=True)
class Toast:
    """A note.

    :param undo_url: POSTed to by the Undo button; empty for none.
    """

    message: str
    category: Category = "ok"
    undo_url: str = ""


def toast(message: str, undo_url: str | None = None, category: Category = "ok") -> None:
    """Says something with this answer when it is a fragment, else on the page that comes next.

    :param undo_url: shows an Undo button that POSTs there.
    """
    note = dataclasses.asdict(Toast(message, category, undo_url or ""))
    session[_KEY] = [*session.get(_KEY, []), note][-_MOST:]


def take_toasts() -> list[Toast]:
    """The notes to show now; each is given once."""
    if "crmhost_toasts" not in g:
        waiting: list[dict[str, Any]] = session.pop(_KEY, []) if _KEY in session else []
        g.crmhost_toasts = [Toast(**value) for value in waiting]
    notes: list[Toast] = g.crmhost_toasts
    return notes


def trigger(notes: list[Toast]) -> str:
    """The header ``HX-Trigger`` that shows notes: one event; of several notes the words are joined."""
    last = notes[-1]
    detail = {"text": " ".join(note.message for note in notes), "tone": last.category, "undo": last.undo_url}
    return json.dumps({"crm:toast": detail})


def init_app(app: Flask) -> None:
    """Sends waiting notes along with a fragment."""

    @app.after_request
    def send(response: Response) -> Response:
        leads_on = (
            response.status_code in range(300, 400)
            or "HX-Redirect" in response.headers
            or "HX-Refresh" in response.headers
        )
        if (
            is_fragment()
            and not leads_on
            and response.status_code < 500
            and "crmhost_toasts" not in g
            and _KEY in session
        ):
            notes = take_toasts()
            if notes and "HX-Trigger" not in response.headers:
                response.headers["HX-Trigger"] = trigger(notes)
        return response
