"""What runs at night: the bin, and uploads that nobody finished."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.api import JobContext, Work

from . import services, uploads


def empty_bin(job: JobContext) -> None:
    """Erases files whose days in the bin are over."""
    _until_none(job, services.empty_bin)


def sweep(job: JobContext) -> None:
    """Removes uploads that took too long."""
    _until_none(job, uploads.sweep)


def _until_none(job: JobContext, run: Callable[[Work], int]) -> None:
    while True:
        with job.work.begin():
            number = run(job.work)
        if not number:
            return
        job.check()
