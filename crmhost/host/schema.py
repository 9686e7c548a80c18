"""A plugin's part of the database: its tables, their size, what they refer to; exporting and dropping them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator
from typing import Any, TextIO

from sqlalchemy import Connection, MetaData, Table, func, inspect, select, text
from sqlalchemy import table as named

from ..errors import PluginError
from . import migrate
from .ownership import table_owner

#: What a foreign key to a table of somebody else may do when its target goes: rules of a plugin that is off don't run.
SAFE_ONDELETE = frozenset({"CASCADE", "SET NULL"})


@dataclasses.dataclass(frozen=True)
class TableSize:
    """A table and how many rows it has."""

    name: str
    rows: int


def tables_of(connection: Connection, plugin: str, known: Collection[str]) -> list[str]:
    """Names of the plugin's tables that are in the database; ``known`` are the ids of all plugins."""
    version = migrate.version_table(plugin)
    names = inspect(connection).get_table_names()
    ids = migrate.known_in(names, {*known, plugin})
    return sorted(name for name in names if name != version and table_owner(name, ids) == plugin)


def sizes(connection: Connection, plugin: str, known: Collection[str]) -> list[TableSize]:
    """The plugin's tables with their numbers of rows."""
    return [
        TableSize(name, connection.scalar(select(func.count()).select_from(named(name))) or 0)
        for name in tables_of(connection, plugin, known)
    ]


def check_foreign_keys(connection: Connection, plugin: str, known: Collection[str]) -> None:
    """:raises PluginError: when a foreign key to the core or another plugin would keep its target from being deleted."""
    own = tables_of(connection, plugin, known)
    if not own:
        return
    # Asked for all at once: PostgreSQL takes as long for one table.
    for (_, table), keys in inspect(connection).get_multi_foreign_keys(filter_names=own).items():
        for key in keys:
            if key["referred_table"] in own:
                continue
            if str(key.get("options", {}).get("ondelete", "")).upper() not in SAFE_ONDELETE:
                column = ", ".join(key["constrained_columns"])
                raise PluginError(
                    plugin,
                    f'{table}.{column} refers to {key["referred_table"]} and must say ondelete="CASCADE" or "SET NULL".',
                )


def export(connection: Connection, plugin: str, known: Collection[str], file: TextIO) -> int:
    """Writes the plugin's rows as JSON lines ``{"table", "row"}``; gives how many there were."""
    count = 0
    for name in tables_of(connection, plugin, known):
        for row in _rows(connection, name):
            file.write(json.dumps({"table": name, "row": row}, ensure_ascii=False, default=str) + "\n")
            count += 1
    return count


def _rows(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
    for row in connection.execution_options(yield_per=1000).execute(select(table)):
        yield dict(row._mapping)


def drop(connection: Connection, plugin: str, known: Collection[str]) -> list[str]:
    """Drops what is left of the plugin's tables, and what remembers their version; gives the names."""
    names = tables_of(connection, plugin, known)
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in names:
        connection.execute(text(f'DROP TABLE "{name}"{cascade}'))
    migrate.drop_version_table(connection, plugin)
    return names
