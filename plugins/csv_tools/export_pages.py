"""The page of exports."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, stream_with_context

from crmhost.api import Invalid, statuses, tags, users
from crmhost.web.api import (
    Response,
    abort,
    current_work,
    gettext,
    job_progress,
    name_download,
    redirect,
    render_template,
    request,
    url_for,
    writing,
)

from . import exporting
from .forms import read_export

#: Rows that are exported at once; more are written by a job.
AT_ONCE = 5000
EXPORT_PERMISSION = "contacts.export"


def add_export_pages(blueprint: Blueprint) -> None:
    """Adds the page and what it sends."""
    blueprint.get("/export")(export)
    blueprint.post("/export")(write_export)


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
    people = [(str(user.id), user.name or user.email) for user, _ in users.all_users(work)]
    return render_template(
        "csv_tools/export.html",
        kinds=kinds,
        exporter=exporter,
        columns=exporter.columns(work),
        statuses=statuses.all_statuses(work),
        tags=tags.all_tags(work),
        people=people,
        delimiters=exporting.DELIMITERS,
        problem=problem,
        progress=_progress_of(request.args.get("job", "")),
    )


def _progress_of(number: str) -> str:
    return job_progress(int(number)) if number.isdecimal() and len(number) < 10 else ""


def write_export() -> Any:
    """The file; when it is large, a job writes it."""
    work = current_work()
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
