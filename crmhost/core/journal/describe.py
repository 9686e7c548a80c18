"""Sentences for the entries that the system wrote, in the reader's language."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ...messages import Message
from ..contacts.records import with_row
from .models import JournalEntry

_HOLE = re.compile(r"%\((\w+)\)s")


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a sentence: plain ``text``, or a ``name`` (a status, a person) that may be shown in its own way.

    :param id: the status or contact that a name stands for, when it is known.
    """

    text: str
    kind: Literal["text", "name"] = "text"
    id: int | None = None


def describe(entry: JournalEntry, gettext: Callable[[str], str]) -> list[Part]:
    """What an entry says: for the system's own ones a translated sentence, for all others the summary as it was written.

    :param gettext: translates an English text.
    """
    data = entry.data if entry.by_system else {}
    template = _template(entry.type, data, gettext) if entry.by_system else None
    if template is not None:
        return _fill(template, data, gettext)
    return [Part(gettext(entry.summary) if isinstance(entry.summary, Message) else entry.summary)]


def sentence(entry: JournalEntry, gettext: Callable[[str], str]) -> str:
    """What an entry says, as one text."""
    return "".join(part.text for part in describe(entry, gettext))


def _template(kind: str, data: Mapping[str, Any], gettext: Callable[[str], str]) -> str | None:
    """The translated sentence with holes; ``None`` for types of plugins."""
    match kind:
        case "created":
            return gettext("Added: %(why)s") if data.get("why") else gettext("Added")
        case "imported":
            return gettext("Imported: %(why)s") if data.get("why") else gettext("Imported")
        case "status":
            return gettext("Status changed from %(old)s to %(new)s")
        case "merged":
            return gettext("Merged with %(name)s")
        case "deleted":
            return gettext("Moved to the bin")
        case "restored":
            return gettext("Restored from the bin")
    return None


def _fill(template: str, data: Mapping[str, Any], gettext: Callable[[str], str]) -> list[Part]:
    """The sentence in parts; every hole becomes a part of its own."""
    parts: list[Part] = []
    end = 0
    for hole in _HOLE.finditer(template):
        if hole.start() > end:
            parts.append(Part(template[end : hole.start()]))
        name = hole.group(1)
        key, value = data.get(f"{name}_id"), data.get(name, "")
        if name == "why":
            value = with_row(str(value), data.get("row"))
        said = gettext(value) if isinstance(value, Message) else str(value)
        parts.append(Part(said, "text" if name == "why" else "name", key if isinstance(key, int) else None))
        end = hole.end()
    if end < len(template):
        parts.append(Part(template[end:]))
    return parts
