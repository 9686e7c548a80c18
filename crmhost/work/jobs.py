"""The queue of jobs: claiming rows, renewing leases, writing down how an attempt ended, retrying and cancelling."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, insert, or_, select, text, update

from ..core.rows import table
from ..errors import Conflict, NotFound
from ..messages import Message, Plural
from .tables import WAITING, JobLine, JobRow
from .unit import Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: How long a worker is believed to live without a sign; it renews its leases every third of that.
LEASE = dt.timedelta(seconds=30)
#: Pauses before the next attempts: half a minute, then twice as long each time, a quarter of a day at most.
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 6 * 3600.0
#: Attempts that may end with the worker's death before the job is taken for what kills it.
DEATHS = 4
#: How long ended jobs are kept.
KEEP = dt.timedelta(days=30)
KEEP_SCHEDULED = dt.timedelta(days=2)

Ended = Literal["done", "due", "failed", "cancelled"]
#: Whoever may see all jobs; others see those that they asked for.
VIEW, EDIT = "jobs.view", "jobs.edit"


@dataclasses.dataclass(frozen=True)
class Claimed:
    """A job that this worker holds."""

    id: int
    plugin: str
    kind: str
    arguments: Mapping[str, Any]
    attempts: int
    failures: int
    saved: Any
    actor: str
    user_id: int | None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    :param pause: seconds until the next attempt, with the state ``due``.
    :param counts: whether the attempt is counted as one; one that was put back is not.
    """

    job: Claimed
    state: Ended
    pause: float = 0.0
    failed: bool = False
    counts: bool = True
    error: str | None = None
    result: Mapping[str, Any] | None = None


_CLAIMED = (
    JobRow.id,
    JobRow.plugin,
    JobRow.kind,
    JobRow.arguments,
    JobRow.attempts,
    JobRow.failures,
    JobRow.saved,
    JobRow.actor,
    JobRow.user_id,
)


def pause_after(failures: int) -> float:
    """Seconds before the next attempt, after so many failures; a tenth more or less, so that not all come at once."""
    seconds = min(FIRST_PAUSE * 2.0 ** max(0, min(failures, 20) - 1), LONGEST_PAUSE)
    return seconds * random.uniform(0.95, 1.05)  # noqa: S311  # spreads load, protects nothing


#: Most jobs are done at the first attempt, and many end at once: one statement for all of them.
_DONE = (
    update(table(JobRow))
    .where(JobRow.id == bindparam("job_id"), JobRow.worker == bindparam("me"), JobRow.attempts == bindparam("attempt"))
    .values(
        state="done",
        finished_at=bindparam("at"),
        lease_until=None,
        result=bindparam("said"),
    )
)


# --- for workers -----------------------------------------------------------------------------------------------------


def claim(
    connection: Connection, worker: str, plugins: Collection[str], limit: int, now: dt.datetime, kind: str = ""
) -> list[Claimed]:
    """Takes up to so many due jobs of these plugins, those due first coming first; the caller commits.

    :param kind: only this kind.
    """
    due = _due(plugins, now).order_by(JobRow.due_at, JobRow.id).limit(limit)
    if kind:
        due = due.where(JobRow.kind == kind)
    taken = (
        update(JobRow)
        .where(JobRow.id.in_(due.with_for_update(skip_locked=True).scalar_subquery()))
        .values(
            state="running", worker=worker, lease_until=now + LEASE, attempts=JobRow.attempts + 1, started_at=now,
            error=None,
        )
        .returning(*_CLAIMED)
    )  # fmt: skip
    return sorted((Claimed(*row) for row in connection.execute(taken)), key=lambda job: job.id)


def _due(plugins: Collection[str], now: dt.datetime) -> Select[Any]:
    return select(JobRow.id).where(JobRow.state == "due", JobRow.due_at <= now, JobRow.plugin.in_(plugins))


def due_kinds(connection: Connection, plugins: Collection[str], before: dt.datetime) -> list[str]:
    """Kinds of jobs that were due before this instant and nobody took."""
    found = connection.scalars(_due(plugins, before).with_only_columns(JobRow.kind).distinct())
    return sorted(found)


def any_left(connection: Connection, now: dt.datetime) -> bool:
    """Whether a job runs whose lease ran out."""
    left = select(JobRow.id).where(JobRow.state == "running", JobRow.lease_until < now)
    return connection.scalar(left.limit(1)) is not None


def renew(connection: Connection, worker: str, held: Sequence[int], now: dt.datetime) -> None:
    """A sign of life for the jobs that this worker has in its hands.

    Only for those that it knows of: of a claim whose answer was lost on the way, the lease must run out.
    """
    if held:
        mine = update(JobRow).where(JobRow.state == "running", JobRow.worker == worker, JobRow.id.in_(held))
        connection.execute(mine.values(lease_until=now + LEASE))


def end(connection: Connection, worker: str, outcomes: Sequence[Outcome], now: dt.datetime) -> None:
    """Writes down how attempts ended; those of a job that another worker took over meanwhile are left out."""
    if not outcomes:
        return
    done = [item for item in outcomes if item.state == "done"]
    if done:
        rows = [
            {"job_id": item.job.id, "attempt": item.job.attempts, "said": dict(item.result) if item.result else None}
            for item in done
        ]
        connection.execute(_DONE, [row | {"me": worker, "at": now} for row in rows])
    for item in outcomes:
        if item.state != "done":
            _end_one(connection, worker, item, now)


def _end_one(connection: Connection, worker: str, item: Outcome, now: dt.datetime) -> None:
    job = item.job
    values: dict[str, Any] = {
        "state": item.state,
        "worker": None,
        "lease_until": None,
        "attempts": job.attempts if item.counts else job.attempts - 1,
        "failures": job.failures + item.failed,
        "error": item.error,
    }
    if item.state == "due":
        values["due_at"] = now + dt.timedelta(seconds=item.pause)
    else:
        values["finished_at"] = now
    mine = (JobRow.id == job.id, JobRow.worker == worker, JobRow.attempts == job.attempts)
    if item.state == "due" and (twin := _waiting_twin(connection, job)):
        # The same was wanted again meanwhile: one of the two is enough.
        values.update(state="cancelled", finished_at=now, error=Message("Job %(twin)s does the same.", twin=str(twin)))
    done = connection.execute(update(JobRow).where(*mine).values(values))
    if done.rowcount and item.error:
        connection.execute(insert(JobLine).values(job_id=job.id, at=now, text=item.error[:4000]))


def _waiting_twin(connection: Connection, job: Claimed) -> int | None:
    mine = select(JobRow.dedupe_key).where(JobRow.id == job.id).scalar_subquery()
    twin = select(JobRow.id).where(JobRow.kind == job.kind, JobRow.dedupe_key == mine, text(WAITING))
    found: int | None = connection.scalar(twin.limit(1))
    return found


def take_back(connection: Connection, now: dt.datetime, dead: Collection[str]) -> int:
    """Frees the jobs of workers that are gone: whose lease ran out, or that are known to be dead; says how many.

    :param dead: workers of this machine that no longer live.
    """
    gone = or_(JobRow.lease_until < now, JobRow.worker.in_(dead)) if dead else JobRow.lease_until < now
    rows = connection.execute(select(*_CLAIMED, JobRow.worker).where(JobRow.state == "running", gone)).all()
    for *values, worker in rows:
        job = Claimed(*values)
        killed = job.attempts - job.failures
        if killed >= DEATHS:
            why = Plural(
                "The worker was killed %(num)s time while it ran. Look at the machine's memory and logs, then retry.",
                "The worker was killed %(num)s times while it ran. Look at the machine's memory and logs, then retry.",
                killed,
            )
            _end_one(connection, worker, Outcome(job, "failed", error=why), now)
        else:
            _end_one(connection, worker, Outcome(job, "due"), now)
    return len(rows)


def park(connection: Connection, plugins: Collection[str]) -> None:
    """Lets the jobs of plugins that don't run here wait, and those of the others go on."""
    off = update(JobRow).where(JobRow.state == "due", JobRow.plugin.not_in(plugins))
    connection.execute(off.values(state="parked"))
    on = update(JobRow).where(JobRow.state == "parked", JobRow.plugin.in_(plugins))
    connection.execute(on.values(state="due"))


# --- for people ------------------------------------------------------------------------------------------------------


def visible(work: Work) -> ColumnElement[bool]:
    """The jobs that the actor may see: all, or those that they asked for."""
    if work.can(VIEW):
        return JobRow.id.is_not(None)
    return and_(JobRow.user_id == work.actor.user_id, JobRow.user_id.is_not(None))


def get(work: Work, job_id: int) -> JobRow:
    """A job.

    :raises NotFound: when there is none, or the actor may not see it.
    """
    found: JobRow | None = work.session.scalar(select(JobRow).where(JobRow.id == job_id, visible(work)))
    if found is None:
        raise NotFound("job", job_id)
    return found


def newest(work: Work, *, state: str = "", kind: str = "", before: int | None = None, limit: int = 50) -> list[JobRow]:
    """The jobs that the actor may see, newest first.

    :param before: only those with a lower number.
    """
    wanted = select(JobRow).where(visible(work)).order_by(JobRow.id.desc()).limit(limit)
    if state:
        wanted = wanted.where(JobRow.state == state)
    if kind:
        wanted = wanted.where(JobRow.kind == kind)
    if before is not None:
        wanted = wanted.where(JobRow.id < before)
    return list(work.session.scalars(wanted))


def lines(work: Work, job_id: int, limit: int = 200) -> list[JobLine]:
    """The newest lines of a job's log, oldest first."""
    wanted = select(JobLine).where(JobLine.job_id == job_id).order_by(JobLine.id.desc()).limit(limit)
    return list(work.session.scalars(wanted))[::-1]


def _changed(work: Work, job_id: int) -> JobRow:
    job = get(work, job_id)
    if job.user_id is None or job.user_id != work.actor.user_id:
        work.require(EDIT)
    work.session.refresh(job, with_for_update=True)
    return job


def retry(work: Work, job_id: int) -> JobRow:
    """Makes a job that failed, was cancelled or waits for its next attempt due now; inside ``work.begin()``.

    :raises Conflict: when it runs or is done.
    """
    job = _changed(work, job_id)
    if job.state not in ("failed", "cancelled", "due", "parked"):
        raise Conflict("Only a job that failed, was cancelled or waits can be tried again.")
    if job.dedupe_key is not None and job.state in ("failed", "cancelled"):
        twin = select(JobRow.id).where(JobRow.kind == job.kind, JobRow.dedupe_key == job.dedupe_key, text(WAITING))
        if waiting := work.session.scalar(twin.limit(1)):
            raise Conflict(Message("Job %(waiting)s already waits to do the same.", waiting=str(waiting)))
    job.state = "parked" if job.state == "parked" else "due"
    job.due_at, job.finished_at, job.cancel, job.failures, job.attempts = work.now, None, False, 0, 0
    work.session.flush()
    work.audit("job.retried", "job", job.id, after={"kind": job.kind})
    return job


def cancel(work: Work, job_id: int) -> JobRow:
    """Cancels a job that waits at once; one that runs is asked to stop; inside ``work.begin()``.

    :raises Conflict: when it has ended.
    """
    job = _changed(work, job_id)
    if job.state in ("due", "parked"):
        job.state, job.finished_at = "cancelled", work.now
    elif job.state != "running":
        raise Conflict("This job has ended.")
    job.cancel = True
    work.session.flush()
    work.audit("job.cancelled", "job", job.id, after={"kind": job.kind})
    return job


def oldest_due(work: Work) -> dt.datetime | None:
    """Since when the job that waits longest has been due; none when nothing waits."""
    found: dt.datetime | None = work.session.scalar(
        select(JobRow.due_at)
        .where(JobRow.state == "due", JobRow.due_at <= work.now)
        .order_by(JobRow.due_at, JobRow.id)
        .limit(1)
    )
    return found


def prune(work: Work, keep: dt.timedelta = KEEP, limit: int = 5000) -> int:
    """Deletes jobs that ended long ago, at most so many; failed ones stay three times as long, what schedules started
    and is done two days. Says how many.
    """
    ended = or_(
        and_(JobRow.state.in_(("done", "cancelled")), JobRow.finished_at < work.now - keep),
        # Some schedules start a job every few minutes, which mostly finds nothing to do.
        and_(JobRow.state == "done", JobRow.actor == "schedule", JobRow.finished_at < work.now - KEEP_SCHEDULED),
        and_(JobRow.state == "failed", JobRow.finished_at < work.now - 3 * keep),
    )
    ids = select(JobRow.id).where(ended).order_by(JobRow.id).limit(limit)
    gone = delete(JobRow).where(JobRow.id.in_(ids.scalar_subquery()))
    done = work.session.execute(gone.execution_options(synchronize_session=False))
    return int(getattr(done, "rowcount", 0))
