"""The kinds of entries that a journal may hold."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...contributions import JournalType
from ...work.unit import Work

#: Hidden setting with the list that people edit: one mapping a type, in their order, with ``name``, and ``label``, ``icon`` and
#: ``contact`` where they differ from what the core declares; ``gone`` names the type that takes the place of a deleted one.
LIST = "journal.types"
OWN = "own:"


def types(work: Work) -> dict[str, JournalType]:
    """All kinds by name, in order: those of the site's list, then the others that the core and plugins declare."""
    declared: dict[str, JournalType] = {item.name: item for item in work.generation.contributions("journal_types")}
    found: dict[str, JournalType] = {}
    for row in kept(work):
        name = str(row["name"])
        item = declared.get(name)
        if item is None and name.startswith(OWN):
            item = JournalType(name=name, label="", contact=True, manual=True, plugin="journal")
        if item is not None:
            changed = {part: row[part] for part in ("label", "icon", "contact") if part in row}
            found[name] = dataclasses.replace(item, **changed, manual=item.manual and "gone" not in row)
    return found | {name: item for name, item in declared.items() if name not in found}


def kept(work: Work) -> list[dict[str, Any]]:
    """The rows of the site's list; none while nobody edited it."""
    return [dict(row) for row in work.settings.get(LIST) or () if isinstance(row, dict) and row.get("name")]


def manual_types(work: Work) -> list[JournalType]:
    """The kinds that people choose from when they write an entry."""
    return [item for item in types(work).values() if item.manual]


def contact_types(work: Work) -> frozenset[str]:
    """Names of the kinds that count as having contacted the person."""
    return frozenset(name for name, item in types(work).items() if item.contact)
