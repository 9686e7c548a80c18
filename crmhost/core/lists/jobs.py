"""Forgetting old changes of lists."""

from __future__ import annotations

from ...work.context import JobContext
from ..contacts import kept_tags
from . import services


def prune(job: JobContext) -> None:
    """Deletes old changes, and tags that went long ago, some at a time."""
    for forget in (services.prune, kept_tags.prune):
        more = 1
        while more:
            job.check()
            with job.work.begin():
                more = forget(job.work)
