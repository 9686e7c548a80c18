"""Lists: what was done to many rows at once, kept so that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from ...contributions import Job, Schedule
from ...hooks import hookimpl


class Plugin:
    """Declares the job that forgets what is old."""

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .jobs import prune

        return [Job(kind="lists.prune", handler=prune, label="Forget old changes of lists")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="lists.prune", cron="47 3 * * *")]
