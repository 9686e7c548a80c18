"""Conditions on custom fields as SQL: for filters of lists, and for whatever asks by operator and value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    column,
    exists,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.orm import aliased

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..conditions.asked import ConditionTest, read
from ..contacts.search import SHORTEST, trigrams
from ..keyset import opaque, there
from ..text import clean_line, shorten
from .definitions import by_key
from .kinds import Definition, clean
from .models import FieldValue

#: Kind of a field -> what is asked of it, and the column of the index.
_ASKED: dict[str, tuple[str, str]] = {
    "number": ("number", "number"),
    "money": ("money", "number"),
    "date": ("day", "instant"),
    "yes_no": ("yes_no", "number"),
    "choice": ("choice", "text"),
    "choices": ("choices", "text"),
    **dict.fromkeys(("text", "url", "email"), ("text", "text")),
}

#: A condition on the rows of the index, for the table or an alias of it.
OnRows = Callable[[Any], ColumnElement[bool]]


@dataclasses.dataclass(frozen=True)
class FieldCondition:
    """What a value has to be.

    :param on: the condition on the value's row in the index.
    :param negated: holds for records without such a row, those without any value too.
    :param words: folded words of a text that has to be part of the value's, which an index by parts of texts finds.
    """

    field: Definition
    on: OnRows
    negated: bool = False
    words: tuple[str, ...] = ()

    def ids(self, work: Work) -> Select[Any]:
        """Ids of the records that have such a value, read from an index; of a negated one those that it leaves out."""
        rows: Any = aliased(FieldValue)
        found = select(rows.object_id).where(rows.field_id == self.field.id, self.on(rows))
        long = [word for word in self.words if len(word) >= SHORTEST]
        if long and work.session.get_bind().dialect.name == "sqlite":
            parts_of = table("fields_fts", column("rowid"))
            match = literal_column("fields_fts.fields_fts").op("MATCH")(literal(trigrams(long)))
            found = found.join(parts_of, parts_of.c.rowid == rows.id).where(match)
        return found.distinct() if self.field.kind == "choices" else found

    def holds(self, object_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Whether the record with this id fulfils it: cheap to ask of each row while another index is read."""
        rows: Any = aliased(FieldValue)
        found = exists().where(rows.field_id == self.field.id, rows.object_id == object_id, self.on(rows))
        return ~found if self.negated else found

    def asked(self, object_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """The same as :meth:`holds`, for a query that reads another index and ends when a page is full."""
        rows: Any = aliased(FieldValue)
        mine = (rows.field_id == self.field.id, rows.object_id == object_id)
        # Opaque, or SQLite without statistics reads all records with a number in that range for each row.
        found = there(select(rows.id).where(*mine, opaque(self.on(rows))).correlate_except(rows))
        return ~found if self.negated else found


def asked_as(field: Definition) -> str:
    """The kind of condition that a field is asked by, see :mod:`..conditions.asked`."""
    return _ASKED[field.kind][0]


def pairs(field: Definition) -> list[tuple[str, str]]:
    """Keys and labels of the choices; those that are no longer offered come last."""
    return [(choice.key, choice.label) for choice in sorted(field.choices, key=lambda choice: choice.retired)]


def condition(work: Work, object_type: str, key: str, operator: str, value: Any = None) -> FieldCondition:
    """What a field has to be, by an operator of :data:`..conditions.asked.OPERATORS`.

    :param value: as :func:`..conditions.asked.read` reads it.
    :raises Invalid: when there is no such field, lists can't filter by it, or operator or value don't fit it.
    """
    field = filterable(work, object_type, key)
    try:
        asked = read(
            work,
            asked_as(field),
            operator,
            value,
            label=field.label,
            choices=lambda: pairs(field),
            currency=field.currency,
        )
    except Invalid as error:
        raise Invalid(error.message) from error
    return dataclasses.replace(tested(field, asked.test), negated=asked.negated)


def tested(field: Definition, test: ConditionTest) -> FieldCondition:
    """The condition that a field passes a test."""
    name = _ASKED[field.kind][1]
    words = tuple(test.values[0].split()) if test.operator == "contains" else ()
    if test.operator == "not_empty":
        return FieldCondition(field, lambda rows: rows.id.is_not(None))
    if test.operator == "contains":
        return FieldCondition(field, lambda rows: and_(rows.text.is_not(None), test.on(rows.text)), words=words)
    return FieldCondition(field, lambda rows: test.on(getattr(rows, name)))


def filterable(work: Work, object_type: str, key: str) -> Definition:
    """The field, when lists can filter by it now.

    :raises Invalid: when they can't, with what to do.
    """
    field = by_key(work, object_type).get(key)
    if field is None:
        raise Invalid(
            Message("There is no custom field “%(key)s”; it may have been deleted.", key=shorten(clean_line(key), 60))
        )
    if not field.filterable:
        raise Invalid(
            Message(
                "Lists can't filter or sort by “%(name)s”: allow it under Settings > Field options, if its kind can.",
                name=field.label,
            )
        )
    if not field.ready:
        raise Invalid(Message("“%(name)s” is still being read; Settings > Jobs shows how far it is.", name=field.label))
    return field


# --- filters of lists ------------------------------------------------------------------------------------------------


def of_filters(work: Work, object_type: str, key: str, given: Sequence[tuple[str, str]]) -> list[FieldCondition]:
    """The conditions for the filters of one field: ``custom.KEY``, ``custom.KEY.from``, ``.to``, ``.contains``, ``.empty``.

    :param given: what follows the key (empty, ``from`` …), and the text.
    :raises Invalid: as :func:`condition`.
    """
    field = filterable(work, object_type, key)
    found = []
    ranges = {part: text for part, text in given if part in ("from", "to")}
    if len(ranges) == 2:
        found.append(condition(work, object_type, key, "between", [ranges["from"], ranges["to"]]))
    elif ranges:
        (part, text), *_ = ranges.items()
        found.append(condition(work, object_type, key, "gte" if part == "from" else "lte", text))
    for part, text in given:
        if part == "":
            found.append(_equal(work, field, text))
        elif part == "contains":
            found.append(condition(work, object_type, key, "contains", text))
        elif part == "empty":
            empty = clean(dataclasses.replace(field, kind="yes_no"), text)
            found.append(condition(work, object_type, key, "empty" if empty else "not_empty"))
        elif part not in ranges:
            raise Invalid(
                Message(
                    "“%(name)s” has no filter “%(filter)s”.", name=field.label, filter=shorten(clean_line(part), 40)
                )
            )
    return found


def _equal(work: Work, field: Definition, text: str) -> FieldCondition:
    if field.kind not in ("choice", "choices"):
        return condition(work, field.object, field.key, "equals", text)
    several = dataclasses.replace(field, kind="choices")
    try:
        keys = [text] if any(choice.key == text for choice in field.choices) else clean(several, text) or []
    except ValueError as error:
        raise Invalid(str(error)) from error
    return FieldCondition(field, lambda rows: rows.text.in_(keys))
