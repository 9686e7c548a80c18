"""Easy-access links: leave to open one document without signing in."""

from __future__ import annotations

from collections.abc import Sequence

from ...contributions import Job, Schedule
from ...hooks import hookimpl


class Plugin:
    """Declares the job that forgets what is old."""

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .services import prune_job

        return [Job(kind="links.prune", handler=prune_job, label="Forget old links and who opened them")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="links.prune", cron="47 3 * * *")]
