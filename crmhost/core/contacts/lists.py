"""The contact list and the bin as tables of the web."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from ...contributions import BulkAction, Column, Filter
from ...web.i18n import ago, day, number
from ...web.tables import Bulk, Cell, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...web.templating import icon, initials
from ...work.unit import Work
from ..hues import hue_for
from ..statuses import services as statuses
from . import queries, tags
from .forms import people
from .models import Contact, Tag
from .queries import ListQuery


@dataclasses.dataclass(frozen=True)
class Row:
    """A contact with what its row shows besides its own columns.

    :param extra: column id of a plugin -> what stands there.
    """

    contact: Contact
    tags: Sequence[Tag]
    extra: Mapping[str, Cell]

    @property
    def id(self) -> int:
        """Id of the contact."""
        return self.contact.id


def list_query(query: TableQuery) -> ListQuery:
    """The table's query as the service takes it."""
    filters = {name: ",".join(values) for name, values in query.filters.items()}
    return ListQuery(query.q, filters, query.sort or "-created_at", query.after, query.before, query.limit)


def contact_table(work: Work) -> Table:
    """The list of contacts."""
    contributed = _contributed_columns(work)

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = queries.page(work, list_query(query))
        return TablePage(
            rows(work, page.rows, contributed), page.next, page.previous, _(page.note) if page.note else ""
        )

    def count(work: Work, query: TableQuery) -> TableCount:
        found = queries.count(work, list_query(query))
        return TableCount(found.number, found.exact)

    return Table(
        id="contacts",
        label=_("Contacts"),
        all_label=_("All contacts"),
        columns=[*_columns(work), *(_contributed_column(item) for item in contributed)],
        fetch=fetch,
        count=count,
        filters=[*_filters(work), *_contributed_filters(work)],
        sort="-created_at",
        sorts={"first_name": _("First name"), "updated_at": _("Last change")},
        search=_("Name, e-mail or phone"),
        row_name=lambda row: row.contact.name,
        card=("name", "status", (("email",), ("tags", "created_at"))),
        bulk=bulk_actions(work),
        bulk_url=url_for("contacts.bulk"),
        empty=(
            _("No contacts yet"),
            _("Contacts are the people you deal with. Add the first one by hand, or import a list you have."),
            url_for("contacts.new") if work.can("contacts.edit") else "",
            _("Add contact"),
        ),
    )


def bin_table(work: Work) -> Table:
    """Deleted contacts."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = queries.page(work, dataclasses.replace(list_query(query), filters={"in_bin": "1"}))
        return TablePage(rows(work, page.rows, ()), page.next, page.previous)

    days = int(work.settings.get("contacts.bin_days") or 0)
    return Table(
        id="contacts_bin",
        label=_("Bin"),
        columns=[
            TableColumn(
                id="name", label=_("Name"), cell=lambda row: _who(row.contact, link=False), css="c-name", fixed=True
            ),
            TableColumn(id="email", label=_("E-mail"), cell=lambda row: row.contact.email or _none(), css="c-mail"),
            TableColumn(
                id="deleted_at", label=_("Deleted"), cell=lambda row: day(row.contact.deleted_at), css="c-when"
            ),
        ],
        fetch=fetch,
        search=_("Name or e-mail"),
        row_name=lambda row: row.contact.name,
        card=("name", "", (("email", "deleted_at"),)),
        bulk=[
            Bulk(id="restore", label=_("Restore"), icon="trash-off"),
            Bulk(
                id="erase",
                label=_("Erase for good"),
                icon="trash",
                danger=True,
                confirm=_("Erase these contacts for good?"),
                detail=_("Everything that is held on them goes, also what extensions hold. This can't be undone."),
            ),
        ]
        if work.can("contacts.delete")
        else (),
        bulk_url=url_for("contacts.bin_bulk"),
        views=False,
        empty=(
            _("The bin is empty"),
            _("Deleted contacts stay here for %(days)s days and can be restored.", days=days)
            if days
            else _("Deleted contacts stay here and can be restored."),
            url_for("contacts.index"),
            _("To the contacts"),
        ),
    )


def rows(work: Work, contacts: Sequence[Contact], contributed: Sequence[Column]) -> list[Row]:
    """Contacts with their tags and the cells of plugins' columns, each fetched for all rows at once."""
    ids = [contact.id for contact in contacts]
    tagged = tags.of(work, "contact", ids)
    extra: dict[int, dict[str, Cell]] = {}
    for column in contributed:
        values = work.generation.run(
            column.plugin, f"column {column.id}", column.values, work, ids, default={}, gives=Mapping
        )
        for key, value in values.items():
            extra.setdefault(key, {})[column.id] = value
    return [Row(contact, tagged.get(contact.id, ()), extra.get(contact.id, {})) for contact in contacts]


# --- cells -----------------------------------------------------------------------------------------------------------


def _none() -> Markup:
    return Markup('<span class="quiet">–</span>')


def _who(contact: Contact, *, link: bool = True) -> Markup:
    if not link:
        return Markup('<span class="who">{}<span class="cut strong">{}</span></span>').format(
            avatar(contact), contact.name
        )
    url = url_for("contacts.page", contact_id=contact.id)
    return Markup('<span class="who">{}<a class="cut" href="{}">{}</a></span>').format(
        avatar(contact), url, contact.name
    )


def avatar(contact: Contact, size: str = "") -> Markup:
    """The round sign of a contact."""
    css = f"crm-avatar {size}".strip()
    sign = initials(contact.name)
    return Markup('<span class="{}" data-hue="{}" aria-hidden="true">{}</span>').format(
        css, hue_for(str(contact.id)), sign
    )


def status_switch(contact: Contact, *, may: bool, place: str = "") -> Markup:
    """The status of a contact; where it may be changed, as a button that opens the shared menu.

    :param place: tells two switches of one contact on one page apart.
    """
    name, hue = contact.status.name, contact.status.hue
    if not may:
        return Markup('<span class="crm-status" data-hue="{}"><span class="crm-dot"></span>{}</span>').format(hue, name)
    return Markup(
        '<button type="button" class="crm-status" id="status-{}{}" data-hue="{}" popovertarget="status-menu"'
        ' aria-haspopup="listbox" aria-expanded="false" aria-label="{}" hx-get="{}" hx-target="#status-menu" hx-swap="innerHTML">'
        '<span class="crm-dot"></span>{}{}</button>'
    ).format(
        contact.id,
        place,
        hue,
        _("Status: %(name)s. Change", name=name),
        url_for("contacts.status", contact_id=contact.id),
        name,
        icon("chevron-down"),
    )


def _tags(row: Row) -> Cell:
    if not row.tags:
        return _none()
    first, others = row.tags[0], row.tags[1:]
    shown = Markup('<span class="crm-tag" data-hue="{}"><span class="crm-dot"></span><span>{}</span></span>').format(
        first.hue, first.name
    )
    if others:
        names = ", ".join(tag.name for tag in others)
        shown += Markup('<span class="crm-count" title="{}">+{}</span>').format(names, len(others))
    return Markup('<span class="row-flex">{}</span>').format(shown)


def _assigned(row: Row) -> Cell:
    user = row.contact.assigned_to
    if user is None:
        return Markup('<span class="quiet">{}</span>').format(_("Nobody"))
    name = user.name or user.email
    sign = Markup('<span class="crm-avatar" data-hue="{}" aria-hidden="true">{}</span>').format(
        hue_for(user.email), initials(name)
    )
    first = name.split()[0]
    return Markup('<span class="row-flex" title="{}">{}<span class="cut">{}</span></span>').format(name, sign, first)


def _phone(row: Row) -> Cell:
    contact = row.contact
    return contact.mobile_phone or contact.work_phone or contact.home_phone or _none()


def source_label(source: str) -> str:
    """What a source is called."""
    known = {"manual": _("By hand"), "import": _("Import"), "form": _("Form"), "api": _("API"), "demo": _("Demo data")}
    return str(known.get(source, source.replace("_", " ").capitalize()))


def _columns(work: Work) -> list[TableColumn]:
    may = work.can("contacts.edit")
    today = work.now

    def switch(place: str) -> Callable[[Row], Cell]:
        return lambda row: status_switch(row.contact, may=may, place=place)

    return [
        TableColumn(
            id="name",
            label=_("Name"),
            cell=lambda row: _who(row.contact),
            card_cell=lambda row: Markup('<a class="link-ink" href="{}">{}</a>').format(
                url_for("contacts.page", contact_id=row.contact.id), row.contact.name
            ),
            sort="name",
            css="c-name",
            fixed=True,
        ),
        TableColumn(
            id="email", label=_("E-mail"), cell=lambda row: row.contact.email or _none(), sort="email", css="c-mail"
        ),
        TableColumn(
            id="status", label=_("Status"), cell=switch(""), card_cell=switch("-card"), sort="status", css="c-status"
        ),
        TableColumn(id="tags", label=_("Tags"), cell=_tags, css="c-tags"),
        TableColumn(id="phone", label=_("Phone"), cell=_phone, css="c-when", shown=False),
        TableColumn(id="assigned_to", label=_("Assigned to"), cell=_assigned, css="c-user"),
        TableColumn(
            id="last_contacted_at",
            label=_("Last contacted"),
            cell=lambda row: day(row.contact.last_contacted_at) or _none(),
            sort="last_contacted_at",
            css="c-when",
        ),
        TableColumn(
            id="created_at",
            label=_("Added"),
            cell=lambda row: day(row.contact.created_at),
            sort="created_at",
            css="c-when",
        ),
        TableColumn(
            id="updated_at",
            label=_("Last change"),
            cell=lambda row: ago(row.contact.updated_at),
            sort="updated_at",
            css="c-when",
            shown=False,
        ),
        TableColumn(
            id="days_in_status",
            label=_("Days in status"),
            cell=lambda row: number((today - row.contact.status_since).days),
            align="end",
            css="c-money",
            shown=False,
        ),
        TableColumn(
            id="source", label=_("Source"), cell=lambda row: source_label(row.contact.source), css="c-when", shown=False
        ),
        TableColumn(
            id="city",
            label=_("City"),
            cell=lambda row: (row.contact.address1 or {}).get("city") or _none(),
            css="c-when",
            shown=False,
        ),
    ]


# --- filters and actions ---------------------------------------------------------------------------------------------


def _filters(work: Work) -> list[TableFilter]:
    found = [
        TableFilter(id="status", label=_("Status"), kind="choices", choices=statuses.choices(work)),
        TableFilter(
            id="tag", label=_("Tag"), kind="choice", choices=[(str(tag.id), tag.name) for tag in tags.all_tags(work)]
        ),
    ]
    if not work.actor.only_assigned:
        owners = [("me", _("Me")), ("nobody", _("Nobody")), *people(work)]
        found.append(TableFilter(id="assigned_to", label=_("Assigned to"), kind="choice", choices=owners))
    return [
        *found,
        TableFilter(
            id="not_contacted", label=_("Not contacted for"), kind="number", words=_("{value} days"), help=_("In days.")
        ),
        TableFilter(id="created_from", label=_("Added from"), kind="day"),
        TableFilter(id="created_to", label=_("Added until"), kind="day"),
        TableFilter(
            id="source", label=_("Source"), kind="text", help=_("manual, import, form, api, or the name of a sync.")
        ),
    ]


def _contributed_filters(work: Work) -> list[TableFilter]:
    found = []
    for item in cast("tuple[Filter, ...]", work.generation.contributions("contact_filters")):
        if not work.can(item.permission):
            continue
        choices: Any = ()
        if item.choices is not None:
            choices = work.generation.run(
                item.plugin, f"filter {item.id}", item.choices, work, default=(), gives=Sequence
            )
        kind: Any = "choice" if item.choices is not None else "text"
        found.append(
            TableFilter(id=item.id, label=_(item.label), kind=kind, choices=[(str(a), str(b)) for a, b in choices])
        )
    return found


def _contributed_columns(work: Work) -> list[Column]:
    items = cast("tuple[Column, ...]", work.generation.contributions("contact_columns"))
    return [item for item in items if work.can(item.permission)]


def _contributed_column(item: Column) -> TableColumn:
    return TableColumn(
        id=item.id,
        label=_(item.label),
        cell=lambda row: row.extra.get(item.id) or _none(),
        align=item.align,
        css="c-money" if item.align == "end" else "c-org",
        shown=item.shown,
    )


def bulk_actions(work: Work) -> list[Bulk]:
    """What the reader may do with selected contacts."""
    found: list[Bulk] = []
    if work.can("contacts.edit"):
        names = [tag.name for tag in tags.all_tags(work)]
        found += [
            Bulk(id="status", label=_("Status"), icon="circle-dot", choices=statuses.choices(work)),
            Bulk(
                id="tag",
                label=_("Tag"),
                icon="tag",
                entry=_("Name of the tag"),
                known=names,
                choices=[("add", _("Add this tag")), ("remove", _("Remove this tag"))],
            ),
        ]
        if not work.actor.only_assigned:
            found.append(Bulk(id="assign", label=_("Assign"), icon="user", choices=[("", _("Nobody")), *people(work)]))
    for item in cast("tuple[BulkAction, ...]", work.generation.contributions("contact_bulk_actions")):
        if work.can(item.permission):
            choices: Any = ()
            if item.choices is not None:
                choices = work.generation.run(
                    item.plugin, f"bulk {item.id}", item.choices, work, default=(), gives=Sequence
                )
            found.append(
                Bulk(
                    id=item.id,
                    label=_(item.label),
                    icon=item.icon,
                    choices=list(choices),
                    danger=item.danger,
                    wide=True,
                )
            )
    if work.can("contacts.delete"):
        days = int(work.settings.get("contacts.bin_days") or 0)
        found.append(
            Bulk(
                id="delete",
                label=_("Delete"),
                icon="trash",
                danger=True,
                confirm=_("Delete the selected contacts?"),
                detail=_("They go to the bin and can be restored for %(days)s days.", days=days)
                if days
                else _("They go to the bin and can be restored."),
            )
        )
    return found
