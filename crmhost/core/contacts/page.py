"""The page of a contact: vitals, tabs, boxes, and what can be changed where it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import NoneType
from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...contributions import Box, Tab, Vital
from ...errors import CrmError, NotFound
from ...web.i18n import day
from ...web.request import current_work, is_fragment, requires, writing
from ...web.templating import failed_badge
from ...web.toasts import toast
from ...work.unit import Work
from ..fields.definitions import PREFIX
from ..journal.panel import journal_panel
from ..statuses import services as statuses
from . import queries, services, tags
from .cells import source_label, status_switch
from .custom_pages import custom_field, reveal
from .details import details_box, to_page
from .forms import SOCIALS, people
from .models import Contact
from .queries import ListQuery

_FAILED = object()
JOURNAL = "journal"
#: Fields that can be changed on the page, with the type of their input.
INLINE = {
    "first_name": "text",
    "last_name": "text",
    "prefix": "text",
    "email": "email",
    "mobile_phone": "tel",
    "work_phone": "tel",
    "home_phone": "tel",
    "assigned_to": "choice",
    "notes": "long",
    **dict.fromkeys(SOCIALS, "text"),
}


@dataclasses.dataclass(frozen=True)
class ShownVital:
    """A figure below the name."""

    label: str
    value: str | Markup


@dataclasses.dataclass(frozen=True)
class ShownTab:
    """A tab; ``html`` only for the one that is open."""

    id: str
    title: str
    count: int | None
    open: bool


@dataclasses.dataclass(frozen=True)
class ShownBox:
    """A box at the side."""

    id: str
    title: str
    html: Markup


# --- what the page shows ---------------------------------------------------------------------------------------------


def vitals(work: Work, contact: Contact) -> list[ShownVital]:
    """The figures that the core and plugins contribute."""
    found = []
    for item in cast("tuple[Vital, ...]", work.generation.contributions("contact_vitals")):
        if not work.can(item.permission):
            continue
        value = work.generation.run(
            item.plugin, f"vital {item.id}", item.value, work, contact, default=_FAILED, gives=(str, NoneType)
        )
        if value is _FAILED:
            value = failed_badge(item.plugin) or None
        if value is not None:
            found.append(ShownVital(_(item.label), value))
    return found


def contributed_tabs(work: Work, contact: Contact, wanted: str) -> tuple[list[ShownTab], Markup | None]:
    """The tabs, and the markup of the one that is open; ``None`` while that is the journal."""
    items = [
        item
        for item in cast("tuple[Tab, ...]", work.generation.contributions("contact_tabs"))
        if work.can(item.permission)
    ]
    chosen = next((item for item in items if item.id == wanted), None)
    found = [ShownTab(JOURNAL, _("Journal"), None, chosen is None)] if work.can("journal.view") else []
    for item in items:
        count = None
        if item.count is not None:
            count = work.generation.run(
                item.plugin, f"tab {item.id}", item.count, work, contact, default=None, gives=int
            )
        found.append(ShownTab(item.id, _(item.title), count, item is chosen))
    if chosen is None:
        return found, None
    html = work.generation.run(
        chosen.plugin, f"tab {chosen.id}", chosen.render, work, contact, default=_FAILED, gives=str
    )
    if html is _FAILED:
        return found, Markup('<p class="soft">{} {}</p>').format(
            _("This part does not work at the moment."), failed_badge(chosen.plugin)
        )
    return found, Markup(html)  # noqa: S704  # a plugin's render gives finished markup


def boxes(work: Work, contact: Contact) -> list[ShownBox]:
    """The boxes that plugins contribute, with their markup; one without any is left out."""
    found = []
    for item in cast("tuple[Box, ...]", work.generation.contributions("contact_boxes")):
        if not work.can(item.permission):
            continue
        html = work.generation.run(
            item.plugin, f"box {item.id}", item.render, work, contact, default=_FAILED, gives=str
        )
        if html is _FAILED:
            html = failed_badge(item.plugin)
        if html:
            found.append(ShownBox(f"{item.plugin}.{item.id}", _(item.title), Markup(html)))  # noqa: S704
    return found


def why(contact: Contact) -> str:
    """Why we have this person, as a sentence."""
    reason = contact.reason or {}
    text, since = str(reason.get("text") or "").strip(), day(contact.created_at)
    if text:
        return str(_("Here since %(day)s: %(text)s", day=since, text=text))
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
    before, after = queries.neighbours(work, ListQuery(), contact)
    tabs, tab = contributed_tabs(work, contact, request.args.get("tab", ""))
    return render_template(
        "contacts/page.html",
        contact=contact,
        tags=tags.of(work, "contact", [contact.id]).get(contact.id, []),
        all_tags=tags.all_tags(work) if work.can("contacts.edit", contact) else [],
        may=work.can("contacts.edit", contact),
        switch=status_switch(contact, may=work.can("contacts.edit", contact)),
        statuses=statuses.all_statuses(work),
        why=why(contact),
        vitals=vitals(work, contact),
        tabs=tabs,
        tab=journal_panel(work, "contact", contact.id) if tab is None else tab,
        boxes=[ShownBox("contacts.details", _("Details"), details_box(work, contact)), *boxes(work, contact)],
        before=before,
        after=after,
        saved=request.args.get("saved", "")[:20],
    )


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
def retag(contact_id: int) -> ResponseReturnValue:
    """Add and remove tags."""
    add = [name.strip() for name in request.form.get("add", "").split(",") if name.strip()]
    with writing() as work:
        services.tag(work, [contact_id], add, request.form.getlist("remove"))
    return to_page(contact_id)


@requires("contacts.edit")
def field(contact_id: int, name: str) -> ResponseReturnValue:
    """One field, to be changed where it stands."""
    if name.startswith(PREFIX):
        return custom_field(contact_id, name.removeprefix(PREFIX))
    kind = INLINE.get(name)
    if kind is None:
        abort(404)
    work = current_work()
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    if request.method == "GET":
        if not is_fragment():
            return redirect(url_for("contacts.edit", contact_id=contact_id))
        return _field_form(work, contact, name, kind, _stored(contact, name))
    value = request.form.get("value", "")
    try:
        with writing() as work:
            services.update(work, contact_id, {name: value or (None if name == "assigned_to" else "")})
    except CrmError as error:
        if error.status in (403, 404):
            raise
        contact = services.get(current_work(), contact_id)
        form = _field_form(current_work(), contact, name, kind, value, _(error.message))
        return form, 422, {"HX-Retarget": f"#field-{name}"}
    if not is_fragment():
        return to_page(contact_id)
    if name in ("first_name", "last_name", "prefix"):
        toast(_("Saved."))
        return to_page(contact_id)
    contact = services.get(current_work(), contact_id)
    return details_box(current_work(), contact)


def _stored(contact: Contact, name: str) -> str:
    if name == "assigned_to":
        return str(contact.assigned_to_id or "")
    if name in SOCIALS:
        return (contact.socials or {}).get(name.removeprefix("social_"), "")
    return str(getattr(contact, name) or "")


def _field_form(work: Work, contact: Contact, name: str, kind: str, value: str, error: str = "") -> str:
    labels: dict[str, Any] = {"email": _("E-mail"), "assigned_to": _("Assigned to"), "notes": _("Notes"), **SOCIALS}
    choices: Sequence[tuple[str, str]] = [("", _("Nobody")), *people(work)] if kind == "choice" else ()
    return render_template(
        "contacts/field.html",
        contact=contact,
        name=name,
        kind=kind,
        value=value,
        error=error,
        choices=choices,
        label=labels.get(name) or _("Phone"),
    )


def add_contact_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/<int:contact_id>", view_func=page)
    add("/<int:contact_id>/status", view_func=status, methods=["GET", "POST"])
    add("/<int:contact_id>/tags", endpoint="retag", view_func=retag, methods=["POST"])
    add("/<int:contact_id>/reveal/<key>", view_func=reveal, methods=["POST"])
    add("/<int:contact_id>/field/<name>", view_func=field, methods=["GET", "POST"])
