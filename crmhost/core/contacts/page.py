"""The page of a contact: vitals, tabs, boxes, and what can be changed where it stands."""

from __future__ import annotations

from urllib.parse import parse_qs

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...errors import CrmError, Invalid, NotFound
from ...messages import Message
from ...web.i18n import day
from ...web.request import current_work, is_fragment, requires, writing
from ...web.templating import icon
from ...web.toasts import toast
from ...work.unit import Work
from ..records.page import RecordBox, record_page
from ..statuses import services as statuses
from . import pictures, services
from .cells import avatar, source_label, status_switch
from .custom_pages import reveal
from .details import details_box, to_page
from .inline import add_inline
from .models import Contact
from .neighbours import neighbours
from .queries import ListQuery
from .records import with_row


def why(contact: Contact) -> str:
    """Why we have this person, as a sentence."""
    reason = contact.reason or {}
    text, since = with_row(str(reason.get("text") or ""), reason.get("row")), day(contact.created_at)
    if text.strip():
        said = _(text) if isinstance(text, Message) else text.strip()
        return str(_("Here since %(day)s: %(text)s", day=since, text=said))
    return str(_("Here since %(day)s. Source: %(source)s.", day=since, source=source_label(contact.source)))


# --- pages -----------------------------------------------------------------------------------------------------------


@requires("contacts.view")
def page(contact_id: int) -> ResponseReturnValue:
    """One contact."""
    work = current_work()
    try:
        contact = services.get(work, contact_id)
    except NotFound:
        return _elsewhere(work, contact_id)
    came_from = request.args.get("list", "")[:2000]
    beside = [
        url_for("contacts.page", contact_id=key, list=came_from or None) if key else ""
        for key in _neighbours(work, contact, came_from)
    ]
    may = work.can("contacts.edit", contact)
    return record_page(
        "contacts/page.html",
        "contact",
        contact,
        boxes=[
            RecordBox(
                "contacts.details", _("Details"), details_box(work, contact), _edit_all(contact) if may else Markup()
            )
        ],
        before=beside[0],
        after=beside[1],
        keep={"list": came_from or None},
        contact=contact,
        picture=avatar(contact, "lg"),
        has_picture=pictures.file_of(contact) is not None,
        switch=status_switch(contact, may=may),
        why=why(contact),
        list_url=f"{url_for('contacts.index')}?{came_from}" if came_from else url_for("contacts.index"),
        saved=request.args.get("saved", "")[:20],
    )


def _edit_all(contact: Contact) -> Markup:
    return Markup('<a class="btn btn-quiet btn-sm btn-square push" href="{}" aria-label="{}">{}</a>').format(
        url_for("contacts.edit", contact_id=contact.id), _("Edit all"), icon("pencil")
    )


def _neighbours(work: Work, contact: Contact, came_from: str) -> tuple[int | None, int | None]:
    """Ids of the contacts before and after this one in the list that the reader came from.

    :param came_from: the query of that list's address.
    """
    given = parse_qs(came_from, max_num_fields=100) if came_from.count("&") < 100 else {}
    state = {name: values for name, values in given.items() if name not in ("rows", "view")}
    first = {name: (state.pop(name, None) or [""])[0] for name in ("q", "sort")}
    filters = {name: ",".join(values) for name, values in state.items()}
    try:
        return neighbours(work, ListQuery(first["q"], filters, first["sort"] or "-created_at"), contact)
    except CrmError:
        # A list of long ago may ask for what is gone.
        return neighbours(work, ListQuery(), contact)


def _elsewhere(work: Work, contact_id: int) -> ResponseReturnValue:
    """What is shown for a contact that is gone: the one it was merged into, or that it lies in the bin."""
    contact = services.get(work, contact_id, in_bin=True)
    if contact.merged_into_id is not None:
        return redirect(url_for("contacts.page", contact_id=contact.merged_into_id))
    return render_template("contacts/deleted.html", contact=contact), 404


@requires("contacts.edit")
def status(contact_id: int) -> ResponseReturnValue:
    """The choice of statuses for the menu, and changing it."""
    work = current_work()
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    if request.method == "GET":
        place = request.headers.get("HX-Source", "").partition(f"status-{contact.id}")[2]
        return render_template(
            "contacts/status_menu.html",
            contact=contact,
            statuses=statuses.all_statuses(work),
            target=f"status-{contact.id}{place if place in ('', '-card') else ''}",
        )
    with writing() as work:
        services.set_status(work, [contact_id], request.form.get("status", ""))
    if not is_fragment() or "/contacts/" + str(contact_id) in request.headers.get("HX-Current-URL", ""):
        return to_page(contact_id)
    contact = services.get(current_work(), contact_id)
    return Markup().join(_swapped(status_switch(contact, may=True, place=place)) for place in ("", "-card"))


def _swapped(button: Markup) -> Markup:
    return Markup(str(button).replace("<button ", '<button hx-swap-oob="true" ', 1))  # noqa: S704  # made by us


@requires("contacts.edit")
def picture(contact_id: int) -> ResponseReturnValue:
    """Give the contact a picture, or take it away."""
    services.get(current_work(), contact_id)
    try:
        if request.form.get("do") == "remove":
            with writing() as work:
                pictures.remove(work, contact_id)
            toast(_("The picture was removed."))
        else:
            sent = request.files.get("picture")
            if sent is None or not sent.filename:
                raise Invalid({"picture": ["Choose a picture first."]})
            staged = pictures.stage(current_work(), contact_id, sent.stream)
            with writing() as work:
                pictures.keep(work, contact_id, staged)
            toast(_("The picture was saved."))
    except Invalid as error:
        toast(" ".join(_(text) for some in error.errors.values() for text in some), category="bad")
    return to_page(contact_id)


def add_contact_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/<int:contact_id>", view_func=page)
    add("/<int:contact_id>/status", view_func=status, methods=["GET", "POST"])
    add("/<int:contact_id>/picture", view_func=picture, methods=["POST"])
    add("/<int:contact_id>/reveal/<key>", view_func=reveal, methods=["POST"])
    add_inline(blueprint)
