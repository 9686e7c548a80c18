"""Many rows at once, past the object-relational mapper."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Table, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from .. import written

T = TypeVar("T")

#: Ids that one ``IN`` takes: far below what either database allows, and quick to plan.
CHUNK = 500
#: Rows from which on a COPY is quicker than inserting them.
_COPIED = 20


def table(model: type[DeclarativeBase]) -> Table:
    """The table of a model."""
    return cast("Table", model.__table__)


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, each with the same keys and a value for every column that has no default in the database.

    The statement is written once and handed to the driver as it is: for one row, SQLAlchemy's own way takes as long as SQLite.
    PostgreSQL gets many rows as one COPY.

    :raises sqlalchemy.exc.IntegrityError: when a row breaks a rule of the table.
    """
    if not rows:
        return
    connection = session.connection()
    prepared = _prepared(table(model), tuple(rows[0]), connection.dialect)
    columns = [_processed([row[name] for row in rows], process) for name, process in prepared.columns]
    values = list(zip(*columns, strict=True))
    if prepared.copy and len(values) >= _COPIED:
        _copy(connection, prepared.copy, values)
    else:
        connection.exec_driver_sql(prepared.insert, values if len(values) > 1 else values[0])


def take_ids(session: Session, model: type[DeclarativeBase], number: int) -> list[int]:
    """Ids for new rows, which nobody else gets: so rows that refer to them are written without asking for each.

    :param model: with a whole number called ``id`` that the database gives by itself. The session writes.
    """
    name = table(model).name
    if not number:
        return []
    if session.get_bind().dialect.name == "postgresql":
        take = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number)")
        return list(session.scalars(take, {"name": name, "number": number}))
    # The transaction is the only writer. Of tables that never give an id again, the highest one is remembered.
    used = text(f"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = :name), 0),"  # noqa: S608  # of our own
                f" coalesce((SELECT max(id) FROM {name}), 0))")  # fmt: skip
    last = int(session.scalar(used, {"name": name}) or 0)
    return list(range(last + 1, last + 1 + number))


def insert_objects(session: Session, objects: Sequence[DeclarativeBase]) -> None:
    """Inserts new objects of one model as :func:`insert_rows` does, and gives them their ids.

    They are not objects of the session: what is changed of them afterwards is not written.
    """
    if not objects:
        return
    model = type(objects[0])
    for one, key in zip(objects, take_ids(session, model, len(objects)), strict=True):
        one.id = key  # type: ignore[attr-defined]  # as take_ids asks
    columns = _columns(model)
    insert_rows(session, model, [{name: _value(one, key, usual) for name, key, usual in columns} for one in objects])


def _value(one: DeclarativeBase, key: str, usual: Callable[[], Any]) -> Any:
    known = one.__dict__
    if key not in known:
        setattr(one, key, usual())
    return known[key]


@functools.cache
def _columns(model: type[DeclarativeBase]) -> list[tuple[str, str, Callable[[], Any]]]:
    """Name of each column, of its attribute, and what gives its value when nobody does."""
    return [
        (column.name, attribute.key, functools.partial(_usual, column.default))
        for attribute in inspect(model).column_attrs
        for column in attribute.columns
    ]


def _usual(default: Any) -> Any:
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _processed(column: list[Any], process: Callable[[Any], Any] | None) -> list[Any]:
    """The values of a column as the driver takes them; one that stands in many rows, such as the time, is turned once."""
    if process is None:
        return column
    known: dict[int, Any] = {}
    for value in column:
        if id(value) not in known:
            known[id(value)] = process(value)
    return [known[id(value)] for value in column]


def _copy(connection: Connection, statement: str, values: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    written.note(connection, None, statement)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        # As SQLAlchemy tells what went wrong in statements of its own.
        base = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(statement, None, error, base, dialect=connection.dialect) from error


@dataclasses.dataclass(frozen=True)
class _Prepared:
    """How rows of some columns go into a table, in the driver's own writing.

    :param copy: empty for a database that has no such statement.
    :param columns: name, and what turns its values into what the driver takes.
    """

    insert: str
    copy: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]


@functools.lru_cache(maxsize=64)
def _prepared(into: Table, names: tuple[str, ...], dialect: Dialect) -> _Prepared:
    columns = [into.c[name] for name in names]
    quote = dialect.identifier_preparer.quote
    places = ", ".join(["%s" if dialect.paramstyle in ("format", "pyformat") else "?"] * len(columns))
    where = f"{quote(into.name)} ({', '.join(quote(column.name) for column in columns)})"
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    return _Prepared(
        f"INSERT INTO {where} VALUES ({places})",  # noqa: S608  # names of our own models
        f"COPY {where} FROM STDIN" if dialect.name == "postgresql" else "",
        tuple(zip(names, processors, strict=True)),
    )


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
