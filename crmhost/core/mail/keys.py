"""The data key: made once, stored wrapped by the site's secret key. It marks our mails and hashes addresses.

With a key of its own, the site's secret key can be changed without losing who unsubscribed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from sqlalchemy import select

from ...host.tables import HostState
from ...mail import verp
from ...mail.message import Address
from ...work.unit import Work
from ..contacts.emails import email_key
from ..settings.services import SettingsView, store

SETTING = "mail.data_key"
_SIGNED = 12


def data_key(work: Work) -> bytes:
    """The key; made at the first need, which must be inside ``work.begin()``."""
    stored = work.settings.get(SETTING)
    if not stored and work.writing:
        # One row that everybody has: two who need the first key at once make one.
        work.session.scalar(select(HostState.id).with_for_update())
        if isinstance(work.settings, SettingsView):
            work.settings.forget()
        stored = work.settings.get(SETTING)
        if not stored:
            stored = secrets.token_hex(32)
            store(work, {SETTING: stored})
    return bytes.fromhex(stored) if stored else b""


def address_hash(work: Work, email: str) -> str:
    """The keyed hash under which an address is known for good; empty while there is no key, and so nothing is known."""
    key = data_key(work)
    return hmac.new(_for(key, b"address"), email_key(email).encode(), hashlib.sha256).hexdigest() if key else ""


def address_hashes(work: Work, emails: Iterable[str]) -> dict[str, str]:
    """As :func:`address_hash` for many: hash -> the address as it is compared. Nothing while there is no key."""
    key = data_key(work)
    mine = _for(key, b"address") if key else b""
    compared = {email_key(email) for email in emails} if key else set()
    return {hmac.digest(mine, one.encode(), "sha256").hex(): one for one in compared}


def token_key(work: Work) -> bytes:
    """The key that signs the number of a mail in its Message-ID and envelope sender; empty while there is none."""
    key = data_key(work)
    return _for(key, b"message") if key else b""


def read_token(work: Work, token: str) -> int | None:
    """The number of the mail whose ``{{ mail.token }}`` this is; ``None`` for any other text."""
    key = token_key(work)
    return verp.read(token, key) if key else None


def return_path(number: int, key: bytes, bounces: str, from_email: str) -> str:
    """The envelope sender of a mail, where reports go: one of its own when the site has an address for them, else the sender.

    :param number: of the mail.
    :param key: as :func:`token_key` gives it.
    :param bounces: the site's address for reports, or nothing.
    """
    if not bounces:
        return Address(from_email).ascii
    return verp.make(number, key, Address(bounces).ascii.rpartition("@")[2], bounces.rpartition("@")[0])


def unsubscribe_token(work: Work, hashed: str, message_id: int = 0) -> str:
    """What stands in an unsubscribe link: the hashed address and the mail's number, signed. Nothing has to be stored for it."""
    payload = bytes.fromhex(hashed) + message_id.to_bytes(4, "big")
    return base64.urlsafe_b64encode(payload + _signature(data_key(work), payload)).decode().rstrip("=")


def read_unsubscribe_token(work: Work, token: str) -> tuple[str, int] | None:
    """The hashed address and the mail's number of a link of ours; ``None`` for any other text."""
    key = data_key(work)
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if token.isascii() else b""
    except (ValueError, binascii.Error):
        return None
    payload, signature = raw[:-_SIGNED], raw[-_SIGNED:]
    if not key or len(payload) != 36 or not hmac.compare_digest(signature, _signature(key, payload)):
        return None
    return payload[:32].hex(), int.from_bytes(payload[32:], "big")


def picture_token(work: Work, number: int) -> str:
    """What stands in the address of a picture that mails to many show; the key is made when there is none yet."""
    signature = hmac.digest(_for(data_key(work), b"picture"), str(number).encode(), "sha256")[:_SIGNED]
    return f"{number}-{base64.urlsafe_b64encode(signature).decode()}"


def read_picture_token(work: Work, token: str) -> int | None:
    """The number of the file whose address has this token; ``None`` for any other text."""
    number = token.partition("-")[0]
    if not data_key(work) or not token.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return int(number) if hmac.compare_digest(token, picture_token(work, int(number))) else None


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.new(_for(key, b"unsubscribe"), payload, hashlib.sha256).digest()[:_SIGNED]


def _for(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()
