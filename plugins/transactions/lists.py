"""The list of transactions and their bin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmhost.api import Work, keyset, tags
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
    TableSum,
    day,
    gettext,
    money,
    ngettext,
    url_for,
)

from . import cells, kinds, mass, queries, services


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
    if found is not None:
        totals, counted = found
        return [
            TableSum(gettext("Total"), [money(amount) for amount in totals]),
            TableSum(gettext("In total value"), [money(amount) for amount in counted]),
        ]
    if query.q or query.filters or work.actor.only_assigned:
        return [TableSum(gettext("Total"), [gettext("Too many to add up. Filter the list.")])]
    return [TableSum(gettext("In total value"), [money(amount) for amount in queries.kept_sums(work)])]


def _ids(work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
    return queries.ids(work, queries.matching(work, query.q, query.filters))


def transaction_table(work: Work) -> Table:
    """The list of transactions."""
    return Table(
        id="transactions",
        label=gettext("Transactions"),
        all_label=gettext("All transactions"),
        columns=_columns(work),
        fetch=_fetch,
        count=_count,
        sums=_sums,
        ids=_ids,
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


def _columns(work: Work) -> list[TableColumn]:
    statuses = [(str(status.id), status.name) for status in kinds.statuses(work)]
    edit = CellEdit(
        value=lambda row: str(row.one.status_id),
        save=lambda work, number, text: mass.set_status(work, [number], text),
        choices=statuses,
    )
    return [
        TableColumn(id="ref", label=gettext("Reference"), cell=cells.ref, sort="ref", css="c-name", fixed=True),
        TableColumn(id="name", label=gettext("Name"), cell=lambda row: row.one.title, sort="name", css="c-org"),
        TableColumn(id="contact", label=gettext("Contact"), cell=cells.contact, css="c-org"),
        TableColumn(id="type", label=gettext("Type"), cell=lambda row: row.type, css="c-when"),
        TableColumn(
            id="status",
            label=gettext("Status"),
            cell=cells.status,
            css="c-status",
            edit=edit if work.can("transactions.edit") else None,
        ),
        TableColumn(id="tags", label=gettext("Tags"), cell=cells.tag_cell, css="c-tags"),
        TableColumn(id="date", label=gettext("Date"), cell=lambda row: day(row.one.at), sort="date", css="c-when"),
        TableColumn(id="total", label=gettext("Total"), cell=cells.total, sort="total", align="end", css="c-money"),
        TableColumn(id="company", label=gettext("Company"), cell=cells.company, css="c-org", shown=False),
        *(_amount(name, label) for name, label in _amounts().items()),
        TableColumn(
            id="payment_method",
            label=gettext("Payment method"),
            cell=lambda row: row.one.payment_method or cells.NONE,
            css="c-when",
            shown=False,
        ),
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


def _amounts() -> dict[str, str]:
    return {
        "tax": gettext("Tax"),
        "discount": gettext("Discount"),
        "fee": gettext("Fee"),
        "shipping": gettext("Shipping"),
    }


def _amount(name: str, label: str) -> TableColumn:
    def cell(row: cells.Row) -> str:
        return money(row.one.money(name)) if getattr(row.one, name) else cells.NONE

    return TableColumn(id=name, label=label, cell=cell, align="end", css="c-money", shown=False)


def _filters(work: Work) -> list[TableFilter]:
    statuses = [(str(status.id), status.name) for status in kinds.statuses(work)]
    types = [(str(kind.id), kind.name) for kind in kinds.types(work)]
    known = [(tag.name, tag.name) for tag in tags.all_tags(work)]
    return [
        TableFilter(id="status", label=gettext("Status"), kind="choices", choices=statuses),
        TableFilter(id="type", label=gettext("Type"), kind="choices", choices=types),
        TableFilter(id="tag", label=gettext("Tag"), kind="choice", choices=known),
        TableFilter(id="date_from", label=gettext("From day"), kind="day"),
        TableFilter(id="date_to", label=gettext("Until day"), kind="day"),
        TableFilter(id="total_min", label=gettext("Total at least"), kind="number"),
        TableFilter(id="total_max", label=gettext("Total at most"), kind="number"),
        TableFilter(id="currency", label=gettext("Currency")),
        TableFilter(id="payment_method", label=gettext("Payment method")),
        TableFilter(id="source", label=gettext("Source")),
        TableFilter(id="contact_id", label=gettext("Number of the contact"), kind="number"),
        TableFilter(id="company_id", label=gettext("Number of the company"), kind="number"),
    ]


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
        known = [tag.name for tag in tags.all_tags(work)]
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
            _tagging("tag", gettext("Tag"), "tag", known, _tag),
            _tagging("untag", gettext("Remove tag"), "tag-off", known, _untag),
        ]
    if work.can("transactions.delete"):
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


def _tagging(name: str, label: str, sign: str, known: Sequence[str], run: Any) -> Bulk:
    return Bulk(id=name, label=label, icon=sign, entry=gettext("Tag"), known=known, run=run, said=_said)


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


def _tag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, [values["entry"]]))


def _untag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.tag(work, ids, (), [values["entry"]]))


def _delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    return BulkDone(mass.to_bin(work, ids), undo=list(ids))


# --- the bin ---------------------------------------------------------------------------------------------------------


def bin_table(work: Work) -> Table:
    """Deleted transactions."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        return _fetch(work, TableQuery(query.q, {}, "-date", query.after, query.before, query.limit), in_bin=True)

    bulk = []
    if work.can("transactions.delete"):
        bulk = [
            Bulk(
                id="restore",
                label=gettext("Restore"),
                icon="arrow-back-up",
                run=lambda work, ids, _values: BulkDone(mass.restore(work, ids)),
                said=_back,
            ),
            Bulk(
                id="erase",
                label=gettext("Delete for good"),
                icon="trash",
                danger=True,
                confirm=gettext("Delete these transactions for good?"),
                detail=gettext("This can't be undone."),
                run=lambda work, ids, _values: BulkDone(mass.erase(work, ids)),
            ),
        ]
    return Table(
        id="transactions-bin",
        label=gettext("Bin"),
        columns=[
            TableColumn(id="ref", label=gettext("Reference"), cell=lambda row: row.one.ref, css="c-name", fixed=True),
            TableColumn(id="name", label=gettext("Name"), cell=lambda row: row.one.title, css="c-org"),
            TableColumn(id="contact", label=gettext("Contact"), cell=cells.contact, css="c-org"),
            TableColumn(
                id="deleted_at", label=gettext("Deleted"), cell=lambda row: day(row.one.deleted_at), css="c-when"
            ),
            TableColumn(id="total", label=gettext("Total"), cell=cells.total, align="end", css="c-money"),
        ],
        fetch=fetch,
        sort="-date",
        row_name=lambda row: row.one.ref,
        card=("ref", "total", (("name",), ("contact", "deleted_at"))),
        bulk=bulk,
        views=False,
        empty=(
            gettext("The bin is empty"),
            gettext("Deleted transactions stay here and can be restored. They count nowhere."),
            url_for("transactions.index"),
            gettext("To the transactions"),
        ),
    )
