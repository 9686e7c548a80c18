"""Settings > Health: whether the installation is well, what runs, and what to do where something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, MenuItem, Permission, Schedule
from ...hooks import hookimpl


class Plugin:
    """The Health page, and the look at the tables that SQLite needs."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="Health", endpoint="health.index", permission="health.view", order=980)
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="health.view", label="See whether the installation is well")]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .statistics import gather

        return [Job(kind="health.statistics", handler=gather, label="Look at the sizes of tables")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .statistics import needed

        return [Schedule(kind="health.statistics", cron="37 * * * *", when=needed)]
