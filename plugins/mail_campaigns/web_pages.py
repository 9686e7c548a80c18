"""What everybody may open of campaigns: one on the web, and the archive."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import NotFound, Work
from crmhost.web.api import (
    Response,
    abort,
    client_list,
    current_work,
    mail_page,
    public,
    render_template,
    unlisted,
    url_for,
)

from . import web
from .models import Campaign


def add_web(blueprint: Blueprint) -> None:
    """Adds the pages."""
    add = blueprint.add_url_rule
    add("/archive/", "archive", public(archive))
    add("/web/<key>", "on_the_web", public(page))
    add("/web/<key>/mail", "web_mail", public(framed))


def archive() -> Any:
    """What was sent and may be read by everybody, the newest first; there is no such page while it would be empty."""
    work = current_work()
    listed = client_list(web.archived(), (Campaign.started_at, Campaign.id))
    if not listed.rows:
        abort(404)
    titles = {one.id: web.title(work, one) for one in listed.rows}
    indexed = _indexed(work)
    html = render_template("mail_campaigns/archive.html", list=listed, titles=titles, indexed=indexed)
    return _open(html, indexed=indexed)


def page(key: str) -> Any:
    """A campaign, as everybody may read it."""
    campaign = _campaign(key)
    indexed = campaign.archived and _indexed(current_work())
    html = render_template(
        "mail_campaigns/web.html",
        one=campaign,
        title=web.title(current_work(), campaign),
        frame=url_for("mail_campaigns.web_mail", key=key),
        archive=url_for("mail_campaigns.archive") if campaign.archived else "",
        indexed=indexed,
    )
    return _open(html, indexed=indexed)


def framed(key: str) -> Any:
    """The mail itself, for the frame of its page."""
    work = current_work()
    return mail_page(work, web.written(work, _campaign(key)))


def _campaign(key: str) -> Campaign:
    try:
        return web.found(current_work(), key)
    except NotFound:
        abort(404)


def _indexed(work: Work) -> bool:
    return bool(work.settings.get(web.INDEXED))


def _open(html: str, *, indexed: bool) -> Response:
    return Response(html) if indexed else unlisted(html)
