"""Deletes jobs and events that were over long ago."""

from __future__ import annotations

from ...work import events, jobs
from ...work.context import JobContext

#: Rows deleted in one transaction.
BATCH = 1000


def prune(job: JobContext) -> dict[str, int]:
    """Deletes what ended long ago, some at a time; gives how many jobs and events went."""
    gone = {"jobs": 0, "events": 0}
    for name, delete in (("jobs", jobs.prune), ("events", events.prune)):
        some = BATCH
        while some == BATCH:
            job.check()
            with job.work.begin():
                some = delete(job.work, limit=BATCH)
            gone[name] += some
            job.progress(sum(gone.values()))
    return gone
