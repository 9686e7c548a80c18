"""Takes imports back, and removes what is kept for that when it is too old."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, select, update

from crmhost.api import Conflict, Message, RowResult, Work

from . import importing, storing
from .models import Row, Run

#: Days during which an import can be undone and its file is kept.
KEPT_DAYS = 30


def undoable(work: Work, run: Run) -> bool:
    """Whether the import can still be taken back."""
    importer = next((item for item in importing.kinds(work) if item.kind == run.kind), None)
    young = run.created_at > work.now - dt.timedelta(days=KEPT_DAYS)
    if importer is None or importer.undo is None or not young:
        return False
    # Its job may have been cancelled before it began again.
    left = run.state == "running" and run.kept and importing.job_state(work, run) not in importing.ALIVE
    return left or run.state in ("stopped", "done", "undoing")


def start_undo(work: Work, run_id: int) -> Run:
    """From now on the run is taken back.

    :raises Conflict: when it can't be.
    """
    run = importing.get(work, run_id, lock=True)
    if not undoable(work, run):
        raise Conflict(
            Message(
                "This import can't be undone: it is older than %(days)s days, or undone already.",
                days=KEPT_DAYS,
            )
        )
    if run.state != "undoing":
        work.audit("import.undone", run.kind, run.id, before={"file": run.file_name})
    run.state = "undoing"
    work.session.flush()
    return run


def want(work: Work, run_id: int) -> Run:
    """Starts undoing, and has a job do it."""
    run = start_undo(work, run_id)
    importing.hand_over(work, run, "csv_tools.undo")
    return run


def undo_batch(work: Work, run_id: int) -> Run:
    """Takes the last rows back that are not yet; the run is ``undone`` when there was none left."""
    run = importing.get(work, run_id, lock=True)
    undo = importing.importer_of(work, run.kind).undo
    if run.state != "undoing" or undo is None:
        return run
    wanted = select(Row).where(Row.run_id == run.id, Row.outcome.in_(("added", "updated"))).order_by(Row.id.desc())
    if run.undo_position is not None:
        wanted = wanted.where(Row.id < run.undo_position)
    rows = list(work.session.scalars(wanted.limit(importing.BATCH)))
    if not rows:
        run.state = "undone"
        work.session.flush()
        return run
    results = [
        RowResult(outcome=row.outcome, id=row.object_id, before=row.before)  # type: ignore[arg-type]
        for row in rows
    ]
    left = set(undo(work, results))
    ids = [row.id for row in rows if row.object_id in left]
    if ids:
        work.session.execute(update(Row).where(Row.id.in_(ids)).values(left_alone=True))
    run.left_alone += len(left)
    run.undo_position = rows[-1].id
    work.session.flush()
    return run


def taken_back(work: Work, run: Run) -> int:
    """How many rows undoing has dealt with, as far as the numbers of rows tell: it begins at the last one."""
    if run.undo_position is None:
        return 0
    first = work.session.scalar(select(func.min(Row.id)).where(Row.run_id == run.id)) or 0
    last = work.session.scalar(select(func.max(Row.id)).where(Row.run_id == run.id)) or 0
    share = (last + 1 - run.undo_position) / (last + 1 - first)
    return round(share * (run.added + run.updated))


def left_alone(work: Work, run: Run, limit: int = 100) -> list[int]:
    """Ids of records that undoing did not touch because they were edited since."""
    wanted = select(Row.object_id).where(Row.run_id == run.id, Row.left_alone.is_(True)).distinct().limit(limit)
    return [number for number in work.session.scalars(wanted) if number is not None]


# --- tidying ---------------------------------------------------------------------------------------------------------


def tidy(work: Work) -> int:
    """Removes what is only kept for undoing, of runs that can't be undone any more; gives how many runs that were."""
    limit = work.now - dt.timedelta(days=KEPT_DAYS)
    old = list(work.session.scalars(select(Run.id).where(Run.created_at < limit, Run.state != "expired").limit(100)))
    if old:
        storing.drop(work, old)
        work.session.execute(delete(Row).where(Row.run_id.in_(old)), execution_options={"synchronize_session": False})
        work.session.execute(update(Run).where(Run.id.in_(old)).values(state="expired", rehearsal={}))
    return len(old)


def forget_person(work: Work, kind: str, object_id: int) -> None:
    """Removes what runs keep of a record that is erased."""
    of_kind = select(Run.id).where(Run.kind == kind)
    work.session.execute(
        update(Row).where(Row.object_id == object_id, Row.run_id.in_(of_kind)).values(before=None, object_id=None),
        execution_options={"synchronize_session": False},
    )
