"""The list of companies and their bin."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from crmhost.api import Column, Work, tags
from crmhost.web.api import (
    Bulk,
    BulkDone,
    CellEdit,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    ago,
    custom_field_columns,
    custom_field_filters,
    day,
    gettext,
    ngettext,
    people_choices,
    url_for,
)

from . import cells, mass, queries, services, statuses
from .models import KIND, Company


def company_query(query: TableQuery) -> queries.CompanyQuery:
    """The table's query as the service takes it."""
    filters = {name: ",".join(values) for name, values in query.filters.items()}
    return queries.CompanyQuery(query.q, filters, query.sort or "name", query.after, query.before, query.limit)


def company_table(work: Work) -> Table:
    """The list of companies."""
    owners = people_choices(work)
    further = [item for item in work.generation.contributions("companies_columns") if work.can(item.permission)]

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = queries.page(work, company_query(query), people=work.can("contacts.view"))
        note = gettext(page.note) if page.note else ""
        return TablePage(_rows(work, page.rows, further), page.next, page.previous, note)

    def count(work: Work, query: TableQuery) -> TableCount:
        found = queries.count(work, company_query(query))
        return TableCount(found.number, found.exact)

    def ids(work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
        return queries.ids(work, company_query(query))

    return Table(
        id="companies",
        label=gettext("Companies"),
        all_label=gettext("All companies"),
        columns=[
            *_columns(work),
            *custom_field_columns(work, KIND, lambda row: row.company.custom),
            *(_further(item) for item in further),
        ],
        fetch=fetch,
        count=count,
        ids=ids,
        row=lambda work, company_id: cells.Row(services.get(work, company_id)),
        export="companies" if work.can("companies.export") else "",
        filters=[*_filters(work, owners), *custom_field_filters(work, KIND)],
        sort="name",
        search=gettext("Name, e-mail or phone"),
        row_name=lambda row: row.company.name,
        card=("name", "status", (("email",), ("tags", "people"))),
        bulk=_actions(work, owners),
        empty=(
            gettext("No companies yet"),
            gettext(
                "Companies are what the people you deal with work for. Add the first one, or import a list you have."
            ),
            url_for("companies.new") if work.can("companies.edit") else "",
            gettext("Add company"),
        ),
    )


def bin_table(work: Work) -> Table:
    """Deleted companies."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        page = queries.page(work, dataclasses.replace(company_query(query), filters={"in_bin": "1"}, sort="name"))
        return TablePage([cells.Row(company) for company in page.rows], page.next, page.previous)

    days = int(work.settings.get("contacts.bin_days") or 0)
    return Table(
        id="companies-bin",
        label=gettext("Bin"),
        columns=[
            TableColumn(id="name", label=gettext("Name"), cell=cells.plain_name, css="c-name", fixed=True),
            TableColumn(
                id="email", label=gettext("E-mail"), cell=lambda row: row.company.email or cells.NONE, css="c-mail"
            ),
            TableColumn(
                id="deleted_at", label=gettext("Deleted"), cell=lambda row: day(row.company.deleted_at), css="c-when"
            ),
        ],
        fetch=fetch,
        search=gettext("Name or e-mail"),
        row_name=lambda row: row.company.name,
        card=("name", "", (("email", "deleted_at"),)),
        bulk=_bin_actions() if work.can("companies.delete") else (),
        views=False,
        empty=(
            gettext("The bin is empty"),
            gettext("Deleted companies stay here for %(days)s days and can be restored.", days=days)
            if days
            else gettext("Deleted companies stay here and can be restored."),
            url_for("companies.index"),
            gettext("To the companies"),
        ),
    )


def _rows(work: Work, companies: Sequence[Company], further: Sequence[Column]) -> list[cells.Row]:
    """Companies with their tags, people and the cells of plugins' columns, each fetched for all rows at once."""
    ids = [company.id for company in companies]
    tagged = tags.of(work, KIND, ids)
    extra: dict[int, dict[str, str]] = {}
    for column in further:
        place = f"column {column.id}"
        values = work.generation.run(column.plugin, place, column.values, work, ids, default={}, gives=Mapping)
        for key, value in values.items():
            extra.setdefault(key, {})[column.id] = value
    return [
        cells.Row(company, tagged.get(company.id, ()), company.people or 0, extra.get(company.id, {}))
        for company in companies
    ]


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(work: Work) -> list[TableColumn]:
    return [
        TableColumn(
            id="name",
            label=gettext("Name"),
            cell=cells.name,
            card_cell=cells.card_name,
            sort="name",
            css="c-name",
            fixed=True,
        ),
        TableColumn(
            id="email",
            label=gettext("E-mail"),
            cell=lambda row: row.company.email or cells.NONE,
            card_cell=lambda row: row.company.email,
            sort="email",
            css="c-mail",
        ),
        TableColumn(
            id="status",
            label=gettext("Status"),
            cell=cells.status,
            sort="status",
            css="c-status",
            edit=CellEdit(
                value=lambda row: str(row.company.status_id),
                save=lambda work, company_id, text: mass.set_status(work, [company_id], text),
                choices=statuses.choices(work),
                may=lambda row: services.may_change(work, row.company),
            ),
        ),
        TableColumn(id="tags", label=gettext("Tags"), cell=cells.tag_cell, card_cell=cells.card_tags, css="c-tags"),
        TableColumn(
            id="people",
            label=gettext("People"),
            cell=cells.people,
            card_cell=cells.card_people,
            align="end",
            css="c-money",
        ),
        TableColumn(
            id="phone",
            label=gettext("Phone"),
            cell=lambda row: row.company.main_phone or row.company.second_phone or cells.NONE,
            css="c-when",
            shown=False,
        ),
        TableColumn(
            id="city",
            label=gettext("City"),
            cell=lambda row: (row.company.address1 or {}).get("city") or cells.NONE,
            css="c-when",
            shown=False,
        ),
        TableColumn(id="assigned_to", label=gettext("Assigned to"), cell=cells.assigned, css="c-user"),
        TableColumn(
            id="created_at",
            label=gettext("Added"),
            cell=lambda row: day(row.company.created_at),
            sort="created_at",
            css="c-when",
        ),
        TableColumn(
            id="updated_at",
            label=gettext("Last change"),
            cell=lambda row: ago(row.company.updated_at),
            sort="updated_at",
            css="c-when",
            shown=False,
        ),
        TableColumn(
            id="source",
            label=gettext("Source"),
            cell=lambda row: cells.source_label(row.company.source),
            css="c-when",
            shown=False,
        ),
    ]


def _further(item: Column) -> TableColumn:
    return TableColumn(
        id=item.id,
        label=gettext(item.label),
        cell=lambda row: row.extra.get(item.id) or cells.NONE,
        align=item.align,
        css="c-money" if item.align == "end" else "c-org",
        shown=item.shown,
    )


# --- filters and actions ---------------------------------------------------------------------------------------------


def _filters(work: Work, people: Sequence[tuple[str, str]]) -> list[TableFilter]:
    known = [(str(tag.id), tag.name) for tag in tags.all_tags(work)]
    found = [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=statuses.choices(work)),
        TableFilter(id="tag", label=gettext("Tag"), kind="choice", choices=known),
    ]
    owners = [("me", gettext("Me")), ("nobody", gettext("Nobody")), *people]
    if work.actor.only_assigned:
        owners = owners[:1]
    found.append(TableFilter(id="assigned_to", label=gettext("Assigned to"), kind="choice", choices=owners))
    return [*found, TableFilter(id="source", label=gettext("Source"), kind="text")]


def _actions(work: Work, people: Sequence[tuple[str, str]]) -> list[Bulk]:
    """What the reader may do with selected companies."""
    found: list[Bulk] = []
    if work.can("companies.edit"):
        found += [
            Bulk(
                id="status",
                label=gettext("Status"),
                icon="circle-dot",
                choices=statuses.choices(work),
                run=lambda work, ids, values: BulkDone(mass.set_status(work, ids, values["choice"])),
                said=_said,
            ),
            Bulk(
                id="tag",
                label=gettext("Tag"),
                icon="tag",
                entry=gettext("Name of the tag"),
                known=[tag.name for tag in tags.all_tags(work)],
                choices=[("add", gettext("Add this tag")), ("remove", gettext("Remove this tag"))],
                run=_tag,
                said=_said,
            ),
        ]
        if not work.actor.only_assigned:
            found.append(
                Bulk(
                    id="assign",
                    label=gettext("Assign"),
                    icon="user",
                    choices=[("", gettext("Nobody")), *people],
                    run=lambda work, ids, values: BulkDone(mass.assign(work, ids, values["choice"] or None)),
                    said=_said,
                )
            )
    if work.can("companies.delete"):
        found.append(
            Bulk(
                id="delete",
                label=gettext("Delete"),
                icon="trash",
                danger=True,
                confirm=gettext("Delete the selected companies?"),
                detail=gettext("They go to the bin and can be restored. The people who belong to them stay."),
                run=_delete,
                undo=lambda work, ids: mass.restore(work, ids),
                said=_binned,
            )
        )
    return found


def _bin_actions() -> list[Bulk]:
    return [
        Bulk(
            id="restore",
            label=gettext("Restore"),
            icon="trash-off",
            run=lambda work, ids, _values: BulkDone(mass.restore(work, ids)),
            said=lambda done: ngettext("%(num)d company is back.", "%(num)d companies are back.", done),
        ),
        Bulk(
            id="erase",
            label=gettext("Erase for good"),
            icon="trash",
            danger=True,
            confirm=gettext("Erase these companies for good?"),
            detail=gettext("What is held on them goes, also what extensions hold; people stay. This can't be undone."),
            run=lambda work, ids, _values: BulkDone(mass.erase_many(work, ids)),
            said=lambda done: ngettext(
                "%(num)d company was erased for good.", "%(num)d companies were erased for good.", done
            ),
        ),
    ]


def _tag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    names = [values["entry"]]
    adding = values["choice"] != "remove"
    return BulkDone(mass.tag(work, ids, names if adding else (), () if adding else names))


def _delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    gone = mass.to_bin(work, ids)
    return BulkDone(gone, undo=list(ids) if gone else None)


def _said(done: int) -> str:
    return str(ngettext("%(num)d company was changed.", "%(num)d companies were changed.", done))


def _binned(done: int) -> str:
    return str(ngettext("%(num)d company went to the bin.", "%(num)d companies went to the bin.", done))
