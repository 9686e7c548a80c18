"""Conditions on custom fields as SQL: for filters of lists, and for whatever asks by operator and value."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
from ..contacts.search import SHORTEST, trigrams
from ..keyset import there
from ..text import clean_line, fold, shorten
from .definitions import by_key
from .index import parts
from .kinds import SEARCHED, Definition, clean
from .models import INDEXED_LENGTH, FieldValue

#: Operators by what they need: nothing, one value, two values, several.
OPERATORS = {
    "empty": 0, "not_empty": 0, "equals": 1, "not_equals": 1, "contains": 1, "not_contains": 1, "starts_with": 1, "gt": 1,
    "gte": 1, "lt": 1, "lte": 1, "before": 1, "after": 1, "in_last_days": 1, "has": 1, "has_not": 1, "between": 2, "any_of": 3,
    "none_of": 3,
}  # fmt: skip
_TEXTS = ("equals", "not_equals", "contains", "not_contains", "starts_with", "any_of", "none_of")
_NUMBERS = ("equals", "not_equals", "gt", "gte", "lt", "lte", "between", "any_of", "none_of")
_DAYS = (*_NUMBERS, "before", "after", "in_last_days")
_CHOICES = ("equals", "not_equals", "any_of", "none_of", "has", "has_not")
_OF_KIND = {
    "number": _NUMBERS,
    "money": _NUMBERS,
    "date": _DAYS,
    "yes_no": ("equals", "not_equals"),
    "choice": _CHOICES,
    "choices": _CHOICES,
}
_OPPOSITES = {
    "not_equals": "equals",
    "not_contains": "contains",
    "none_of": "any_of",
    "has_not": "has",
    "empty": "not_empty",
}
_LAST = "\U0010ffff"

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
        found = there(select(rows.id).where(*mine, self.on(rows)).correlate_except(rows))
        return ~found if self.negated else found


def operators(field: Definition) -> tuple[str, ...]:
    """The operators that a field can be asked by."""
    return (*_OF_KIND.get(field.kind, _TEXTS), "empty", "not_empty")


def condition(work: Work, object_type: str, key: str, operator: str, value: Any = None) -> FieldCondition:
    """What a field has to be, by an operator of :data:`OPERATORS`.

    :param value: as :mod:`.kinds` reads it; a list for ``any_of`` and ``none_of``, a list of two for ``between``, a whole number
        for ``in_last_days``; nothing for ``empty`` and ``not_empty``.
    :raises Invalid: when there is no such field, lists can't filter by it, or operator or value don't fit it.
    """
    field = filterable(work, object_type, key)
    if operator not in operators(field):
        raise Invalid(
            Message(
                "“%(name)s” can't be asked by “%(operator)s”; use %(known)s.",
                name=field.label,
                operator=shorten(clean_line(operator), 40),
                known=operators(field),
            )
        )
    positive = _OPPOSITES.get(operator, operator)
    words: tuple[str, ...] = ()
    if positive == "contains":
        words = tuple(_folded(value).split())
    return FieldCondition(field, _on(work, field, positive, value), operator in _OPPOSITES, words)


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


def _on(work: Work, field: Definition, operator: str, value: Any) -> OnRows:
    if operator == "not_empty":
        return lambda rows: rows.id.is_not(None)
    if operator == "contains":
        part = _folded(value)
        return lambda rows: and_(rows.text.is_not(None), rows.text.contains(part, autoescape=True))
    if operator == "starts_with":
        start = _folded(value)
        return lambda rows: and_(rows.text >= start, rows.text < start + _LAST)
    if operator == "in_last_days":
        since = work.today - dt.timedelta(days=_days(value))
        return _range(_instant(since), "instant", upper=_instant(work.today), upper_included=True)
    if operator in ("any_of", "between"):
        given = value if isinstance(value, (list, tuple)) else [value]
        values = [_part(field, item) for item in given if item not in (None, "")]
        if not values or (operator == "between" and len(values) != 2):
            raise Invalid("Give two values, from and to." if operator == "between" else "Give at least one value.")
        name = values[0][0]
        if operator == "between":
            return _range(values[0][1], name, upper=values[1][1], upper_included=True)
        return lambda rows: getattr(rows, name).in_([item for _, item in values])
    name, item = _part(field, value)
    if operator in ("gt", "after"):
        return lambda rows: getattr(rows, name) > item
    if operator in ("lt", "before"):
        return lambda rows: getattr(rows, name) < item
    if operator == "gte":
        return _range(item, name)
    if operator == "lte":
        return lambda rows: getattr(rows, name) <= item
    return lambda rows: getattr(rows, name) == item


def _range(lower: Any, name: str, *, upper: Any = None, upper_included: bool = False) -> OnRows:
    if upper is None:
        return lambda rows: getattr(rows, name) >= lower
    if upper_included:
        return lambda rows: and_(getattr(rows, name) >= lower, getattr(rows, name) <= upper)
    return lambda rows: and_(getattr(rows, name) >= lower, getattr(rows, name) < upper)


def _part(field: Definition, value: Any) -> tuple[str, Any]:
    """Column of the index and value in it, for what a person or program gave."""
    try:
        if field.kind in SEARCHED:
            return "text", _folded(value)
        if field.kind == "choices" and isinstance(value, (list, tuple)):
            raise ValueError("Give one choice.")
        cleaned = clean(field, value)
    except ValueError as error:
        raise Invalid(str(error)) from error
    if cleaned is None:
        raise Invalid("Give a value.")
    text, number, instant = parts(field, cleaned)[0]
    if field.kind in ("choice", "choices"):
        return "text", text
    return ("number", number) if number is not None else ("instant", instant)


def _folded(value: Any) -> str:
    text = fold(clean_line(value if isinstance(value, str) else str(value)))[:INDEXED_LENGTH]
    if not text:
        raise Invalid("Give a text.")
    return text


def _instant(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _days(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Invalid(Message("“%(text)s” is not a number of days.", text=shorten(clean_line(text), 40)))
    return int(text)


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
