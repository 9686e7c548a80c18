"""The page on which somebody unsubscribes, without signing in: opening it changes nothing (RFC 8058, section 3.2)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from ...web.request import current_work, public, writing
from ...work.unit import SYSTEM
from ..files.routes import stored_file
from . import leaving, pictures


@public(foreign_posts=True)
def unsubscribe(token: str) -> ResponseReturnValue:
    """Shows the button; the POST, of the button or of a mail program's one click, unsubscribes."""
    reader = leaving.reader(current_work(), token) or abort(404)
    if request.method == "POST":
        with writing() as work:
            (leaving.subscribe_again if request.form.get("again") == "1" else leaving.unsubscribe)(work, reader)
    done = leaving.unsubscribed(current_work(), reader)
    page = render_template("mail/unsubscribe.html", email=reader.masked, done=done, token=token)
    return page, 200, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@public
def picture(token: str) -> Response:
    """A picture of mails that went to many; its address stands in them alone."""
    work = current_work()
    answer = stored_file(work.as_actor(SYSTEM), pictures.opened(work, token).id, shown=True)
    # Mail programs show it on pages of their own.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def add_public_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/mail/p/<token>", view_func=picture)
    blueprint.add_url_rule("/mail/u/<token>", view_func=unsubscribe, methods=["GET", "POST"])
