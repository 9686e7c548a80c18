"""The list of invoices and the bin of drafts."""

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
    bulk_erase,
    bulk_restore,
    bulk_tags,
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
from .paying import STATES

_ROWS = RecordRows(queries.LIST, cells.rows)


def invoice_table(work: Work) -> Table:
    """The list of invoices."""
    return Table(
        id="invoices",
        label=gettext("Invoices"),
        all_label=gettext("All invoices"),
        columns=_columns(),
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        sums=_sums,
        ids=_ROWS.ids,
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


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    found = queries.sums(work, queries.matching(work, query.q, query.filters))
    if found is None:
        return [TableSum(gettext("Total"), [gettext("Too many to add up. Filter the list.")])]
    labels = {"total": gettext("Total"), "paid": gettext("Paid"), "due": gettext("Due")}
    return [TableSum(labels[name], [money(amount) for amount in amounts]) for name, amounts in found.items()]


def _columns() -> list[TableColumn]:
    return [
        text_column("number", gettext("Number"), cells.number, sort="number", css="c-name", fixed=True),
        text_column("state", gettext("Status"), cells.state, css="c-status"),
        text_column("customer", gettext("Customer"), cells.customer),
        day_column("date", gettext("Date"), lambda row: row.one.date, sort="date"),
        day_column("due_date", gettext("Due on"), lambda row: row.one.due_date, sort="due_date"),
        _amount("total", gettext("Total"), sort="total"),
        _amount("paid", gettext("Paid")),
        _amount("due", gettext("Due"), sort="due"),
        text_column("reference", gettext("Reference"), lambda row: row.one.reference, shown=False),
        tags_column(lambda row: row.tags),
        text_column("company", gettext("Company"), cells.company, shown=False),
        _amount("net", gettext("Net"), shown=False),
        _amount("tax", gettext("Tax"), shown=False),
        text_column("source", gettext("Source"), lambda row: row.one.source, css="c-when", shown=False),
        day_column("created_at", gettext("Added"), lambda row: row.one.created_at, sort="created_at", shown=False),
    ]


def _amount(name: str, label: str, *, sort: str = "", shown: bool = True) -> TableColumn:
    return money_column(name, label, lambda row: row.one.amount(name), sort=sort, shown=shown)


def _filters(work: Work) -> list[TableFilter]:
    states = [(state, gettext(name)) for state, name in STATES.items()]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=states, quick=True),
        tag_filter(work, quick=True),
        TableFilter(id="date_from", label=gettext("Date from"), kind="day"),
        TableFilter(id="date_to", label=gettext("Date until"), kind="day"),
        TableFilter(id="due_from", label=gettext("Due from"), kind="day"),
        TableFilter(id="due_to", label=gettext("Due until"), kind="day"),
        TableFilter(id="total_min", label=gettext("Total at least"), kind="number"),
        TableFilter(id="total_max", label=gettext("Total at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="reference", label=gettext("Reference")),
        TableFilter(id="source", label=gettext("Source")),
        TableFilter(id="contact_id", label=gettext("Contact"), kind="record", record="contact"),
        TableFilter(id="company_id", label=gettext("Company"), kind="record", record="company"),
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
            *bulk_tags(work, mass.tag, _said),
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
        found.append(bulk_delete(mass.delete, mass.restore, _moved, label=gettext("Delete drafts")))
    return found


def bin_table(work: Work) -> Table:
    """Deleted drafts."""
    return table_of_bin(
        _ROWS,
        id="invoices-bin",
        columns=[
            text_column("number", gettext("Draft"), lambda row: cells.title(row.one), css="c-name", fixed=True),
            text_column("customer", gettext("Customer"), cells.customer),
            day_column("deleted_at", gettext("Deleted"), lambda row: row.one.deleted_at),
            _amount("total", gettext("Total")),
        ],
        row_name=lambda row: cells.title(row.one),
        card=("number", "total", (("customer", "deleted_at"),)),
        bulk=[bulk_restore(mass.restore, _said), bulk_erase(mass.erase, gettext("Delete these drafts for good?"))]
        if work.can("invoices.delete")
        else (),
        text=gettext("Deleted drafts stay here and can be restored."),
        url=url_for("invoices.index"),
        label=gettext("To the invoices"),
    )
