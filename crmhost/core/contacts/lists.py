"""The contact list and the bin as tables of the web."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ...contributions import Column
from ...web.i18n import number as number_text
from ...web.tables import Bulk, CellEdit, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...work.unit import Work
from ..statuses import services as statuses
from . import contributed, many, queries, services, tags
from .cells import Cells, Row
from .custom_columns import custom_columns, custom_filters
from .forms import people
from .models import Contact, Tag
from .queries import ListQuery


@dataclasses.dataclass(frozen=True)
class Choices:
    """What filters and actions offer, read once per page."""

    statuses: list[tuple[str, str]]
    tags: list[Tag]
    people: list[tuple[str, str]]

    @classmethod
    def of(cls, work: Work) -> Choices:
        """The choices now."""
        return cls(statuses.choices(work), tags.all_tags(work), people(work))


def list_query(query: TableQuery) -> ListQuery:
    """The table's query as the service takes it."""
    filters = {name: ",".join(values) for name, values in query.filters.items()}
    return ListQuery(query.q, filters, query.sort or "-created_at", query.after, query.before, query.limit)


def contact_table(work: Work) -> Table:
    """The list of contacts."""
    further = contributed.columns_of(work, "contact_columns")
    choices = Choices.of(work)

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = queries.page(work, list_query(query))
        return TablePage(
            rows(work, page.rows, contributed.among(further, query)),
            page.next,
            page.previous,
            _(page.note) if page.note else "",
        )

    def count(work: Work, query: TableQuery) -> TableCount:
        found = queries.count(work, list_query(query))
        return TableCount(found.number, found.exact)

    return Table(
        id="contacts",
        label=_("Contacts"),
        all_label=_("All contacts"),
        columns=[*_columns(work, choices), *custom_columns(work), *map(contributed.column, further)],
        fetch=fetch,
        count=count,
        filters=[*_filters(work, choices), *custom_filters(work), *contributed.filters(work)],
        sort="-created_at",
        sorts={"first_name": _("First name"), "updated_at": _("Last change")},
        search=_("Name, e-mail or phone"),
        row_name=lambda row: row.contact.name,
        card=("name", "status", (("email",), ("tags", "created_at"))),
        bulk=bulk_actions(work, choices),
        bulk_url=url_for("contacts.bulk"),
        export="contacts",
        row=lambda work, number: rows(work, [services.get(work, number)], further)[0],
        ids=lambda work, query: queries.ids(work, list_query(query), queries.HITS),
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
    cells = Cells(work)
    return Table(
        id="contacts_bin",
        label=_("Bin"),
        columns=[
            TableColumn(id="name", label=_("Name"), cell=cells.plain_name, css="c-name", fixed=True),
            TableColumn(id="email", label=_("E-mail"), cell=cells.email, css="c-mail"),
            TableColumn(id="deleted_at", label=_("Deleted"), cell=cells.deleted, css="c-when"),
        ],
        fetch=fetch,
        search=_("Name or e-mail"),
        row_name=lambda row: row.contact.name,
        card=("name", "", (("email", "deleted_at"),)),
        bulk=[
            Bulk(id="restore", label=_("Restore"), icon="trash-off"),
            *(
                [
                    Bulk(
                        id="erase",
                        label=_("Erase for good"),
                        icon="trash",
                        danger=True,
                        confirm=_("Erase these contacts for good?"),
                        detail=_(
                            "Everything that is held on them goes, also what extensions hold. This can't be undone."
                        ),
                    ),
                ]
                if work.can("contacts.erase")
                else []
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


def rows(work: Work, contacts: Sequence[Contact], further: Sequence[Column]) -> list[Row]:
    """Contacts with their tags and the cells of plugins' columns, each fetched for all rows at once."""
    ids = [contact.id for contact in contacts]
    tagged, extra = tags.of(work, "contact", ids), contributed.cells(work, further, ids)
    return [Row(contact, tagged.get(contact.id, ()), extra.get(contact.id, {})) for contact in contacts]


# --- columns ----------------------------------------------------------------------------------------------------------


def _columns(work: Work, choices: Choices) -> list[TableColumn]:
    cells = Cells(work)
    may = work.can("contacts.edit")
    return [
        TableColumn(
            id="name",
            label=_("Name"),
            cell=cells.name,
            card_cell=cells.card_name,
            sort="name",
            css="c-name",
            fixed=True,
        ),
        TableColumn(
            id="email", label=_("E-mail"), cell=cells.email, card_cell=cells.card_email, sort="email", css="c-mail"
        ),
        TableColumn(
            id="status",
            label=_("Status"),
            cell=cells.status,
            card_cell=cells.card_status,
            sort="status",
            css="c-status",
        ),
        TableColumn(
            id="tags",
            label=_("Tags"),
            cell=cells.tags,
            card_cell=cells.card_tags,
            css="c-tags",
            edit=CellEdit(kind="text", value=_tag_names, save=many.retag, help=_("Separated by commas."))
            if may
            else None,
        ),
        TableColumn(id="phone", label=_("Phone"), cell=cells.phone, css="c-when", shown=False),
        TableColumn(
            id="assigned_to",
            label=_("Assigned to"),
            cell=cells.assigned,
            css="c-user",
            edit=CellEdit(
                choices=[("", _("Nobody")), *choices.people],
                value=lambda row: str(row.contact.assigned_to_id or ""),
                save=many.reassign,
            )
            if may and not work.actor.only_assigned
            else None,
        ),
        TableColumn(
            id="last_contacted_at",
            label=_("Last contacted"),
            cell=cells.last_contacted,
            sort="last_contacted_at",
            css="c-when",
        ),
        TableColumn(id="created_at", label=_("Added"), cell=cells.created, sort="created_at", css="c-when"),
        TableColumn(
            id="updated_at",
            label=_("Last change"),
            cell=cells.updated,
            sort="updated_at",
            css="c-when",
            shown=False,
        ),
        TableColumn(
            id="days_in_status",
            label=_("Days in status"),
            cell=cells.days_in_status,
            align="end",
            css="c-money",
            shown=False,
        ),
        TableColumn(id="source", label=_("Source"), cell=cells.source, css="c-when", shown=False),
        TableColumn(id="city", label=_("City"), cell=cells.city, css="c-when", shown=False),
    ]


# --- filters and actions ---------------------------------------------------------------------------------------------


def _filters(work: Work, choices: Choices) -> list[TableFilter]:
    found = [
        TableFilter(id="status", label=_("Status"), kind="choices", choices=choices.statuses, quick=True),
        TableFilter(
            id="tag",
            label=_("Tag"),
            kind="choice",
            choices=[(str(tag.id), tag.name) for tag in choices.tags],
            quick=True,
        ),
    ]
    if not work.actor.only_assigned:
        owners = [("me", _("Me")), ("nobody", _("Nobody")), *choices.people]
        found.append(TableFilter(id="assigned_to", label=_("Assigned to"), kind="choice", choices=owners, quick=True))
    return [
        *found,
        TableFilter(
            id="not_contacted",
            label=_("Not contacted for"),
            kind="number",
            words=_("{value} days"),
            help=_("In days."),
            quick=True,
        ),
        TableFilter(id="created_from", label=_("Added from"), kind="day"),
        TableFilter(id="created_to", label=_("Added until"), kind="day"),
        TableFilter(
            id="source", label=_("Source"), kind="text", help=_("manual, import, form, api, or the name of a sync.")
        ),
    ]


def bulk_actions(work: Work, choices: Choices) -> list[Bulk]:
    """What the reader may do with selected contacts."""
    found: list[Bulk] = []
    if work.can("contacts.edit"):
        names = [tag.name for tag in choices.tags]
        found += [
            Bulk(
                id="status",
                label=_("Status"),
                icon="circle-dot",
                choices=choices.statuses,
                run=many.set_status,
                undo=many.unset_status,
                said=_changed,
            ),
            Bulk(
                id="tag",
                run=many.tag,
                undo=many.untag,
                said=_changed,
                label=_("Tag"),
                icon="tag",
                entry=_("Name of the tag"),
                known=names,
                choices=[("add", _("Add this tag")), ("remove", _("Remove this tag"))],
            ),
        ]
        if not work.actor.only_assigned:
            found.append(
                Bulk(
                    id="assign",
                    label=_("Assign"),
                    icon="user",
                    choices=[("", _("Nobody")), *choices.people],
                    run=many.assign,
                    undo=many.unassign,
                    said=_changed,
                )
            )
    found += contributed.bulk_actions(work, _changed)
    if work.can("contacts.delete"):
        if work.can("contacts.edit"):
            found.append(Bulk(id="merge", label=_("Merge"), icon="arrows-join"))
        days = int(work.settings.get("contacts.bin_days") or 0)
        found.append(
            Bulk(
                id="delete",
                label=_("Delete"),
                icon="trash",
                run=many.to_bin,
                undo=many.from_bin,
                said=lambda number: ngettext(
                    "%(num)d contact went to the bin.", "%(num)d contacts went to the bin.", number
                ),
                danger=True,
                confirm=_("Delete the selected contacts?"),
                detail=_("They go to the bin and can be restored for %(days)s days.", days=days)
                if days
                else _("They go to the bin and can be restored."),
            )
        )
    return found


def _tag_names(row: Row) -> str:
    return ", ".join(tag.name for tag in row.tags)


def _changed(number: int) -> str:
    text = number_text(number)
    return str(ngettext("%(number)s contact was changed.", "%(number)s contacts were changed.", number, number=text))
