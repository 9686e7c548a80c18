"""The page on which somebody unsubscribes, without signing in: opening it changes nothing (RFC 8058, section 3.2)."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from ...web.request import current_work, public, writing
from . import intake, keys, suppression
from .models import MailMessage


@public(foreign_posts=True)
def unsubscribe(token: str) -> ResponseReturnValue:
    """Shows the button; the POST, of the button or of a mail program's one click, unsubscribes."""
    found = keys.read_unsubscribe_token(current_work(), token)
    if found is None:
        abort(404)
    hashed, message_id = found
    if request.method == "POST":
        again = request.form.get("again") == "1"
        with writing() as work:
            intake.unsubscribe(work, hashed, message_id, again=again)
    work = current_work()
    message = work.session.get(MailMessage, message_id) if message_id else None
    done = suppression.has(work, hashed, "unsubscribed")
    page = render_template("mail/unsubscribe.html", email=_masked(message), done=done, token=token)
    return page, 200, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def _masked(message: MailMessage | None) -> str:
    """The address as its owner recognises it and nobody else learns it: ``a•••@example.com``."""
    if message is None:
        return ""
    local, _, domain = message.to_email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def add_public_pages(blueprint: Blueprint) -> None:
    """Adds the page to the blueprint."""
    blueprint.add_url_rule("/mail/u/<token>", view_func=unsubscribe, methods=["GET", "POST"])
