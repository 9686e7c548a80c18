"""The shapes of webhooks and their deliveries, as they are taken and given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..fields import Flag, Instant, Number, Text, after, counted, limit, stamp
from ..models import STATES, Delivery, Webhook


class WebhookFields(Schema):
    """A webhook to add."""

    url = Text("Where deliveries are POSTed to.", required=True)
    events = fields.List(
        Text(),
        required=True,
        metadata={"description": "Names such as contact.created, all of a kind (contact.*), or * for everything."},
    )
    secret = Text("What deliveries are signed with; one is made when it is left out.", load_default="", allow_none=True)
    label = Text("What it is for.", load_default="")


class WebhookChange(Schema):
    """What to change of a webhook. Fields that are left out stay as they are."""

    url = Text("Where deliveries are POSTed to.")
    events = fields.List(Text(), metadata={"description": "Names such as contact.created, contact.* or *."})
    secret = Text("A new secret; deliveries are signed with it from now on.")
    label = Text("What it is for.")
    paused = Flag("True sends nothing more; false sends again, first what waited.")


class GivenWebhook(Schema):
    """A webhook."""

    id = Number(required=True)
    url = Text(required=True)
    events = fields.List(Text(), required=True)
    label = Text(required=True)
    user_id = Number("Its owner: deliveries hold what that user may see.", required=True)
    paused = Flag(required=True)
    paused_why = Text("Why it was paused by itself; empty when somebody paused it.", required=True)
    failures = Number("Attempts that failed in a row.", required=True)
    failing_since = Instant(allow_none=True, required=True)
    created_at = Instant(required=True)


class NewWebhook(GivenWebhook):
    """A webhook that was just added, with its secret, which is shown this once."""

    secret = Text(required=True)


class DeliveryQuery(Schema):
    """Which deliveries to list."""

    limit = limit()
    after = after()
    state = fields.String(
        load_default="",
        validate=validate.OneOf(["", *STATES], error=f"Choose {', '.join(STATES[:-1])} or {STATES[-1]}."),
        metadata={
            "description": "due, delivered, failed, held (the webhook is paused) or dropped (not for its owner)."
        },
    )


class GivenDelivery(Schema):
    """A delivery: one object of one event."""

    id = Number(required=True)
    event_id = Text("The member “id” of what was sent, the same at each attempt.", required=True)
    event = Text(required=True)
    object_id = Number(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    attempts = Number(required=True)
    created_at = Instant(required=True)
    last_at = Instant("When it was sent last.", allow_none=True, required=True)
    status = Number("Status of the last answer.", allow_none=True, required=True)
    milliseconds = Number("How long the last attempt took.", allow_none=True, required=True)
    error = Text("Why the last attempt failed.", required=True)
    request = Text("The body that was sent last.", allow_none=True, required=True)
    answer = Text("The beginning of the body that was answered last.", allow_none=True, required=True)


class Replayed(Schema):
    """How many deliveries are sent again."""

    replayed = Number(required=True)


class WebhookPaging(Schema):
    """A page of the list of webhooks."""

    limit = limit()
    after = after()
    count = counted()


def webhook_record(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the API gives it."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "label": webhook.label,
        "user_id": webhook.user_id,
        "paused": webhook.paused_at is not None,
        "paused_why": webhook.paused_why,
        "failures": webhook.failures,
        "failing_since": stamp(webhook.failing_since),
        "created_at": stamp(webhook.created_at),
    }


def delivery_record(delivery: Delivery) -> Mapping[str, Any]:
    """A delivery as the API gives it."""
    return {
        "id": delivery.id,
        "event_id": delivery.token,
        "event": delivery.event,
        "object_id": delivery.object_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": stamp(delivery.created_at),
        "last_at": stamp(delivery.last_at),
        "status": delivery.status,
        "milliseconds": delivery.milliseconds,
        "error": delivery.error,
        "request": delivery.request,
        "answer": delivery.answer,
    }
