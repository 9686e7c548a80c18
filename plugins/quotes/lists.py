"""The list of quotes and their bin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmhost.api import Work, keyset, tags
from crmhost.web.api import (
    Bulk,
    BulkDone,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    TableSum,
    custom_field_columns,
    custom_field_filters,
    day,
    gettext,
    money,
    ngettext,
    url_for,
)

from . import cells, mass, queries, services
from .models import KIND
from .states import STATES


def _fetch(work: Work, query: TableQuery, *, in_bin: bool = False) -> TablePage:
    chosen = queries.matching(work, query.q, query.filters, in_bin=in_bin)
    found = keyset.page(
        work.session,
        chosen,
        queries.ORDERS,
        query.sort or "-date",
        after=query.after,
        before=query.before,
        limit=query.limit,
    )
    return TablePage(cells.rows(work, found.rows), found.next, found.previous)


def _count(work: Work, query: TableQuery) -> TableCount:
    return TableCount(*queries.count(work, queries.matching(work, query.q, query.filters)))


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    found = queries.sums(work, queries.matching(work, query.q, query.filters))
    labels = {"total": gettext("Total"), "open": gettext("Open"), "accepted": gettext("Accepted")}
    return [TableSum(label, [money(amount) for amount in found[name]]) for name, label in labels.items()]


def _ids(work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
    return queries.ids(work, queries.matching(work, query.q, query.filters))


def quote_table(work: Work) -> Table:
    """The list of quotes."""
    return Table(
        id="quotes",
        label=gettext("Quotes"),
        all_label=gettext("All quotes"),
        columns=[*_columns(), *custom_field_columns(work, KIND, lambda row: row.one.custom, sortable=False)],
        fetch=_fetch,
        count=_count,
        sums=_sums,
        ids=_ids,
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


def _columns() -> list[TableColumn]:
    return [
        TableColumn(id="title", label=gettext("Title"), cell=cells.title, sort="title", css="c-name", fixed=True),
        TableColumn(id="contact", label=gettext("Contact"), cell=cells.contact, css="c-org"),
        TableColumn(id="company", label=gettext("Company"), cell=cells.company, css="c-org", shown=False),
        TableColumn(id="status", label=gettext("Status"), cell=cells.status, css="c-status"),
        TableColumn(id="tags", label=gettext("Tags"), cell=cells.tag_cell, css="c-tags"),
        TableColumn(id="date", label=gettext("Date"), cell=lambda row: day(row.one.date), sort="date", css="c-when"),
        TableColumn(
            id="valid_until", label=gettext("Valid until"), cell=cells.valid_until, sort="valid_until", css="c-when"
        ),
        TableColumn(id="value", label=gettext("Value"), cell=cells.value, sort="value", align="end", css="c-money"),
        TableColumn(
            id="owner", label=gettext("Owner"), cell=lambda row: row.owner or cells.NONE, css="c-org", shown=False
        ),
        TableColumn(
            id="created_at",
            label=gettext("Added"),
            cell=lambda row: day(row.one.created_at),
            sort="created_at",
            css="c-when",
            shown=False,
        ),
    ]


def _filters(work: Work) -> list[TableFilter]:
    known = [(tag.name, tag.name) for tag in tags.all_tags(work)]
    writers = [(str(key), name) for key, name in cells.owners(work).items()]
    states = [(name, gettext(label)) for name, label in STATES.items()]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=states),
        TableFilter(id="tag", label=gettext("Tag"), kind="choice", choices=known),
        TableFilter(id="owner_id", label=gettext("Owner"), kind="choice", choices=writers),
        TableFilter(id="date_from", label=gettext("From day"), kind="day"),
        TableFilter(id="date_to", label=gettext("Until day"), kind="day"),
        TableFilter(id="valid_from", label=gettext("Valid until, from"), kind="day"),
        TableFilter(id="valid_to", label=gettext("Valid until, at the latest"), kind="day"),
        TableFilter(id="value_min", label=gettext("Value at least"), kind="number"),
        TableFilter(id="value_max", label=gettext("Value at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="contact_id", label=gettext("Number of the contact"), kind="number"),
        TableFilter(id="company_id", label=gettext("Number of the company"), kind="number"),
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
        known = [tag.name for tag in tags.all_tags(work)]
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
            Bulk(id="tag", label=gettext("Tag"), icon="tag", entry=gettext("Tag"), known=known, run=_tag, said=_said),
            Bulk(
                id="untag",
                label=gettext("Remove tag"),
                icon="tag-off",
                entry=gettext("Tag"),
                known=known,
                run=_untag,
                said=_said,
            ),
        ]
    if work.can("quotes.delete"):
        found.append(
            Bulk(
                id="delete",
                label=gettext("Delete"),
                icon="trash",
                danger=True,
                run=_delete,
                undo=lambda work, undo: mass.restore(work, undo),
                said=_moved,
            )
        )
    return found


def _tag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, [values["entry"]]))


def _untag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, (), [values["entry"]]))


def _delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.to_bin(work, ids), undo=list(ids))


# --- the bin ---------------------------------------------------------------------------------------------------------


def bin_table(work: Work) -> Table:
    """Deleted quotes."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        return _fetch(work, TableQuery(query.q, {}, "-date", query.after, query.before, query.limit), in_bin=True)

    restore: Any = Bulk(
        id="restore",
        label=gettext("Restore"),
        icon="arrow-back-up",
        run=lambda work, ids, _values: BulkDone(mass.restore(work, ids)),
        said=_back,
    )
    return Table(
        id="quotes-bin",
        label=gettext("Bin"),
        columns=[
            TableColumn(id="title", label=gettext("Title"), cell=lambda row: row.one.title, css="c-name", fixed=True),
            TableColumn(id="contact", label=gettext("Contact"), cell=cells.contact, css="c-org"),
            TableColumn(
                id="deleted_at", label=gettext("Deleted"), cell=lambda row: day(row.one.deleted_at), css="c-when"
            ),
            TableColumn(id="value", label=gettext("Value"), cell=cells.value, align="end", css="c-money"),
        ],
        fetch=fetch,
        sort="-date",
        row_name=lambda row: row.one.title,
        card=("title", "value", (("contact", "deleted_at"),)),
        bulk=[restore] if work.can("quotes.delete") else [],
        views=False,
        empty=(
            gettext("The bin is empty"),
            gettext("Deleted quotes stay here for a while and can be restored."),
            url_for("quotes.index"),
            gettext("To the quotes"),
        ),
    )
