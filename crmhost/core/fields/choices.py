"""The choices of a field: read from what is given, and changed without losing what records hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ...messages import Message
from ...work.unit import Work
from ..text import clean_line, fold, shorten
from . import index
from .definitions import definition
from .models import Field

MOST = 500
LONGEST = 80
#: In place of another choice: records that have the one that goes keep it; it is no longer offered.
KEEP = "keep"
#: A choice as it is given: its key, empty for one that is new or known by its name, and its name.
Given = tuple[str, str]


def read(raw: Any, errors: dict[str, list[str]]) -> list[Given]:
    """Choices from a list of names, of ``{"key", "label"}``, or a text with one in each line."""
    if isinstance(raw, str):
        raw = raw.splitlines()
    if raw is not None and not isinstance(raw, (list, tuple)):
        errors["choices"] = ["Give the choices as a list of names."]
        return []
    found: list[Given] = []
    for item in raw or ():
        key, label = (item.get("key"), item.get("label")) if isinstance(item, Mapping) else ("", item)
        if not isinstance(label, (str, int)) or isinstance(label, bool) or not isinstance(key or "", str):
            errors["choices"] = ["Give the choices as a list of names."]
            return []
        name = clean_line(str(label))
        if len(name) > LONGEST:
            errors["choices"] = [
                Message(
                    "The choice “%(name)s” is too long: at most %(longest)s characters.",
                    name=shorten(name, 40),
                    longest=LONGEST,
                )
            ]
        elif name:
            found.append((clean_line(key or ""), name))
    names = [fold(name) for _, name in found]
    twice = next((name for _, name in found if names.count(fold(name)) > 1), None)
    if twice is not None:
        errors["choices"] = [Message("“%(name)s” stands in the list twice.", name=twice)]
    if len(found) > MOST:
        errors["choices"] = [Message("There can be at most %(most)s choices.", most=MOST)]
    return found


def made(given: Sequence[Given], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Choices as they are stored; those that were there keep their keys."""
    by_key = {item["key"]: item for item in before}
    by_name = {fold(item["label"]): item["key"] for item in reversed(before)}
    # One that is named by its key comes before one that has its name by chance.
    claimed = {key for key, _ in given if key in by_key}
    taken: set[str] = set(by_key)
    found = []
    for key, label in given:
        if key not in by_key:
            same = by_name.get(fold(label), "")
            key = same if same and same not in claimed else slug(label, taken, "choice")
            claimed.add(key)
            taken.add(key)
        found.append({"key": key, "label": label})
    return found


def change(
    work: Work,
    row: Field,
    given: Sequence[Given],
    replaced: Mapping[str, Any],
    errors: dict[str, list[str]],
) -> bool:
    """Gives a field other choices. One that goes and is in use needs another that takes its place, or stays on its records.

    :param replaced: key or name of a choice that goes -> key or name of the one that takes its place, or ``keep``.
    :returns: whether the index has to be written anew.
    """
    if not given:
        errors.setdefault("choices", ["Give at least one choice."])
        return False
    before = list(row.choices)
    after = made(given, before)
    kept = {item["key"] for item in after}
    field = definition(row)
    asked: list[str] = []
    moves: dict[str, str] = {}
    for item in before:
        if item["key"] in kept or not index.users_of(work, field, item["key"]):
            continue
        taker = _taker(replaced, item, after)
        if taker is None and not item.get("retired"):
            asked.append(item["label"])
            continue
        if taker:
            moves[item["key"]] = taker
        after.append({**item, "retired": True})
    if asked:
        said = Message("Records have “%(names)s”: choose what takes its place, or keep it on them.", names=asked)
        errors.setdefault("choices", [said])
        return False
    if errors:
        return False
    row.choices = after
    for key, taker in moves.items():
        work.enqueue("fields.replace", field_id=row.id, choice=key, by=taker)
    places = {item["key"]: place for place, item in enumerate(before)}
    return any(places.get(item["key"], place) != place for place, item in enumerate(after))


def in_use(work: Work, row: Field, given: Sequence[Given]) -> list[tuple[str, str]]:
    """Choices that would go although records have them: key and name."""
    kept = {item["key"] for item in made(given, row.choices)}
    field = definition(row)
    return [
        (item["key"], item["label"])
        for item in row.choices
        if item["key"] not in kept and not item.get("retired") and index.users_of(work, field, item["key"])
    ]


def _taker(replaced: Mapping[str, Any], item: Mapping[str, Any], after: Sequence[Mapping[str, Any]]) -> str | None:
    """The key of what takes a choice's place; empty when it stays, ``None`` when nobody said."""
    names = {fold(str(name)): value for name, value in replaced.items()}
    wanted = replaced.get(item["key"], names.get(fold(item["label"])))
    if not isinstance(wanted, str) or not wanted:
        return None
    if wanted == KEEP:
        return ""
    for other in after:
        if not other.get("retired") and (other["key"] == wanted or fold(other["label"]) == fold(wanted)):
            return str(other["key"])
    return None


def slug(label: str, taken: Collection[str], fallback: str) -> str:
    """A key for a name: “Shoe size” gives “shoe_size”, or “shoe_size_2” when that is taken."""
    base = re.sub(r"[^a-z0-9]+", "_", fold(label)).strip("_")[:36].strip("_")
    if not base or not base[0].isalpha():
        base = f"{fallback}_{base}".strip("_")[:36]
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
