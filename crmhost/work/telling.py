"""Tells who asked for a job that it was given up; what went well, its plugin tells in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.notifications import services as notifications
from ..messages import Message
from . import attempt
from .jobs import Outcome

if TYPE_CHECKING:
    from ..site import Site

PAGES = "/settings/jobs"


def tell_of_failures(site: Site, outcomes: Sequence[Outcome]) -> None:
    """A notification for each job that failed for good and that a user asked for."""
    failed = [item for item in outcomes if item.state == "failed" and item.job.user_id is not None]
    if not failed:
        return
    generation = site.runtime.current()
    with site.work(generation=generation) as work, work.begin():
        for item in failed:
            declared = attempt.handlers_of(generation).get(item.job.kind)
            label = declared.label if declared is not None and declared.label else item.job.kind
            sentence = Message("What you asked for could not be done: %(label)s.")
            notifications.tell(
                work,
                [item.job.user_id or 0],
                sentence,
                f"{PAGES}/{item.job.id}",
                kind="jobs.failed",
                data={"label": Message(label)},
            )
