"""What is computed from the fields of a contact: sort keys and the text it is found by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..text import fold
from .emails import email_key
from .fields import PHONES


def derive(values: dict[str, Any]) -> dict[str, Any]:
    """The folded columns that lists sort by, from a contact's names, main e-mail and phones."""
    name = fold(f"{values.get('last_name') or ''} {values.get('first_name') or ''}")
    first_phone = next((values[field] for field in PHONES if values.get(field)), "")
    key = email_key(values.get("email") or "")
    return {
        "sort_name": (name or fold(key) or fold(first_phone))[:250],
        "first_key": fold(values.get("first_name") or "")[:120],
        "email_key": key,
    }


def nameless(values: Mapping[str, Any]) -> bool:
    """Whether a contact has nothing to be told by: no name, no e-mail, no phone."""
    return not any(values.get(field) for field in ("first_name", "last_name", "email", *PHONES))


NAMELESS = "Give at least a first name, a last name, an e-mail address or a phone number."


def document(values: Mapping[str, Any], emails: Iterable[str], custom: Iterable[str] = ()) -> str:
    """What a contact is found by: names, e-mail addresses, the digits of the phones, and texts of custom fields."""
    phones = (digits(values.get(field) or "") for field in PHONES)
    words = (values.get("first_name"), values.get("last_name"), *emails, *phones, *custom)
    return " ".join(word for word in words if word)


def digits(phone: str) -> str:
    """The digits of a phone number."""
    return "".join(re.findall(r"\d", phone))
