"""The list of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from crmhost.api import Work, keyset
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
    current_work,
    day,
    list_page,
    money,
    requires,
)

from . import services
from .models import Entry

blueprint = Blueprint("probe_three", __name__)
STATES = [("open", "Open"), ("paid", "Paid")]


def fetch(work: Work, query: TableQuery) -> TablePage:
    """A page."""
    found = keyset.page(
        work.session,
        services.matching(work, query.q, query.filters),
        services.ORDERS,
        query.sort,
        after=query.after,
        before=query.before,
        limit=query.limit,
    )
    return TablePage(found.rows, found.next, found.previous)


def count(work: Work, query: TableQuery) -> TableCount:
    """How many match."""
    return TableCount(services.count(work, query.q, query.filters))


def sums(work: Work, query: TableQuery) -> list[TableSum]:
    """What they come to."""
    return [TableSum("Total", [money(amount, code) for code, amount in services.sums(work, query.q, query.filters)])]


def ids(work: Work, query: TableQuery) -> Iterator[Sequence[int]]:
    """Ids of all that match."""
    matching = services.matching(work, query.q, query.filters).with_only_columns(Entry.id)
    return keyset.id_runs(work.session, matching, Entry.id)


def mark(work: Work, chosen: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    """Gives entries a state."""
    before = services.set_state(work, chosen, values["choice"])
    return BulkDone(len(before), undo={"to": values["choice"], "before": list(before.items())})


def unmark(work: Work, undo: Any) -> int:
    """Takes that back, but for those that were changed since."""
    return services.back(work, undo["to"], dict(undo["before"]))


def entries(work: Work) -> Table:
    """The list."""
    may = work.can("probe_three.edit")
    return Table(
        id="probe-entries",
        label="Entries",
        fetch=fetch,
        count=count,
        sums=sums,
        ids=ids,
        row=services.get,
        export="probe_entries",
        sort="-day",
        search="Name",
        row_name=lambda row: str(row.name),
        columns=[
            TableColumn(
                id="name",
                label="Name",
                cell=lambda row: row.name,
                sort="name",
                fixed=True,
                edit=CellEdit(kind="text", value=lambda row: row.name, save=services.rename) if may else None,
            ),
            TableColumn(id="day", label="Day", cell=lambda row: day(row.day), sort="day", css="c-when"),
            TableColumn(
                id="state",
                label="State",
                cell=lambda row: dict(STATES)[row.state],
                edit=CellEdit(choices=STATES, value=lambda row: row.state, save=_set_state) if may else None,
            ),
            TableColumn(
                id="amount",
                label="Amount",
                cell=lambda row: money(row.amount, row.currency),
                sort="amount",
                align="end",
                css="c-money",
            ),
        ],
        card=("name", "amount", [["state", "day"]]),
        filters=[TableFilter(id="state", label="State", kind="choices", choices=STATES)],
        bulk=[
            Bulk(
                id="state",
                label="State",
                choices=STATES,
                run=mark,
                undo=unmark,
                said=lambda number: f"{number} entries marked.",
            )
        ]
        if may
        else (),
    )


def _set_state(work: Work, entry_id: int, state: str) -> None:
    services.set_state(work, [entry_id], state)


@blueprint.route("/", methods=["GET", "POST"])
@requires("probe_three.view")
def index() -> ResponseReturnValue:
    """All entries."""
    work = current_work()
    return list_page("probe_three/index.html", entries(work), work)
