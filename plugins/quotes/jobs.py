"""What quotes do by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import JobContext, Message

from . import services, states


def expire(job: JobContext) -> Mapping[str, Any]:
    """Has quotes whose last day is over expire."""
    return {"message": Message("%(number)s quotes expired.", number=job.some_at_a_time(states.expire))}


def empty_bin(job: JobContext) -> Mapping[str, Any]:
    """Erases what lay in the bin long enough."""
    return {"message": Message("%(number)s quotes were erased.", number=job.some_at_a_time(services.empty_bin))}
