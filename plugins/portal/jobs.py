"""What the portal does in the background."""

from __future__ import annotations

from crmhost.api import JobContext

from . import sessions


def forget(job: JobContext) -> None:
    """Forgets old visits, some at a time."""
    more = True
    while more:
        job.check()
        with job.work.begin() as work:
            more = sessions.forget_old(work) >= 500
