"""What quotes do by the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmhost.api import JobContext, Message, Work

from . import services, states


def expire(job: JobContext) -> Mapping[str, Any]:
    """Has quotes whose last day is over expire."""
    return {"message": Message("%(number)s quotes expired.", number=_all(job, states.expire))}


def empty_bin(job: JobContext) -> Mapping[str, Any]:
    """Erases what lay in the bin long enough."""
    return {"message": Message("%(number)s quotes were erased.", number=_all(job, services.empty_bin))}


def _all(job: JobContext, some: Callable[[Work], int]) -> int:
    done = 0
    while True:
        job.check()
        with job.work.begin():
            number = some(job.work)
        if not number:
            return done
        done += number
        job.progress(done)
