"""The list of invoices and the bin of drafts."""

from __future__ import annotations

import functools
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
    day,
    gettext,
    money,
    ngettext,
    url_for,
)

from . import cells, mass, queries, services
from .paying import STATES


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
    labels = {"total": gettext("Total"), "paid": gettext("Paid"), "due": gettext("Due")}
    return [TableSum(labels[name], [money(amount) for amount in amounts]) for name, amounts in found.items()]


def _ids(work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
    return queries.ids(work, queries.matching(work, query.q, query.filters))


def invoice_table(work: Work) -> Table:
    """The list of invoices."""
    return Table(
        id="invoices",
        label=gettext("Invoices"),
        all_label=gettext("All invoices"),
        columns=_columns(),
        fetch=_fetch,
        count=_count,
        sums=_sums,
        ids=_ids,
        row=lambda work, number: cells.rows(work, [services.get(work, number)])[0],
        export="invoices" if work.can("invoices.export") else "",
        filters=_filters(work),
        sort="-date",
        search=gettext("Number, reference or line"),
        row_name=lambda row: cells.title(row.one),
        card=("number", "total", (("customer", "state"), ("due_date", "due"))),
        bulk=_actions(work),
        empty=(
            gettext("No invoices yet"),
            gettext(
                "An invoice says what a customer owes you. Write the first one: it stays a draft until you issue it."
            ),
            url_for("invoices.new") if work.can("invoices.edit") else "",
            gettext("New invoice"),
        ),
    )


def _columns() -> list[TableColumn]:
    return [
        TableColumn(id="number", label=gettext("Number"), cell=cells.number, sort="number", css="c-name", fixed=True),
        TableColumn(id="state", label=gettext("Status"), cell=cells.state, css="c-status"),
        TableColumn(id="customer", label=gettext("Customer"), cell=cells.customer, css="c-org"),
        TableColumn(id="date", label=gettext("Date"), cell=lambda row: day(row.one.date), sort="date", css="c-when"),
        TableColumn(
            id="due_date",
            label=gettext("Due on"),
            cell=lambda row: day(row.one.due_date),
            sort="due_date",
            css="c-when",
        ),
        _amount("total", gettext("Total"), sort="total"),
        _amount("paid", gettext("Paid")),
        _amount("due", gettext("Due"), sort="due"),
        TableColumn(
            id="reference",
            label=gettext("Reference"),
            cell=lambda row: row.one.reference or cells.NONE,
            css="c-org",
            shown=False,
        ),
        TableColumn(id="tags", label=gettext("Tags"), cell=cells.tag_cell, css="c-tags"),
        TableColumn(id="company", label=gettext("Company"), cell=cells.company, css="c-org", shown=False),
        _amount("net", gettext("Net"), shown=False),
        _amount("tax", gettext("Tax"), shown=False),
        TableColumn(id="source", label=gettext("Source"), cell=lambda row: row.one.source, css="c-when", shown=False),
        TableColumn(
            id="created_at",
            label=gettext("Added"),
            cell=lambda row: day(row.one.created_at),
            sort="created_at",
            css="c-when",
            shown=False,
        ),
    ]


def _amount(name: str, label: str, *, sort: str = "", shown: bool = True) -> TableColumn:
    cell = functools.partial(cells.amount, name)
    return TableColumn(id=name, label=label, cell=cell, sort=sort, align="end", css="c-money", shown=shown)


def _filters(work: Work) -> list[TableFilter]:
    states = [(state, gettext(name)) for state, name in STATES.items()]
    known = [(tag.name, tag.name) for tag in tags.all_tags(work)]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=states, quick=True),
        TableFilter(id="tag", label=gettext("Tag"), kind="choice", choices=known, quick=True),
        TableFilter(id="date_from", label=gettext("Date from"), kind="day"),
        TableFilter(id="date_to", label=gettext("Date until"), kind="day"),
        TableFilter(id="due_from", label=gettext("Due from"), kind="day"),
        TableFilter(id="due_to", label=gettext("Due until"), kind="day"),
        TableFilter(id="total_min", label=gettext("Total at least"), kind="number"),
        TableFilter(id="total_max", label=gettext("Total at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="reference", label=gettext("Reference")),
        TableFilter(id="source", label=gettext("Source")),
        TableFilter(id="contact_id", label=gettext("Number of the contact"), kind="number"),
        TableFilter(id="company_id", label=gettext("Number of the company"), kind="number"),
    ]


# --- actions ----------------------------------------------------------------------------------------------------------


def _said(number: int) -> str:
    return str(ngettext("%(num)d invoice was changed.", "%(num)d invoices were changed.", number))


def _moved(number: int) -> str:
    return str(ngettext("%(num)d draft went to the bin.", "%(num)d drafts went to the bin.", number))


def _done(result: tuple[int, str]) -> BulkDone:
    """How many, and why some stayed as they are."""
    number, refused = result
    return BulkDone(number, message=f"{_said(number)} {refused}" if refused else "")


def _actions(work: Work) -> list[Bulk]:
    found: list[Bulk] = []
    if work.can("invoices.edit"):
        known = [tag.name for tag in tags.all_tags(work)]
        found += [
            Bulk(
                id="issue",
                label=gettext("Issue"),
                icon="file-check",
                confirm=gettext("Give the drafts among these their numbers?"),
                detail=gettext("An issued invoice keeps its number and can't be deleted."),
                run=lambda work, ids, _values: _done(mass.issue(work, ids)),
                said=_said,
            ),
            _tagging("tag", gettext("Tag"), "tag", known, _tag),
            _tagging("untag", gettext("Remove tag"), "tag-off", known, _untag),
        ]
    if work.can("invoices.pay"):
        found.append(
            Bulk(
                id="paid",
                label=gettext("Mark as paid"),
                icon="cash",
                confirm=gettext("Mark what is due of these as paid?"),
                detail=gettext("No transaction is written. It can be taken back on the page of each invoice."),
                run=lambda work, ids, _values: _done(mass.mark_paid(work, ids)),
                said=_said,
            )
        )
    if work.can("invoices.void"):
        found.append(
            Bulk(
                id="void",
                label=gettext("Void invoices"),
                icon="ban",
                danger=True,
                entry=gettext("Reason"),
                confirm=gettext("Void these invoices?"),
                detail=gettext("They keep their numbers, and nothing is owed for them. This can't be undone."),
                run=lambda work, ids, values: _done(mass.void(work, ids, values.get("entry", ""))),
                said=_said,
            )
        )
    if work.can("invoices.delete"):
        found.append(
            Bulk(
                id="delete",
                label=gettext("Delete drafts"),
                icon="trash",
                danger=True,
                run=_delete,
                undo=lambda work, undo: mass.restore(work, undo),
                said=_moved,
            )
        )
    return found


def _tagging(name: str, label: str, sign: str, known: Sequence[str], run: Any) -> Bulk:
    return Bulk(id=name, label=label, icon=sign, entry=gettext("Tag"), known=known, run=run, said=_said)


def _tag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, [values["entry"]]))


def _untag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, (), [values["entry"]]))


def _delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    gone = mass.delete(work, ids)
    return BulkDone(len(gone), undo=gone)


# --- the bin ----------------------------------------------------------------------------------------------------------


def bin_table(work: Work) -> Table:
    """Deleted drafts."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        return _fetch(work, TableQuery(query.q, {}, "-date", query.after, query.before, query.limit), in_bin=True)

    bulk = []
    if work.can("invoices.delete"):
        bulk = [
            Bulk(
                id="restore",
                label=gettext("Restore"),
                icon="arrow-back-up",
                run=lambda work, ids, _values: BulkDone(mass.restore(work, ids)),
                said=_said,
            ),
            Bulk(
                id="erase",
                label=gettext("Delete for good"),
                icon="trash",
                danger=True,
                confirm=gettext("Delete these drafts for good?"),
                detail=gettext("This can't be undone."),
                run=lambda work, ids, _values: BulkDone(mass.erase(work, ids)),
            ),
        ]
    return Table(
        id="invoices-bin",
        label=gettext("Bin"),
        columns=[
            TableColumn(
                id="number", label=gettext("Draft"), cell=lambda row: cells.title(row.one), css="c-name", fixed=True
            ),
            TableColumn(id="customer", label=gettext("Customer"), cell=cells.customer, css="c-org"),
            TableColumn(
                id="deleted_at", label=gettext("Deleted"), cell=lambda row: day(row.one.deleted_at), css="c-when"
            ),
            _amount("total", gettext("Total")),
        ],
        fetch=fetch,
        sort="-date",
        row_name=lambda row: cells.title(row.one),
        card=("number", "total", (("customer", "deleted_at"),)),
        bulk=bulk,
        views=False,
        empty=(
            gettext("The bin is empty"),
            gettext("Deleted drafts stay here and can be restored."),
            url_for("invoices.index"),
            gettext("To the invoices"),
        ),
    )
