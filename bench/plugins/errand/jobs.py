"""What errands do."""

from __future__ import annotations

from typing import Any

from crmhost.api import Event, GiveUp, JobContext, RetryLater, Work

from . import services

#: Keys whose next attempts fail, and how: tests put them here.
failing: dict[str, Exception] = {}


def do(job: JobContext, key: str) -> dict[str, Any]:
    """Leaves a trace under the job's key."""
    _fail(key)
    with job.work.begin():
        services.effect(job.work, key, job.key)
    return {"message": f"Done {key}"}


def steps(job: JobContext, count: int, key: str = "step") -> dict[str, Any]:
    """Leaves several traces, each in a transaction of its own, and goes on where it was stopped."""
    start = int(job.saved or 0)
    for number in range(start, count):
        job.check()
        _fail(f"{key}:{number}")
        with job.work.begin():
            services.effect(job.work, f"{key}:{job.id}:{number}", f"{job.key} attempt {job.attempt}")
            job.save(number + 1)
        job.progress(number + 1, count)
    job.log(f"All {count} are done.")
    return {"count": count}


def mine(job: JobContext, key: str) -> None:
    """Needs a permission that its asker may lack."""
    job.work.require("contacts.edit")
    with job.work.begin():
        services.effect(job.work, key, job.work.actor.label)


def heard(work: Work, event: Event) -> None:
    """Leaves a trace of an event."""
    for number in event.ids:
        _fail(f"event:{number}")
    with work.begin():
        for number in event.ids:
            services.effect(work, f"event:{event.id}:{number}")


def _fail(key: str) -> None:
    if key.startswith("poison"):
        raise ValueError("this one can't be done")
    error = failing.get(key)
    if isinstance(error, (RetryLater, GiveUp)):
        raise failing.pop(key)
    if error is not None:
        raise error
