"""Many rows at once, past the object-relational mapper."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Dialect, Table
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")

#: Ids that one ``IN`` takes: far below what either database allows, and quick to plan.
CHUNK = 500


def table(model: type[DeclarativeBase]) -> Table:
    """The table of a model."""
    return cast("Table", model.__table__)


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, each with the same keys and a value for every column that has no default in the database.

    The statement is written once and handed to the driver as it is: for one row, SQLAlchemy's own way takes as long as SQLite.
    """
    if not rows:
        return
    connection = session.connection()
    statement, columns = _prepared(table(model), tuple(rows[0]), connection.dialect)
    values = [tuple(row[name] if process is None else process(row[name]) for name, process in columns) for row in rows]
    connection.exec_driver_sql(statement, values if len(values) > 1 else values[0])


@functools.lru_cache(maxsize=64)
def _prepared(
    into: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[tuple[str, Callable[[Any], Any] | None], ...]]:
    """The statement in the driver's own writing, and what turns each value into what the driver takes."""
    columns = [into.c[name] for name in names]
    quote = dialect.identifier_preparer.quote
    places = ", ".join(["%s" if dialect.paramstyle in ("format", "pyformat") else "?"] * len(columns))
    listed = ", ".join(quote(column.name) for column in columns)
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    statement = f"INSERT INTO {quote(into.name)} ({listed}) VALUES ({places})"  # noqa: S608  # names of our own models
    return statement, tuple(zip(names, processors, strict=True))


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
