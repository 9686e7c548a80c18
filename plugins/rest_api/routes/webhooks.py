"""``/webhooks``: where events are told to other programs; each one's deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint

from crmhost.web.api import Response, current_work, request, writing

from .. import deliveries, webhooks
from ..envelopes import counted_list_of, list_of, object_of
from .answers import many, nothing, one
from .common import CREATED, ID, IF_MATCH, TAGGED, part_of, totals, wanted_version
from .webhook_schemas import (
    DeliveryQuery,
    GivenDelivery,
    GivenWebhook,
    NewWebhook,
    Replayed,
    WebhookChange,
    WebhookFields,
    WebhookPaging,
    delivery_record,
    webhook_record,
)

blueprint = Blueprint(
    "rest_api_hooks",
    __name__,
    url_prefix="/webhooks",
    description="Events are POSTed to these addresses, signed with “Crmhost-Signature: t=…,v1=…”.",
)


@blueprint.get("")
@blueprint.arguments(WebhookPaging, location="query")
@blueprint.response(200, counted_list_of(GivenWebhook))
def list_webhooks(query: Mapping[str, Any]) -> Response:
    """Lists one's webhooks; those of all users for an admin."""
    everything = [webhook for webhook, _owner in webhooks.all_webhooks(current_work())]
    found, following = part_of(everything, "webhooks", query)
    return many([webhook_record(webhook) for webhook in found], following, **totals(everything, query))


@blueprint.post("")
@blueprint.arguments(WebhookFields)
@blueprint.response(201, object_of(NewWebhook), **CREATED)
def add_webhook(document: Mapping[str, Any]) -> Response:
    """Adds a webhook; its secret is in this answer and in no other."""
    with writing() as work:
        made = webhooks.add(work, document)
    record = {**webhook_record(made.webhook), "secret": made.secret}
    return one(record, 201, version=made.webhook.version, location=f"{request.path}/{made.webhook.id}")


@blueprint.get(f"/<{ID}:webhook_id>")
@blueprint.response(200, object_of(GivenWebhook), **TAGGED)
def read_webhook(webhook_id: int) -> Response:
    """Gives a webhook."""
    webhook = webhooks.get(current_work(), webhook_id)
    return one(webhook_record(webhook), version=webhook.version)


@blueprint.patch(f"/<{ID}:webhook_id>")
@blueprint.arguments(WebhookChange)
@blueprint.response(200, object_of(GivenWebhook), **TAGGED)
@blueprint.doc(parameters=[IF_MATCH])
def change_webhook(document: Mapping[str, Any], webhook_id: int) -> Response:
    """Changes, pauses or resumes a webhook."""
    fields = {name: value for name, value in document.items() if name != "paused"}
    with writing() as work:
        version = wanted_version(lambda: webhooks.get(work, webhook_id).version)
        webhook = webhooks.change(work, webhook_id, fields, version=version)
        if "paused" in document:
            webhook = (webhooks.pause if document["paused"] else webhooks.resume)(work, webhook_id)
    return one(webhook_record(webhook), version=webhook.version)


@blueprint.delete(f"/<{ID}:webhook_id>")
@blueprint.response(204)
def remove_webhook(webhook_id: int) -> Response:
    """Deletes a webhook with its log."""
    with writing() as work:
        webhooks.delete(work, webhook_id)
    return nothing()


@blueprint.post(f"/<{ID}:webhook_id>/test")
@blueprint.response(201, object_of(GivenDelivery))
def send_test(webhook_id: int) -> Response:
    """Sends the event webhook.test to a webhook, to try it out."""
    with writing() as work:
        record = delivery_record(deliveries.send_test(work, webhook_id))
    return one(record, 201)


@blueprint.get(f"/<{ID}:webhook_id>/deliveries")
@blueprint.arguments(DeliveryQuery, location="query")
@blueprint.response(200, list_of(GivenDelivery))
def list_deliveries(query: Mapping[str, Any], webhook_id: int) -> Response:
    """Lists what was sent and answered in the last 30 days, newest first."""
    found = deliveries.page(
        current_work(), webhook_id, state=query["state"], after=query["after"] or None, limit=query["limit"]
    )
    return many([delivery_record(delivery) for delivery in found.rows], found.next)


@blueprint.post(f"/<{ID}:webhook_id>/deliveries/<{ID}:delivery_id>/replay")
@blueprint.response(200, object_of(GivenDelivery))
def replay(webhook_id: int, delivery_id: int) -> Response:
    """Sends a delivery again, with the same id and with what the object is like now."""
    with writing() as work:
        record = delivery_record(deliveries.replay(work, webhook_id, delivery_id))
    return one(record)


@blueprint.post(f"/<{ID}:webhook_id>/replay")
@blueprint.response(200, object_of(Replayed))
def replay_failed(webhook_id: int) -> Response:
    """Sends all deliveries that failed again."""
    with writing() as work:
        number = deliveries.replay_failed(work, webhook_id)
    return one({"replayed": number})
