"""E-mail addresses: their syntax, and the form in which two are the same."""

from __future__ import annotations

import functools
import re
import unicodedata

from ...messages import Message
from ..text import clean_line

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")


def email_key(email: str) -> str:
    """The form in which addresses are compared: without regard to case, in NFC."""
    return unicodedata.normalize("NFC", email.casefold())


def check_email(text: str) -> str:
    """The address as it is stored: trimmed, the domain in lower case and in its own script.

    Only the syntax is checked (RFC 5322 as far as it is used today, RFC 6531); nothing is asked over the network.

    :raises ValueError: with a sentence, when it is no address.
    """
    from email_validator import EmailNotValidError, validate_email

    text = clean_line(text)
    local, _, domain = text.rpartition("@")
    if len(text) <= LONGEST and len(local) <= 64 and _LOCAL.fullmatch(local):
        # What most addresses look like; the check of the domain is remembered.
        known = _domain(domain)
        if known is not None and len(local) + 1 + len(known) <= LONGEST:
            return f"{local}@{known}"
    shown = text if len(text) <= 60 else text[:59] + "…"
    if len(text) > LONGEST:
        raise ValueError(
            Message(
                "The e-mail address “%(email)s” is too long: at most %(longest)s characters.",
                email=shown,
                longest=LONGEST,
            )
        )
    try:
        email = validate_email(text, check_deliverability=False).normalized
    except (EmailNotValidError, UnicodeError) as error:
        raise ValueError(
            Message("“%(email)s” is not an e-mail address: write it like name@example.com.", email=shown)
        ) from error
    if len(email) > LONGEST or len(email_key(email)) > LONGEST:
        raise ValueError(
            Message(
                "The e-mail address “%(email)s” is too long: at most %(longest)s characters.",
                email=shown,
                longest=LONGEST,
            )
        )
    return email


@functools.lru_cache(maxsize=20_000)
def _domain(domain: str) -> str | None:
    """The part after the @-sign as it is stored, or ``None`` when it can't be one."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(f"a@{domain}", check_deliverability=False).domain
    except (EmailNotValidError, UnicodeError):
        return None
