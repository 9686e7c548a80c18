"""Orders of a list by values that stand in another table, such as those of custom fields: records with a value, in the order of
its index, then those without one, by id.
"""

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
from ..keyset import LARGEST_ID, beyond, decode, encode
from .conditions import OnRows, filterable
from .definitions import PREFIX
from .index import parts
from .kinds import SORTABLE, stored
from .models import FieldValue

#: Column of the index that a kind is sorted by, and what stands for “nothing” where values are compared here.
_COLUMNS: dict[str, tuple[str, Any]] = {
    "date": ("instant", dt.datetime.min.replace(tzinfo=dt.UTC)),
    **dict.fromkeys(("text", "url", "email"), ("text", "")),
}
_NUMBER: tuple[str, Any] = ("number", 0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ValueOrder:
    """An order of a model's records by values of another table, which has one row for a record at most.

    :param name: of the order; its cursors carry it.
    :param model: of the records, with the column ``id``.
    :param column: what is sorted by, of the table ``rows``, which stands under a name of its own.
    :param owner: the column of ``rows`` with the record's id; ``mine`` says which of its rows count.
    :param value_of: the value of a loaded record.
    :param nothing: a value of its type, in the place of none.
    :param largest: the largest whole number that the column holds.
    """

    name: str
    model: Any
    column: Any
    rows: Any
    owner: Any
    mine: ColumnElement[bool]
    value_of: Callable[[Any], Any]
    nothing: Any
    largest: int = LARGEST_ID
    #: Filters that have an index together with this order.
    served: frozenset[str] = frozenset()
    _known: dict[int, Any] = dataclasses.field(default_factory=dict)

    @property
    def columns(self) -> tuple[SQLColumnExpression[Any], ...]:
        """What is sorted by, before the id."""
        return (self.column,)

    def of(self, record: Any) -> tuple[Any, ...]:
        """What a record is sorted by, before its id."""
        if record.id not in self._known:
            self._known[record.id] = self.value_of(record)
        return (self._known[record.id],)

    def select(self) -> Select[Any]:
        """The values that are sorted by, ``None`` for records without one, and the id."""
        mine = and_(self.mine, self.owner == self.model.id)
        return select(self.column, self.model.id).select_from(self.model).outerjoin(self.rows, mine)

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

    def write(self, record: Any) -> str:
        """The cursor of a record."""
        (value,) = self.of(record)
        text = value.isoformat() if isinstance(value, dt.date) else str(value)
        return encode(self.name, (int(value is not None), text if value is not None else "", record.id))

    def rank(self, descending: bool) -> Callable[[tuple[Any, ...]], Any]:
        """What rows of :meth:`select` are sorted by here: records without a value come last in both directions."""

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
    ) -> Iterator[Select[Any]]:
        """The queries that follow one another until a page is full.

        :param on: conditions on the field itself; with one, nobody without a value is in the list.
        :param descending: the order of the list; ``backwards`` while the page before is read.
        """
        down = descending != backwards
        model, value, column, owner, mine = self.model, self.rows, self.column, self.owner, self.mine
        # The sum keeps planners from reading records first and looking up the value of each.
        valued = select(model).join(value, model.id == owner + 0)
        valued = valued.where(mine, column.is_not(None), *where, *(condition(value) for condition in on))
        # Read by the number, not from end to end.
        empty = select(model).where(model.id > 0, ~exists().where(mine, owner == model.id), *where)
        both: list[tuple[Select[Any], tuple[Any, ...], bool]] = [(valued, (column, owner), True)]
        if not on:
            both.append((empty, (model.id,), False))
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


def order(work: Work, object_type: str, model: Any, name: str) -> ValueOrder:
    """The order of a model's records by a custom field, named ``custom.KEY``.

    :param model: has the columns ``id`` and ``custom``.
    :raises Invalid: when lists can't sort by it.
    """
    try:
        field = filterable(work, object_type, name.removeprefix(PREFIX))
    except Invalid as error:
        raise Invalid({"sort": [str(error)]}) from error
    if field.kind not in SORTABLE:
        raise Invalid(
            {"sort": [Message("The list can't be sorted by “%(name)s”: a record may have several.", name=field.label)]}
        )
    rows: Any = aliased(FieldValue)
    column, nothing = _COLUMNS.get(field.kind, _NUMBER)

    def value_of(record: Any) -> Any:
        found = parts(field, stored(field, record.custom))
        return next((item for item in found[0] if isinstance(item, type(nothing))), None) if found else None

    return ValueOrder(
        name=name,
        model=model,
        column=getattr(rows, column),
        rows=rows,
        owner=rows.object_id,
        mine=rows.field_id == field.id,
        value_of=value_of,
        nothing=nothing,
    )
