"""Background work of files: removing the bytes of deleted ones, sweeping up what nobody refers to."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from ...messages import Plural
from ...work.unit import Work
from ..rows import CHUNK
from .models import File

if TYPE_CHECKING:
    from ...work.context import JobContext

#: Age from which on an object without a row is left over: no upload waits as long for its row.
ORPHAN = dt.timedelta(days=1)


def remove(job: JobContext, keys: Sequence[str]) -> None:
    """Removes the objects of files that were deleted."""
    job.work.storage.delete(_without_row(job.work, keys))


def sweep(job: JobContext) -> dict[str, object]:
    """Removes objects that have no row for a day: what was staged and never kept, or left by a job that failed."""
    work = job.work
    before = work.now - ORPHAN
    seen = swept = 0
    listing = iter(work.storage.list())
    while some := list(itertools.islice(listing, CHUNK)):
        job.check()
        left = _without_row(work, [item.key for item in some if item.modified < before])
        work.storage.delete(left)
        seen += len(some)
        swept += len(left)
        job.progress(seen)
    swept += work.storage.tidy(before)
    return {
        "message": Plural("%(num)s left-over file was removed.", "%(num)s left-over files were removed.", swept),
        "removed": swept,
    }


def _without_row(work: Work, keys: Iterable[str]) -> list[str]:
    wanted = list(keys)
    if not wanted:
        return []
    known = set(work.session.scalars(select(File.key).where(File.key.in_(wanted))))
    work.session.rollback()
    return [key for key in wanted if key not in known]
