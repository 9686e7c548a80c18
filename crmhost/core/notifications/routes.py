"""The bell's menu and the page with all notifications of who is signed in."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...web.request import current_work, local_path, writing
from ...web.toasts import toast
from ..keyset import valid_id
from . import services

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")

#: How many the bell's menu shows.
_NEWEST = 7


@blueprint.get("/")
def index() -> str:
    """All notifications, or those that were not read."""
    work = current_work()
    only_unread = request.args.get("show") == "unread"
    found = services.page(work, request.args.get("after") or None, only_unread=only_unread)
    return render_template(
        "notifications/index.html",
        items=_said(found),
        next=found.next,
        only_unread=only_unread,
        unread=services.unread(work),
        first=not request.args.get("after"),
    )


@blueprint.get("/menu")
def menu() -> str:
    """The newest notifications, for the bell's menu."""
    work = current_work()
    found = services.page(work, limit=_NEWEST)
    return render_template("notifications/menu.html", items=_said(found), unread=services.unread(work))


@blueprint.post("/<int:notification_id>/open")
def open_one(notification_id: int) -> ResponseReturnValue:
    """Marks a notification as read and leads to what it is about."""
    with writing() as work:
        url = services.read(work, notification_id).url
    return redirect(local_path(url) or url_for("notifications.index"), 303)


@blueprint.post("/read")
def read_all() -> ResponseReturnValue:
    """Marks all as read, up to the newest that the page showed."""
    with writing() as work:
        done = services.read_all(work, valid_id(request.form.get("newest")))
    if done:
        toast(_("All notifications are marked as read."))
    return redirect(local_path(request.form.get("back")) or url_for("notifications.index"), 303)


def _said(found: services.Page) -> list[tuple[object, str]]:
    """Notifications with their sentences."""
    return [(row, services.said(row, _)) for row in found.rows]
