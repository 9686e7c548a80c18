"""The list of the people of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

from flask import Blueprint

from crmhost.api import Work, keyset
from crmhost.web.api import (
    Bulk,
    BulkDone,
    Cell,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    current_work,
    day,
    gettext,
    link_cell,
    list_page,
    moment,
    ngettext,
    number,
    requires,
    status_cell,
    text_column,
    url_for,
)

from ..models import Sequence
from . import cells, inside, people, services

_HUES = {"inside": "blue", "finished": "green", "left": "grey"}


def add_people(blueprint: Blueprint) -> None:
    """Adds the page."""
    view = requires("mail_campaigns.view")(index)
    blueprint.add_url_rule("/sequences/<int:sequence_id>/people", "sequence_people", view, methods=["GET", "POST"])


def index(sequence_id: int) -> Any:
    """Who is inside, through, or left."""
    work = current_work()
    found = services.get(work, sequence_id)
    return list_page("mail_campaigns/sequences/people.html", _table(work, found), work, one=found)


def _which(query: TableQuery) -> inside.Which:
    def chosen(name: str) -> str:
        return next(iter(query.filters.get(name, ())), "")

    return inside.Which(chosen("state"), chosen("reason"), keyset.valid_id(chosen("step")))


def _table(work: Work, sequence: Sequence) -> Table:
    def fetch(work: Work, query: TableQuery) -> TablePage:
        found = inside.page(work, sequence, _which(query), after=query.after, before=query.before, limit=query.limit)
        return TablePage(found.rows, found.next, found.previous)

    def count(work: Work, query: TableQuery) -> TableCount:
        return TableCount(*inside.count(work, sequence, _which(query)))

    linked = work.can("contacts.view")
    page = url_for("mail_campaigns.sequence", sequence_id=sequence.id)
    return Table(
        id="sequence-people",
        label=gettext("People"),
        all_label=gettext("All people"),
        columns=[
            text_column("name", gettext("Name"), lambda row: _person(row, linked=linked), css="c-name", fixed=True),
            text_column("email", gettext("E-mail"), lambda row: row.email, css="c-mail"),
            text_column("state", gettext("State"), _state, css="c-status"),
            TableColumn(
                id="mail",
                label=gettext("Next mail"),
                cell=lambda row: _mail(row) or "–",
                css="c-org",
                card_cell=_on_card,
            ),
            text_column("due", gettext("On"), lambda row: moment(row.due_at), css="c-org"),
            text_column("reason", gettext("Why they left"), _reason, css="c-org"),
            text_column("entered", gettext("Entered"), lambda row: day(row.entered_at), css="c-org"),
            text_column(
                "ended", gettext("Through or left"), lambda row: moment(row.ended_at), css="c-org", shown=False
            ),
        ],
        fetch=fetch,
        count=count,
        filters=[
            _filter(
                "state", gettext("State"), [(key, gettext(said)) for key, said in cells.STATES.items()], quick=True
            ),
            _filter("step", gettext("Next mail"), _steps(work, sequence)),
            _filter("reason", gettext("Why they left"), [(key, gettext(said)) for key, said in cells.REASONS.items()]),
        ],
        row_name=lambda row: row.name or row.email,
        card=("name", "state", (("mail",),)),
        bulk=_actions(sequence) if work.can("mail_campaigns.send") else (),
        views=False,
        empty=(
            gettext("Nobody here yet"),
            gettext(
                "Who is in the audience enters while the sequence is on. Others are added on their page, or by “Add to sequence” "
                "in the list of contacts."
            ),
            page,
            gettext("To the sequence"),
        ),
    )


def _filter(name: str, label: str, choices: list[tuple[str, str]], *, quick: bool = False) -> TableFilter:
    return TableFilter(id=name, label=label, kind="choice", choices=choices, words="{value}", quick=quick)


def _steps(work: Work, sequence: Sequence) -> list[tuple[str, str]]:
    return [(str(step.id), cells.mail(step.place, step.subject)) for step in services.steps_of(work, sequence.id)]


def _actions(sequence: Sequence) -> list[Bulk]:
    def take_out(work: Work, ids: Many[int], _values: Mapping[str, str]) -> BulkDone:
        due = people.remove(work, sequence.id, ids)
        return BulkDone(len(due), undo={str(key): at for key, at in due.items()})

    def put_back(work: Work, due: Mapping[str, str]) -> int:
        return people.put_back(work, sequence.id, due)

    def said(done: int) -> str:
        if not done:
            return str(gettext("None of them was inside."))
        return str(
            ngettext(
                "%(number)s person gets no further mail of it.",
                "%(number)s people get no further mail of it.",
                done,
                number=number(done),
            )
        )

    label = gettext("Take out")
    return [Bulk(id="take_out", label=label, icon="x", danger=True, run=take_out, undo=put_back, said=said)]


# --- cells -----------------------------------------------------------------------------------------------------------


def _person(row: inside.Person, *, linked: bool) -> Cell:
    address = url_for("contacts.page", contact_id=row.id) if linked and not row.in_bin else ""
    return link_cell(row.name or row.email, address)


def _state(row: inside.Person) -> Cell:
    return status_cell(gettext(cells.STATES[row.state]), _HUES[row.state])


def _mail(row: inside.Person) -> str:
    """The one that comes next, or before which they left."""
    return cells.mail(row.step, row.subject) if row.step else ""


def _on_card(row: inside.Person) -> str:
    """What matters most of somebody: when which mail comes, or why they left."""
    return f"{_mail(row)}, {moment(row.due_at)}" if row.due_at else _reason(row) or moment(row.ended_at)


def _reason(row: inside.Person) -> str:
    return str(gettext(cells.REASONS[row.reason])) if row.reason else ""
