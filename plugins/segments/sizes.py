"""How large segments are: now, a minute ago, and on the days before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Sequence

from sqlalchemy import select, update

from crmhost.api import Invalid, JobContext, Work

from . import services
from .models import Segment, Size

#: A kept number may be so old before it is counted again.
FRESH = dt.timedelta(minutes=1)
#: Days of the history that are kept.
KEPT_DAYS = 730
#: Seconds that one answer counts for; the rest is counted by the next.
PATIENCE = 2.0


@dataclasses.dataclass(frozen=True)
class Counted:
    """A number of contacts, and when it was counted.

    :param problem: why it can't be counted now; empty when it can.
    """

    number: int | None
    at: dt.datetime | None
    problem: str = ""


def kept(work: Work, segment: Segment) -> Counted:
    """What was counted last; for who may see only the own contacts nothing is kept."""
    if work.actor.only_assigned:
        return Counted(None, None)
    return Counted(segment.number, segment.counted_at)


def is_fresh(work: Work, counted: Counted) -> bool:
    """Whether it needs no counting again."""
    return counted.at is not None and work.now - counted.at < FRESH


def now(work: Work, segment: Segment) -> Counted:
    """Counted now, for the actor."""
    try:
        return Counted(services.question(work, segment).count(), work.now)
    except Invalid as error:
        return Counted(None, None, error.message)


def count_again(work: Work, segments: Sequence[Segment]) -> dict[int, Counted]:
    """Counts those whose number is older than a minute, as many as :data:`PATIENCE` allows; id -> what is known then.

    Nothing is written here: hand it to :func:`keep` inside a transaction.
    """
    found: dict[int, Counted] = {}
    until = time.monotonic() + PATIENCE
    for segment in segments:
        counted = kept(work, segment)
        if not is_fresh(work, counted) and time.monotonic() < until:
            counted = now(work, segment)
        found[segment.id] = counted
    return found


def keep(work: Work, counted: dict[int, Counted]) -> None:
    """Keeps numbers that were counted for somebody who may see all contacts, and writes the history of today."""
    if work.actor.only_assigned:
        return
    for segment_id, item in counted.items():
        if item.number is None or item.at is None:
            continue
        newer = (Segment.id == segment_id, (Segment.counted_at.is_(None)) | (Segment.counted_at < item.at))
        work.session.execute(
            update(Segment).where(*newer).values(number=item.number, counted_at=item.at),
            execution_options={"synchronize_session": False},
        )
        _note(work, segment_id, item.number)


def _note(work: Work, segment_id: int, number: int) -> None:
    row = work.session.get(Size, (segment_id, work.today), with_for_update=True)
    if row is None:
        work.session.add(Size(segment_id=segment_id, day=work.today, number=number))
    else:
        row.number = number
    work.session.flush()


def history(work: Work, segment: Segment) -> list[tuple[dt.date, int]]:
    """Day and number of contacts, the oldest first; days on which nobody counted are left out."""
    wanted = select(Size.day, Size.number).where(
        Size.segment_id == segment.id, Size.day > work.today - dt.timedelta(days=KEPT_DAYS)
    )
    return [(row[0], row[1]) for row in work.session.execute(wanted.order_by(Size.day))]


def measure(job: JobContext) -> None:
    """The daily job: counts every segment, whoever owns it."""
    work = job.work
    ids = list(work.session.scalars(select(Segment.id).where(Segment.deleted_at.is_(None)).order_by(Segment.id)))
    for segment_id in ids:
        job.check()
        segment = work.session.get(Segment, segment_id)
        if segment is None:
            continue
        counted = now(work, segment)
        with work.begin():
            keep(work, {segment_id: counted})
