"""What cleaning fields of a contact gives, and the readers of texts, lists of ids and objects."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ...messages import Message
from ..fields.kinds import Stored
from ..text import clean_json, clean_line, shorten

MOST_EXTERNAL_IDS = 50


@dataclasses.dataclass
class Cleaned:
    """What :func:`crmhost.core.contacts.fields.clean` gives.

    :param values: field -> value as it is stored; only fields that were given. ``emails`` and ``tags`` are lists of texts,
        ``status`` and ``assigned_to`` are still what was given, ``external_ids`` a list of (source, account, id).
        Parts of addresses and social profiles keep their flat names (``address1_city``, ``social_x``).
    :param errors: field -> sentences.
    :param remarks: sentences on what was kept in another way than asked, instead of refusing it.
    """

    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    errors: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    remarks: list[str] = dataclasses.field(default_factory=list)

    def refuse(self, field: str, sentence: str) -> None:
        """Notes an error."""
        self.errors.setdefault(field, []).append(sentence)


def as_text(cleaned: Cleaned, field: str, value: object) -> str | None:
    """The value as text; ``None`` when it is none, which is then noted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    cleaned.refuse(field, Message("“%(field)s” must be text.", field=field))
    return None


def line(cleaned: Cleaned, field: str, value: object, longest: int, label: str) -> None:
    """Takes one line of text; ``label`` is what the field is called."""
    text = as_text(cleaned, field, value)
    if text is None:
        return
    text = clean_line(text)
    if len(text) > longest:
        cleaned.refuse(
            field,
            Message(
                "%(label)s is too long: at most %(longest)s characters, this has %(count)s.",
                label=label,
                longest=longest,
                count=len(text),
            ),
        )
    else:
        cleaned.values[field] = text


def keep_in_notes(cleaned: Cleaned, field: str, text: str, why: str) -> None:
    """Has a value that does not fit put below the notes, with a remark that says why."""
    label = Message(field.replace("_", " ").capitalize())
    cleaned.remarks.append(
        Message(
            "%(label)s: “%(text)s” %(why)s; it was put into the notes.", label=label, text=shorten(text, 60), why=why
        )
    )
    cleaned.values.setdefault("overflow", []).append(f"{label}: {text}")


def external_ids(cleaned: Cleaned, field: str, value: object) -> None:
    """Takes ids in other systems: source, account, id."""
    found: list[tuple[str, str, str]] = []
    items = value if isinstance(value, (list, tuple)) else [value] if isinstance(value, Mapping) else None
    if value is not None and items is None:
        cleaned.refuse(field, "Give the ids in other systems as a list of source, account and id.")
        return
    for item in items or ():
        if isinstance(item, Mapping):
            item = (item.get("source", ""), item.get("account", ""), item.get("id", ""))
        if (
            not isinstance(item, (list, tuple))
            or len(item) != 3
            or not all(isinstance(part, (str, int)) for part in item)
        ):
            cleaned.refuse(field, "An id in another system needs a source, an account (may be empty) and an id.")
            continue
        source, account, key = (clean_line(str(part)) for part in item)
        if not source or not key or len(source) > 60 or len(account) > 120 or len(key) > 200:
            cleaned.refuse(
                field, "An id in another system needs a source (60 characters), an account (120) and an id (200)."
            )
        elif (source, account, key) not in found:
            found.append((source, account, key))
    if len(found) > MOST_EXTERNAL_IDS:
        cleaned.refuse(
            field,
            Message("At most %(most)s ids in other systems can be given.", most=MOST_EXTERNAL_IDS),
        )
    cleaned.values[field] = found


def table(cleaned: Cleaned, field: str, value: object) -> None:
    """Takes an object with names and values."""
    if value is not None and not isinstance(value, Mapping):
        cleaned.refuse(field, Message("“%(field)s” must be an object with names and values.", field=field))
        return
    try:
        table = clean_json(dict(value or {}))
        size = len(json.dumps(table, allow_nan=False))
        table = Stored(table) if isinstance(value, Stored) and isinstance(table, dict) else table
    except (TypeError, ValueError, RecursionError):
        cleaned.refuse(field, Message("“%(field)s” holds something that can't be stored.", field=field))
        return
    if size > 100_000:
        cleaned.refuse(field, Message("“%(field)s” is too long: at most 100,000 characters.", field=field))
    cleaned.values[field] = table


def socials(cleaned: Cleaned, field: str, value: object) -> None:
    """Takes social profiles: name and address of each."""
    if value is not None and not isinstance(value, Mapping):
        cleaned.refuse(field, "Give the social profiles as names and addresses.")
        return
    profiles: dict[str, str] = {}
    for name, item in (value or {}).items():
        key, text = clean_line(str(name)), clean_line(item) if isinstance(item, str) else ""
        if len(key) > 40 or len(text) > 300:
            cleaned.refuse(
                field, "A social profile is too long: at most 40 characters for the name, 300 for the address."
            )
        elif key and text:
            profiles[key] = text
    if len(profiles) > 20:
        cleaned.refuse(field, "At most 20 social profiles can be given.")
    cleaned.values[field] = profiles
