"""Conditions in groups: read from what people and programs give, kept as JSON, read again.

A group is ``{"match": "all" or "any", "conditions": […]}``; in it stand groups and conditions: ``{"type", "operator", "value"}``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ...contributions import ConditionType
from ...errors import Invalid
from ...messages import Message
from ...work.unit import SYSTEM, Work
from . import types
from .types import Condition

MATCHES = ("all", "any")
#: Groups inside each other, and conditions in all.
DEEPEST = 5
MOST = 100
NOTHING = "Add at least one condition: without any, everybody would be in."


@dataclasses.dataclass(frozen=True)
class Group:
    """Conditions and groups of which all have to hold, or any one."""

    match: str
    items: tuple[Condition | Group, ...]

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON: the same conditions give the same."""
        return {"match": self.match, "conditions": [item.document for item in self.items]}

    def conditions(self) -> Iterator[Condition]:
        """All conditions, those of inner groups too."""
        for item in self.items:
            if isinstance(item, Group):
                yield from item.conditions()
            else:
                yield item

    def brought_by(self, work: Work) -> dict[str, list[str]]:
        """Type -> plugin, its name, the type's label: to say what is missing once the plugin is off."""
        known = work.generation.by_id
        found: dict[str, ConditionType] = {item.type.id: item.type for item in self.conditions()}
        return {
            key: [item.plugin, known[item.plugin].manifest.name if item.plugin in known else "", str(item.label)]
            for key, item in found.items()
        }


def read(work: Work, document: Any, *, checked: bool = True) -> Group:
    """A group from what was given.

    :param checked: the actor needs the permission of each type.
    :raises Invalid: by place, such as ``conditions.0.conditions.2.value``.
    """
    errors: dict[str, list[str]] = {}
    group = _Reader(work, checked, errors).group(document, "", 1)
    if errors:
        raise Invalid(errors)
    return group


def kept(work: Work, document: Mapping[str, Any], brought: Mapping[str, Any]) -> Group:
    """A group from what was kept; nobody's permission is asked.

    :param brought: what :meth:`Group.brought_by` gave then.
    :raises Invalid: with the reason, when a plugin is off, or what was asked for is gone.
    """
    known = types.all_types(work)
    for name, (plugin, title, label) in brought.items():
        if name not in known:
            raise Invalid(
                Message(
                    "The condition “%(label)s” comes from the extension “%(name)s”, which is switched off.",
                    label=label,
                    name=title or plugin,
                )
                if plugin not in work.generation.by_id
                else Message("The condition “%(label)s” is there no longer.", label=label)
            )
    try:
        # Whoever asks: what can be chosen must not depend on the reader.
        return read(work.as_actor(SYSTEM), document, checked=False)
    except Invalid as error:
        raise Invalid(error.message) from error


class _Reader:
    def __init__(self, work: Work, checked: bool, errors: dict[str, list[str]]) -> None:
        self.work = work
        self.checked = checked
        self.errors = errors
        self.number = 0

    def group(self, document: Any, place: str, depth: int) -> Group:
        if not isinstance(document, Mapping):
            self._refuse(
                place, "conditions", Message("Give the conditions as an object with “match” and “conditions”.")
            )
            return Group("all", ())
        match, given = document.get("match", "all"), document.get("conditions")
        if match not in MATCHES:
            self._refuse(place, "match", Message("Say whether “all” or “any” of the conditions have to hold."))
        if not isinstance(given, list) or not given:
            self._refuse(place, "conditions", Message(NOTHING))
            return Group("all", ())
        if depth > DEEPEST:
            self._refuse(place, "conditions", Message("Groups can stand in each other %(most)s deep.", most=DEEPEST))
            return Group("all", ())
        items = [
            self._item(item, f"{place}conditions.{number}.", depth) for number, item in enumerate(given[: MOST + 1])
        ]
        return Group(match, tuple(item for item in items if item is not None))

    def _item(self, item: Any, place: str, depth: int) -> Condition | Group | None:
        if isinstance(item, Mapping) and "conditions" in item:
            return self.group(item, place, depth + 1)
        self.number += 1
        if self.number > MOST:
            self.errors.setdefault("conditions", [Message("There can be at most %(most)s conditions.", most=MOST)])
            return None
        if not isinstance(item, Mapping) or not isinstance(item.get("type"), str):
            self._refuse(place, "type", Message("Choose what to ask for."))
            return None
        try:
            operator = str(item.get("operator") or "")
            return types.of(self.work, item["type"], operator, item.get("value"), checked=self.checked)
        except Invalid as error:
            for name, sentences in error.errors.items():
                for sentence in sentences:
                    self._refuse(place, name or "value", sentence)
        return None

    def _refuse(self, place: str, name: str, sentence: str) -> None:
        self.errors.setdefault(place + name, []).append(sentence)
