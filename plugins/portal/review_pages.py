"""What clients want changed of their details, for staff to approve or reject."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import Contact, CrmError, Invalid, Work, users
from crmhost.web.api import (
    Cell,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    current_work,
    day_column,
    gettext,
    icon,
    link_cell,
    list_page,
    redirect,
    render_template,
    request,
    requires,
    text_column,
    toast,
    url_for,
    writing,
)

from . import deciding, details
from .detail_pages import as_typed, field_label, said, stored_values
from .models import DetailChange

#: Fields of a change that a row of the list names.
NAMED = 3


@dataclasses.dataclass(frozen=True)
class Row:
    """A change as the list shows it.

    :param labels: what the fields are called.
    :param by: who decided.
    """

    change: DetailChange
    contact: Contact
    labels: Mapping[str, str]
    by: str = ""

    @property
    def id(self) -> int:
        """Of the change."""
        return int(self.change.id)


def _states() -> dict[str, str]:
    return {"waiting": gettext("Waiting"), "approved": gettext("Approved"), "rejected": gettext("Rejected")}


def _labels(work: Work) -> dict[str, str]:
    return {name: gettext(unit.label) for unit in details.units(work) for name in unit.fields}


def change_table() -> Table:
    """What clients want changed: what waits, the oldest first, until another state is asked for."""

    def state(query: TableQuery) -> str:
        return (query.filters.get("state") or ["waiting"])[0]

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = details.page(
            work, state(query), after=query.after, before=query.before, limit=query.limit, sort=query.sort or "asked_at"
        )
        found = [change for change, _ in page.rows]
        names = users.names(work, [change.decided_by_id for change in found if change.decided_by_id is not None])
        labels = _labels(work) if found else {}
        rows = [Row(change, contact, labels, names.get(change.decided_by_id or 0, "")) for change, contact in page.rows]
        return TablePage(rows, page.next, page.previous)

    def count(work: Work, query: TableQuery) -> TableCount:
        return TableCount(*details.count(work, state(query)))

    states = _states()
    return Table(
        id="portal-changes",
        label=gettext("Changes by clients"),
        columns=[
            TableColumn(id="contact", label=gettext("Contact"), cell=_name, css="c-name", fixed=True),
            day_column("asked_at", gettext("Asked"), lambda row: row.change.asked_at, sort="asked_at"),
            TableColumn(id="wanted", label=gettext("Wants changed"), cell=_wanted),
            text_column("state", gettext("Status"), lambda row: states[row.change.state], css="c-when", shown=False),
            text_column("by", gettext("Decided by"), lambda row: row.by, shown=False),
        ],
        fetch=fetch,
        count=count,
        filters=[
            TableFilter(id="state", label=gettext("Status"), kind="choice", choices=list(states.items()), quick=True)
        ],
        sort="asked_at",
        row_name=lambda row: row.contact.name,
        card=("contact", "asked_at", (("wanted",),)),
        empty=(
            gettext("Nothing waits for you"),
            gettext(
                "When a client wants a detail changed that you look at first, it stands here. "
                "Which ones those are is set under Settings > Portal."
            ),
            "",
            "",
        ),
    )


def _name(row: Row) -> Cell:
    return link_cell(row.contact.name, url_for("portal_staff.change", change_id=row.id))


def _wanted(row: Row) -> Cell:
    """The first fields with their old and new values."""
    parts = [
        Markup("{}: {}").format(
            field_label(name, row.labels), _diff(said(row.change.before.get(name) or ""), said(value))
        )
        for name, value in list(row.change.after.items())[:NAMED]
    ]
    more = len(row.change.after) - NAMED
    return Markup(" · ").join([*parts, f"+{more}"] if more > 0 else parts)


def _diff(now: str, wanted: str) -> Markup:
    old = Markup("<del>{}</del> {} ").format(now, icon("arrow-right", "sm")) if now != "–" else Markup()
    return old + Markup('<ins class="text-decoration-none">{}</ins>').format(wanted)


@requires("portal.review")
def changes() -> Any:
    """The list."""
    return list_page("portal/staff/changes.html", change_table(), current_work())


@requires("portal.review")
def change(change_id: int) -> Any:
    """One of them, with what the contact has now."""
    work = current_work()
    found, contact = details.get_change(work, change_id)
    labels = _labels(work)
    waits = found.state == "waiting"
    before = as_typed(work, stored_values(work, contact)) if waits else found.before
    fields = [
        (field_label(name, labels), said(before.get(name) or ""), said(value)) for name, value in found.after.items()
    ]
    return render_template(
        "portal/staff/change.html",
        change=found,
        contact=contact,
        fields=fields,
        state=_states()[found.state],
        by=users.names(work, [found.decided_by_id]).get(found.decided_by_id, "") if found.decided_by_id else "",
    )


@requires("portal.review")
def decide(change_id: int) -> Any:
    """Approve or reject one."""
    approve = request.form.get("do") == "approve"
    try:
        with writing() as work:
            deciding.decide(work, change_id, approve=approve, note=request.form.get("note", "")[:1000])
    except CrmError as error:
        if error.status in (403, 404):
            raise
        sentences = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else []
        toast(" ".join(map(gettext, sentences or [error.message])), category="bad")
        return redirect(url_for("portal_staff.change", change_id=change_id), 303)
    toast(
        gettext("Stored. The client gets word of it.") if approve else gettext("Rejected. The client gets word of it.")
    )
    return redirect(url_for("portal_staff.changes"), 303)


def add_review_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/changes", "changes", changes)
    blueprint.add_url_rule("/changes/<int:change_id>", "change", change)
    blueprint.add_url_rule("/changes/<int:change_id>", "decide", decide, methods=["POST"])
