"""What happened lately, with the entries of an import told as one: each contact that was imported has an entry of its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Select, case, func, not_, select, type_coerce, union_all

from ...messages import Message, kept
from ...work.unit import Work
from . import reading, services
from .models import JournalEntry
from .types import types

IMPORTED = "imported"
#: Entries of imports that are counted; where there are more, the oldest import is told as “at least”.
COUNTED = 10_000
_DIGITS = "0123456789"


@dataclasses.dataclass(frozen=True)
class Imported:
    """The entries of one import.

    :param at: when the last of them was written.
    :param number: how many there are.
    :param exact: whether all were counted.
    :param why: what was imported, as the importer said it, without the number of the row.
    """

    at: dt.datetime
    number: int
    exact: bool
    why: str
    actor_label: str


def latest(work: Work, limit: int) -> list[JournalEntry | Imported]:
    """The newest entries of the whole site as far as the actor may see them, newest first; an import of several is one."""
    newest = services.feed(work, limit=limit).rows
    if all(entry.type != IMPORTED for entry in newest):
        return list(newest)
    if work.actor.only_assigned:
        found = _folded(services.feed(work, limit=reading.LARGEST_PAGE).rows)
    else:
        found = [*_others(work, limit), *_imports(work)]
    return sorted(found, key=lambda item: item.at, reverse=True)[:limit]


def _folded(rows: Sequence[JournalEntry]) -> list[JournalEntry | Imported]:
    groups: dict[tuple[str, str], list[JournalEntry]] = {}
    found: list[JournalEntry | Imported] = []
    for entry in rows:
        if entry.type == IMPORTED:
            stem = _stem(entry.data or {})
            groups.setdefault((entry.actor_label, stem), []).append(entry)
        else:
            found.append(entry)
    exact = len(rows) < reading.LARGEST_PAGE
    for (label, stem), some in groups.items():
        found.append(some[0] if len(some) == 1 else Imported(some[0].at, len(some), exact, stem, label))
    return found


def _stem(data: Mapping[str, Any]) -> str:
    """What was imported, without the row, which older entries have at the end of the text."""
    why = str(data.get("why", ""))
    return why if "row" in data else _told(why.rstrip(_DIGITS))


def _others(work: Work, limit: int) -> list[JournalEntry]:
    """The newest entries that are of no import: after a large one they lie far behind it, so each type is looked up."""
    kinds = [JournalEntry.type == name for name in types(work) if name != IMPORTED]
    keys = (JournalEntry.at.desc(), JournalEntry.id.desc())
    parts: list[Select[int]] = [
        select(JournalEntry.id).where(condition, services.of_seen_kinds(work)).order_by(*keys).limit(limit)
        for condition in (*kinds, not_(JournalEntry.by_system))
    ]
    ids = union_all(*(select(part.subquery()) for part in parts))
    return list(work.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(ids))))


def _imports(work: Work) -> Iterable[JournalEntry | Imported]:
    # As it is stored: a message among them is read when its group is known.
    data = type_coerce(JournalEntry.data, JSON)
    some = (
        select(
            JournalEntry.id,
            JournalEntry.at,
            JournalEntry.actor_label,
            data["why"].as_string().label("why"),
            data["row"].as_integer().is_not(None).label("apart"),
        )
        .where(JournalEntry.type == IMPORTED)
        .order_by(JournalEntry.at.desc(), JournalEntry.id.desc())
        .limit(COUNTED)
        .subquery()
    )
    stem = case((some.c.apart, some.c.why), else_=func.rtrim(some.c.why, _DIGITS))
    columns = (some.c.actor_label, stem, func.count(), func.max(some.c.at), func.min(some.c.at), func.max(some.c.id))
    groups = work.session.execute(select(*columns).group_by(some.c.actor_label, stem)).all()
    whole = sum(group[2] for group in groups) < COUNTED
    oldest = min((group[4] for group in groups), default=None)
    alone = [group[5] for group in groups if group[2] == 1]
    if alone:
        yield from work.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(alone)))
    for label, text, number, at, first, _ in groups:
        if number > 1:
            yield Imported(at, number, whole or first != oldest, _told(text or ""), label)


def _told(stem: str) -> str:
    said = kept(stem)
    return said if isinstance(said, Message) else said.removesuffix(", row ").strip()
