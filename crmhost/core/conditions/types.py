"""The types of conditions that there are now: of the core, of custom fields, of plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, select

from ...contributions import ConditionType
from ...errors import Forbidden, Invalid
from ...messages import Message
from ...work.unit import Work
from ..contacts.models import Contact
from ..contacts.socials import FIRST, social_kinds
from ..fields.conditions import asked_as, filterable, pairs, tested
from ..fields.definitions import PREFIX, by_key, definitions
from ..fields.kinds import FILTERABLE, Definition, stored
from ..text import clean_line, fold_now, nearest, shorten, unknown
from .asked import Asked, ConditionTest, read

KIND = "contact"
#: Group of the types of custom fields.
CUSTOM = "Custom fields"


@dataclasses.dataclass(frozen=True)
class Sides:
    """A condition in both forms, where the one for each row can't be made of the other."""

    source: Select[Any]
    row: ColumnElement[bool]


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition: a type, an operator, and what was asked."""

    type: ConditionType
    operator: str
    asked: Asked

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON."""
        found: dict[str, Any] = {"type": self.type.id, "operator": self.operator}
        return found if self.asked.stored is None else {**found, "value": self.asked.stored}


def all_types(work: Work) -> Mapping[str, ConditionType]:
    """The types by id, in the order in which they are offered; those that the actor may not use too."""
    return work.once(("conditions.types", work.generation.number, work.locale), lambda: _all_types(work))


def _all_types(work: Work) -> dict[str, ConditionType]:
    declared = cast("tuple[ConditionType, ...]", work.generation.contributions("contact_conditions"))
    own = [item for item in declared if item.plugin == "contacts"]
    more = [_social(name, label) for name, label in social_kinds(work).items() if name not in FIRST]
    custom = [_custom(field) for field in definitions(work, KIND)]
    others = [item for item in declared if item.plugin != "contacts"]
    return {item.id: item for item in (*own, *more, *custom, *others)}


def offered(work: Work) -> list[ConditionType]:
    """The types that the actor may ask by now; not those of custom fields that lists can't filter by."""
    return [item for item in all_types(work).values() if work.can(item.permission) and _ready(work, item)]


def _ready(work: Work, item: ConditionType) -> bool:
    if not item.id.startswith(PREFIX):
        return True
    field = by_key(work, KIND)[item.id.removeprefix(PREFIX)]
    return field.kind not in FILTERABLE or field.ready


def choices_of(work: Work, item: ConditionType) -> Sequence[tuple[str, str]]:
    """Value and label of what can be chosen."""
    if item.choices is None:
        return ()
    found = work.generation.run(
        item.plugin, f"condition {item.id}", item.choices, work, default=(), gives=(list, tuple, Sequence)
    )
    return [(str(value), str(label)) for value, label in found]


def of(work: Work, name: str, operator: str, value: Any, *, checked: bool = True) -> Condition:
    """One condition.

    :param checked: the actor needs the permission of the type.
    :raises Invalid: by ``type``, ``operator`` or ``value``.
    """
    known = all_types(work)
    item = known.get(name)
    if item is None:
        near = nearest(name, list(known))
        said = Message("There is no condition “%(name)s”.", name=shorten(clean_line(name), 60))
        hint = Message("The extension that brought it may be switched off.")
        raise Invalid({"type": [unknown(said, near, hint)]})
    if checked and not work.can(item.permission):
        raise Invalid({"type": [str(Forbidden(item.permission))]})
    if item.id.startswith(PREFIX) and by_key(work, KIND)[item.id.removeprefix(PREFIX)].kind in FILTERABLE:
        try:
            filterable(work, KIND, item.id.removeprefix(PREFIX))
        except Invalid as error:
            raise Invalid({"type": [error.message]}) from error
    asked = read(
        work,
        item.kind,
        operator,
        value,
        label=item.label,
        choices=lambda: choices_of(work, item),
        allowed=item.operators,
        currency=_currency(work, item),
    )
    if any(bounds.hollow for bounds in asked.test.ranges):
        raise Invalid({"value": ["The first value is larger than the second: swap them."]})
    return Condition(item, operator, asked)


def values(work: Work, item: ConditionType, ids: Sequence[int]) -> Mapping[int, Any]:
    """What contacts have; nothing while the plugin fails."""
    found: Mapping[int, Any] = work.generation.run(
        item.plugin, f"condition {item.id}", item.values, work, ids, default={}, gives=Mapping
    )
    return found


# --- custom fields ----------------------------------------------------------------------------------------------------


def _currency(work: Work, item: ConditionType) -> str:
    field = by_key(work, KIND).get(item.id.removeprefix(PREFIX)) if item.id.startswith(PREFIX) else None
    return field.currency if field is not None else ""


def _custom(field: Definition) -> ConditionType:
    indexed = field.kind in FILTERABLE

    def where(work: Work, test: ConditionTest) -> Any:
        if not indexed:
            text = Contact.custom[field.key].as_string()
            if field.kind == "encrypted":
                return func.coalesce(text, "") != ""
            return test.on(fold_now(func.coalesce(text, "")))
        found = tested(field, test)
        return Sides(found.ids(work), found.holds(Contact.id))

    def values_of(work: Work, ids: Sequence[int]) -> Mapping[int, Any]:
        rows = work.session.execute(select(Contact.id, Contact.custom).where(Contact.id.in_(ids)))
        return {key: value for key, custom in rows if (value := _shown(field, custom)) is not None}

    return ConditionType(
        id=field.name,
        label=field.label,
        group=CUSTOM,
        kind="secret" if field.kind == "encrypted" else "text" if not indexed else asked_as(field),  # type: ignore[arg-type]
        where=where,
        values=values_of,
        choices=(lambda _work: pairs(field)) if field.choices else None,
        plugin="contacts",
    )


def _shown(field: Definition, custom: Mapping[str, Any] | None) -> Any:
    from ...money import Money

    if field.kind == "encrypted":
        return True if (custom or {}).get(field.key) else None
    value = stored(field, custom)
    if value is not None and field.kind == "money":
        return Money(int(value["amount"]), str(value["currency"]))
    return value


def _social(name: str, label: str) -> ConditionType:
    from ..contacts.condition_types import social

    return dataclasses.replace(social(name, label), plugin="contacts")
