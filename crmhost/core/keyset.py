"""Keyset paging: opaque cursors, ids from outside, and the condition “comes after that row”."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, tuple_

from ..errors import Invalid

#: The largest id that both databases can hold.
LARGEST_ID = 2**31 - 1
_LONGEST = 4000
_INSTANT, _TEXT = "t:", "s:"


def valid_id(value: object) -> int | None:
    """The id that a value from outside stands for, or ``None`` when it can't be one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    return value if isinstance(value, int) and 0 < value <= LARGEST_ID else None


def encode(sort: str, values: Sequence[str | int | dt.datetime]) -> str:
    """An opaque cursor for the row with these sort values (texts, numbers, instants), the id last."""
    raw = json.dumps([sort, *map(_plain, values)], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decode(sort: str, cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The sort values in a cursor made by :func:`encode` for the same sort.

    :param kinds: type of each value: ``str``, ``int`` or ``datetime``.
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


def _plain(value: str | int | dt.datetime) -> str | int:
    if isinstance(value, dt.datetime):
        return _INSTANT + value.isoformat()
    return _TEXT + value if isinstance(value, str) else value


def _value(part: object, kind: type) -> str | int | dt.datetime:
    if kind is int and isinstance(part, int) and not isinstance(part, bool) and abs(part) <= LARGEST_ID:
        return part
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
    """The condition in a form that no planner looks into, so that the order of the list decides which index is read."""
    return case((condition, 1), else_=0) == 1
