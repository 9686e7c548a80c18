"""The page on which people choose what they get, without signing in. Opening it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from crmhost.api import Work, keyset, mail
from crmhost.web.api import (
    Response,
    abort,
    current_work,
    guessed,
    public,
    render_template,
    request,
    unlisted,
    url_for,
    writing,
)

from . import choices


def link_to_choices(work: Work, token: str) -> str:
    """For the page of a link to unsubscribe: the way to choose topics; nothing while the site has none."""
    if not choices.wishes(work, ""):
        return ""
    return render_template("mail_campaigns/to_choices.html", url=url_for("mail_campaigns.choices", token=token))


@public(foreign_posts=True)
def choose(token: str) -> Any:
    """What somebody gets, behind the link of a mail."""
    return page(lambda work: guessed(lambda: mail.reader(work, token)) or abort(404), "mail_campaigns/choices.html")


def page(find: Callable[[Work], mail.Reader], template: str, *, preview: bool = False) -> Response:
    """The page of the owner of an address; a POST stores what they chose.

    :param find: says whose page it is.
    """
    saved = request.method == "POST"
    find(current_work())
    if saved:
        with writing() as work:
            _store(work, find(work))
    work = current_work()
    reader = find(work)
    html = render_template(
        template,
        wishes=choices.wishes(work, reader.hashed),
        out=mail.unsubscribed(work, reader),
        email=reader.masked,
        saved=saved,
        preview=preview,
    )
    return unlisted(html)


def _store(work: Work, reader: mail.Reader) -> None:
    match request.form.get("do"):
        case "again":
            mail.subscribe_again(work, reader)
        case "nothing":
            choices.choose(work, reader, ())
        case _:
            choices.choose(work, reader, chosen())


def chosen() -> set[int]:
    """The topics that were ticked."""
    return {number for value in request.form.getlist("topic") if (number := keyset.valid_id(value)) is not None}


def add_choosing(blueprint: Blueprint) -> None:
    """Adds the page."""
    blueprint.add_url_rule("/choices/<token>", "choices", choose, methods=["GET", "POST"])
