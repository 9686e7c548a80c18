"""Notifications: what users are told in the app, the bell in the top bar, the page with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, Schedule
from ...hooks import hookimpl


class Plugin:
    """Declares the pages, and the job that forgets what is old."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .jobs import prune

        return [Job(kind="notifications.prune", handler=prune, label="Forget old notifications")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="notifications.prune", cron="41 3 * * *")]
