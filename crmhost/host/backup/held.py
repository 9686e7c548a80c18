"""What would slow loading down or do it twice is taken off the tables and put back when they are full.

Foreign keys (so that rows may come in any order), indexes, and triggers, which would derive again what the backup holds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from sqlalchemy import Connection, text

from ...errors import CrmError

#: Statements in pairs: one that takes something off, and one that puts it back.
Pairs = list[tuple[str, str]]

_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND relnamespace = current_schema()::regnamespace AND relname = ANY(:tables) AND conparentid = 0
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:tables) AND NOT indisprimary
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_TRIGGERS = """
SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:tables) AND NOT tgisinternal
"""
_SQLITE = """
SELECT type, name, sql, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
"""
_SEARCHED = """
SELECT name FROM sqlite_master WHERE type = 'table' AND lower(sql) LIKE 'create virtual table%using fts5%content=%'
"""


@contextlib.contextmanager
def held_off(connection: Connection, tables: Collection[str]) -> Iterator[None]:
    """Inside, these tables can be filled in any order; at the end all holds again.

    :raises CrmError: when rows refer to nothing, or rows that must differ don't.
    """
    sqlite = connection.dialect.name == "sqlite"
    pairs = _of_sqlite(connection, tables) if sqlite else _of_postgresql(connection, tables)
    for take_off, _ in pairs:
        connection.exec_driver_sql(take_off)
    yield
    for _, put_back in reversed(pairs):
        connection.exec_driver_sql(put_back)
    if sqlite:
        for name in connection.scalars(text(_SEARCHED)).all():
            quoted = quote(connection, name)
            connection.exec_driver_sql(f"INSERT INTO {quoted}({quoted}) VALUES ('rebuild')")  # noqa: S608  # its own name
        _check_references(connection)


def quote(connection: Connection, name: str) -> str:
    """A name as it stands in a statement, whatever characters it has."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _of_sqlite(connection: Connection, tables: Collection[str]) -> Pairs:
    rows = connection.execute(text(_SQLITE)).all()
    chosen = sorted((row for row in rows if row.tbl_name in tables), key=lambda row: (row.type == "index", row.name))
    return [(f"DROP {row.type.upper()} {quote(connection, row.name)}", row.sql) for row in chosen]


def _of_postgresql(connection: Connection, tables: Collection[str]) -> Pairs:
    names = {"tables": list(tables)}
    pairs = [
        (f"ALTER TABLE {table} DISABLE TRIGGER USER", f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for table in connection.scalars(text(_TRIGGERS), names)
    ]
    pairs += [
        (f"ALTER TABLE {table} DROP CONSTRAINT {name}", f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for table, name, definition in connection.execute(text(_FOREIGN_KEYS), names)
    ]
    # Put back before the foreign keys, some of which need a unique index.
    pairs += [(f"DROP INDEX {name}", definition) for name, definition in connection.execute(text(_INDEXES), names)]
    return pairs


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise CrmError(f"The table {broken[0]} refers to rows of {broken[2]} that are not there.")
