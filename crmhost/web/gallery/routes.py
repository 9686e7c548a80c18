"""Pages of the gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ...errors import Invalid
from ...work.unit import Work
from ..request import current_work, public
from ..tables import (
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
)
from ..tables.pages import list_page
from ..toasts import toast
from . import samples

STATUSES = [(name, name) for name, _hue in samples.STATUSES]
TAGGING = [("add", "Add this tag"), ("remove", "Remove this tag")]
blueprint = Blueprint("gallery", __name__, url_prefix="/dev/gallery")
TEMPLATES = "crmhost/gallery/"
#: Sub-pages: endpoint -> title.
PAGES = {
    "index": "Signs and buttons",
    "fields": "Forms",
    "wrong": "Forms with errors",
    "full": "A list",
    "hollow": "An empty list",
    "parts": "Parts of records",
    "record": "A record",
    "overlays": "Menus, dialogs, notices",
    "charts": "Charts",
}


@blueprint.context_processor
def tabs() -> dict[str, Any]:
    """The sub-pages as tabs."""
    shown = request.endpoint
    pages = [(title, url_for(f".{name}"), shown == f"gallery.{name}", None) for name, title in PAGES.items()]
    return {"gallery_tabs": pages, "samples": samples}


@blueprint.get("/")
def index() -> str:
    """Buttons and small signs."""
    jobs = [
        SimpleNamespace(
            label="Import", progress=SimpleNamespace(total=100, done=done), row=SimpleNamespace(state="running")
        )
        for done in (0, 40, 100)
    ]
    jobs.append(SimpleNamespace(label="Export", progress=None, row=SimpleNamespace(state="running")))
    return render_template(f"{TEMPLATES}signs.html", jobs=jobs)


@blueprint.get("/forms")
def fields() -> str:
    """Every kind of field."""
    return render_template(f"{TEMPLATES}forms.html", form=samples.form(wrong=False), title="Forms")


@blueprint.get("/forms/wrong")
def wrong() -> str:
    """Every kind of field with an error."""
    return render_template(f"{TEMPLATES}forms.html", form=samples.form(wrong=True), title="Forms with errors")


def _signs(kind: str, *pairs: tuple[str, str]) -> Markup:
    """Statuses or tags: pairs of name and hue."""
    html = render_template(f"{TEMPLATES}cell.html", kind=kind, pairs=pairs)
    return Markup(html)  # noqa: S704  # a template's own markup


def _table(name: str, rows: list[samples.Row]) -> Table:
    return Table(
        id=name,
        label="Samples",
        search="Name or e-mail",
        fetch=lambda work, query: _fetch(work, query, rows),
        count=lambda _work, _query: TableCount(12_408, exact=False),
        sums=lambda _work, _query: [TableSum("Total", ["€1,234,567.89", "$318.00"]), TableSum("Due", ["€0.00"])],
        row=lambda _work, number: rows[number - 1],
        sort="name",
        columns=[
            TableColumn(id="name", label="Name", cell=lambda row: row.name, sort="name", css="c-name", fixed=True),
            TableColumn(id="email", label="E-mail", cell=lambda row: row.email, css="c-mail"),
            TableColumn(id="status", label="Status", cell=lambda row: _signs("status", row.status), css="c-status",
                        edit=CellEdit(choices=STATUSES, value=lambda row: row.status[0], save=_refuse)),
            TableColumn(id="tags", label="Tags", cell=lambda row: _signs("tag", *row.tags), css="c-tags"),
            TableColumn(id="amount", label="Amount", cell=lambda row: f"{row.amount / 100:,.2f}", align="end", css="c-money"),
        ],
        card=("name", "status", [["email", "amount"], ["tags"]]),
        filters=[
            TableFilter(id="status", label="Status", kind="choices", choices=STATUSES),
            TableFilter(id="since", label="Since", kind="day"),
            TableFilter(id="least", label="At least", kind="number", help="In euros."),
        ],
        row_name=lambda row: str(row.name),
        bulk=[
            Bulk(id="tag", label="Tag", icon="tag", entry="Name of the tag", known=["VIP"], choices=TAGGING, run=_nothing),
            Bulk(id="status", label="Status", icon="flag", choices=STATUSES, run=_nothing),
            Bulk(id="delete", label="Delete", icon="trash", danger=True, confirm="Delete what is selected?", run=_nothing),
        ],
        empty=("No sample yet", "This is what a list without rows says.", "/dev/gallery/list", "See a full one"),
    )  # fmt: skip


def _nothing(_work: Work, _ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    return BulkDone(0)


def _refuse(_work: Work, _number: int, _text: str) -> None:
    raise Invalid("The gallery keeps nothing: this is how a refusal looks.")


def _fetch(_work: Work, _query: TableQuery, rows: list[samples.Row]) -> TablePage:
    return TablePage(rows, next="more" if rows else None)


@blueprint.route("/list", methods=["GET", "POST"])
def full() -> ResponseReturnValue:
    """A list with rows."""
    return list_page(f"{TEMPLATES}list.html", _table("samples", samples.rows()), current_work(), title="A list")


@blueprint.route("/list/empty", methods=["GET", "POST"])
def hollow() -> ResponseReturnValue:
    """A list without rows."""
    return list_page(f"{TEMPLATES}list.html", _table("no-samples", []), current_work(), title="An empty list")


@blueprint.get("/parts")
def parts() -> str:
    """Vitals, tabs, boxes, the journal, pairs, rows, notes."""
    lines = samples.lines(current_work().now)
    return render_template(f"{TEMPLATES}parts.html", lines=lines)


@blueprint.get("/record")
def record() -> str:
    """The page of a record, whole."""
    return render_template(f"{TEMPLATES}record.html", **samples.record_page(current_work().now))


@blueprint.get("/overlays")
def overlays() -> str:
    """Menus, dialogs, notices, empty pages."""
    toast("This is a notice. It goes by itself.", "/dev/gallery/done")
    return render_template(f"{TEMPLATES}overlays.html")


@blueprint.get("/charts")
def charts() -> str:
    """Charts of every kind."""
    return render_template(f"{TEMPLATES}charts.html", charts=samples.charts())


@blueprint.post("/done")
@public
def done() -> ResponseReturnValue:
    """What buttons of the gallery lead to: nothing."""
    return "", 204
