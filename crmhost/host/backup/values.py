"""How values stand in a backup: the same for both databases, and exact.

A row is a JSON array with one value per column; ``null`` is NULL. What else a value is depends on the column's type:

========  ===========================================================================================================
integer   a number
float     a number; ``"nan"``, ``"inf"`` and ``"-inf"``, which JSON has no numbers for
decimal   its digits as text
boolean   ``true`` or ``false``
text      itself
bytes     base64
instant   ``2026-03-01 12:30:00.000000``, in UTC where the column knows of zones
date      ``2026-03-01``
time      ``12:30:00.000000``
json      the JSON text as the database holds it
uuid      32 hexadecimal digits
other     as PostgreSQL writes it
========  ===========================================================================================================
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sqlalchemy import ColumnElement, Text, cast, func
from sqlalchemy.types import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Time,
    TypeEngine,
    Uuid,
)

Kind = Literal[
    "integer", "float", "decimal", "boolean", "text", "bytes", "instant", "date", "time", "json", "uuid", "other"
]
#: Gives a value in another form; raises ``ValueError`` when it can't be one of its type.
Convert = Callable[[Any], Any]

#: In this order: a float is a number, JSON and times are nothing else.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (JSON, "json"),
    (Boolean, "boolean"),
    (Uuid, "uuid"),
    (Integer, "integer"),
    (Float, "float"),
    (Numeric, "decimal"),
    (LargeBinary, "bytes"),
    (DateTime, "instant"),
    (Date, "date"),
    (Time, "time"),
    (String, "text"),
)
#: A value of the first kind may go into a column of the second, beside its own.
_ALSO: frozenset[tuple[Kind, Kind]] = frozenset({("uuid", "text"), ("text", "uuid"), ("integer", "decimal")})
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_INSTANT = re.compile(rf"{_DAY.pattern}[ T]{_TIME.pattern}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER_LIMIT = 2**63
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table in a database.

    :param zoned: whether an instant there is stored with a zone.
    """

    name: str
    kind: Kind
    zoned: bool = False


def kind_of(type_: TypeEngine[Any]) -> Kind:
    """The kind of a reflected column type."""
    return next((kind for class_, kind in _KINDS if isinstance(type_, class_)), "other")


def fits(kind: Kind, into: Kind) -> bool:
    """Whether values of one kind may go into a column of another."""
    return kind == into or (kind, into) in _ALSO


# --- out of a database -----------------------------------------------------------------------------------------------


def expression(column: Column, element: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """What to select for a column, so that nothing is lost on the way through the driver."""
    if dialect == "sqlite":
        return element
    if column.kind == "instant":
        moment = func.timezone("UTC", element) if column.zoned else element
        return func.to_char(moment, "YYYY-MM-DD HH24:MI:SS.US")
    if column.kind == "time":
        return func.to_char(element, "HH24:MI:SS.US")
    if column.kind == "date":
        return func.to_char(element, "YYYY-MM-DD")
    if column.kind == "uuid":
        return func.replace(cast(element, Text), "-", "")
    return cast(element, Text) if column.kind in ("json", "decimal", "other") else element


def taking(column: Column, dialect: str) -> Convert:
    """Turns a value as the driver gives it into how it stands in a backup."""
    if dialect == "sqlite":
        return _FROM_SQLITE[column.kind]
    return {"bytes": _base64, "float": _plain_float}.get(column.kind, _as_it_is)


def _as_it_is(value: Any) -> Any:
    return value


def _base64(value: Any) -> str:
    if not isinstance(value, (bytes, memoryview)):
        raise ValueError("no bytes")
    return base64.b64encode(value).decode("ascii")


def _plain_float(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else repr(number)


def _of(*types: type) -> Convert:
    def check(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError(f"no {types[0].__name__}")
        return value

    return check


def _sqlite_boolean(value: Any) -> bool:
    if type(value) is not int or value not in (0, 1):
        raise ValueError("neither 0 nor 1")
    return value == 1


def _sqlite_decimal(value: Any) -> str:
    return _decimal_text(value if isinstance(value, str) else repr(value))


def _sqlite_json(value: Any) -> str:
    # SQLite turns JSON texts that are numbers into numbers.
    return value if isinstance(value, str) else json.dumps(_of(int, float)(value))


# --- what a backup may hold ------------------------------------------------------------------------------------------


def _matching(pattern: re.Pattern[str], parse: Callable[[str], object]) -> Convert:
    def check(value: Any) -> str:
        if type(value) is not str or pattern.fullmatch(value) is None:
            raise ValueError("not written as it must be")
        parse(value)
        return value

    return check


def _decimal_text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("no digits")
    try:
        Decimal(value)
    except InvalidOperation:
        raise ValueError("no number") from None
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or not -_NUMBER_LIMIT <= value < _NUMBER_LIMIT:
        raise ValueError("no whole number of 64 bits")
    return value


def _float(value: Any) -> float:
    if type(value) is str and value in _SPECIAL:
        return _SPECIAL[value]
    return float(_of(float, int)(value))


def _bytes(value: Any) -> bytes:
    return base64.b64decode(_of(str)(value), validate=True)


_instant = _matching(_INSTANT, dt.datetime.fromisoformat)
_date = _matching(_DAY, dt.date.fromisoformat)
_time = _matching(_TIME, dt.time.fromisoformat)
_uuid = _matching(_UUID, str)

_FROM_SQLITE: dict[Kind, Convert] = {
    "integer": _of(int),
    "float": lambda value: _plain_float(_of(float, int)(value)),
    "decimal": _sqlite_decimal,
    "boolean": _sqlite_boolean,
    "text": _of(str),
    "bytes": _base64,
    "instant": _instant,
    "date": _date,
    "time": _time,
    "json": _sqlite_json,
    "uuid": _of(str),
    "other": _of(str),
}


# --- into a database -------------------------------------------------------------------------------------------------


class ZeroBytes:
    """Replaces zero bytes, which PostgreSQL takes in no text, and counts the texts that had any."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, value: Any) -> str:
        text: str = _of(str)(value)
        if "\x00" in text:
            self.count += 1
            return text.replace("\x00", "\ufffd")
        return text


def giving(kind: Kind, into: Column, dialect: str, zero_bytes: ZeroBytes) -> Convert:
    """Checks a value of a backup and turns it into what the driver takes for a column."""
    if into.kind == "uuid":
        return _uuid
    special = _INTO_SQLITE if dialect == "sqlite" else _INTO_POSTGRESQL
    if dialect != "sqlite" and kind == "text":
        return zero_bytes
    if kind == "instant" and into.zoned:
        return lambda value: f"{_instant(value)}+00"
    return special.get(kind) or _CHECKED[kind]


def _json_text(value: Any) -> str:
    text: str = _of(str)(value)
    try:
        json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return text


def _sqlite_number(value: Any) -> int | float:
    text = _decimal_text(value)
    return _integer(int(text)) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else float(text)


_CHECKED: dict[Kind, Convert] = {
    "integer": _integer,
    "float": _float,
    "decimal": _decimal_text,
    "boolean": _of(bool),
    "text": _of(str),
    "bytes": _bytes,
    "instant": _instant,
    "date": _date,
    "time": _time,
    "json": _of(str),
    "uuid": _uuid,
    "other": _of(str),
}
_INTO_SQLITE: dict[Kind, Convert] = {"decimal": _sqlite_number, "json": _json_text}
_INTO_POSTGRESQL: dict[Kind, Convert] = {}
