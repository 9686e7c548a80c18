"""Files that plugins keep for people: uploads, attachments, documents that were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Health, HealthCheck, Job, Schedule, Setting
from ...errors import Invalid
from ...hooks import hookimpl
from ...messages import Message
from ...work.unit import Work

#: What the whole request to an upload page may hold.
LARGEST_MB = 60


def _check_size(_work: Work, value: int) -> int:
    if not 1 <= value <= LARGEST_MB:
        raise Invalid(Message("Give a number from 1 to %(most)s.", most=LARGEST_MB))
    return value


def _check_storage(work: Work) -> Health:
    from ...storage import StorageError

    try:
        work.storage.check()
    except StorageError as error:
        return Health(
            level="error",
            message=error.message,
            advice="Check CRMHOST_STORAGE_URL, the access key in the environment, and that the server runs.",
        )
    return Health(level="ok", message="The file storage answers.")


class Plugin:
    """Declares the limit on sizes, the address of downloads, and the jobs that keep the storage clean."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="storage.max_size_mb",
                label="Largest file, in megabytes",
                kind="integer",
                default=LARGEST_MB,
                validate=_check_size,
                help=Message("For files that people upload, from 1 to %(most)s.", most=LARGEST_MB),
                order=75,
                page="general",
            )
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="storage.remove", handler=jobs.remove, label="Remove deleted files"),
            Job(kind="storage.sweep", handler=jobs.sweep, label="Remove left-over files", attempts=3),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="storage.sweep", cron="40 3 * * *")]

    @hookimpl
    def health_checks(self) -> Sequence[HealthCheck]:
        return [HealthCheck(id="storage.answers", label="File storage", check=_check_storage)]

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from . import services

        services.delete_of(work, contact_id)
