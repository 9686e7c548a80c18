"""Errand: jobs and events that leave a trace, for tests and measurements."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import EventHandler, Job, Schedule, Webhook
from crmhost.hooks import hookimpl


class Plugin:
    """Declares the jobs and the subscriber; the work is done in ``jobs``."""

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="errand.do", handler=jobs.do, label="Do an errand", attempts=4),
            Job(kind="errand.steps", handler=jobs.steps, label="Do an errand in steps"),
            Job(kind="errand.mine", handler=jobs.mine, label="Do an errand as the one who asked", run_as="asker"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="errand.do", cron="30 6 * * *", arguments={"key": "daily"})]

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        from . import services

        return [Webhook(name="errand", handler=services.receive)]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from . import jobs

        return [EventHandler(event="errand.told", handler=jobs.heard)]
