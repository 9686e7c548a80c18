"""Moving rows from one contact to another by SQL, writing down which, and moving them back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Row, Text, cast, delete, insert, literal, null, select, update
from sqlalchemy.exc import IntegrityError

from ...work.unit import Work
from ..rows import chunks
from .references import Target

Key = tuple[Any, ...]

#: Rows that one statement names; a composite key makes a condition of each, and databases limit how deep they may be.
AT_ONCE = 200


@dataclasses.dataclass
class Moved:
    """Rows of one reference that went from one contact to another.

    :param keys: of the rows as they are after the move.
    :param clashes: keys of rows that could not move.
    :param dropped: columns of the rows that were taken away instead.
    """

    target: Target
    keys: list[Key]
    clashes: list[Key]
    dropped: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def move(work: Work, target: Target, old: int, new: int) -> Moved:
    """Makes the rows that refer to ``old`` refer to ``new``. Those that a constraint keeps from it stay, or go for the time."""
    keys = [
        tuple(row) for row in work.session.execute(select(*target.keys).where(target.of(old)).order_by(*target.keys))
    ]
    clashes: list[Key] = []
    for some in chunks(keys, AT_ONCE):
        clashes += _point(work, target, some, old, new)
    stuck = set(clashes)
    moved = Moved(target, [_renamed(target, key, new) for key in keys if key not in stuck], clashes)
    if clashes and target.reference.on_clash == "drop":
        moved.dropped = _drop(work, target, clashes)
    return moved


def marks(work: Work, target: Target, keys: Sequence[Key]) -> Iterator[list[Any]]:
    """``[key, digest]`` of rows as they are now, JSON-able."""
    for some in chunks(keys, AT_ONCE):
        for row in work.session.execute(select(target.table).where(target.among(some))):
            yield [_plain_key(target, row), _digest(target, row)]


def move_back(
    work: Work, target: Target, rows: Iterable[Sequence[Any]], old: int, new: int, *, edited: bool
) -> list[str]:
    """Makes rows that a move took from ``old`` to ``new`` refer to ``old`` again.

    :param rows: what :func:`marks` gave.
    :param edited: whether rows go back too that were edited since.
    :returns: for each row that stays, why: “gone” (deleted, or given to another contact) or “edited”.
    """
    now = {
        _text(_plain_key(target, row)): row for row in work.session.execute(select(target.table).where(target.of(new)))
    }
    stay: list[str] = []
    keys: list[Key] = []
    for key, digest in rows:
        row = now.get(_text(key))
        if row is None:
            stay.append("gone")
        elif digest != _digest(target, row) and not edited:
            stay.append("edited")
        else:
            keys.append(tuple(row._mapping[column.name] for column in target.keys))
    for some in chunks(keys, AT_ONCE):
        stay += ["edited" for _ in _point(work, target, some, new, old)]
    return stay


def put_back(work: Work, target: Target, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Writes rows again that were dropped; gives “gone” for each whose place is taken."""
    stay = []
    for row in rows:
        values = {name: _revived(work, target, name, value) for name, value in row.items() if name in target.table.c}
        try:
            with work.session.begin_nested():
                work.session.execute(insert(target.table).values(values))
        except IntegrityError:
            stay.append("gone")
    return stay


# --- helpers ---------------------------------------------------------------------------------------------------------


def _point(work: Work, target: Target, keys: Sequence[Key], old: int, new: int) -> list[Key]:
    """Makes rows refer to another contact; gives the keys of those that a constraint keeps from it, found by halves."""
    if not keys:
        return []
    statement = update(target.table).where(target.among(keys), target.of(old)).values(target.values(new))
    try:
        with work.session.begin_nested():
            work.session.execute(statement, execution_options={"synchronize_session": False})
    except IntegrityError:
        if len(keys) == 1:
            return list(keys)
        middle = len(keys) // 2
        return _point(work, target, keys[:middle], old, new) + _point(work, target, keys[middle:], old, new)
    return []


def _drop(work: Work, target: Target, keys: Sequence[Key]) -> list[dict[str, Any]]:
    # JSON as its text: parsed, its own null could not be told from SQL's.
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in target.table.c
    ]
    documents = {column.name for column in target.table.c if isinstance(column.type, JSON)}
    dropped: list[dict[str, Any]] = []
    for some in chunks(keys, AT_ONCE):
        for row in work.session.execute(select(*columns).where(target.among(some))):
            values = row._mapping.items()
            dropped.append({name: _kept(value, document=name in documents) for name, value in values})
        work.session.execute(delete(target.table).where(target.among(some)))
    return dropped


def _renamed(target: Target, key: Key, new: int) -> Key:
    """The key after the move: it may hold the number of the contact itself."""
    own = {target.reference.column, *target.reference.also}
    return tuple(new if column.name in own else part for column, part in zip(target.keys, key, strict=True))


def _plain_key(target: Target, row: Row[Any]) -> list[Any]:
    return [_plain(row._mapping[column.name]) for column in target.keys]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, str)) else str(value)


def _text(key: Sequence[Any]) -> str:
    return json.dumps(list(key), default=str)


def _digest(target: Target, row: Row[Any]) -> str:
    """What tells a row that was edited, or another one under the same number, from the one that moved."""
    reference = target.reference
    if reference.watched == ():
        return ""
    own = {reference.column, *reference.also, *reference.beside}
    names = reference.watched or [name for name in row._mapping if name not in own]
    values = {name: row._mapping[name] for name in names}
    return hashlib.sha256(json.dumps(values, default=repr, sort_keys=True).encode()).hexdigest()[:16]


#: Types of values that JSON has no word for, with what makes them from text.
_MAKERS: dict[str, Callable[[str], Any]] = {
    "bytes": bytes.fromhex,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
    "json": json.loads,
}


def _kept(value: Any, *, document: bool) -> Any:
    """A value of a row as JSON holds it, so that :func:`_revived` gives it back; ``document`` when it is the text of JSON."""
    if value is not None and document:
        return {"document": value}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = type(value).__name__
    if isinstance(value, bytes):
        return {kind: value.hex()}
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return {kind: value.isoformat()}
    return {kind: str(value)} if kind in _MAKERS else {"json": json.dumps(value)}


def _revived(work: Work, target: Target, name: str, value: Any) -> Any:
    if value is None:
        # Without this a JSON column would hold JSON's own null.
        return null()
    if not isinstance(value, dict):
        return value
    [(kind, kept)] = value.items()
    if kind != "document":
        return _MAKERS[kind](kept)
    written = literal(kept, Text)
    return written if work.session.get_bind().dialect.name == "sqlite" else cast(written, target.table.c[name].type)
