"""Lists: views that are shared, and what was done to many rows at once, kept so that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from ...contributions import Job, Permission, Schedule
from ...hooks import hookimpl


class Plugin:
    """Declares who may share views, and the jobs."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        from .views import SHARE

        return [Permission(name=SHARE, label="Share views of lists with everybody", roles=("CRM manager",))]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from ...web.tables.jobs import change_rows, take_back
        from .jobs import prune

        return [
            Job(kind="lists.change", handler=change_rows, label="Change many rows", run_as="asker", attempts=3),
            Job(
                kind="lists.undo",
                handler=take_back,
                label="Take a change of many rows back",
                run_as="asker",
                attempts=3,
            ),
            Job(kind="lists.prune", handler=prune, label="Forget old changes of lists"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="lists.prune", cron="47 3 * * *")]
