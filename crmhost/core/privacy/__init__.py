"""Privacy: erasing a person for good, with a receipt, and exporting what is held on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, MenuItem, Schedule, Setting
from ...errors import Invalid
from ...hooks import hookimpl
from ...work.unit import Work


def _check_days(_work: Work, value: int) -> int:
    if not 1 <= value <= 90:
        raise Invalid("Give a number from 1 to 90.")
    return value


class Plugin:
    """Declares the pages, the archives of people's data, and who may open them."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Settings", label="Erased people", endpoint="privacy.receipts", permission="audit.view", order=92
            )
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="privacy.export_days",
                label="Days for which an archive of a person's data is kept",
                kind="integer",
                default=7,
                validate=_check_days,
                help="From 1 to 90.",
                page="general",
                order=220,
            )
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="privacy.export", handler=jobs.export, label="Export a person's data", attempts=3, run_as="asker"),
            Job(kind="privacy.tidy", handler=jobs.tidy, label="Remove old archives of people's data"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="privacy.tidy", cron="55 3 * * *")]

    @hookimpl
    def file_access(self, work: Work) -> bool | None:
        # None: only who asked for the archive.
        return None if work.can("contacts.export") else False
