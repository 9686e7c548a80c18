"""Deliveries: one object of one event on its way to one webhook; their log, sending again, forgetting."""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crmhost.api import SYSTEM, Event, Invalid, JobRow, Message, NotFound, Work, jobs, keyset

from . import webhooks
from .models import STATES, Delivery, Webhook

JOB = "rest_api.deliver"
#: How long deliveries are kept.
KEEP = dt.timedelta(days=30)
#: How many are made, or put on their way again, in one transaction, each with its job: some 30 ms.
BATCH = 25
LARGEST_PAGE = 200
#: What a delivery that people asked for themselves tells.
TEST_EVENT = "webhook.test"
_TABLE: Table = Delivery.__table__


@dataclasses.dataclass(frozen=True)
class Page:
    """Deliveries, newest first, and the cursor of the page that follows, or ``None``."""

    rows: list[Delivery]
    next: str | None


def make(work: Work, webhook: Webhook, event: Event, ids: Sequence[int]) -> int:
    """Makes the deliveries of an event to a webhook that are not there yet, and a job for each; says how many."""
    now = work.now
    rows = [
        {
            "webhook_id": webhook.id,
            "token": f"evt_{secrets.token_urlsafe(18)}",
            "event": event.name,
            "event_id": event.id,
            "event_at": event.at,
            "object_id": number,
            "contact_id": None,
            "told": dict(event.data),
            "state": "due" if webhook.paused_at is None else "held",
            "attempts": 0,
            "failures": 0,
            "created_at": now,
            "error": "",
        }
        for number in ids
    ]
    if not rows:
        return 0
    dialect: Any = postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id)
    made = work.session.execute(insert, rows).scalars().all()
    if webhook.paused_at is None:
        for number in made:
            _send(work, number)
    return len(made)


def _send(work: Work, delivery_id: int) -> int:
    return work.enqueue(JOB, dedupe=str(delivery_id), delivery=delivery_id)


def send_test(work: Work, webhook_id: int) -> Delivery:
    """Sends a made-up event, to try a webhook out; a paused one too is told when it is resumed."""
    webhook = webhooks.get(work, webhook_id)
    number = -secrets.randbelow(2**31 - 1) - 1
    event = Event(number, TEST_EVENT, (webhook.id,), {}, work.now, work.actor.label)
    webhook.retry_at = None
    make(work, webhook, event, [webhook.id])
    work.audit("webhook.tested", "webhook", webhook.id)
    mine = select(Delivery).where(Delivery.webhook_id == webhook.id, Delivery.event_id == number)
    return work.session.scalars(mine).one()


# --- the log ---------------------------------------------------------------------------------------------------------


def page(work: Work, webhook_id: int, *, state: str = "", after: str | None = None, limit: int = 50) -> Page:
    """The log of a webhook, newest first.

    :param state: only those in this state.
    :raises Invalid: when there is no such state.
    """
    webhook = webhooks.get(work, webhook_id)
    wanted = select(Delivery).where(Delivery.webhook_id == webhook.id)
    if state:
        if state not in STATES:
            raise Invalid({"state": [Message("Choose one of %(names)s.", names=list(STATES))]})
        wanted = wanted.where(Delivery.state == state)
    if after:
        (last,) = keyset.decode("deliveries", after, [int])
        wanted = wanted.where(Delivery.id < last)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = list(work.session.scalars(wanted.order_by(Delivery.id.desc()).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, keyset.encode("deliveries", [rows[-1].id]) if more else None)


def get(work: Work, webhook_id: int, delivery_id: int) -> Delivery:
    """:raises NotFound: when the webhook has no such delivery, or is somebody else's."""
    webhook = webhooks.get(work, webhook_id)
    found = work.session.get(Delivery, keyset.valid_id(delivery_id) or 0)
    if found is None or found.webhook_id != webhook.id:
        raise NotFound("delivery", delivery_id)
    return found


def counts(work: Work, webhook_ids: Sequence[int], states: Sequence[str]) -> dict[tuple[int, str], int]:
    """How many deliveries each webhook has in each of these states."""
    query = (
        select(Delivery.webhook_id, Delivery.state, func.count())
        .where(Delivery.webhook_id.in_(webhook_ids), Delivery.state.in_(states))
        .group_by(Delivery.webhook_id, Delivery.state)
    )
    return {(webhook, state): number for webhook, state, number in work.session.execute(query)}


# --- sending again ---------------------------------------------------------------------------------------------------


def replay(work: Work, webhook_id: int, delivery_id: int) -> Delivery:
    """Sends a delivery again, with the same id and with what the object is like now."""
    delivery = get(work, webhook_id, delivery_id)
    webhook = webhooks.get(work, webhook_id)
    webhook.retry_at = None
    delivery.state, delivery.failures, delivery.error = "due", 0, ""
    if webhook.paused_at is not None:
        delivery.state = "held"
    work.session.flush()
    if delivery.state == "due":
        job = work.session.get_one(JobRow, _send(work, delivery.id))
        if job.due_at > work.now:
            # It waits for its next attempt already; that is now.
            jobs.retry(work.as_actor(SYSTEM), job.id)
    work.audit("webhook.replayed", "webhook", webhook.id, after={"delivery": delivery.id, "event": delivery.event})
    return delivery


def replay_failed(work: Work, webhook_id: int) -> int:
    """Sends everything that failed again, in the background; says how much that is now."""
    webhook = webhooks.get(work, webhook_id)
    webhook.retry_at = None
    work.session.flush()
    failed = counts(work, [webhook.id], ["failed"]).get((webhook.id, "failed"), 0)
    if failed:
        work.enqueue("rest_api.resume", dedupe=f"failed {webhook.id}", webhook=webhook.id, state="failed")
        work.audit("webhook.replayed", "webhook", webhook.id, after={"failed": failed})
    return failed


def put_on_their_way(work: Work, webhook_id: int, state: str, newest: int) -> int:
    """Puts some deliveries that wait in a state on their way, oldest first; says how many, 0 at the end.

    :param newest: the newest that counts: what fails again meanwhile is not taken up again and again.
    """
    webhook = work.session.get(Webhook, webhook_id)
    if webhook is None or webhook.paused_at is not None:
        return 0
    waiting = select(Delivery.id).where(Delivery.webhook_id == webhook_id, Delivery.state == state)
    some = work.session.scalars(waiting.where(Delivery.id <= newest).order_by(Delivery.id).limit(BATCH)).all()
    if some:
        work.session.execute(update(_TABLE).where(_TABLE.c.id.in_(some)).values(state="due", failures=0, error=""))
        for number in some:
            _send(work, number)
    return len(some)


def newest_of(work: Work, webhook_id: int) -> int:
    """Number of the newest delivery of a webhook, 0 when it has none."""
    return work.session.scalar(select(func.max(Delivery.id)).where(Delivery.webhook_id == webhook_id)) or 0


# --- forgetting ------------------------------------------------------------------------------------------------------


def prune(work: Work, limit: int = 500) -> int:
    """Deletes old deliveries, at most ``limit``; says how many."""
    old = select(Delivery.id).where(Delivery.created_at < work.now - KEEP).limit(limit)
    ids = work.session.scalars(old).all()
    if ids:
        work.session.execute(delete(_TABLE).where(_TABLE.c.id.in_(ids)))
    return len(ids)


def forget_person(work: Work, contact_id: int) -> None:
    """Erases what was sent of a contact, and what was answered."""
    mine = update(_TABLE).where(_TABLE.c.contact_id == contact_id)
    work.session.execute(mine.values(request=None, answer=None))
