"""The index of values: written with each record, read by filters and orders of lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from ...work.unit import Work
from ..rows import chunks, insert_rows, table
from ..text import fold
from . import definitions as known
from .kinds import Definition, amount, stored
from .models import INDEXED_LENGTH, Field, FieldValue

#: What stands in one row of the index: text, number, instant.
Parts = tuple[str | None, float | None, dt.datetime | None]


def parts(field: Definition, value: Any) -> list[Parts]:
    """What the index holds for a stored value."""
    if value is None:
        return []
    match field.kind:
        case "number":
            return [(None, float(value), None)]
        case "money":
            return [(None, float(amount(value)), None)]
        case "yes_no":
            return [(None, float(value), None)]
        case "date":
            return [(None, None, dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC))]
        case "choice" | "choices":
            places = {choice.key: place for place, choice in enumerate(field.choices)}
            keys = [value] if isinstance(value, str) else value
            return [(key, float(places.get(key, len(places))), None) for key in keys]
        case _:
            return [(fold(str(value))[:INDEXED_LENGTH], None, None)]


def write(
    work: Work,
    object_type: str,
    rows: Iterable[tuple[int, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """Writes the index for records that are being saved: call it in the same transaction.

    :param rows: id, the custom fields as they are stored now, and as they were before (``None`` for a new record).
    """
    fields = known.indexed(known.definitions(work, object_type))
    if not fields:
        return
    gone: dict[int, list[int]] = {}
    new: list[dict[str, Any]] = []
    for key, after, before in rows:
        for field in fields:
            value, old = stored(field, after), stored(field, before)
            if value == old:
                continue
            if old is not None:
                gone.setdefault(field.id, []).append(key)
            new += _rows(field, key, value)
    for field_id, ids in gone.items():
        _delete(work, field_id, ids)
    insert_rows(work.session, FieldValue, new)


def rewrite(work: Work, field: Definition, rows: Sequence[tuple[int, Mapping[str, Any] | None]]) -> None:
    """Writes the index of one field anew for these records: id and custom fields each."""
    _delete(work, field.id, [key for key, _ in rows])
    if field.filterable:
        found = [item for key, custom in rows for item in _rows(field, key, stored(field, custom))]
        insert_rows(work.session, FieldValue, found)


def drop(work: Work, object_type: str, ids: Sequence[int]) -> None:
    """Takes records that are erased out of the index."""
    # Those of deleted fields too.
    mine = select(Field.id).where(Field.object == object_type)
    for some in chunks(ids):
        chosen = (FieldValue.field_id.in_(mine), FieldValue.object_id.in_(some))
        work.session.execute(delete(table(FieldValue)).where(*chosen))


def users_of(work: Work, field: Definition, choice: str) -> bool:
    """Whether any record, one in a bin too, has a choice."""
    wanted = select(FieldValue.id).where(FieldValue.field_id == field.id, FieldValue.text == choice)
    return work.session.scalar(wanted.limit(1)) is not None


def _rows(field: Definition, key: int, value: Any) -> list[dict[str, Any]]:
    return [
        {"field_id": field.id, "object_id": key, "text": text, "number": number, "instant": instant}
        for text, number, instant in parts(field, value)
    ]


def _delete(work: Work, field_id: int, ids: Sequence[int]) -> None:
    for some in chunks(ids):
        chosen = (FieldValue.field_id == field_id, FieldValue.object_id.in_(some))
        work.session.execute(delete(table(FieldValue)).where(*chosen))
