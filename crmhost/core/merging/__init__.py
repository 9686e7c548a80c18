"""Merging: duplicates are found and become one contact, in a step that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import EventHandler, Job, MenuItem, Schedule, Setting
from ...errors import Invalid
from ...hooks import hookimpl
from ...work.unit import Work


def _check_days(_work: Work, value: int) -> int:
    if not 0 <= value <= 365:
        raise Invalid("Give a number from 0 to 365.")
    return value


class Plugin:
    """Declares the pages, how long a merge can be undone, and what keeps the keys of duplicates."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Contacts", label="Duplicates", endpoint="merging.index", permission="contacts.edit", order=290
            )
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="merging.undo_days",
                label="Days in which a merge can be undone",
                kind="integer",
                default=30,
                validate=_check_days,
                help="From 0 to 365. After that, what is needed to undo it is forgotten.",
                page="general",
                order=210,
            )
        ]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from .keys import follow

        return [EventHandler(event="contact.*", handler=follow, name="keys")]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="merging.fill", handler=jobs.fill, label="Look for duplicates"),
            Job(kind="merging.tidy", handler=jobs.tidy, label="Forget old merges"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="merging.tidy", cron="50 3 * * *")]
