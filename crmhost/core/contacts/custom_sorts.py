"""The contact list sorted by values that stand in another table, of custom fields and of plugins' columns: contacts with a
value in the order of its index, then those without one, by id.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Select, SQLColumnExpression, and_, exists, select
from sqlalchemy.orm import aliased

from ...contributions import Column
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..fields.conditions import OnRows, filterable
from ..fields.definitions import PREFIX
from ..fields.index import parts
from ..fields.kinds import SORTABLE, stored
from ..fields.models import FieldValue
from ..keyset import LARGEST_ID, beyond, decode, encode
from .models import Contact
from .records import KIND
from .sorts import Sort

#: Column of the index that a kind is sorted by, and what stands for “nothing” where values are compared here.
_COLUMNS: dict[str, tuple[str, Any]] = {
    "date": ("instant", dt.datetime.min.replace(tzinfo=dt.UTC)),
    **dict.fromkeys(("text", "url", "email"), ("text", "")),
}
_NUMBER: tuple[str, Any] = ("number", 0.0)


#: Type of a plugin's value -> what stands for “nothing” where values are compared here.
_NOTHING: dict[type, Any] = {
    str: "",
    int: 0,
    dt.date: dt.date.min,
    dt.datetime: dt.datetime.min.replace(tzinfo=dt.UTC),
}


def custom_sort(work: Work, name: str) -> ValueSort:
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

    def of(contact: Contact) -> Any:
        found = parts(field, stored(field, contact.custom))
        return next((item for item in found[0] if item is not None and _is(item, nothing)), None) if found else None

    return _sort(name, getattr(rows, column), of, rows, rows.object_id, rows.field_id == field.id, nothing)


def column_sort(work: Work, name: str) -> ValueSort | None:
    """The order by a plugin's column, named like it; ``None`` when no column of this name can be sorted by."""
    for item in cast("tuple[Column, ...]", work.generation.contributions("contact_columns")):
        if item.id != name or item.sort is None or not work.can(item.permission):
            continue
        model: Any = aliased(item.sort.value.class_)
        value, owner = getattr(model, item.sort.value.key), getattr(model, item.sort.contact.key)
        more = (
            work.generation.run(
                item.plugin, f"sort {item.id}", item.sort.where, work, model, default=None, gives=Sequence
            )
            if item.sort.where is not None
            else ()
        )
        nothing = _NOTHING.get(item.sort.value.type.python_type)
        if more is None or nothing is None:
            return None
        mine = and_(value.is_not(None), *more)

        def of(contact: Contact, value: Any = value, mine: Any = mine, owner: Any = owner) -> Any:
            return work.session.scalar(select(value).where(mine, owner == contact.id))

        largest = 2**63 - 1 if isinstance(item.sort.value.type, BigInteger) else LARGEST_ID
        return _sort(name, value, of, model, owner, mine, nothing, largest)
    return None


def _is(item: Any, nothing: Any) -> bool:
    return isinstance(item, type(nothing))


def _sort(
    name: str,
    column: Any,
    of: Callable[[Contact], Any],
    rows: Any,
    owner: Any,
    mine: ColumnElement[bool],
    nothing: Any,
    largest: int = LARGEST_ID,
) -> ValueSort:
    known: dict[int, Any] = {}

    def values(contact: Contact) -> tuple[Any, ...]:
        if contact.id not in known:
            known[contact.id] = of(contact)
        return (known[contact.id],)

    return ValueSort(
        name, (column,), (str,), values, rows=rows, owner=owner, mine=mine, nothing=nothing, largest=largest
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ValueSort(Sort):
    """An order by values of another table, with one row for a contact at most.

    :param rows: the table, under a name of its own; ``owner`` its column with the contact's id.
    :param mine: which of its rows count.
    :param nothing: a value of its type, in the place of none.
    :param largest: the largest whole number that the column holds.
    """

    rows: Any
    owner: Any
    mine: ColumnElement[bool]
    nothing: Any
    largest: int

    def select(self) -> Select[Any]:
        """The values that are sorted by, ``None`` for contacts without one, and the id."""
        mine = and_(self.mine, self.owner == Contact.id)
        return select(self.columns[0], Contact.id).select_from(Contact).outerjoin(self.rows, mine)

    def read(self, cursor: str) -> tuple[Any, ...]:
        """Value and id in a cursor; the value is ``None`` behind those that have one."""
        there, text, key = decode(self.name, cursor, (int, str, int))
        if not there:
            return (None, key)
        try:
            kind = type(self.nothing)
            value: Any = kind.fromisoformat(text) if issubclass(kind, dt.date) else kind(text)
            if kind is dt.datetime and value.tzinfo is None:
                raise ValueError("no time zone")
            if kind is int and abs(value) > self.largest:
                raise ValueError("too large")
        except ValueError as error:
            raise Invalid("This link to a page of the list does not work: start again at the first page.") from error
        return (value, key)

    def write(self, contact: Contact) -> str:
        """The cursor of a contact."""
        (value,) = self.of(contact)
        text = value.isoformat() if isinstance(value, dt.date) else str(value)
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
        value, column, owner, mine = self.rows, self.columns[0], self.owner, self.mine
        # The sum keeps planners from reading contacts first and looking up the value of each.
        valued = select(Contact).join(value, Contact.id == owner + 0)
        valued = valued.where(mine, column.is_not(None), *where, *(condition(value) for condition in on))
        # Read by the number, not from end to end.
        empty = select(Contact).where(Contact.id > 0, ~exists().where(mine, owner == Contact.id), *where)
        both: list[tuple[Select[Contact], tuple[Any, ...], bool]] = [(valued, (column, owner), True)]
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
