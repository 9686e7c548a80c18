"""What is done in the background."""

from __future__ import annotations

from functools import partial
from typing import Any

from crmhost.api import Conflict, JobContext, Message, Plural, RetryLater, Work, notifications

from . import applying, asides, connections, mapping, receiving, reconciling, running
from .calls import calling
from .pace import Pace
from .shapes import Incoming, Source


def run(job: JobContext, connection_id: int, full: bool = False) -> dict[str, Any]:
    """Reads a connection: all of history the first time, then what changed."""
    one = connections.get(job.work, connection_id)
    name, key = one.name, f"/syncs/{one.id}"
    try:
        done = running.run(job, connection_id, full=full)
    except Conflict as error:
        raise RetryLater(30, str(error.message)) from error
    words = {"added": done.added, "updated": done.updated, "aside": done.aside}
    said = Message("%(name)s: %(added)s new, %(updated)s changed, %(aside)s set aside.", name=name, **words)
    return {"message": said, "url": key, **words, "unchanged": done.unchanged}


def receive(job: JobContext, connection_id: int) -> dict[str, Any]:
    """Deals with what webhooks told."""
    return {"events": receiving.proceed(job, connection_id)}


def catch_up(job: JobContext) -> dict[str, Any]:
    """Wants a reading of each connection that is on."""
    with job.work.begin():
        ready = connections.due(job.work)
        for one in ready:
            job.work.enqueue("syncs.run", dedupe=str(one.id), connection_id=one.id)
    return {"connections": len(ready)}


def retry(job: JobContext, connection_id: int, aside_id: int | None = None) -> dict[str, Any]:
    """Tries records that were set aside once more, or one of them."""
    work, after, taken, left, pace = job.work, 0, 0, 0, Pace(job.work)
    one = connections.get(work, connection_id)
    source = connections.source_of(work, one.source)
    while True:
        job.check()
        rows = asides.after(work, connection_id, after, pace.size, aside_id)
        if not rows:
            break
        after = rows[-1].id
        items = [applying.as_came(row) for row in rows]
        with calling(work, connection_id):
            items = list(connections.reader(work, source, one).complete(items))
        done = pace.take(len(items), partial(_try_again, work, source, connection_id, items))
        taken += done.added + done.updated
        left += done.aside
    said = Message("%(taken)s were taken now, %(left)s still can't be.", taken=taken, left=left)
    return {"message": said, "url": f"/syncs/{connection_id}/aside"}


def _try_again(work: Work, source: Source, connection_id: int, items: list[Incoming]) -> applying.Outcome:
    return applying.apply(work, source, connections.get(work, connection_id), items)


def remap(job: JobContext, connection_id: int) -> dict[str, Any]:
    """Applies a mapping to the transactions that are there; what staff chose stays."""
    work, after, changed, pace = job.work, 0, 0, Pace(job.work)
    while True:
        job.check()
        rows, number = pace.take(pace.size, partial(mapping.apply_some, work, connection_id, after, pace.size))
        changed += number
        if not rows:
            break
        after = rows
        job.progress(changed)
    said = Plural("%(num)s transaction got another status.", "%(num)s transactions got another status.", changed)
    return {"message": said, "url": f"/syncs/{connection_id}"}


def compare(job: JobContext) -> dict[str, Any]:
    """Wants the comparison of each connection that is to be compared by itself."""
    with job.work.begin():
        ready = reconciling.overdue(job.work)
        for one in ready:
            job.work.enqueue("syncs.reconcile", dedupe=f"{one.id} by itself", connection_id=one.id, tell=True)
    return {"connections": len(ready)}


def reconcile(job: JobContext, connection_id: int, tell: bool = False) -> dict[str, Any]:
    """Compares both sides month by month; with ``tell``, those who look after syncs hear of what differs."""
    number = reconciling.compare(job, connection_id)
    if number and tell:
        with job.work.begin():
            one = connections.get(job.work, connection_id)
            people = notifications.who_may(job.work, "syncs.edit")
            text = Message("“%(name)s” and the CRM differ: %(number)s records.")
            data = {"name": one.name, "number": str(number)}
            notifications.tell(job.work, people, text, f"/syncs/{one.id}/reconcile", kind="syncs.differs", data=data)
    said = Plural("%(num)s record differs.", "%(num)s records differ.", number)
    return {"message": said if number else Message("Both sides agree."), "url": f"/syncs/{connection_id}/reconcile"}


def repair(job: JobContext, connection_id: int, difference_ids: list[int]) -> dict[str, Any]:
    """Fetches records that differ."""
    number = reconciling.repair(job, connection_id, difference_ids)
    said = Plural("%(num)s record was fetched.", "%(num)s records were fetched.", number)
    return {"message": said, "url": f"/syncs/{connection_id}/reconcile"}


def watch(job: JobContext) -> dict[str, Any]:
    """Looks, once a day, whether the other sides still tell what changes; says so when one stopped."""
    work, found = job.work, 0
    for one in connections.on(work):
        job.check()
        source = connections.source_of(work, one.source)
        with calling(work, one.id):
            problem = connections.reader(work, source, one).watch()
        with work.begin():
            row = connections.get(work, one.id, lock=True)
            if problem and not row.hooks_problem:
                people = notifications.who_may(work, "syncs.edit")
                said = "“%(name)s” does not tell us any more what changes there."
                data = {"name": row.name}
                notifications.tell(work, people, said, f"/syncs/{row.id}", kind="syncs.webhooks", data=data)
            row.hooks_problem = problem
        found += bool(problem)
    job.some_at_a_time(receiving.forget_old)
    return {"problems": found}
