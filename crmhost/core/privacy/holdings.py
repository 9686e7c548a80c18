"""What the tables of plugins hold on a person, found by their manifests: also of plugins that are off."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, func, null, or_, select, tuple_, update
from sqlalchemy import types as sql
from sqlalchemy.exc import DBAPIError

from ...work.unit import Work
from ..merging.references import tables_of

_CONTACTS = "contacts_contact"
#: Foreign keys that are followed from a table with personal columns to one that names the contact.
_HOPS = 3


@dataclasses.dataclass(frozen=True)
class Holding:
    """A table of a plugin in which rows are about people.

    :param personal: columns with data on a person.
    :param about: the condition that a row is about one of the people.
    :param goes: whether the rows go with the contact, by their foreign keys.
    """

    plugin: str
    table: Table
    personal: tuple[str, ...]
    about: ColumnElement[bool]
    goes: bool


def holdings(work: Work, contact_ids: Sequence[int]) -> list[Holding]:
    """The tables that name these contacts, or have personal columns and lead to one that does."""
    owners: dict[str, str] = {}
    refs: dict[str, list[str]] = {}
    personal: dict[str, list[str]] = {}
    for plugin, data in sorted(work.plugin_data().items()):
        for into, columns in ((refs, data.contact_refs), (personal, data.personal)):
            for column in columns:
                table, _, name = column.partition(".")
                into.setdefault(table, []).append(name)
                owners[table] = plugin
    tables = _reachable(work, set(owners))
    found: list[Holding] = []
    for table in sorted(owners, key=lambda name: (owners[name], name)):
        path = _path(tables, refs, table, contact_ids, _HOPS)
        if path is not None:
            held = tuple(name for name in personal.get(table, ()) if name in tables[table].c)
            found.append(Holding(owners[table], tables[table], held, *path))
    return found


def count(work: Work, holding: Holding) -> int:
    """How many rows are about the people."""
    rows = select(func.count()).select_from(holding.table).where(holding.about)
    return int(work.session.scalar(rows) or 0)


def rows(work: Work, holding: Holding) -> list[dict[str, Any]]:
    """The personal columns of the rows that are about the people, with their keys, JSON-able."""
    names = [column.name for column in holding.table.primary_key.columns]
    names += [name for name in holding.personal if name not in names]
    wanted = select(*(holding.table.c[name] for name in names)).where(holding.about)
    return [{name: plain(value) for name, value in row._mapping.items()} for row in work.session.execute(wanted)]


def empty(work: Work, holding: Holding) -> None:
    """Empties the personal columns of the rows that are about the people; rows that can't be without them go."""
    blanks: dict[str, Any] = {}
    for name in holding.personal:
        blank = _blank(holding.table.c[name])
        if blank is _NONE:
            _remove(work, holding)
            return
        blanks[name] = blank
    try:
        with work.session.begin_nested():
            work.session.execute(
                update(holding.table).where(holding.about).values(blanks),
                execution_options={"synchronize_session": False},
            )
    except DBAPIError:
        _remove(work, holding)


def plain(value: Any) -> Any:
    """A value of a column as JSON holds it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _reachable(work: Work, names: set[str]) -> dict[str, Table]:
    """The tables of these names, and those that they refer to, a few steps far."""
    found: dict[str, Table] = {}
    wanted = names
    for _ in range(_HOPS):
        new = tables_of(work, wanted - found.keys() - {_CONTACTS})
        found |= new
        wanted = {
            element.target_fullname.rpartition(".")[0]
            for table in new.values()
            for key in table.foreign_key_constraints
            for element in key.elements
        }
        if not wanted - found.keys():
            break
    return found


def _path(
    tables: Mapping[str, Table], refs: Mapping[str, Sequence[str]], name: str, ids: Sequence[int], hops: int
) -> tuple[ColumnElement[bool], bool] | None:
    """The condition that a row of the table is about one of the people, and whether it goes with them."""
    table = tables.get(name)
    if table is None:
        return None
    own = [table.c[column] for column in refs.get(name, ()) if column in table.c]
    if own:
        return or_(*(column.in_(ids) for column in own)), all(_cascades(column) for column in own)
    if not hops:
        return None
    conditions, goes = [], True
    for key in table.foreign_key_constraints:
        target = key.elements[0].target_fullname.rpartition(".")[0]
        above = _path(tables, refs, target, ids, hops - 1) if target != name else None
        if above is None:
            continue
        there = [tables[target].c[element.target_fullname.rpartition(".")[2]] for element in key.elements]
        here = list(key.columns)
        wanted = select(*there).where(above[0])
        conditions.append(here[0].in_(wanted) if len(here) == 1 else tuple_(*here).in_(wanted))
        goes = goes and above[1] and str(key.ondelete or "").upper() == "CASCADE"
    return (or_(*conditions), goes) if conditions else None


def _cascades(column: Column[Any]) -> bool:
    return any(
        key.target_fullname == f"{_CONTACTS}.id" and str(key.ondelete or "").upper() == "CASCADE"
        for key in column.foreign_keys
    )


_NONE = object()


def _blank(column: Column[Any]) -> Any:
    """What an empty value of a column is; ``_NONE`` when it has none."""
    if column.primary_key:
        return _NONE
    if column.nullable:
        return null()
    if isinstance(column.type, sql.JSON):
        return {}
    if isinstance(column.type, sql.String):
        return ""
    if isinstance(column.type, sql.Boolean):
        return False
    if isinstance(column.type, (sql.Integer, sql.Numeric)):
        return 0
    return b"" if isinstance(column.type, sql.LargeBinary) else _NONE


def _remove(work: Work, holding: Holding) -> None:
    work.session.execute(delete(holding.table).where(holding.about))
