"""The page of a contact: vitals, tabs, boxes, and what can be changed where it stands."""

from __future__ import annotations

import dataclasses
from types import NoneType
from typing import cast
from urllib.parse import parse_qs

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...contributions import Box, Tab, Vital
from ...errors import CrmError, NotFound
from ...web.i18n import day
from ...web.request import current_work, is_fragment, requires, writing
from ...web.templating import failed_badge
from ...work.unit import Work
from ..journal.panel import journal_panel
from ..statuses import services as statuses
from . import services, tags
from .cells import source_label, status_switch
from .custom_pages import reveal
from .details import details_box, to_page
from .inline import add_inline
from .models import Contact
from .neighbours import neighbours
from .queries import ListQuery

_FAILED = object()
JOURNAL = "journal"


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
    came_from = request.args.get("list", "")[:2000]
    before, after = _neighbours(work, contact, came_from)
    tabs, tab = contributed_tabs(work, contact, request.args.get("tab", ""))
    return render_template(
        "contacts/page.html",
        contact=contact,
        tags=tags.of(work, "contact", [contact.id]).get(contact.id, []),
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
        list=came_from or None,
        list_url=f"{url_for('contacts.index')}?{came_from}" if came_from else url_for("contacts.index"),
        saved=request.args.get("saved", "")[:20],
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
def retag(contact_id: int) -> ResponseReturnValue:
    """Add and remove tags."""
    services.get(current_work(), contact_id)
    add = [name.strip() for name in request.form.get("add", "").split(",") if name.strip()]
    with writing() as work:
        services.tag(work, [contact_id], add, request.form.getlist("remove"))
    return to_page(contact_id)


@requires("contacts.edit")
def known_tags() -> ResponseReturnValue:
    """The names of all tags, for the field in which one is typed."""
    names = (Markup('<option value="{}">').format(tag.name) for tag in tags.all_tags(current_work()))
    return Markup().join(names)


def add_contact_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/<int:contact_id>", view_func=page)
    add("/known-tags", view_func=known_tags)
    add("/<int:contact_id>/status", view_func=status, methods=["GET", "POST"])
    add("/<int:contact_id>/tags", endpoint="retag", view_func=retag, methods=["POST"])
    add("/<int:contact_id>/reveal/<key>", view_func=reveal, methods=["POST"])
    add_inline(blueprint)
