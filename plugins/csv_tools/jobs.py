"""Imports, their undoing and large exports in the background. Each attempt goes on where the last one came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import (
    Conflict,
    CrmError,
    GiveUp,
    JobContext,
    JobStopped,
    Message,
    NotFound,
    Plural,
    files,
    notifications,
)

from . import batches, exporting, exports, importing, proposing, storing, undoing
from .models import Run

#: Where the pages are; see ``plugin.toml``.
PAGES = "/csv-tools/import"


def import_rows(job: JobContext, run_id: int) -> dict[str, Any]:
    """Imports the rows of a run that are left."""

    def told(run: Run) -> None:
        job.progress(run.handled, run.total, run.file_name)
        job.check()

    try:
        run = importing.get(job.work, run_id)
        if run.state == "running":
            if not run.counted:
                number = proposing.count(run, storing.stored(job.work, run_id))
                with job.work.begin():
                    run = importing.get(job.work, run_id, lock=True)
                    run.total, run.counted = number, True
            told(run)
            run = batches.proceed(job.work.begin, run, storing.stored(job.work, run_id), progress=told)
    except JobStopped:
        if job.cancelled:
            with job.work.begin():
                importing.stop(job.work, run_id)
        raise
    except Conflict:
        # Somebody stopped it, or goes on with it elsewhere: what was imported is not touched.
        run = importing.get(job.work, run_id)
    except CrmError as error:
        raise GiveUp(str(error)) from error
    if run.state != "done":
        return {
            "message": Message(
                "“%(file)s” was stopped at row %(position)s.", file=run.file_name, position=run.position
            ),
            "url": f"{PAGES}/{run_id}",
        }
    figures = {name: getattr(run, name) for name in ("added", "updated", "skipped", "refused")}
    _tell(job, run, Message("“%(file)s” was imported."), run.file_name)
    message = ", ".join(f"{number:,} {name}" for name, number in figures.items())
    return {"message": f"{run.file_name}: {message}.", "url": f"{PAGES}/{run_id}", **figures}


def check_rows(job: JobContext, run_id: int) -> dict[str, Any]:
    """Tries all rows of a draft out, so that every problem is known before anything is imported."""
    url = f"{PAGES}/{run_id}/check"

    def told(rows: int) -> None:
        job.progress(rows, max(run.total, rows), run.file_name)
        job.check()

    try:
        run = importing.get(job.work, run_id)
        chosen = proposing.stamp(run)
        found = batches.rehearse(job.work.begin, run, storing.stored(job.work, run_id), None, progress=told)
        with job.work.begin():
            run = importing.get(job.work, run_id, lock=True)
            if run.state != "draft" or proposing.stamp(run) != chosen:
                return {
                    "message": Message("“%(file)s”: something else was chosen meanwhile.", file=run.file_name),
                    "url": url,
                }
            run.rehearsal = found
            run.total, run.counted = found["rows"], True
    except NotFound:
        return {"message": "The file was thrown away meanwhile."}
    except CrmError as error:
        raise GiveUp(str(error)) from error
    return {"message": Message("All rows of “%(file)s” were checked.", file=run.file_name), "url": url}


def undo_import(job: JobContext, run_id: int) -> dict[str, Any]:
    """Takes back what is left of an import."""

    def told(run: Run) -> None:
        job.progress(undoing.taken_back(job.work, run), run.added + run.updated, run.file_name)
        job.check()

    try:
        run = importing.get(job.work, run_id)
        if run.state == "undoing":
            told(run)
            run = batches.undo(job.work.begin, run, progress=told)
    except CrmError as error:
        raise GiveUp(str(error)) from error
    if run.state == "undone":
        _tell(job, run, Message("The import of “%(file)s” was taken back."), run.file_name)
    said: list[str] = [Message("%(file)s was taken back.", file=run.file_name)]
    if run.left_alone:
        said.append(
            Plural(
                "%(num)s was edited since and left alone.",
                "%(num)s were edited since and left alone.",
                run.left_alone,
            )
        )
    return {
        "message": Message.joined(said),
        "url": f"{PAGES}/{run_id}",
    }


def export_records(
    job: JobContext, kind: str, filters: Mapping[str, str], columns: Sequence[str], delimiter: str, mark: bool
) -> dict[str, Any]:
    """Writes an export into the files of the site, for its asker alone."""
    work = job.work
    rows = 0

    def told(number: int) -> None:
        nonlocal rows
        rows = number
        job.check()
        job.progress(number)

    try:
        made = exports.of_job(work, job.key)
        if made is None:
            name = exporting.file_name(work, kind)
            lines = exporting.stream(
                work, kind, filters, columns=columns, delimiter=delimiter, mark=mark, progress=told
            )
            pieces = (text.encode() for text in lines)
            staged = files.stage(work, pieces, name=name, owner="csv_tools", media_type="text/csv", largest=0)
            with work.begin():
                made = exports.keep(work, job.key, kind, staged, rows)
                job.save("made")
                url = f"/storage/{made.file_id}"
                notifications.tell(
                    work, [work.actor.user_id or 0], "Your export is ready.", url, kind="csv_tools.exported"
                )
    except CrmError as error:
        raise GiveUp(str(error)) from error
    message = Message(
        "%(rows)s %(kind)s were written. The file is kept for %(days)s days.",
        rows=made.rows,
        kind=kind,
        days=exports.KEPT_DAYS,
    )
    return {"message": message, "url": f"/storage/{made.file_id}"}


def sweep(job: JobContext) -> dict[str, int]:
    """Deletes exports that were made some days ago."""
    gone = 0
    while True:
        job.check()
        with job.work.begin():
            some = exports.sweep(job.work)
        gone += some
        if not some:
            return {"exports": gone}


def _tell(job: JobContext, run: Run, sentence: str, name: str) -> None:
    """Tells whoever asked, once, however often the job is repeated."""
    if job.saved == "told" or job.work.actor.user_id is None:
        return
    url = f"{PAGES}/{run.id}"
    with job.work.begin():
        job.save("told")
        notifications.tell(
            job.work, [job.work.actor.user_id], sentence, url, kind="csv_tools.imported", data={"file": name}
        )
