"""Many rows at once, past the object-relational mapper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")

#: Ids that one ``IN`` takes: far below what either database allows, and quick to plan.
CHUNK = 500


def table(model: type[DeclarativeBase]) -> Table:
    """The table of a model."""
    return cast("Table", model.__table__)


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, each with the same keys and a value for every column that has no default in the database."""
    if rows:
        session.execute(insert(table(model)), rows)


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
