"""The shape of the tables in a database, to tell whether something else than a plugin's own was changed."""

from __future__ import annotations

from sqlalchemy import Connection, text

#: (type, name, definition) of what belongs to a table: its columns, indexes, constraints, triggers.
Shape = tuple[tuple[str, str, str], ...]

_SQLITE = """
SELECT tbl_name, type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_POSTGRESQL = """
WITH tables AS (
    SELECT oid, relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
)
SELECT relname, 'column', attname::text,
    concat(format_type(atttypid, atttypmod), ' ', attnotnull, ' ', pg_get_expr(adbin, adrelid))
FROM tables JOIN pg_attribute ON attrelid = tables.oid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT relname, 'constraint', conname::text, pg_get_constraintdef(pg_constraint.oid)
FROM tables JOIN pg_constraint ON conrelid = tables.oid
UNION ALL
SELECT relname, 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM tables JOIN pg_index ON indrelid = tables.oid
UNION ALL
SELECT relname, 'trigger', tgname::text, pg_get_triggerdef(pg_trigger.oid)
FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal
"""


def shape_of(connection: Connection) -> dict[str, Shape]:
    """Table -> its shape, for all tables and views of the schema in use."""
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    found: dict[str, list[tuple[str, str, str]]] = {}
    for table, kind, name, definition in connection.execute(text(statement)):
        found.setdefault(table, []).append((kind, name, definition))
    return {table: tuple(sorted(parts)) for table, parts in sorted(found.items())}
