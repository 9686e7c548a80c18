"""Pages of import and export."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, stream_with_context

from crmhost.api import Conflict, CrmError, Invalid, statuses, tags, users
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
    requires,
    toast,
    url_for,
    writing,
)

from . import batches, exporting, importing, storing, undoing
from . import mapping as maps
from .forms import read_choices, read_export
from .mapping import Mapper
from .models import Run
from .reading import CsvTable
from .sniff import DELIMITERS, ENCODINGS, Format

blueprint = Blueprint("csv_tools", __name__)

#: Rows that are exported at once; more are written by a job.
AT_ONCE = 5000
#: Rows that the preview shows.
SHOWN = 8
EXPORT_PERMISSION = "contacts.export"


# --- import: the file ------------------------------------------------------------------------------------------------


@blueprint.get("/import")
@requires(importing.PERMISSION)
def imports() -> str:
    """A form for a file, and the imports so far."""
    return _imports_page()


def _imports_page(problem: str = "") -> str:
    work = current_work()
    return render_template(
        "csv_tools/imports.html", kinds=importing.kinds(work), runs=importing.recent(work), problem=problem
    )


@blueprint.post("/import")
@requires(importing.PERMISSION)
def upload() -> Any:
    """Takes the file, looks at it and shows what would happen."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _imports_page(gettext("Choose a file first.")), 422
    try:
        staged = storing.take(current_work(), file.stream, file.filename)
    except CrmError as error:
        return _imports_page(gettext(error.message)), error.status
    with writing() as work:
        undoing.tidy(work)
        run = importing.create(work, request.form.get("kind", ""), file.filename)
        storing.keep(work, run, staged)
        run_id = run.id
    try:
        if not staged.size:
            raise Invalid("The file is empty: there is no row to read in it.")
        _look(run_id, {}, None, {}, "", "")
    except CrmError as error:
        with writing() as work:
            importing.discard(work, run_id)
        return _imports_page(gettext(error.message)), 422
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


def _look(
    run_id: int,
    chosen: dict[str, Any],
    mapping: list[str] | None,
    dates: dict[str, str],
    match_by: str,
    mode: str,
) -> None:
    """Looks at the file with these choices, tries its first rows out, and keeps what that gave for the preview."""
    work = current_work()
    run = importing.get(work, run_id)
    source = storing.stored(work, run_id)
    proposal = importing.propose(work, run.kind, source, **chosen)
    with writing() as work:
        run = importing.get(work, run_id, lock=True)
        importing.settle(work, run, proposal, mapping=mapping, dates=dates, match_by=match_by, mode=mode)
    told: dict[str, Any] = {}
    if any(run.mapping):
        told = batches.rehearse(writing, run, storing.stored(current_work(), run_id))
    with writing() as work:
        importing.get(work, run_id, lock=True).rehearsal = told


# --- import: a run ---------------------------------------------------------------------------------------------------


@blueprint.get("/import/<int:run_id>")
@requires(importing.PERMISSION)
def run(run_id: int) -> str:
    """Preview, progress or report of an import, as far as it is."""
    found = importing.get(current_work(), run_id)
    if found.state == "draft":
        return _preview(found)
    return _report(found)


def _preview(found: Run, problem: str = "") -> str:
    work = current_work()
    importer = importing.importer_of(work, found.kind)
    fields = importer.fields(work)
    table = CsvTable(storing.stored(work, found.id), Format.from_json(found.file_format))
    mapper = Mapper(found.mapping, fields, found.dates)  # type: ignore[arg-type]
    first = [(record, mapper.fields(record.cells)) for record, _ in zip(table.rows(), range(SHOWN), strict=False)]
    samples = [
        next(
            (record.cells[index] for record, _ in first if record.cells[index : index + 1] and record.cells[index]), ""
        )
        for index in range(len(found.columns))
    ]
    return render_template(
        "csv_tools/preview.html",
        run=found,
        importer=importer,
        fields=fields,
        new_kinds=maps.new_kinds(importer) if work.can("fields.manage") else [],
        new_mark=maps.NEW,
        first=first,
        samples=samples,
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
        problem=problem,
        left_out=[name for name, field in zip(found.columns, found.mapping, strict=True) if not field],
    )


@blueprint.post("/import/<int:run_id>")
@requires(importing.PERMISSION)
def choose(run_id: int) -> Any:
    """Takes the choices of the preview: looks at the file again, or starts."""
    work = current_work()
    found = importing.get(work, run_id)
    if found.state != "draft":
        return redirect(url_for("csv_tools.run", run_id=run_id), 303)
    choices = read_choices(len(found.columns), found.file_format)
    try:
        mapping = choices.mapping
        if mapping is not None and any(field.startswith(maps.NEW) for field in mapping):
            with writing() as work:
                importer = importing.importer_of(work, found.kind)
                mapping = maps.with_new_fields(work, importer, found.columns, mapping)
        _look(run_id, choices.format, mapping, choices.dates, choices.match_by, choices.mode)
        if not choices.start:
            return redirect(url_for("csv_tools.run", run_id=run_id), 303)
        with writing() as work:
            importing.want(work, run_id)
    except Invalid as error:
        return _preview(importing.get(current_work(), run_id), gettext(error.message)), 422
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


@blueprint.post("/import/<int:run_id>/go-on")
@requires(importing.PERMISSION)
def go_on(run_id: int) -> Any:
    """Goes on with importing or with undoing, after it was stopped or failed."""
    try:
        with writing() as work:
            found = importing.get(work, run_id)
            if found.state == "undoing":
                undoing.want(work, run_id)
            elif found.kept:
                importing.want(work, run_id)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


@blueprint.post("/import/<int:run_id>/undo")
@requires(importing.PERMISSION)
def undo(run_id: int) -> Any:
    """Takes an import back."""
    try:
        with writing() as work:
            undoing.want(work, run_id)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


@blueprint.post("/import/<int:run_id>/discard")
@requires(importing.PERMISSION)
def discard(run_id: int) -> Any:
    """Throws a file away that was not imported."""
    with writing() as work:
        importing.discard(work, run_id)
    toast(gettext("The file was thrown away; nothing was imported."))
    return redirect(url_for("csv_tools.imports"), 303)


def _report(found: Run) -> str:
    work = current_work()
    after = request.args.get("after", "")
    rows = importing.remarks(work, found, after=int(after) if after.isdecimal() and len(after) < 16 else 0, limit=101)
    return render_template(
        "csv_tools/run.html",
        run=found,
        rows=rows[:100],
        more=rows[99].id if len(rows) > 100 else 0,
        alive=importing.job_state(work, found) in importing.ALIVE,
        failed=importing.job_state(work, found) == "failed",
        job_progress=job_progress,
        undoable=undoing.undoable(work, found),
        left_alone=undoing.left_alone(work, found) if found.left_alone else [],
        kept_days=undoing.KEPT_DAYS,
    )


@blueprint.get("/import/<int:run_id>/refused.csv")
@requires(importing.PERMISSION)
def refused(run_id: int) -> Response:
    """The refused rows with the reasons, as a file to correct and import again."""
    work = current_work()
    found = importing.get(work, run_id)
    columns, delimiter = list(found.columns), str(found.file_format.get("delimiter", ","))
    rows = importing.all_remarks(work, found, outcomes=("refused",))
    name = re.sub(r"\.[^.]{1,5}$", "", found.file_name)
    return _download(exporting.refused(columns, delimiter, rows), f"{name}-refused.csv")


# --- export ----------------------------------------------------------------------------------------------------------


@blueprint.get("/export")
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


@blueprint.post("/export")
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
        return _download(first, exporting.file_name(current_work(), exporter.kind))
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


def _download(lines: Iterable[str], name: str) -> Response:
    answer = Response(stream_with_context(text.encode() for text in lines), mimetype="text/csv")
    name_download(answer, name)
    return answer
