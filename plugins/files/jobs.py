"""What runs at night: the bin, and uploads that nobody finished."""

from __future__ import annotations

from crmhost.api import JobContext

from . import services, uploads


def empty_bin(job: JobContext) -> None:
    """Erases files whose days in the bin are over."""
    job.some_at_a_time(services.empty_bin)


def sweep(job: JobContext) -> None:
    """Removes uploads that took too long."""
    job.some_at_a_time(uploads.sweep)
