"""What happens in the background: sending a delivery, taking up those that waited, forgetting old ones."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import CrmError, GiveUp, JobContext, Message, Plural, RetryLater, Work, http, notifications, texts

from . import deliveries, payloads, signing, webhooks
from .fields import stamp
from .models import Delivery, Webhook

#: Failures after which a delivery is given up; with the growing pauses of jobs that is half a day later.
ATTEMPTS = 12
TIMEOUTS = http.Timeouts(connect=5.0, read=10.0, total=20.0)
#: Bytes of an answer that the log keeps.
KEPT_ANSWER = 2000
#: A webhook that has failed for so long, without a success in between, is paused.
PATIENCE = dt.timedelta(days=3)
#: Failures in a row from which on a receiver is left alone for a while, so that its deliveries don't hold all others up.
TROUBLED = 3
_LONGEST_REST = 600


class NotDelivered(CrmError):
    """The receiver did not take it; it is tried again later."""


@dataclasses.dataclass(frozen=True)
class _Ready:
    """A delivery as it is sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """How an attempt ended; ``error`` is empty when the receiver took it."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    hopeless: bool = False


def deliver(job: JobContext, delivery: int) -> Mapping[str, Any]:
    """Sends a delivery once."""
    try:
        with job.work.begin():
            ready = _prepare(job.work, delivery)
        if isinstance(ready, str):
            return {"message": ready}
        outcome = _post(job.work, ready)
    except CrmError as error:
        # Such as a secret that was stored under another key of the site.
        outcome = _Outcome(0, error=str(error), hopeless=True)
    with job.work.begin():
        _note(job.work, delivery, outcome)
    if outcome.hopeless:
        raise GiveUp(outcome.error)
    if outcome.error:
        raise NotDelivered(outcome.error)
    return {"message": f"Answered {outcome.status}."}


def _prepare(work: Work, delivery_id: int) -> _Ready | str:
    """What is to be sent, or why nothing is."""
    delivery = work.session.get(Delivery, delivery_id, with_for_update=True)
    webhook = work.session.get(Webhook, delivery.webhook_id) if delivery is not None else None
    if delivery is None or webhook is None:
        return "The webhook was deleted."
    if delivery.state != "due":
        return f"It is {delivery.state} already."
    if webhook.paused_at is not None:
        delivery.state = "held"
        return "The webhook is paused; it is sent when somebody resumes it."
    now = work.now
    if webhook.retry_at is not None and webhook.retry_at > now:
        # Those that wait come back one after the other.
        raise RetryLater((webhook.retry_at - now).total_seconds() + delivery.id % 20, "The receiver has trouble.")
    owner = webhooks.owner_of(work, webhook)
    data = None
    if owner is not None:
        data = payloads.data_of(work.as_actor(owner), delivery.event, delivery.object_id, delivery.told)
    if data is None:
        delivery.state, delivery.error = "dropped", "Its owner may not see this."
        return "The webhook's owner may not see this, so it was not sent."
    document = {"id": delivery.token, "event": delivery.event, "created_at": stamp(delivery.event_at), "data": data}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    delivery.request = body.decode()
    delivery.contact_id = payloads.contact_in(delivery.event, delivery.object_id, data)
    delivery.attempts += 1
    delivery.last_at = now
    headers = {
        "Content-Type": "application/json",
        "Crmhost-Event": delivery.event,
        "Crmhost-Delivery": delivery.token,
        signing.HEADER: signing.sign(webhooks.secret_of(work, webhook), int(now.timestamp()), body),
    }
    return _Ready(webhook.url, headers, body)


def _post(work: Work, ready: _Ready) -> _Outcome:
    began = time.monotonic()

    def took() -> int:
        return int((time.monotonic() - began) * 1000)

    try:
        answer = http.request(
            work,
            "POST",
            ready.url,
            headers=ready.headers,
            body=ready.body,
            timeouts=TIMEOUTS,
            limit=KEPT_ANSWER,
            cut=True,
        )
    except http.RefusedAddress as error:
        return _Outcome(took(), error=str(error), hopeless=True)
    except http.RequestError as error:
        return _Outcome(took(), error=str(error))
    said = texts.clean_text(answer.body.decode("utf-8", "replace")) + ("…" if answer.cut else "")
    if 200 <= answer.status < 300:
        return _Outcome(took(), answer.status, said)
    why: str = Message("The receiver answered %(status)s.", status=answer.status)
    if 300 <= answer.status < 400:
        why = Message(
            "The receiver answered %(status)s, a redirect, which is not followed: enter the final address.",
            status=answer.status,
        )
    elif answer.status == 410:
        why = "The receiver answered 410: it wants no more deliveries."
    return _Outcome(took(), answer.status, said, why, hopeless=answer.status == 410)


def _note(work: Work, delivery_id: int, outcome: _Outcome) -> None:
    """Writes down how an attempt ended, for the delivery and its webhook."""
    delivery = work.session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None:
        return
    delivery.status, delivery.milliseconds = outcome.status, outcome.milliseconds
    delivery.answer, delivery.error = outcome.answer, texts.shorten(outcome.error, 500)
    if not outcome.error:
        delivery.state, delivery.failures = "delivered", 0
        healthy = select(Webhook.failures).where(Webhook.id == delivery.webhook_id)
        if work.session.scalar(healthy):
            webhook = _locked(work, delivery.webhook_id)
            webhook.failures, webhook.failing_since, webhook.retry_at = 0, None, None
        return
    delivery.failures += 1
    if outcome.hopeless or delivery.failures >= ATTEMPTS:
        delivery.state = "failed"
    webhook = _locked(work, delivery.webhook_id)
    now = work.now
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    if webhook.failures >= TROUBLED:
        rest = min(15 * 2 ** min(webhook.failures - TROUBLED, 10), _LONGEST_REST)
        webhook.retry_at = now + dt.timedelta(seconds=rest)
    if webhook.paused_at is None:
        if outcome.status == 410:
            _give_up(work, webhook, outcome.error)
        elif webhook.failures >= ATTEMPTS and now - webhook.failing_since >= PATIENCE:
            _give_up(
                work,
                webhook,
                Message("Nothing was taken for %(days)s days. %(reason)s", days=PATIENCE.days, reason=outcome.error),
            )


def _locked(work: Work, webhook_id: int) -> Webhook:
    found = work.session.get(Webhook, webhook_id, with_for_update=True, populate_existing=True)
    assert found is not None, "its deliveries go with it"
    return found


def _give_up(work: Work, webhook: Webhook, why: str) -> None:
    webhooks.set_paused(work, webhook, why)
    notifications.tell(
        work,
        [webhook.user_id],
        "The webhook to %(host)s is paused: %(why)s Mend the receiver, then resume it.",
        url=f"/api-tokens/webhooks/{webhook.id}",
        kind="rest_api.webhook_paused",
        data={"host": webhook.url.split("/")[2], "why": why},
    )


def resume(job: JobContext, webhook: int, state: str = "held") -> Mapping[str, Any]:
    """Puts what waits in a state on its way, some at a time."""
    newest = job.saved if isinstance(job.saved, int) else deliveries.newest_of(job.work, webhook)
    sent, more = 0, 1
    while more:
        job.check()
        with job.work.begin():
            more = deliveries.put_on_their_way(job.work, webhook, state, newest)
            job.save(newest)
        sent += more
        job.progress(sent)
    return {"message": Plural("%(num)s delivery is on its way.", "%(num)s deliveries are on their way.", sent)}


def prune(job: JobContext) -> None:
    """Deletes old deliveries, some at a time."""
    more = 1
    while more:
        job.check()
        with job.work.begin():
            more = deliveries.prune(job.work)
