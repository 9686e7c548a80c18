"""What Stripe tells: signed, kept at once, fetched again in the background."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from crmhost.api import Work
from plugins.syncs.api import connections, receive

from .checkout import ID
from .reader import is_live, told

#: Seconds that a signature may be old.
TOLERANCE = 300


def handle(work: Work, key: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """The address ``/hooks/stripe/KEY``."""
    given = {name.lower(): value for name, value in headers.items()}
    one = connections.of_key(work, ID, key)
    if one is None:
        return 404, {"error": "No Stripe account is connected under this address."}
    secrets = re.split(r"[\s,]+", connections.secret(work, one, "webhook_secret"))
    if not any(signed(secret, body, given.get("stripe-signature", ""), work.now) for secret in secrets if secret):
        return 400, {"error": "The signature does not fit: enter the signing secret of this endpoint."}
    try:
        event = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, Mapping) or not isinstance(event.get("id"), str):
        return 400, {"error": "This is no event."}
    if event.get("object") != "event" or str(event.get("type", "")).startswith("v2."):
        # Signed and ours, but without the record: an answer other than 2xx would have Stripe switch the endpoint off.
        return 200, {"answer": "thin events are not understood: choose snapshot events for this endpoint"}
    if event.get("account"):
        return 200, {"answer": "of another account"}
    if bool(event.get("livemode")) != is_live(connections.secret(work, one, "api_key")):
        return 200, {"answer": "of the other mode"}
    item = told(event)
    if item is None:
        return 200, {"answer": "ignored"}
    topic = str(event.get("type") or "")
    # Of a charge that is only named nothing is known yet.
    named = not item.body and not item.gone
    with work.begin():
        mine = connections.get(work, one.id)
        new = receive(
            work, mine, event["id"], None if named else item, topic=topic, kind=item.kind, external_id=item.external_id
        )
    return 200, {"answer": "taken" if new else "known"}


def signed(secret: str, body: bytes, header: str, now: dt.datetime, tolerance: int = TOLERANCE) -> bool:
    """Whether a signature is that of these bytes under the secret, and not older than it may be."""
    import stripe  # takes a while to import

    try:
        stripe.WebhookSignature.verify_header(body, header, secret)
        made, _signatures = stripe.WebhookSignature._get_timestamp_and_signatures(header, "v1")
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return bool(made >= now.timestamp() - tolerance)
