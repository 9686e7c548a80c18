"""Signed numbers in the envelope sender and the Message-ID, by which a bounce tells which of our mails it is about.

Variable envelope return path (VERP): every mail gets an envelope sender of its own, ``bounces+TOKEN@domain``. The token is the
number of the mail and a part of an HMAC over it, in letters and digits of one case, because servers on the way may fold it. It
never ends: a bounce may come weeks later. Without the key nobody makes one, so a forged bounce has no effect (spec, Rules).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from itertools import islice

#: Bytes of the HMAC that a token carries: 80 bits.
_SIGNATURE = 10
#: Bytes of the number at most; base32 of both then has 16 to 29 characters.
_NUMBER = 8
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{18,29}(?![A-Za-z0-9])")
_BEFORE_AT = re.compile(_TOKEN.pattern + "(?=@)")
_LONGEST = 10_000
_PURPOSE = b"crmhost mail token\x00"


def make(id: int, key: bytes, domain: str, mailbox: str = "bounces") -> str:  # noqa: A002 - the field's word
    """The envelope sender of one mail: ``bounces+TOKEN@domain``.

    :param id: number of the mail, 1 or more, at most 64 bits.
    :param key: secret of the site, at least 16 bytes.
    :param domain: domain in ASCII whose mail reaches the reader of bounces; the mailbox takes ``+`` parts.
    """
    return f"{mailbox}+{token(id, key)}@{domain}"


def message_id(id: int, key: bytes, domain: str) -> str:  # noqa: A002 - the field's word
    """The Message-ID of one mail: ``<TOKEN@domain>``, the same at each attempt to send it."""
    return f"<{token(id, key)}@{domain}>"


def read(text: str, key: bytes) -> int | None:
    """The number in an address, a Message-ID or a line that holds one; None when it has no token that this key signed.

    Rewritten senders are read too (``SRS0=…=bounces+TOKEN@…``). The comparison takes constant time.
    """
    return _first(_TOKEN, text[:_LONGEST], key, 50)


def find(text: str, key: bytes) -> int | None:
    """The number in the first token of ours that stands before an @-sign in a whole mail; None when there is none."""
    return _first(_BEFORE_AT, text, key, 1_000)


def _first(form: re.Pattern[str], text: str, key: bytes, most: int) -> int | None:
    for match in islice(form.finditer(text), most):
        number = _read(match[0].lower(), key)
        if number is not None:
            return number
    return None


def token(number: int, key: bytes) -> str:
    """The signed number alone, to stand in an address."""
    if number < 1 or number.bit_length() > 8 * _NUMBER:
        raise ValueError("The number of a mail is from 1 to 64 bits long.")
    # At least two bytes, so that a token never is as short as a word.
    data = number.to_bytes(max(2, (number.bit_length() + 7) // 8), "big")
    return base64.b32encode(_sign(data, key) + data).decode("ascii").rstrip("=").lower()


def _sign(data: bytes, key: bytes) -> bytes:
    if len(key) < 16:
        raise ValueError("The key for tokens has to have 16 bytes or more.")
    return hmac.digest(key, _PURPOSE + data, hashlib.sha256)[:_SIGNATURE]


def _read(text: str, key: bytes) -> int | None:
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    signature, data = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not 2 <= len(data) <= _NUMBER or not hmac.compare_digest(signature, _sign(data, key)):
        return None
    return int.from_bytes(data, "big") or None
