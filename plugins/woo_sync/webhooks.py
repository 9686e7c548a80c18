"""What a shop tells: signed with a secret of both sides, kept at once, dealt with in the background."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from crmhost.api import Work
from plugins.syncs.api import Incoming, connections, receive

from .reader import incoming
from .source import ID

#: Resource of a topic -> kind of record.
_KINDS = {"order": "order", "customer": "customer", "product": "product", "subscription": "subscription"}


def handle(work: Work, key: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """The address ``/hooks/woo/KEY``."""
    given = {name.lower(): value for name, value in headers.items()}
    one = connections.of_key(work, ID, key)
    if one is None:
        return 404, {"error": "No shop is connected under this address."}
    topic = given.get("x-wc-webhook-topic", "")
    if not topic and "x-wc-webhook-signature" not in given and body.startswith(b"webhook_id="):
        # Sent once when the webhook is saved in the shop; any other answer makes the shop refuse to save it.
        return 200, {"answer": "pong"}
    secret = connections.secret(work, one, "webhook_secret")
    if not secret or not signed(secret, body, given.get("x-wc-webhook-signature", "")):
        return 401, {"error": "The signature does not fit: enter the same secret in the shop and here."}
    resource, _dot, event = topic.partition(".")
    if resource not in _KINDS:
        return 200, {"answer": "ignored"}
    try:
        row = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, Mapping) or row.get("id") in (None, ""):
        return 400, {"error": "This is no record of a shop."}
    item = _item(_KINDS[resource], event, row)
    # Older shops give no number of the delivery: then what was sent tells one from another.
    number = given.get("x-wc-webhook-delivery-id", "") or hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()
    with work.begin():
        new = receive(
            work, connections.get(work, one.id), f"{given.get('x-wc-webhook-id', '')}:{number}", item, topic=topic
        )
    return 200, {"answer": "taken" if new else "known"}


def _item(kind: str, event: str, row: Mapping[str, Any]) -> Incoming:
    if event == "deleted":
        # The id alone, also of what was only thrown into the shop's bin.
        return Incoming(kind=kind, external_id=incoming(kind, row).external_id, gone=True)
    return incoming(kind, row)


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether a signature is that of these bytes: base64 of their HMAC-SHA256 under the secret."""
    try:
        given = base64.b64decode(signature.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    return hmac.compare_digest(given, hmac.new(secret.encode(), body, hashlib.sha256).digest())
