"""Picking one record of a kind by typing: what fits, and which one a text means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...contributions import RecordHit, RecordKind
from ...errors import Invalid, NotFound
from ...messages import Message
from ...work.unit import Work
from ..keyset import valid_id
from ..text import fold
from . import services

#: Records that are offered, and signs of a text that are looked at.
OFFERED, LONGEST = 20, 200
#: Records among which the one of exactly that name is looked for.
_LOOKED_AT = 50
#: How many an error names.
_NAMED = 3
#: “#7”, and “Amélie Fontaine (#7)”.
_NUMBERED = re.compile(r"(?:|.*[\s(])#([0-9]{1,10})\)?", re.DOTALL)


def kind(work: Work, name: str) -> RecordKind | None:
    """A kind whose records the actor can pick; ``None`` while its plugin is off, or the actor may see none."""
    found = services.kinds(work).get(name)
    return found if found is not None and found.find is not None and work.can(found.permission) else None


def find(work: Work, name: str, text: str, limit: int = OFFERED) -> list[RecordHit]:
    """Records of a kind that fit what was typed and that the actor may see, best first.

    :raises NotFound: when there is no such kind, or its records can't be picked.
    :raises Forbidden: when the actor may see none of them.
    """
    found = services.kind_of(work, name)
    if found.find is None:
        raise NotFound("record", name[:80])
    text = text.replace("\0", "").strip()[:LONGEST]
    place = f"find {name}"
    hits: Sequence[RecordHit] = work.generation.run(
        found.plugin, place, found.find, work, text, limit, default=(), gives=Sequence
    )
    return list(hits)[:limit]


def labelled(title: str, number: int) -> str:
    """A record as it can be typed: its name with its number."""
    return f"{title} (#{number})"


def read(work: Work, name: str, text: str) -> int:
    """The id of the record that a typed text means: “#7”, “Amélie Fontaine (#7)”, its name alone, or what tells it apart.

    :raises Invalid: when it means none, or several; it names those that may be meant.
    """
    text = text.replace("\0", "").strip()[:LONGEST]
    numbered = _NUMBERED.fullmatch(text)
    if numbered is not None:
        number = valid_id(numbered[1])
        if number is not None and services.titles(work, {name: [number]}):
            return number
        raise Invalid(
            Message("There is nothing with the number %(number)s, or you may not see it.", number=numbered[1])
        )
    hits = find(work, name, text, _LOOKED_AT)
    key = fold(text)
    meant = [hit for hit in hits if key in map(fold, (hit.title, hit.note, *hit.also))]
    if len(meant) == 1:
        return meant[0].id
    names = [labelled(hit.title, hit.id) for hit in (meant or hits)[:_NAMED]]
    shown = text[:80]
    if meant:
        raise Invalid(
            Message("“%(text)s” may be %(names)s. Type # and the number of the one you mean.", text=shown, names=names)
        )
    if hits:
        raise Invalid(
            Message(
                "Nothing is called “%(text)s”. Do you mean %(names)s? Type # and the number.", text=shown, names=names
            )
        )
    raise Invalid(Message("Nothing fits “%(text)s”, or you may not see it. Type another name.", text=shown))


def may_make(work: Work, name: str) -> bool:
    """Whether the actor can add a record of the kind by typing its name."""
    found = kind(work, name)
    return found is not None and found.make is not None and work.can(found.edit)


def make(work: Work, name: str, text: str) -> int:
    """Adds a record that is called what was typed, and gives its id; the work is begun.

    :raises CrmError: why it can't be.
    """
    found = services.kind_of(work, name)
    work.require(found.edit)
    if found.make is None:
        raise NotFound("record", name[:80])
    return found.make(work, text.replace("\0", "").strip()[:LONGEST])
