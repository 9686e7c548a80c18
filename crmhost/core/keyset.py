"""Keyset paging: pages of rows, opaque cursors, ids from outside, and the condition “comes after that row”."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, SQLColumnExpression, and_, case, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from ..errors import Invalid
from ..messages import Message

T = TypeVar("T")

#: The largest id that both databases can hold.
LARGEST_ID = 2**31 - 1
#: Rows of a page at most.
LARGEST_PAGE = 500
_RUN = 1_000
_LONGEST = 4000
_INSTANT, _DAY, _TEXT = "t:", "d:", "s:"


class Large(int):
    """Kind of a value of a ``BigInteger`` column, such as an amount, in a cursor."""


@dataclasses.dataclass(frozen=True)
class KeysetPage(Generic[T]):
    """Rows of a page, and the cursors of the pages beside it, or ``None``."""

    rows: list[T]
    next: str | None
    previous: str | None


def page(
    session: Session,
    statement: Select[T],
    orders: Mapping[str, Sequence[InstrumentedAttribute[Any]]],
    sort: str,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> KeysetPage[T]:
    """A page of a model's rows, in time that does not grow with their number.

    :param statement: ``select(Model)`` with its conditions, without an order.
    :param orders: what can be sorted by: name -> columns of the model, the id last; none of them may be NULL. An index on the
        same columns serves each; for a filter that is used with it, one that begins with the filter's column.
    :param sort: one of these names, with ``-`` before it from high to low.
    :param after: cursor of the page before; ``before`` of the page after.
    :raises Invalid: when the order or a cursor can't be understood.
    """
    name = sort.removeprefix("-")
    if name not in orders:
        raise Invalid({"sort": [Message("The list can't be sorted by “%(name)s”.", name=name[:60])]})
    return ordered(session, statement, orders[name], sort, after=after, before=before, limit=min(limit, LARGEST_PAGE))


def ordered(
    session: Session,
    statement: Select[T],
    columns: Sequence[InstrumentedAttribute[Any]],
    sort: str,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    read: Callable[[Select[T]], Select[T]] = lambda whole: whole,
) -> KeysetPage[T]:
    """A page of a model's rows in one order, whose name its cursors carry.

    :param read: gives the statement that is asked for the one with its cursor, order and limit, where the database needs it
        in other words.
    :raises Invalid: when a cursor can't be understood.
    """
    name, limit = sort.removeprefix("-"), max(1, limit)
    backwards = before is not None
    cursor = before if backwards else after
    descending = sort.startswith("-") != backwards
    if cursor:
        kinds = [Large if isinstance(column.type, BigInteger) else column.type.python_type for column in columns]
        statement = statement.where(beyond(columns, decode(name, cursor, kinds), descending=descending))
    way = [column.desc() if descending else column.asc() for column in columns]
    found = list(session.scalars(read(statement.order_by(*way).limit(limit + 1))))
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (bool(rows), more) if backwards else (more, bool(cursor and rows))

    def mark(row: T) -> str:
        return encode(name, [getattr(row, column.key) for column in columns])

    return KeysetPage(rows, mark(rows[-1]) if has_next else None, mark(rows[0]) if has_previous else None)


def id_runs(session: Session, statement: Select[int], key: SQLColumnExpression[int]) -> Iterator[list[int]]:
    """Ids in runs of at most 1,000, by their number: all that a list matches, for actions on all of them.

    :param statement: ``select(Model.id)`` with its conditions, without an order; ``key`` is the same column.
    """
    last = 0
    while True:
        found = list(session.scalars(statement.where(key > last).order_by(key).limit(_RUN)))
        if found:
            yield found
        if len(found) < _RUN:
            return
        last = found[-1]


def valid_id(value: object) -> int | None:
    """The id that a value from outside stands for, or ``None`` when it can't be one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    return value if isinstance(value, int) and 0 < value <= LARGEST_ID else None


def encode(sort: str, values: Sequence[str | int | dt.date]) -> str:
    """An opaque cursor for the row with these sort values (texts, whole numbers, days, instants), the id last."""
    raw = json.dumps([sort, *map(_plain, values)], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decode(sort: str, cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The sort values in a cursor made by :func:`encode` for the same sort.

    :param kinds: type of each value: ``str``, ``int``, :class:`Large`, ``date`` or ``datetime``.
    :raises Invalid: when it is anything else.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        data = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(data, list) or data[:1] != [sort] or len(data) != len(kinds) + 1:
            raise ValueError("another list's")
        return tuple(_value(part, kind) for part, kind in zip(data[1:], kinds, strict=True))
    except (ValueError, TypeError, RecursionError, OverflowError, binascii.Error) as error:
        raise Invalid("This link to a page of the list does not work: start again at the first page.") from error


#: Kind of a number -> the largest that its column can hold.
_LIMITS: dict[type, int] = {int: LARGEST_ID, Large: 2**63 - 1}


def _plain(value: str | int | dt.date) -> str | int:
    if isinstance(value, dt.datetime):
        return _INSTANT + value.isoformat()
    if isinstance(value, dt.date):
        return _DAY + value.isoformat()
    return _TEXT + value if isinstance(value, str) else value


def _value(part: object, kind: type) -> str | int | dt.date:
    if kind in _LIMITS and isinstance(part, int) and not isinstance(part, bool) and abs(part) <= _LIMITS[kind]:
        return part
    if kind is dt.date and isinstance(part, str) and part.startswith(_DAY):
        return dt.date.fromisoformat(part.removeprefix(_DAY))
    if kind is dt.datetime and isinstance(part, str) and part.startswith(_INSTANT):
        moment = dt.datetime.fromisoformat(part.removeprefix(_INSTANT))
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC)
    if kind is str and isinstance(part, str) and part.startswith(_TEXT) and "\0" not in part:
        part.encode()
        return part.removeprefix(_TEXT)
    raise ValueError("not a value of this sort")


def beyond(
    columns: Sequence[SQLColumnExpression[Any]], values: Sequence[Any], *, descending: bool
) -> ColumnElement[bool]:
    """The condition “comes after these values” in the order of the columns.

    The bare comparison of the first column looks superfluous; without it SQLite reads an index on an expression from its start.
    """
    row, bound = tuple_(*columns), tuple_(*values)
    if descending:
        return and_(columns[0] <= values[0], row < bound)
    return and_(columns[0] >= values[0], row > bound)


def opaque(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition in a form that no planner looks into, so that the order of the list decides which index is read.

    PostgreSQL takes such a test for one that nearly all rows pass; of “= 1” it would think that hardly any does, and sort all
    rows instead of walking in their order.
    """
    return case((condition, 1)).is_not(None)


def there(rows: Select[Any]) -> ColumnElement[bool]:
    """Whether there is such a row, looked up for each row of the query around it.

    For an ``EXISTS`` PostgreSQL may instead read all of them beforehand, though only a page is wanted.
    """
    return rows.limit(1).scalar_subquery().is_not(None)
