"""Imports: what is known of one, what a batch of its rows does, what undoing takes back.

The functions work inside a transaction that the caller began; :mod:`.batches` leads a whole file through them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import (
    Conflict,
    CrmError,
    Importer,
    Invalid,
    JobRow,
    Message,
    NotFound,
    RowResult,
    Work,
    insert_rows,
    texts,
)

from . import mapping as maps
from . import storing
from .models import Row, Run
from .reading import Record

PERMISSION = "csv_tools.import"
MODES = ("update", "skip", "fill")
#: States of a job that goes on by itself.
ALIVE = ("due", "running", "parked")
#: Rows saved in one transaction.
BATCH = 400

_OUTCOMES = ("added", "updated", "skipped", "refused")


# --- kinds -----------------------------------------------------------------------------------------------------------


def kinds(work: Work) -> list[Importer]:
    """What the actor may import."""
    work.require(PERMISSION)
    return [item for item in work.generation.contributions("importers") if work.can(item.permission)]


def importer_of(work: Work, kind: str) -> Importer:
    """The importer of a kind.

    :raises Invalid: when there is none, naming the one that is nearest.
    """
    known = {item.kind: item for item in kinds(work)}
    if kind not in known:
        near = texts.nearest(kind, known)
        said = Message("Nothing called “%(kind)s” can be imported.", kind=kind[:60])
        raise Invalid(texts.unknown(said, near, Message("There are: %(names)s.", names=list(known))))
    return known[kind]


# --- a run and what was chosen for it --------------------------------------------------------------------------------


def get(work: Work, run_id: int, *, lock: bool = False) -> Run:
    """A run.

    :raises NotFound: when there is none.
    """
    work.require(PERMISSION)
    wanted = select(Run).where(Run.id == run_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    run: Run | None = work.session.scalar(wanted)
    if run is None:
        raise NotFound("import", run_id)
    return run


def recent(work: Work, limit: int = 20) -> list[Run]:
    """The newest runs."""
    work.require(PERMISSION)
    wanted = select(Run).where(Run.state != "uploading").order_by(Run.created_at.desc(), Run.id.desc())
    return list(work.session.scalars(wanted.limit(limit)))


def create(work: Work, kind: str, file_name: str, *, kept: bool = True) -> Run:
    """A run whose file comes next."""
    importer = importer_of(work, kind)
    run = Run(
        kind=kind,
        file_name=texts.clean_line(file_name)[-255:] or "file.csv",
        kept=kept,
        match_by=importer.match_by[0],
        actor_label=work.actor.label,
        user_id=work.actor.user_id,
        created_at=work.now,
    )
    work.session.add(run)
    work.session.flush()
    return run


def one_of(what: str, value: str, known: Sequence[str]) -> str:
    """The value, if it is among those known.

    :raises Invalid: when it is not.
    """
    if value not in known:
        raise Invalid(
            Message("“%(value)s” is no %(what)s; there are: %(known)s.", value=value[:60], what=what, known=known)
        )
    return value


def start(work: Work, run: Run) -> None:
    """From now on its rows are imported.

    :raises Invalid: when its mapping can't be used.
    """
    if run.state not in ("draft", "stopped", "running"):
        raise Conflict("This import is over: upload the file again to import it once more.")
    maps.check(run.mapping, importer_of(work, run.kind).fields(work))
    if run.state == "draft":
        work.audit(
            "import.started", run.kind, run.id, after={"file": run.file_name, "rows": run.total, "mode": run.mode}
        )
    run.state = "running"
    work.session.flush()


def want(work: Work, run_id: int) -> Run:
    """Starts a run, or goes on with it, and has a job do it."""
    run = get(work, run_id, lock=True)
    start(work, run)
    hand_over(work, run, "csv_tools.import")
    return run


def want_check(work: Work, run_id: int) -> Run:
    """Has a job try all rows of a draft out.

    :raises Conflict: when it is no draft any more.
    """
    run = get(work, run_id, lock=True)
    if run.state != "draft":
        raise Conflict("This import has begun already.")
    maps.check(run.mapping, importer_of(work, run.kind).fields(work))
    if job_state(work, run) not in ALIVE:
        run.job_id = work.enqueue("csv_tools.check", run_id=run.id)
        work.session.flush()
    return run


def hand_over(work: Work, run: Run, job: str) -> None:
    """Has a job go on with a run, unless one does already."""
    row = work.session.get(JobRow, run.job_id) if run.job_id is not None else None
    if row is None or row.state not in ALIVE or row.kind != job:
        run.job_id = work.enqueue(job, dedupe=f"run:{run.id}", run_id=run.id)
        work.session.flush()


def job_state(work: Work, run: Run) -> str:
    """State of its job, whoever asked for it; empty when there is none."""
    if run.job_id is None:
        return ""
    return work.session.scalar(select(JobRow.state).where(JobRow.id == run.job_id)) or ""


def stop(work: Work, run_id: int) -> Run:
    """Stops a run where it is; :func:`start` lets it go on there."""
    run = get(work, run_id, lock=True)
    if run.state == "running":
        run.state = "stopped"
    work.session.flush()
    return run


def discard(work: Work, run_id: int) -> None:
    """Throws a file away of which nothing was imported.

    :raises Conflict: when something was.
    """
    run = get(work, run_id, lock=True)
    if run.state not in ("uploading", "draft"):
        raise Conflict("This import has begun: stop it, and undo it if you want it gone.")
    storing.drop(work, [run.id])
    work.session.delete(run)
    work.session.flush()


def unfinished(work: Work, kind: str, digest: str, mapping: Sequence[str], match_by: str, mode: str) -> Run | None:
    """The run of the very same file with the same choices that was begun on the command line and did not come to its end."""
    wanted = select(Run).where(
        Run.kind == kind, Run.digest == digest, Run.kept.is_(False), Run.state.in_(("running", "stopped")),
        Run.match_by == match_by, Run.mode == mode,
    ).order_by(Run.id.desc())  # fmt: skip
    return next((run for run in work.session.scalars(wanted.limit(20)) if list(run.mapping) == list(mapping)), None)


# --- rows ------------------------------------------------------------------------------------------------------------


def save_rows(work: Work, run: Run, records: Sequence[Record]) -> list[RowResult]:
    """Hands rows to the importer of their kind; gives a result for each, whatever the rows hold."""
    importer = importer_of(work, run.kind)
    mapper = maps.Mapper(run.mapping, importer.fields(work), run.dates, run.constants, run.renamed)  # type: ignore[arg-type]
    results = [RowResult(outcome="refused", reasons=(record.problem,)) for record in records]
    good = [index for index, record in enumerate(records) if not record.problem]
    rows = [{**mapper.fields(records[index].cells), "reason": _why(run, records[index])} for index in good]
    for index, result in zip(good, _saved(work, importer, rows, run), strict=True):
        results[index] = result
    return results


def _why(run: Run, record: Record) -> Message:
    return Message("Import of %(file)s, row %(row)s", file=run.file_name, row=record.row)


def _saved(work: Work, importer: Importer, rows: list[dict[str, str]], run: Run) -> Sequence[RowResult]:
    if not rows:
        return ()
    try:
        with work.part():
            return importer.save(work, rows, run.match_by, run.mode)
    except CrmError:
        raise
    except Exception as error:
        if len(rows) == 1:
            return (
                RowResult(
                    outcome="refused",
                    reasons=(
                        Message(
                            "The row can't be stored: %(name)s: %(reason)s",
                            name=type(error).__name__,
                            reason=str(error)[:400],
                        ),
                    ),
                ),
            )
    # Some row made the importer fail: one by one, so that it harms only itself.
    return [result for row in rows for result in _saved(work, importer, [row], run)]


def save_batch(work: Work, run_id: int, position: int, records: Sequence[Record]) -> Run:
    """Imports the next rows of a run and notes how far it came, all in one transaction.

    :param position: number of the row after which ``records`` begin.
    :raises Conflict: when the run is elsewhere by now: somebody else goes on with it, or it was stopped.
    """
    run = get(work, run_id, lock=True)
    if run.state != "running" or run.position != position:
        raise Conflict("This import was stopped, or it goes on in another window.")
    results = save_rows(work, run, records)
    rows = [_row(run, record, result) for record, result in zip(records, results, strict=True)]
    insert_rows(work.session, Row, rows)
    for outcome in _OUTCOMES:
        setattr(run, outcome, getattr(run, outcome) + sum(result.outcome == outcome for result in results))
    run.remarked += sum(row["remarked"] and row["outcome"] != "refused" for row in rows)
    run.position = records[-1].row
    work.session.flush()
    return run


def _row(run: Run, record: Record, result: RowResult) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "number": record.row,
        "line": record.line,
        "outcome": result.outcome,
        "object_id": result.id,
        "reasons": list(result.reasons),
        "remarked": remarked(result),
        "before": result.before,
        "cells": [cell.replace("\0", "") for cell in record.cells] if result.outcome == "refused" else None,
        "left_alone": False,
    }


def remarked(result: RowResult) -> bool:
    """Whether the report lists a row: one sentence is what being skipped means, any more is a remark."""
    return len(result.reasons) > (result.outcome == "skipped")


def finish(work: Work, run_id: int) -> Run:
    """The last row was dealt with."""
    run = get(work, run_id, lock=True)
    if run.state == "running":
        run.state = "done"
        run.finished_at = work.now
        # What undoing needs stands in the rows; the file itself holds more about people than that.
        storing.drop(work, [run.id])
        figures = {outcome: getattr(run, outcome) for outcome in _OUTCOMES}
        work.audit("import.finished", run.kind, run.id, after=figures)
        work.session.flush()
    return run


def remarks(
    work: Work, run: Run, *, after: int = 0, limit: int = 100, outcomes: Sequence[str] = _OUTCOMES
) -> list[Row]:
    """Rows that were refused or taken with a remark, in the order of the file; ``after`` is the id of the last one seen."""
    wanted = select(Row).where(Row.run_id == run.id, Row.remarked.is_(True), Row.id > after)
    if set(outcomes) != set(_OUTCOMES):
        wanted = wanted.where(Row.outcome.in_(outcomes))
    return list(work.session.scalars(wanted.order_by(Row.id).limit(limit)))


def all_remarks(work: Work, run: Run, outcomes: Sequence[str] = _OUTCOMES) -> Iterator[Row]:
    """All rows that :func:`remarks` gives, some at a time."""
    last = 0
    while rows := remarks(work, run, after=last, limit=500, outcomes=outcomes):
        yield from rows
        last = rows[-1].id
        work.session.expunge_all()
