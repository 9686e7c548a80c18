"""Work in the background, for people: what waits, runs, is done and failed, and the clearing away of what is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, MenuItem, Permission, Schedule
from ...hooks import hookimpl


class Plugin:
    """Declares the pages, who may see all jobs, and the daily clearing."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="Jobs", endpoint="jobs.index", permission="jobs.view", order=970),
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="jobs.view", label="See everybody's jobs and why they failed"),
            Permission(name="jobs.edit", label="Retry and cancel everybody's jobs"),
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .clearing import prune

        return [Job(kind="jobs.prune", handler=prune, label="Clear away old jobs and events")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="jobs.prune", cron="15 3 * * *")]
