"""The page of exports."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, stream_with_context

from crmhost.api import Invalid, Work, contacts_list, statuses, tags, users
from crmhost.web.api import (
    Response,
    abort,
    current_work,
    gettext,
    job_progress,
    name_download,
    ngettext,
    number,
    redirect,
    render_template,
    request,
    url_for,
    writing,
)

from . import exporting
from .forms import read_criteria, read_export

#: Rows that are exported at once; more are written by a job.
AT_ONCE = 5000
EXPORT_PERMISSION = "contacts.export"
#: Preference of a user, before the kind: what was chosen last time.
KEPT = "csv_tools.export"
#: Filters that have a field of their own on the page.
SHOWN = ("q", "status", "tag", "assigned_to", "created_from", "created_to")
#: Parts of a list's address that narrow nothing down.
_NO_FILTERS = ("view", "sort", "after", "before", "rows")


def add_export_pages(blueprint: Blueprint) -> None:
    """Adds the page and what it sends."""
    blueprint.get("/export")(export)
    blueprint.post("/export")(write_export)


def list_item(work: Work, view: Any) -> str:
    """The way from a list to an export of what it shows."""
    if not any(item.kind == view.table.export for item in exporting.kinds(work)):
        return ""
    url = f"{url_for('csv_tools.export')}?{urlencode([('kind', view.table.export), *view.state])}"
    return str(render_template("csv_tools/list_item.html", url=url))


def export() -> Any:
    """What to export."""
    return _export_page()


def _export_page(problem: str = "") -> str:
    work = current_work()
    kinds = exporting.kinds(work)
    if not kinds:
        work.require(EXPORT_PERMISSION)
        abort(404)
    wanted = request.values.get("kind", "")
    exporter = next((item for item in kinds if item.kind == wanted), kinds[0])
    contacts = exporter.kind == "contacts"
    given = read_criteria()
    return render_template(
        "csv_tools/export.html",
        kinds=kinds,
        exporter=exporter,
        columns=exporter.columns(work),
        given=given,
        others={name: text for name, text in given.items() if not contacts or name not in SHOWN},
        labels=_labels(work) if contacts else {"q": gettext("Search"), **dict(exporter.columns(work))},
        number="" if problem or not contacts else _number(work, given),
        views=_views(work) if contacts else [],
        view=request.args.get("view", ""),
        kept=_kept(work, exporter.kind),
        statuses=statuses.all_statuses(work) if contacts else [],
        tags=tags.all_tags(work) if contacts else [],
        people=[(str(user.id), user.name or user.email) for user, _ in users.all_users(work)] if contacts else [],
        delimiters=exporting.DELIMITERS,
        problem=problem,
        progress=_progress_of(request.args.get("job", "")),
    )


def _labels(work: Work) -> dict[str, str]:
    """What the filters are called that have no field on the page."""
    contributed = {item.id: item.label for item in work.generation.contributions("contact_filters")}
    return {"not_contacted": gettext("Not contacted for (days)"), "source": gettext("Source"), **contributed}


def _number(work: Work, given: dict[str, str]) -> str:
    """A sentence on how many contacts that would be; empty when a filter can't be understood."""
    filters = {name: text for name, text in given.items() if name != "q"}
    try:
        count = contacts_list.count(work, contacts_list.ListQuery(q=given.get("q", ""), filters=filters))
    except Invalid:
        return ""
    text = number(count.number) + ("" if count.exact else "+")
    return str(
        ngettext("%(text)s contact, as chosen here.", "%(text)s contacts, as chosen here.", count.number, text=text)
    )


def _views(work: Work) -> list[tuple[str, str]]:
    """The views of the contact list that the reader saved: name and address of this page with what they show."""
    kept = users.preference(work, "views.contacts")
    here = url_for("csv_tools.export")
    found = []
    for view in kept if isinstance(kept, list) else []:
        if isinstance(view, dict) and view.get("name"):
            asked = [(name, text) for name, text in parse_qsl(str(view.get("query", ""))) if name not in _NO_FILTERS]
            found.append((str(view["name"]), f"{here}?{urlencode([*asked, ('view', str(view['name']))])}"))
    return found


def _kept(work: Work, kind: str) -> dict[str, Any]:
    """What the reader chose last time: columns, separator, mark."""
    kept = users.preference(work, f"{KEPT}.{kind}")
    return kept if isinstance(kept, dict) else {}


def _progress_of(number: str) -> str:
    return job_progress(int(number)) if number.isdecimal() and len(number) < 10 else ""


def write_export() -> Any:
    """The file; when it is large, a job writes it."""
    work = current_work()
    if not exporting.kinds(work):
        work.require(EXPORT_PERMISSION)
    exporter = exporting.exporter_of(work, request.form.get("kind", ""))
    choices = read_export([name for name, _ in exporter.columns(work)])
    try:
        lines = exporting.stream(
            work,
            exporter.kind,
            choices.filters,
            columns=choices.columns,
            delimiter=choices.delimiter,
            mark=choices.mark,
        )
    except Invalid as error:
        return _export_page(gettext(error.message)), 422
    with writing() as work:
        exporting.note(work, exporter.kind, choices.filters, choices.columns)
        chosen = {"columns": choices.columns, "delimiter": choices.delimiter, "mark": choices.mark}
        users.set_preference(work, f"{KEPT}.{exporter.kind}", chosen)
    # The heading, and so many pieces of rows.
    first = list(itertools.islice(lines, 1 + AT_ONCE // exporting.BATCH))
    if next(lines, None) is None:
        return download(first, exporting.file_name(current_work(), exporter.kind))
    with writing() as work:
        job = work.enqueue(
            "csv_tools.export",
            kind=exporter.kind,
            filters=choices.filters,
            columns=choices.columns,
            delimiter=choices.delimiter,
            mark=choices.mark,
        )
    return redirect(url_for("csv_tools.export", kind=exporter.kind, job=job), 303)


def download(lines: Iterable[str], name: str) -> Response:
    """An answer that is saved as a file of that name."""
    answer = Response(stream_with_context(text.encode() for text in lines), mimetype="text/csv")
    name_download(answer, name)
    return answer
