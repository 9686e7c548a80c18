"""What staff do with the access of a contact, where it stands on their page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response

from crmhost.api import CrmError, Invalid, contacts, mail
from crmhost.web.api import (
    current_work,
    gettext,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import accounts, frame, sessions
from .arranging_pages import add_arranging_pages
from .review_pages import add_review_pages

blueprint = Blueprint("portal_staff", __name__, url_prefix="/portal/staff")


def _back(contact_id: int) -> Any:
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)


def _refused(error: CrmError) -> None:
    if error.status in (403, 404):
        raise error
    said = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else []
    toast(" ".join(map(gettext, said or [error.message])), category="bad")


@blueprint.post("/<int:contact_id>/give")
@requires("portal.manage")
def give(contact_id: int) -> Any:
    """Give access, and mail it; where mails don't leave the site, show the link to hand over."""
    mailed = mail.goes_out(current_work())
    try:
        with writing() as work:
            accounts.give(work, contact_id, mailed=mailed)
            token = "" if mailed else accounts.link(work, contact_id)
    except CrmError as error:
        _refused(error)
        return _back(contact_id)
    if token:
        return _handed(contact_id, token)
    toast(gettext("They have access now. The mail with it is on its way."))
    return _back(contact_id)


@blueprint.post("/<int:contact_id>/switch")
@requires("portal.manage")
def switch(contact_id: int) -> Any:
    """Take access, or give it back."""
    on = request.form.get("on") == "1"
    with writing() as work:
        accounts.switch(work, contact_id, enabled=on)
    if on:
        toast(gettext("They have access again, with the password that they had."))
    else:
        undo = url_for("portal_staff.switch_on", contact_id=contact_id)
        toast(gettext("They have no access any more. Whoever was signed in is out."), undo)
    return _back(contact_id)


@blueprint.post("/<int:contact_id>/on")
@requires("portal.manage")
def switch_on(contact_id: int) -> Any:
    """Take back that access was taken."""
    with writing() as work:
        accounts.switch(work, contact_id, enabled=True)
    return _back(contact_id)


@blueprint.post("/<int:contact_id>/reset")
@requires("portal.manage")
def reset(contact_id: int) -> Any:
    """Mail a temporary password; the old one ends."""
    try:
        with writing() as work:
            accounts.reset(work, contact_id)
    except CrmError as error:
        _refused(error)
    else:
        toast(gettext("Their password ended. A temporary one is on its way to them."))
    return _back(contact_id)


@blueprint.post("/<int:contact_id>/link")
@requires("portal.manage")
def link(contact_id: int) -> Any:
    """Make a link to hand over."""
    try:
        with writing() as work:
            token = accounts.link(work, contact_id)
    except CrmError as error:
        _refused(error)
        return _back(contact_id)
    return _handed(contact_id, token)


def _handed(contact_id: int, token: str) -> Any:
    work = current_work()
    contact = contacts.get(work, contact_id)
    address = f"{work.base_url}{url_for('portal.open_link', token=token)}"
    answer = make_response(render_template("portal/staff/link.html", contact=contact, address=address))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/<int:contact_id>/company")
@requires("portal.manage")
def company(contact_id: int) -> Any:
    """Whether they see the records of their companies."""
    with writing() as work:
        accounts.let_see_company(work, contact_id, sees=request.form.get("on") == "1")
    return _back(contact_id)


@blueprint.post("/<int:contact_id>/preview")
@requires("portal.preview")
def preview(contact_id: int) -> Any:
    """Look at the portal as the contact, for a quarter of an hour."""
    with writing() as work:
        token = sessions.open_preview(work, contact_id)
    answer = make_response(redirect(url_for("portal.home"), 303))
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(
        frame.PREVIEW,
        token,
        max_age=sessions.PREVIEW,
        httponly=True,
        samesite="Lax",
        secure=secure,
        path=frame.PATH,
    )
    return answer


add_review_pages(blueprint)
add_arranging_pages(blueprint)
