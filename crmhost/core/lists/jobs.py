"""Forgetting old changes of lists."""

from __future__ import annotations

from ...work.context import JobContext
from . import services


def prune(job: JobContext) -> None:
    """Deletes old changes, some at a time."""
    more = 1
    while more:
        job.check()
        with job.work.begin():
            more = services.prune(job.work)
