"""The list of quotes and their bin."""

from __future__ import annotations

from crmhost.api import Work
from crmhost.web.api import (
    Bulk,
    BulkDone,
    RecordRows,
    Table,
    TableColumn,
    TableFilter,
    TableQuery,
    TableSum,
    bulk_delete,
    bulk_restore,
    bulk_tags,
    custom_field_columns,
    custom_field_filters,
    day_column,
    gettext,
    money,
    money_column,
    ngettext,
    tag_filter,
    tags_column,
    text_column,
    url_for,
)
from crmhost.web.api import bin_table as table_of_bin

from . import cells, mass, queries, services
from .models import KIND
from .states import STATES

_ROWS = RecordRows(queries.LIST, cells.rows)


def quote_table(work: Work) -> Table:
    """The list of quotes."""
    return Table(
        id="quotes",
        label=gettext("Quotes"),
        all_label=gettext("All quotes"),
        columns=[*_columns(), *custom_field_columns(work, KIND, lambda row: row.one.custom, sortable=False)],
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        sums=_sums,
        ids=_ROWS.ids,
        row=lambda work, number: cells.rows(work, [services.get(work, number)])[0],
        export="quotes" if work.can("quotes.export") else "",
        filters=[*_filters(work), *custom_field_filters(work, KIND)],
        sort="-date",
        search=gettext("Title or line"),
        row_name=lambda row: row.one.title,
        card=("title", "value", (("contact", "status"), ("date", "tags"))),
        bulk=_actions(work),
        empty=(
            gettext("No quotes yet"),
            gettext("A quote says what you offer and what it costs. Your client accepts it online."),
            url_for("quotes.new") if work.can("quotes.edit") else "",
            gettext("Add quote"),
        ),
    )


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    found = queries.sums(work, queries.matching(work, query.q, query.filters))
    if found is None:
        return [TableSum(gettext("Total"), [gettext("Too many to add up. Filter the list.")])]
    labels = {"total": gettext("Total"), "open": gettext("Open"), "accepted": gettext("Accepted")}
    return [TableSum(label, [money(amount) for amount in found[name]]) for name, label in labels.items()]


def _columns() -> list[TableColumn]:
    return [
        text_column("title", gettext("Title"), cells.title, sort="title", css="c-name", fixed=True),
        text_column("contact", gettext("Contact"), cells.contact),
        text_column("company", gettext("Company"), cells.company, shown=False),
        text_column("status", gettext("Status"), cells.status, css="c-status"),
        tags_column(lambda row: row.tags),
        day_column("date", gettext("Date"), lambda row: row.one.date, sort="date"),
        day_column("valid_until", gettext("Valid until"), lambda row: row.one.valid_until, sort="valid_until"),
        money_column("value", gettext("Value"), lambda row: row.one.worth, sort="value"),
        text_column("owner", gettext("Owner"), lambda row: row.owner, shown=False),
        day_column("created_at", gettext("Added"), lambda row: row.one.created_at, sort="created_at", shown=False),
    ]


def _filters(work: Work) -> list[TableFilter]:
    writers = [(str(key), name) for key, name in cells.owners(work).items()]
    states = [(name, gettext(label)) for name, label in STATES.items()]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=states),
        tag_filter(work),
        TableFilter(id="owner_id", label=gettext("Owner"), kind="choice", choices=writers),
        TableFilter(id="date_from", label=gettext("From day"), kind="day"),
        TableFilter(id="date_to", label=gettext("Until day"), kind="day"),
        TableFilter(id="valid_from", label=gettext("Valid until, from"), kind="day"),
        TableFilter(id="valid_to", label=gettext("Valid until, at the latest"), kind="day"),
        TableFilter(id="value_min", label=gettext("Value at least"), kind="number"),
        TableFilter(id="value_max", label=gettext("Value at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="contact_id", label=gettext("Contact"), kind="record", record="contact"),
        TableFilter(id="company_id", label=gettext("Company"), kind="record", record="company"),
    ]


# --- actions ---------------------------------------------------------------------------------------------------------


def _said(number: int) -> str:
    return str(ngettext("%(num)d quote was changed.", "%(num)d quotes were changed.", number))


def _moved(number: int) -> str:
    return str(ngettext("%(num)d quote went to the bin.", "%(num)d quotes went to the bin.", number))


def _back(number: int) -> str:
    return str(ngettext("%(num)d quote was restored.", "%(num)d quotes were restored.", number))


def _actions(work: Work) -> list[Bulk]:
    found: list[Bulk] = []
    if work.can("quotes.edit"):
        found += [
            Bulk(
                id="note",
                label=gettext("Mark as"),
                icon="circle-dot",
                choices=[(name, gettext(STATES[name])) for name in ("accepted", "declined")],
                confirm=gettext("Note what the clients said?"),
                detail=gettext("Only quotes that wait for an answer are marked. It is noted that you did it."),
                run=lambda work, ids, values: BulkDone(mass.note(work, ids, values["choice"])),
                said=_said,
            ),
            *bulk_tags(work, mass.tag, _said),
        ]
    if work.can("quotes.delete"):
        found.append(bulk_delete(mass.to_bin, mass.restore, _moved))
    return found


def bin_table(work: Work) -> Table:
    """Deleted quotes."""
    return table_of_bin(
        _ROWS,
        id="quotes-bin",
        columns=[
            text_column("title", gettext("Title"), lambda row: row.one.title, css="c-name", fixed=True),
            text_column("contact", gettext("Contact"), cells.contact),
            day_column("deleted_at", gettext("Deleted"), lambda row: row.one.deleted_at),
            money_column("value", gettext("Value"), lambda row: row.one.worth),
        ],
        row_name=lambda row: row.one.title,
        card=("title", "value", (("contact", "deleted_at"),)),
        bulk=[bulk_restore(mass.restore, _back)] if work.can("quotes.delete") else (),
        text=gettext("Deleted quotes stay here for a while and can be restored."),
        url=url_for("quotes.index"),
        label=gettext("To the quotes"),
    )
