"""The contact list sorted by a custom field: those with a value in the order of its index, then those without one, by id."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, exists, select
from sqlalchemy.orm import aliased

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..fields.conditions import OnRows, filterable
from ..fields.definitions import PREFIX
from ..fields.index import parts
from ..fields.kinds import SORTABLE, Definition, stored
from ..fields.models import FieldValue
from ..keyset import beyond, decode, encode
from .models import Contact
from .records import KIND
from .sorts import Sort

#: Column of the index that a kind is sorted by, and what stands for “nothing” where values are compared here.
_COLUMNS: dict[str, tuple[str, Any]] = {
    "date": ("instant", dt.datetime.min.replace(tzinfo=dt.UTC)),
    **dict.fromkeys(("text", "url", "email"), ("text", "")),
}
_NUMBER: tuple[str, Any] = ("number", 0.0)


def custom_sort(work: Work, name: str) -> CustomSort:
    """The order by a custom field, named ``custom.KEY``.

    :raises Invalid: when lists can't sort by it.
    """
    try:
        field = filterable(work, KIND, name.removeprefix(PREFIX))
    except Invalid as error:
        raise Invalid({"sort": [str(error)]}) from error
    if field.kind not in SORTABLE:
        raise Invalid(
            {"sort": [Message("The list can't be sorted by “%(name)s”: a contact may have several.", name=field.label)]}
        )
    rows: Any = aliased(FieldValue)
    column, nothing = _COLUMNS.get(field.kind, _NUMBER)

    def of(contact: Contact) -> tuple[Any, ...]:
        found = parts(field, stored(field, contact.custom))
        return (next((item for item in found[0] if item is not None and _is(item, nothing)), None) if found else None,)

    return CustomSort(name, (getattr(rows, column),), (str,), of, field=field, rows=rows, nothing=nothing)


def _is(item: Any, nothing: Any) -> bool:
    return isinstance(item, type(nothing))


@dataclasses.dataclass(frozen=True, kw_only=True)
class CustomSort(Sort):
    """An order by a custom field.

    :param rows: the index, under a name of its own.
    :param nothing: a value of its type, in the place of none.
    """

    field: Definition
    rows: Any
    nothing: Any

    def select(self) -> Select[Any]:
        """The values that are sorted by, ``None`` for contacts without one, and the id."""
        mine = and_(self.rows.field_id == self.field.id, self.rows.object_id == Contact.id)
        return select(self.columns[0], Contact.id).select_from(Contact).outerjoin(self.rows, mine)

    def read(self, cursor: str) -> tuple[Any, ...]:
        """Value and id in a cursor; the value is ``None`` behind those that have one."""
        there, text, key = decode(self.name, cursor, (int, str, int))
        if not there:
            return (None, key)
        try:
            kind = type(self.nothing)
            value = dt.datetime.fromisoformat(text) if kind is dt.datetime else kind(text)
            if kind is dt.datetime and value.tzinfo is None:
                raise ValueError("no time zone")
        except ValueError as error:
            raise Invalid("This link to a page of the list does not work: start again at the first page.") from error
        return (value, key)

    def write(self, contact: Contact) -> str:
        """The cursor of a contact."""
        (value,) = self.of(contact)
        text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
        return encode(self.name, (int(value is not None), text if value is not None else "", contact.id))

    def rank(self, descending: bool) -> Callable[[tuple[Any, ...]], Any]:
        """Contacts without a value come last in both directions."""

        def key(row: tuple[Any, ...]) -> tuple[Any, ...]:
            empty = row[0] is None
            return (empty != descending, self.nothing if empty else row[0], row[1])

        return key

    def parts(
        self,
        where: Sequence[ColumnElement[bool]],
        on: Sequence[OnRows],
        cursor: tuple[Any, ...] | None,
        descending: bool,
        backwards: bool,
    ) -> Iterator[Select[Contact]]:
        """The queries that follow one another until a page is full.

        :param on: conditions on the field itself; with one, nobody without a value is in the list.
        :param descending: the order of the list; ``backwards`` while the page before is read.
        """
        down = descending != backwards
        value, column = self.rows, self.columns[0]
        mine = value.field_id == self.field.id
        # The sum keeps planners from reading contacts first and looking up the value of each.
        valued = select(Contact).join(value, Contact.id == value.object_id + 0)
        valued = valued.where(mine, column.is_not(None), *where, *(condition(value) for condition in on))
        # Read by the number, not from end to end.
        empty = select(Contact).where(Contact.id > 0, ~exists().where(mine, value.object_id == Contact.id), *where)
        both: list[tuple[Select[Contact], tuple[Any, ...], bool]] = [(valued, (column, value.object_id), True)]
        if not on:
            both.append((empty, (Contact.id,), False))
        if backwards:
            both.reverse()
        begun = cursor is None
        for statement, keys, has_value in both:
            if cursor is not None and has_value == (cursor[0] is not None):
                edge = cursor if has_value else cursor[1:]
                statement, begun = statement.where(beyond(keys, edge, descending=down)), True
            if begun:
                yield statement.order_by(*(_way(key, down) for key in keys))


def _way(key: SQLColumnExpression[Any], down: bool) -> ColumnElement[Any]:
    return key.desc() if down else key.asc()
