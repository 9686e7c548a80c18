"""The kinds of entries that a journal may hold."""

from __future__ import annotations

from ...contributions import JournalType
from ...work.unit import Work
from ..text import clean_line, fold

_OWN = "own:"


def types(work: Work) -> dict[str, JournalType]:
    """All kinds by name, in order: those declared by the core and plugins, then those that the site added in its settings."""
    found = {item.name: item for item in work.generation.contributions("journal_types")}
    for label in work.settings.get("journal.more_types") or ():
        name = _OWN + fold(clean_line(label))[:70]
        found.setdefault(name, JournalType(name=name, label=label, contact=True, manual=True, plugin="journal"))
    return found


def manual_types(work: Work) -> list[JournalType]:
    """The kinds that people choose from when they write an entry."""
    return [item for item in types(work).values() if item.manual]


def contact_types(work: Work) -> frozenset[str]:
    """Names of the kinds that count as having contacted the person."""
    return frozenset(name for name, item in types(work).items() if item.contact)
