"""The list of transactions and their bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Work
from crmhost.web.api import (
    Bulk,
    BulkDone,
    CellEdit,
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
    contributed_filters,
    day_column,
    gettext,
    money,
    money_column,
    ngettext,
    people_choices,
    tag_filter,
    tags_column,
    text_column,
    url_for,
)
from crmhost.web.api import bin_table as table_of_bin

from . import cells, kinds, mass, narrowing, queries, services

_ROWS = RecordRows(queries.LIST, cells.rows)


def transaction_table(work: Work) -> Table:
    """The list of transactions."""
    return Table(
        id="transactions",
        label=gettext("Transactions"),
        all_label=gettext("All transactions"),
        columns=_columns(work),
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        sums=_sums,
        ids=_ROWS.ids,
        row=lambda work, number: cells.rows(work, [services.get(work, number)])[0],
        export="transactions" if work.can("transactions.export") else "",
        filters=_filters(work),
        sort="-date",
        search=gettext("Reference or name"),
        row_name=lambda row: row.one.ref,
        card=("ref", "total", (("name",), ("contact", "status"), ("date",))),
        bulk=_actions(work),
        empty=(
            gettext("No transactions yet"),
            gettext(
                "Sales and refunds say what your contacts are worth. Add the first one, or import a list you have."
            ),
            url_for("transactions.new") if work.can("transactions.edit") else "",
            gettext("Add transaction"),
        ),
    )


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    every = not (query.q or query.filters or work.actor.only_assigned)
    kept, number = queries.kept_sums(work) if every else ([], 0)
    # To begin adding up what turns out to be too many takes as long as adding it up.
    few = number <= queries.MOST_COUNTED
    found = queries.sums(work, queries.matching(work, query.q, query.filters)) if few else None
    if found is not None:
        totals, counted = found
        return [
            TableSum(gettext("Total"), [money(amount) for amount in totals]),
            TableSum(gettext("In total value"), [money(amount) for amount in counted]),
        ]
    if not every:
        return [TableSum(gettext("Total"), [gettext("Too many to add up. Filter the list.")])]
    return [TableSum(gettext("In total value"), [money(amount) for amount in kept])]


def _columns(work: Work) -> list[TableColumn]:
    statuses = [(str(status.id), status.name) for status in kinds.statuses(work)]
    edit = CellEdit(
        value=lambda row: str(row.one.status_id),
        save=lambda work, number, text: mass.set_status(work, [number], text),
        choices=statuses,
    )
    return [
        text_column("ref", gettext("Reference"), cells.ref, sort="ref", css="c-name", fixed=True),
        text_column("name", gettext("Name"), lambda row: row.one.title, sort="name"),
        text_column("contact", gettext("Contact"), cells.contact),
        text_column("type", gettext("Type"), lambda row: row.type, css="c-when"),
        TableColumn(
            id="status",
            label=gettext("Status"),
            cell=cells.status,
            css="c-status",
            edit=edit if work.can("transactions.edit") else None,
        ),
        tags_column(lambda row: row.tags),
        day_column("date", gettext("Date"), lambda row: row.one.at, sort="date"),
        money_column("total", gettext("Total"), lambda row: row.total, sort="total"),
        text_column("company", gettext("Company"), cells.company, shown=False),
        _amount("tax", gettext("Tax")),
        _amount("discount", gettext("Discount")),
        _amount("fee", gettext("Fee")),
        _amount("shipping", gettext("Shipping")),
        text_column(
            "payment_method",
            gettext("Payment method"),
            lambda row: row.one.payment_method,
            css="c-when",
            shown=False,
        ),
        text_column("source", gettext("Source"), lambda row: row.one.source, css="c-when", shown=False),
        day_column("created_at", gettext("Added"), lambda row: row.one.created_at, sort="created_at", shown=False),
    ]


def _amount(name: str, label: str) -> TableColumn:
    return money_column(name, label, lambda row: row.one.money(name) if getattr(row.one, name) else None, shown=False)


def _filters(work: Work) -> list[TableFilter]:
    statuses = [(str(status.id), status.name) for status in kinds.statuses(work)]
    types = [(str(kind.id), kind.name) for kind in kinds.types(work)]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=statuses),
        TableFilter(id="type", label=gettext("Type"), kind="choices", choices=types),
        tag_filter(work),
        TableFilter(id="date_from", label=gettext("From day"), kind="day"),
        TableFilter(id="date_to", label=gettext("Until day"), kind="day"),
        TableFilter(id="total_min", label=gettext("Total at least"), kind="number"),
        TableFilter(id="total_max", label=gettext("Total at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="payment_method", label=gettext("Payment method")),
        TableFilter(id="source", label=gettext("Source")),
        TableFilter(id="product", label=gettext("Product"), help=gettext("As it stands in the line; none for none.")),
        TableFilter(id="country", label=gettext("Country"), help=gettext("Two letters, such as FR; none for unknown.")),
        TableFilter(id="owner", label=gettext("Assigned to"), kind="choice", choices=_people(work)),
        TableFilter(id="tagged", label=gettext("Has a tag"), kind="choice", choices=_yes_no()),
        TableFilter(id="contact_id", label=gettext("Contact"), kind="record", record="contact"),
        TableFilter(id="company_id", label=gettext("Company"), kind="record", record="company"),
        TableFilter(id="invoice_id", label=gettext("Invoice"), kind="record", record="invoice"),
        *contributed_filters(work, "transactions_transaction_filters"),
    ]


def _people(work: Work) -> list[tuple[str, str]]:
    return [(narrowing.NONE, gettext("Nobody")), *people_choices(work)]


def _yes_no() -> list[tuple[str, str]]:
    return [("1", gettext("Yes")), ("0", gettext("No"))]


# --- actions ---------------------------------------------------------------------------------------------------------


def _said(number: int) -> str:
    return str(ngettext("%(num)d transaction was changed.", "%(num)d transactions were changed.", number))


def _moved(number: int) -> str:
    return str(ngettext("%(num)d transaction went to the bin.", "%(num)d transactions went to the bin.", number))


def _back(number: int) -> str:
    return str(ngettext("%(num)d transaction was restored.", "%(num)d transactions were restored.", number))


def _actions(work: Work) -> list[Bulk]:
    found: list[Bulk] = []
    if work.can("transactions.edit"):
        statuses = [(str(status.id), status.name) for status in kinds.statuses(work)]
        found += [
            Bulk(
                id="status",
                label=gettext("Status"),
                icon="circle-dot",
                choices=statuses,
                run=_set_status,
                undo=_status_back,
                said=_said,
            ),
            *bulk_tags(work, mass.tag, _said),
        ]
    if work.can("transactions.delete"):
        found.append(bulk_delete(mass.to_bin, mass.restore, _moved))
    return found


def _set_status(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    before = mass.statuses_of(work, ids)
    number = mass.set_status(work, ids, values["choice"])
    wanted = kinds.find_status(work, values["choice"]).id
    return BulkDone(number, undo={"to": wanted, "before": [pair for pair in before.items() if pair[1] != wanted]})


def _status_back(work: Work, undo: Any) -> int:
    now = mass.statuses_of(work, [number for number, _status in undo["before"]])
    groups: dict[int, list[int]] = {}
    for number, status in undo["before"]:
        if now.get(number) == undo["to"]:
            groups.setdefault(status, []).append(number)
    return sum(mass.set_status(work, ids, status) for status, ids in groups.items())


def bin_table(work: Work) -> Table:
    """Deleted transactions."""
    return table_of_bin(
        _ROWS,
        id="transactions-bin",
        columns=[
            text_column("ref", gettext("Reference"), lambda row: row.one.ref, css="c-name", fixed=True),
            text_column("name", gettext("Name"), lambda row: row.one.title),
            text_column("contact", gettext("Contact"), cells.contact),
            day_column("deleted_at", gettext("Deleted"), lambda row: row.one.deleted_at),
            money_column("total", gettext("Total"), lambda row: row.total),
        ],
        row_name=lambda row: row.one.ref,
        card=("ref", "total", (("name",), ("contact", "deleted_at"))),
        bulk=[
            bulk_restore(mass.restore, _back),
            bulk_erase(mass.erase, gettext("Delete these transactions for good?")),
        ]
        if work.can("transactions.delete")
        else (),
        text=gettext("Deleted transactions stay here and can be restored. They count nowhere."),
        url=url_for("transactions.index"),
        label=gettext("To the transactions"),
    )
