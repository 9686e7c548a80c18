"""Which tables of a database belong to the site, and what their columns hold. Names come from the database alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, inspect, text

from .. import migrate
from ..ownership import core_tables, table_owner
from .values import Column, kind_of

#: What only the running processes and browsers hold: no part of the site's data.
PASSING = frozenset({"host_process", "users_session"})

_SUFFIX = migrate.version_table("")
#: Tables that are searched by an index of their own hold nothing that other tables don't.
_NO_TABLES = {
    "sqlite": "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow', 'view')",
    "postgresql": "SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND deptype = 'e'"
    " WHERE classid = 'pg_class'::regclass",
}
_LAST_IDS = {
    "sqlite": "SELECT name, seq FROM sqlite_sequence",
    "postgresql": """
SELECT held.relname, pg_sequence_last_value(sequence.oid) FROM pg_class sequence
JOIN pg_depend ON objid = sequence.oid AND deptype IN ('a', 'i')
    AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
JOIN pg_class held ON held.oid = refobjid
WHERE sequence.relkind = 'S' AND held.relnamespace = current_schema()::regnamespace
""",
}


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the site; ``columns`` without those that the database computes by itself."""

    name: str
    owner: str
    columns: tuple[Column, ...]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The site's part of a database.

    :param tables: name -> table, without those that remember schema versions.
    :param revisions: owner -> revision of its tables.
    :param foreign: names of tables that are neither the core's nor a plugin's.
    """

    tables: Mapping[str, Table]
    revisions: Mapping[str, str]
    foreign: tuple[str, ...]


def read(connection: Connection, plugins: Collection[str]) -> Layout:
    """The layout of a database.

    :param plugins: ids of all plugins known to the site; those that left a schema version behind are known besides.
    """
    names = table_names(connection)
    versions = [name for name in names if name.endswith(_SUFFIX)]
    owners = {name.removesuffix(_SUFFIX) for name in versions}
    known = {*plugins, *owners} - {migrate.CORE}
    prefixes = {name.partition("_")[0] for name in core_tables()}
    found: dict[str, str] = {}
    for name in sorted(set(names) - set(versions)):
        owner = table_owner(name, known)
        if owner is None and name.partition("_")[0] in prefixes:
            owner = migrate.CORE
        if owner is not None:
            found[name] = owner
    foreign = tuple(sorted(set(names) - set(versions) - set(found)))
    revisions = {owner: revision for owner in sorted(owners) if (revision := migrate.current(connection, owner))}
    return Layout(_tables(connection, found), revisions, foreign)


def table_names(connection: Connection) -> list[str]:
    """All tables that hold rows of their own."""
    inspector = inspect(connection)
    none = set(connection.scalars(text(_NO_TABLES[connection.dialect.name])))
    return sorted(set(inspector.get_table_names()) - none)


def last_ids(connection: Connection) -> dict[str, int]:
    """Table -> the highest id ever given, for tables whose database remembers it."""
    if connection.dialect.name == "sqlite":
        has = connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"))
        if not has:
            return {}
    rows = connection.execute(text(_LAST_IDS[connection.dialect.name]))
    return {name: int(number) for name, number in rows if number is not None}


def _tables(connection: Connection, owners: Mapping[str, str]) -> dict[str, Table]:
    if not owners:
        return {}
    inspector = inspect(connection)
    tables = {}
    for (_, name), columns in inspector.get_multi_columns(filter_names=list(owners)).items():
        held = [
            Column(item["name"], kind_of(item["type"]), bool(getattr(item["type"], "timezone", False)))
            for item in columns
            if "computed" not in item
        ]
        tables[name] = Table(name, owners[name], tuple(held))
    return dict(sorted(tables.items()))
