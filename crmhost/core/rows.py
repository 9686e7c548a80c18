"""Many rows at once, past the object-relational mapper."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

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
