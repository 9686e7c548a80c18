"""Jobs and deliveries as people see them: lists with counts, what a job says of itself, retrying and cancelling, dead letters."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from sqlalchemy import Select, func, select, union_all, update

from ...errors import Invalid
from ...messages import Message
from ...work import events, jobs
from ...work.attempt import handlers_of
from ...work.jobs import cancel, get, retry
from ...work.tables import Delivery, JobLine, JobRow
from ...work.unit import Work
from ..keyset import KeysetPage, decode, encode, opaque, ordered
from ..text import clean_line

__all__ = [
    "MASK",
    "MOST_COUNTED",
    "STATES",
    "Progress",
    "State",
    "cancel",
    "count",
    "counts",
    "dead_letters",
    "error_of",
    "get",
    "kinds",
    "labels",
    "log",
    "masked",
    "may_change",
    "message",
    "page",
    "progress",
    "retry",
    "retry_all",
    "shown",
    "told_error",
    "undelivered",
    "waited",
]

State = Literal["due", "running", "parked", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
#: Further ones are not counted.
MOST_COUNTED = 10_000
LARGEST_PAGE = 200
MASK = "••••••"
#: What is said of an error of the code to who may not see what it was.
SOMETHING_WRONG = Message("Something went wrong in it. Tell your admin, who can see what.")

_SECRET = re.compile(
    r"pass(word|wd|phrase|code)|secret|token|api.?key|private.?key|access.?key|credential|authori[sz]ation|cookie|bearer",
    re.IGNORECASE,
)
_TRACEBACK = "\n\nTraceback (most recent call last)"


# --- lists -----------------------------------------------------------------------------------------------------------


def page(
    work: Work,
    *,
    state: str = "",
    kind: str = "",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> KeysetPage[JobRow]:
    """The jobs that the actor may see, newest first; those that wait in the order in which they fall due.

    :raises Invalid: for a state that there is none of, or a cursor of another list.
    """
    if state and state not in STATES:
        raise Invalid(
            {
                "state": [
                    Message(
                        "There is no state “%(state)s”; there are: %(states)s.",
                        state=clean_line(state)[:20],
                        states=STATES,
                    )
                ]
            }
        )
    limit = max(1, min(limit, LARGEST_PAGE))
    by_due = bool(state) and not kind and work.can(jobs.VIEW)
    upwards = by_due and state in ("due", "parked")
    keys = (JobRow.due_at, JobRow.id) if by_due else (JobRow.id,)
    sort = ("" if upwards else "-") + (f"jobs {state}" if by_due else "jobs")
    wanted = select(JobRow).where(jobs.visible(work))

    def of_each_state(whole: Select[JobRow]) -> Select[JobRow]:
        # The index leads with the plugin and the state: the first of each state, then the first of those.
        parts = [whole.where(*_chosen(each, kind)).with_only_columns(JobRow.id).subquery() for each in STATES]
        ids = union_all(*(select(part.c.id) for part in parts)).subquery()
        way = JobRow.id.desc() if before is None else JobRow.id.asc()
        return select(JobRow).where(JobRow.id.in_(select(ids.c.id))).order_by(way).limit(limit + 1)

    by_kind = bool(kind) and not state and work.can(jobs.VIEW)
    if not work.can(jobs.VIEW):
        # One's own are few: they are read by their owner.
        wanted = wanted.where(*(opaque(part) for part in _chosen(state, kind)))
    elif not by_kind:
        wanted = wanted.where(*_chosen(state, kind))
    ask = {"read": of_each_state} if by_kind else {}
    return ordered(work.session, wanted, keys, sort, after=after, before=before, limit=limit, **ask)


def _chosen(state: str, kind: str) -> list[Any]:
    kind = clean_line(kind)
    return [
        *([JobRow.plugin == kind.partition(".")[0], JobRow.kind == kind] if kind else []),
        *([JobRow.state == state] if state else []),
    ]


def counts(work: Work) -> dict[str, int]:
    """State -> how many jobs the actor may see; more than :data:`MOST_COUNTED` are not counted."""
    if not work.can(jobs.VIEW):
        mine = select(JobRow.state).where(jobs.visible(work)).order_by(JobRow.id.desc())
        some = mine.limit(MOST_COUNTED).subquery()
        found = work.session.execute(select(some.c.state, func.count()).group_by(some.c.state))
        return {**dict.fromkeys(STATES, 0), **{row[0]: int(row[1]) for row in found}}
    columns = [
        select(func.count())
        .select_from(select(JobRow.state).where(JobRow.state == state).limit(MOST_COUNTED).subquery())
        .scalar_subquery()
        .label(state)
        for state in STATES
    ]
    return {name: int(number) for name, number in work.session.execute(select(*columns)).one()._mapping.items()}


def count(work: Work, *, state: str = "", kind: str = "", most: int | None = None) -> int:
    """How many jobs of a list there are; with ``most``, further ones are not counted."""
    some = select(JobRow.id).where(jobs.visible(work), *_chosen(state, kind)).limit(most).subquery()
    return int(work.session.scalar(select(func.count()).select_from(some)) or 0)


def labels(work: Work) -> dict[str, str]:
    """Kind -> what it is called, of all jobs that the plugins in force declare."""
    return {kind: item.label or kind for kind, item in sorted(handlers_of(work.generation).items())}


def kinds(work: Work) -> list[tuple[str, str]]:
    """Pairs of kind and label that a list can be narrowed to: for those who see all, every kind there is."""
    known = labels(work)
    if not work.can(jobs.VIEW):
        mine = select(JobRow.kind).where(jobs.visible(work)).order_by(JobRow.id.desc()).limit(1000).subquery()
        found = work.session.scalars(select(mine.c.kind).distinct())
        known = {kind: known.get(kind, kind) for kind in found}
    return sorted(known.items(), key=lambda pair: (pair[1].casefold(), pair[0]))


def waited(work: Work) -> float | None:
    """Seconds that the job which waits longest has been due; none when nothing waits."""
    since = jobs.oldest_due(work)
    return None if since is None else max(0.0, (work.now - since).total_seconds())


# --- one job ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a job is.

    :param total: 0 when it is not known.
    :param left: seconds that it will need, as far as can be told.
    :param rate: how many it does in a second, as far as can be told.
    """

    done: int
    total: int
    text: str
    left: float | None
    rate: float | None = None


def progress(work: Work, job: JobRow) -> Progress | None:
    """How far a job is; none when it said nothing of that."""
    told = job.progress
    if not isinstance(told, Mapping) or not isinstance(told.get("done"), int):
        return None
    total = told.get("total")
    done, total = max(0, int(told["done"])), max(0, total) if isinstance(total, int) else 0
    rate = _rate(told, done) if job.state == "running" else None
    left = _left(work, told, total - done, rate) if rate and done < total else None
    return Progress(min(done, total) if total else done, total, str(told.get("text") or "")[:200], left, rate)


def _rate(told: Mapping[str, Any], done: int) -> float | None:
    first = told.get("first")
    try:
        since = dt.datetime.fromisoformat(str(first["at"]))  # type: ignore[index]  # caught below
        at = dt.datetime.fromisoformat(str(told["at"]))
        steps, seconds = done - int(first["done"]), (at - since).total_seconds()  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return None
    # Less than two seconds say nothing yet.
    if steps <= 0 or seconds < 2:
        return None
    return steps / seconds


def _left(work: Work, told: Mapping[str, Any], missing: int, rate: float) -> float:
    since = (work.now - dt.datetime.fromisoformat(str(told["at"]))).total_seconds()
    return max(0.0, missing / rate - max(0.0, since))


def may_change(work: Work, job: JobRow) -> bool:
    """Whether the actor may retry and cancel it."""
    return work.can(jobs.EDIT) or (job.user_id is not None and job.user_id == work.actor.user_id)


def error_of(work: Work, job: JobRow) -> tuple[str, str]:
    """Why it failed, and the traceback; of an error of the code, whoever may not see all jobs hears only that it failed."""
    sentence, traceback = told_error(work, job.error or "")
    return sentence or (SOMETHING_WRONG if job.error else ""), traceback


def told_error(work: Work, text: str) -> tuple[str, str]:
    """The sentence of an error, and its traceback: both empty where the actor may not see them."""
    if isinstance(text, Message):
        return text, ""
    sentence, found, rest = text.partition(_TRACEBACK)
    if not found:
        return sentence, ""
    return (sentence, (_TRACEBACK + rest).strip()) if work.can(jobs.VIEW) else ("", "")


def log(work: Work, job: JobRow) -> list[JobLine]:
    """The newest lines of a job's log, oldest first; those that hold a traceback only for who may see all jobs."""
    return [line for line in jobs.lines(work, job.id) if any(told_error(work, line.text)) or not line.text]


def shown(values: Any) -> list[tuple[str, str]]:
    """Arguments or results as pairs of name and text; what looks like a secret by its name is masked, however deep."""
    if not isinstance(values, Mapping):
        return []
    return [(str(name), _text(masked(value, str(name)))) for name, value in values.items()]


def masked(value: Any, name: str = "") -> Any:
    """The value with what looks like a secret by its name hidden."""
    if _SECRET.search(name) and value not in (None, "", True, False):
        return MASK
    if isinstance(value, Mapping):
        return {str(key): masked(item, str(key)) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 500 else text[:499] + "…"


def message(job: JobRow) -> tuple[str, str]:
    """What a job said when it was done: a sentence, and an address; empty when it said nothing."""
    told = job.result if isinstance(job.result, Mapping) else {}
    words, url = told.get("message"), told.get("url")
    return (words[:500] if isinstance(words, str) else ""), (url if isinstance(url, str) else "")


# --- dead letters ----------------------------------------------------------------------------------------------------


def undelivered(work: Work) -> int:
    """How many deliveries were given up; more than :data:`MOST_COUNTED` are not counted."""
    work.require(jobs.VIEW)
    some = select(Delivery.id).where(Delivery.state == "failed").limit(MOST_COUNTED).subquery()
    return int(work.session.scalar(select(func.count()).select_from(some)) or 0)


def dead_letters(work: Work, after: str | None = None, limit: int = 50) -> tuple[list[events.Failed], str | None]:
    """Deliveries that were given up, newest first, and the cursor of the next page."""
    last = decode("deliveries", after, (dt.datetime, int)) if after else None
    rows = events.failed(work, limit=limit + 1, after=last)
    more, rows = len(rows) > limit, rows[:limit]
    return rows, encode("deliveries", [rows[-1].due_at, rows[-1].id]) if more else None


def retry_all(work: Work, subscriber: str) -> int:
    """Lets all that was given up for a subscriber be delivered again; inside ``work.begin()``. Says how many."""
    work.require(jobs.EDIT)
    mine = update(Delivery).where(Delivery.state == "failed", Delivery.subscriber == clean_line(subscriber))
    again = mine.values(state="due", due_at=work.now, failures=0, finished_at=None)
    done = work.session.execute(again.execution_options(synchronize_session=False))
    number = int(getattr(done, "rowcount", 0))
    if number:
        work.audit("delivery.retried", "delivery", after={"subscriber": clean_line(subscriber), "deliveries": number})
    return number
