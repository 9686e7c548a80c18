"""The signature of deliveries: ``Crmhost-Signature: t=…,v1=…``, HMAC-SHA256 over instant and body."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Crmhost-Signature"


def sign(secret: str, at: int, body: bytes) -> str:
    """The header's value.

    :param at: when it is sent, in seconds since 1970; it is signed too, so that an old delivery can't be sent again by others.
    """
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
