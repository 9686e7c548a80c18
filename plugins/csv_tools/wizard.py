"""The steps of an import until it begins: the file, its columns, who is here already, a last look."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint
from werkzeug.datastructures import FileStorage

from crmhost.api import Conflict, CrmError, Importer, Invalid, NotFound, statuses, tags, users
from crmhost.web.api import (
    current_work,
    gettext,
    job_progress,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import batches, importing, mapping, proposing, saved, storing, undoing
from .forms import read_format, read_mapping, read_prefixed
from .mapping import Mapper
from .models import Run
from .reading import CsvTable, Record
from .sniff import DELIMITERS, ENCODINGS, Format

#: Rows that the previews show.
SHOWN = 8
#: Rows from which the samples of a column are taken.
SAMPLED = 200
#: Different problems that the last step shows at once.
LISTED = 30


def add_wizard(blueprint: Blueprint) -> None:
    """Adds the pages of the steps and what they send."""
    allowed = requires(importing.PERMISSION)
    blueprint.get("/import")(allowed(imports))
    blueprint.post("/import")(allowed(upload))
    blueprint.get("/import/<int:run_id>/columns")(_step(columns))
    blueprint.post("/import/<int:run_id>/columns")(_step(choose_columns))
    blueprint.post("/import/<int:run_id>/format")(_step(choose_format))
    blueprint.post("/import/<int:run_id>/use")(_step(use_mapping))
    blueprint.post("/import/<int:run_id>/forget")(_step(forget_mapping))
    blueprint.get("/import/<int:run_id>/matches")(_step(matches))
    blueprint.post("/import/<int:run_id>/matches")(_step(choose_matches))
    blueprint.get("/import/<int:run_id>/check")(_step(check))
    blueprint.post("/import/<int:run_id>/check")(_step(start))
    blueprint.post("/import/<int:run_id>/discard")(allowed(discard))


def _to(step: str, run_id: int) -> Any:
    return redirect(url_for(f"csv_tools.{step}", run_id=run_id), 303)


def _step(view: Callable[[Run], Any]) -> Callable[[int], Any]:
    """A page of a draft; whoever comes late is led to what became of it."""

    @requires(importing.PERMISSION)
    @functools.wraps(view)
    def step(run_id: int) -> Any:
        run = importing.get(current_work(), run_id)
        return view(run) if run.state == "draft" else _to("run", run_id)

    return step


# --- the file --------------------------------------------------------------------------------------------------------


def imports() -> str:
    """A form for a file, and the imports so far."""
    return _imports_page()


def _imports_page(problem: str = "") -> str:
    work = current_work()
    return render_template(
        "csv_tools/imports.html", kinds=importing.kinds(work), runs=importing.recent(work), problem=problem
    )


def upload() -> Any:
    """Takes the file and looks at it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _imports_page(gettext("Choose a file first.")), 422
    try:
        run_id = _taken(file, request.form.get("kind", ""))
    except CrmError as error:
        return _imports_page(gettext(error.message)), error.status
    return _to("columns", run_id)


def _taken(file: FileStorage, kind: str) -> int:
    staged = storing.take(current_work(), file.stream, file.filename or "")
    with writing() as work:
        undoing.tidy(work)
        run = importing.create(work, kind, file.filename or "")
        storing.keep(work, run, staged)
        run_id = run.id
    try:
        if not staged.size:
            raise Invalid("The file is empty: there is no row to read in it.")
        _read(run_id, {})
    except CrmError:
        with writing() as work:
            importing.discard(work, run_id)
        raise
    return run_id


def _read(run_id: int, chosen: dict[str, Any]) -> None:
    """Looks at the file, with what was chosen of its format, and writes down what that gives."""
    work = current_work()
    run = importing.get(work, run_id)
    before = dict(zip(run.columns, run.mapping, strict=True))
    proposal = proposing.propose(work, run.kind, storing.stored(work, run_id), run.size, **chosen)
    # What was chosen for a column stays while the column is there.
    same = before and any(name in before for name in proposal.columns)
    kept = [before.get(name, field) for name, field in zip(proposal.columns, proposal.mapping, strict=True)]
    with writing() as work:
        run = importing.get(work, run_id, lock=True)
        origin, constants = run.origin, run.constants
        proposing.settle(work, run, proposal, mapping=kept if same else None, match_by=run.match_by if same else "")
        if same:
            run.origin, run.constants = origin, constants


# --- the columns -----------------------------------------------------------------------------------------------------


def columns(run: Run) -> str:
    """How the file is written, and where its columns go."""
    return _columns_page(run)


def _columns_page(run: Run, problem: str = "", chosen: list[str] | None = None, name: str = "") -> str:
    work = current_work()
    importer = importing.importer_of(work, run.kind)
    fields = importer.fields(work)
    table = CsvTable(storing.stored(work, run.id), Format.from_json(run.file_format))
    first = list(itertools.islice(table.rows(), SAMPLED))
    goes = run.mapping if chosen is None else chosen
    lists = {field.name for field in fields if field.kind == "list"}
    samples = proposing.samples(len(run.columns), (record.cells for record in first))
    return render_template(
        "csv_tools/columns.html",
        run=run,
        fields=fields,
        goes=goes,
        samples=samples,
        empty=[index for index, texts in enumerate(samples) if not texts and not goes[index]],
        twice={field for field in goes if field and field not in lists and goes.count(field) > 1},
        first=first[:SHOWN],
        too_wide=table.whole_width if table.whole_width > table.width else 0,
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
        mappings=saved.all_of(work, run.kind),
        problem=problem,
        name=name,
        new_kinds=mapping.new_kinds(importer) if work.can("fields.manage") else [],
        new_mark=mapping.NEW,
    )


def choose_format(run: Run) -> Any:
    """Reads the file anew, as a person says that it is written."""
    run_id = run.id
    try:
        _read(
            run_id, {**{name: run.file_format[name] for name in ("encoding", "delimiter", "header")}, **read_format()}
        )
    except Invalid as error:
        return _columns_page(importing.get(current_work(), run_id), gettext(error.message)), 422
    return _to("columns", run_id)


def choose_columns(run: Run) -> Any:
    """Takes where the columns go; keeps it under a name if that is wanted."""
    run_id = run.id
    if request.form.get("signature", run.signature) != run.signature:
        problem = gettext("The file was read anew in another window. These are its columns as they are now.")
        return _columns_page(run, problem), 409
    goes = read_mapping(len(run.columns))
    name = request.form.get("name", "")
    keep = request.form.get("action") == "save"
    try:
        with writing() as work:
            run = importing.get(work, run_id, lock=True)
            importer = importing.importer_of(work, run.kind)
            chosen = mapping.with_new_fields(work, importer, run.columns, goes)
            mapping.check(chosen, importer.fields(work))
            proposing.choose(work, run, mapping=chosen)
            if keep:
                saved.save(work, run, name)
    except Invalid as error:
        return _columns_page(importing.get(current_work(), run_id), gettext(error.message), goes, name), 422
    if keep:
        toast(gettext("“%(name)s” is saved. Files with these columns will be read so.", name=run.origin["name"]))
        return _to("columns", run_id)
    return _to("matches", run_id)


def use_mapping(run: Run) -> Any:
    """Takes what a saved mapping says; “0” guesses anew."""
    run_id = run.id
    wanted = request.form.get("saved", "")
    fields = importing.importer_of(current_work(), run.kind).fields(current_work())
    try:
        with writing() as work:
            run = importing.get(work, run_id, lock=True)
            saved.use(
                work, run, int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0, [f.name for f in fields]
            )
    except NotFound:
        toast(gettext("This mapping is no longer there."), category="bad")
    return _to("columns", run_id)


def forget_mapping(run: Run) -> Any:
    """Deletes a saved mapping."""
    run_id = run.id
    wanted = request.form.get("saved", "")
    try:
        with writing() as work:
            run = importing.get(work, run_id)
            name = saved.delete(work, run.kind, int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0)
        toast(gettext("The mapping “%(name)s” is deleted.", name=name))
    except NotFound:
        toast(gettext("This mapping is no longer there."), category="bad")
    return _to("columns", run_id)


# --- who is here already ---------------------------------------------------------------------------------------------


def matches(run: Run) -> str:
    """What is done with those that are here already, and what every row gets."""
    return _matches_page(run)


def _matches_page(run: Run, problem: str = "") -> str:
    work = current_work()
    importer = importing.importer_of(work, run.kind)
    fields = importer.fields(work)
    contacts = run.kind == "contacts"
    return render_template(
        "csv_tools/matches.html",
        run=run,
        importer=importer,
        labels={field.name: field.label for field in fields},
        dates=proposing.date_fields(run, fields),
        words=proposing.unknown_words(run, fields, (record.cells for record in _first(run, proposing.FIRST_ROWS))),
        choices={field.name: field.choices for field in fields if field.choices},
        statuses=statuses.all_statuses(work) if contacts else [],
        tags=tags.all_tags(work) if contacts else [],
        people=users.all_users(work) if contacts else [],
        problem=problem,
    )


def choose_matches(run: Run) -> Any:
    """Takes that, and tries the first rows out."""
    run_id = run.id
    form = request.form
    constants = read_prefixed("give-")
    if "give-tags" in constants:
        constants["tags"] = "\n".join(form.getlist("give-tags"))
    try:
        with writing() as work:
            run = importing.get(work, run_id, lock=True)
            proposing.choose(
                work,
                run,
                dates=read_prefixed("dates-"),
                constants=constants,
                renamed=_renamed(),
                match_by=form.get("match_by", ""),
                mode=form.get("mode", ""),
            )
    except Invalid as error:
        return _matches_page(importing.get(current_work(), run_id), gettext(error.message)), 422
    _rehearse(run_id)
    return _to("check", run_id)


def _renamed() -> dict[str, dict[str, str]]:
    """What words of the file mean, from the form."""
    found: dict[str, dict[str, str]] = {}
    for name, text in read_prefixed("is-").items():
        field, _, word = name.partition("|")
        found.setdefault(field, {})[word] = text
    return found


def _first(run: Run, rows: int) -> Iterator[Record]:
    """The first rows of the file."""
    table = CsvTable(storing.stored(current_work(), run.id), Format.from_json(run.file_format))
    return itertools.islice(table.rows(), rows)


def _rehearse(run_id: int) -> None:
    run = importing.get(current_work(), run_id)
    chosen = proposing.stamp(run)
    told = batches.rehearse(writing, run, storing.stored(current_work(), run_id))
    with writing() as work:
        run = importing.get(work, run_id, lock=True)
        if proposing.stamp(run) == chosen:
            run.rehearsal = told


# --- a last look -----------------------------------------------------------------------------------------------------


def check(run: Run) -> str:
    """The first rows as they would be stored, and what is wrong with them."""
    return _check_page(run)


def _check_page(run: Run, problem: str = "") -> str:
    work = current_work()
    importer: Importer = importing.importer_of(work, run.kind)
    fields = importer.fields(work)
    mapper = Mapper(run.mapping, fields, run.dates, run.constants, run.renamed)  # type: ignore[arg-type]
    checking = importing.job_state(work, run) in importing.ALIVE
    shown = {*run.mapping, *run.constants} - {"external_source"}
    return render_template(
        "csv_tools/check.html",
        run=run,
        first=[(record, mapper.fields(record.cells)) for record in _first(run, SHOWN)],
        shown=[field for field in fields if field.name in shown],
        left_out=[name for name, field in zip(run.columns, run.mapping, strict=True) if not field],
        stamp=proposing.stamp(run),
        problems=batches.grouped(run.rehearsal.get("problems", ())),
        listed=LISTED,
        progress=job_progress(run.job_id, reload=True) if checking and run.job_id else "",
        problem=problem,
    )


def start(run: Run) -> Any:
    """Begins the import; or tries all rows out first."""
    run_id = run.id
    action = request.form.get("action", "")
    try:
        if action == "first":
            _rehearse(run_id)
            return _to("check", run_id)
        if request.form.get("stamp", "") != proposing.stamp(run):
            problem = gettext("Something else was chosen in another window meanwhile. Look at it once more.")
            return _check_page(run, problem), 409
        with writing() as work:
            importing.want_check(work, run_id) if action == "all" else importing.want(work, run_id)
    except Invalid as error:
        return _check_page(importing.get(current_work(), run_id), gettext(error.message)), 422
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    return _to("check" if action == "all" else "run", run_id)


def discard(run_id: int) -> Any:
    """Throws a file away that was not imported."""
    with writing() as work:
        importing.discard(work, run_id)
    toast(gettext("The file was thrown away; nothing was imported."))
    return redirect(url_for("csv_tools.imports"), 303)
