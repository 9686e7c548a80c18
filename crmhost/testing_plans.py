"""How a database would run a statement, for tests of whether it reads an index."""

from __future__ import annotations

import sqlite3
import weakref
from typing import Any

from sqlalchemy import Connection, Engine

_WANTED = """
SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
AND name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow') ORDER BY type DESC, rootpage
"""
_BARE: weakref.WeakKeyDictionary[Engine, tuple[int, sqlite3.Connection]] = weakref.WeakKeyDictionary()


def plans(connection: Connection, statement: str, parameters: Any = ()) -> list[str]:
    """How the database would run a statement, as it says it, a line for each step.

    On SQLite two: with the statistics that it has, and as on a site whose tables were never looked at. On PostgreSQL one; a
    table of few rows is read whole there, so tell the connection before: ``SET LOCAL enable_seqscan = off``.

    :param statement: as the driver gets it.
    :param parameters: as the driver gets them.
    """
    if connection.dialect.name != "sqlite":
        return [_joined(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))]
    asked = f"EXPLAIN QUERY PLAN {statement}"
    return [
        _joined(connection.exec_driver_sql(asked, parameters)),
        _joined(_bare(connection).execute(asked, parameters)),
    ]


def _joined(rows: Any) -> str:
    return "\n".join(str(row[-1]) for row in rows)


def _bare(connection: Connection) -> sqlite3.Connection:
    """Tables and indexes like those of the site, with nothing known of them."""
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar() or 0
    if connection.engine not in _BARE or _BARE[connection.engine][0] != version:
        made = sqlite3.connect(":memory:")
        for (sql,) in connection.exec_driver_sql(_WANTED):
            made.execute(sql)
        _BARE[connection.engine] = (version, made)
    return _BARE[connection.engine][1]
