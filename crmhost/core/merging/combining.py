"""What one contact holds after others were merged into it. Pure functions of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..contacts.fields import ADDRESSES, COLUMNS, NOTES_LENGTH, PHONES
from ..text import fold

#: Columns of which the first that is not empty counts, the staying contact's before all others.
_FIRST = ("prefix", "avatar", *PHONES, "assigned_to_id", "reason")
_TABLES = ("socials", "custom")
#: Columns that a merge may change, in the order in which they are compared.
MERGED = (*(name for name in COLUMNS if name != "source"), "reason")


def combined(winner: Mapping[str, Any], losers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of the contact that stays.

    Blanks are filled from the others in their order; profiles and custom fields name by name. A second address finds a place
    where there is none. Notes are joined. It is as old as the oldest and was contacted when the newest was.

    :param winner: its columns.
    :param losers: those of the others.
    """
    everyone = [winner, *losers]
    found: dict[str, Any] = {name: _first(everyone, name) for name in _FIRST}
    found["first_name"], found["last_name"] = _names(everyone)
    for name in _TABLES:
        table: dict[str, Any] = {}
        for one in everyone:
            table |= {key: value for key, value in (one[name] or {}).items() if _empty(table.get(key))}
        found[name] = table
    found |= _addresses(everyone)
    found["notes"] = _notes(everyone)
    found["created_at"] = min(one["created_at"] for one in everyone)
    found["last_contacted_at"] = max(
        (one["last_contacted_at"] for one in everyone if one["last_contacted_at"]), default=None
    )
    return found


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _first(everyone: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((one[name] for one in everyone if not _empty(one[name])), everyone[0][name])


def _names(everyone: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The name: a part that is missing comes only from somebody whose other part does not differ."""
    first, last = everyone[0]["first_name"], everyone[0]["last_name"]
    for one in everyone[1:]:
        if not first and _alike(last, one["last_name"]):
            first = one["first_name"]
        if not last and _alike(first, one["first_name"]):
            last = one["last_name"]
    return first, last


def _alike(one: str, other: str) -> bool:
    return not one or not other or fold(one) == fold(other)


def _addresses(everyone: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    places: dict[str, Any] = {name: everyone[0][name] or {} for name in ADDRESSES}
    for one in everyone[1:]:
        for name in ADDRESSES:
            address = one[name] or {}
            free = next((place for place in ADDRESSES if not places[place]), None)
            if address and address not in places.values() and free is not None:
                places[name if not places[name] else free] = address
    return places


def _notes(everyone: Sequence[Mapping[str, Any]]) -> str:
    joined = ""
    for one in everyone:
        notes = str(one["notes"] or "")
        if notes and notes not in joined:
            joined = f"{joined}\n\n{notes}" if joined else notes
    return joined[:NOTES_LENGTH].rstrip() if len(joined) > NOTES_LENGTH else joined
