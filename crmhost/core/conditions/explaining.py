"""Why a contact is in, or not: each condition with what the contact has."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...money import Money
from ...work.unit import Work
from . import types
from .asking import each
from .trees import Group
from .types import Condition


@dataclasses.dataclass(frozen=True)
class Reason:
    """A condition, whether it holds for the contact, and what the contact has.

    :param has: as :class:`crmhost.api.ConditionType` says; ``None`` for nothing.
    :param hidden: the actor may not see it.
    """

    condition: Condition
    holds: bool
    has: Any = None
    hidden: bool = False


@dataclasses.dataclass(frozen=True)
class Reasons:
    """A group, whether it holds, and what stands in it."""

    match: str
    holds: bool
    items: tuple[Reason | Reasons, ...]


def explain(work: Work, group: Group, contact_id: int) -> Reasons:
    """Why a contact, whom the actor may see, fulfils conditions or not."""
    known: dict[str, Any] = {}
    for item in group.conditions():
        if item.type.id not in known and work.can(item.type.permission):
            known[item.type.id] = types.values(work, item.type, [contact_id]).get(contact_id)
    return _reasons(work, group, iter(each(work, group, contact_id)), known)


def _reasons(work: Work, group: Group, held: Iterator[bool], known: Mapping[str, Any]) -> Reasons:
    items: list[Reason | Reasons] = []
    for item in group.items:
        if isinstance(item, Group):
            items.append(_reasons(work, item, held, known))
        else:
            has = known.get(item.type.id)
            if has is None and item.type.zero and item.type.kind == "count":
                has = 0
            items.append(Reason(item, next(held), has or (0 if has == 0 else None), item.type.id not in known))
    every = [item.holds for item in items]
    return Reasons(group.match, all(every) if group.match == "all" else any(every), tuple(items))


# --- as JSON ----------------------------------------------------------------------------------------------------------------


def named(work: Work, group: Group) -> dict[str, Any]:
    """A group as JSON for programs: what is chosen by its name, where only one has it."""
    return {
        "match": group.match,
        "conditions": [named(work, item) if isinstance(item, Group) else _named(work, item) for item in group.items],
    }


def _named(work: Work, item: Condition) -> dict[str, Any]:
    found = item.document
    if item.type.choices is not None and "value" in found:
        found["value"] = labels(types.choices_of(work, item.type), found["value"])
    return found


def labels(choices: Sequence[tuple[str, str]], value: Any) -> Any:
    """The labels of chosen values, where only one has it."""
    if isinstance(value, (list, tuple)):
        return [labels(choices, item) for item in value]
    label = next((label for key, label in choices if key == str(value)), None)
    return str(value) if label is None or sum(other == label for _, other in choices) > 1 else label


def plain(work: Work, reason: Reason) -> Any:
    """What a contact has, JSON-able."""
    return _plain(types.choices_of(work, reason.condition.type), reason.has)


def _plain(choices: Sequence[tuple[str, str]], value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(choices, item) for item in value]
    if isinstance(value, Money):
        return value.json()
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    return labels(choices, value) if choices and value is not None else value
