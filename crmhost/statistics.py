"""What the database knows about the sizes of its tables; from it, it chooses the index that a query reads.

PostgreSQL sees to it by itself. SQLite does when it is told to, and then only its own connection learns of it: the others read
the statistics again when the tables change, so the end of a round looks like such a change. See docs/decisions/0021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Engine, text

from .db import WRITES

#: Rows from which on a table without statistics, or with old ones, is told; and how much it grew for them to be old.
BIG = 10_000
GROWN = 10

_TABLES = """
SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
"""
_KEPT = "SELECT tbl, coalesce(idx, ''), stat FROM sqlite_stat1"
_POSTGRESQL = """
SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND n_live_tup >= :big
AND (coalesce(last_analyze, last_autoanalyze) IS NULL OR n_mod_since_analyze > n_live_tup) ORDER BY relname
"""

#: Table and index -> rows, and rows that share the values of one, two … of its columns.
Kept = Mapping[tuple[str, str], tuple[int, ...]]


def gather(engine: Engine) -> int:
    """Lets SQLite look at all its tables, a transaction each, and all connections and processes know what it saw.

    On PostgreSQL it does nothing. Whoever wants to write waits for one table at most, for a millisecond or so.

    :returns: how many tables it looked at.
    """
    if engine.dialect.name != "sqlite":
        return 0
    with engine.connect() as connection:
        before, tables = _kept(connection), _tables(connection)
    writing = engine.execution_options(**{WRITES: True})
    for name in tables:
        with writing.begin() as connection:
            # The table may be gone meanwhile, with the plugin that it belonged to.
            if connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = :name"), {"name": name}):
                look(connection, name)
    with engine.connect() as connection:
        after = _kept(connection)
    if _differ(before, after):
        with writing.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE crmhost_statistics_changed (id INTEGER)")
            connection.exec_driver_sql("DROP TABLE crmhost_statistics_changed")
    return len(tables)


def look(connection: Connection, table: str) -> None:
    """Lets the database look at one table, in the caller's transaction."""
    connection.exec_driver_sql(f"ANALYZE {connection.dialect.identifier_preparer.quote(table)}")


def wanting(connection: Connection) -> list[str]:
    """Names of big tables of which the database knows nothing, or what they were when they were far smaller."""
    if connection.dialect.name == "postgresql":
        return list(connection.scalars(text(_POSTGRESQL), {"big": BIG}))
    rows: dict[str, int] = {}
    for (table, _), numbers in _kept(connection).items():
        rows[table] = max(rows.get(table, 0), *numbers[:1])
    return [name for name in _tables(connection) if _has(connection, name, max(BIG, GROWN * rows.get(name, 0)))]


def _has(connection: Connection, table: str, least: int) -> bool:
    """Whether it has so many rows; counted where the highest number, which is known at once, is that high or there is none."""
    named = connection.dialect.identifier_preparer.quote(table)
    numbered = "SELECT NOT wr FROM pragma_table_list WHERE schema = 'main' AND name = :name"
    if connection.scalar(text(numbered), {"name": table}):
        highest = connection.exec_driver_sql(f"SELECT max(rowid) FROM {named}").scalar()  # noqa: S608  # its own name
        if (highest or 0) < least:
            return False
    some = f"SELECT count(*) FROM (SELECT 1 FROM {named} LIMIT {least})"  # noqa: S608
    return connection.exec_driver_sql(some).scalar() == least


def _tables(connection: Connection) -> list[str]:
    return sorted(connection.scalars(text(_TABLES)))


def _kept(connection: Connection) -> Kept:
    if not connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")):
        return {}
    return {(table, index): tuple(_numbers(stat)) for table, index, stat in connection.execute(text(_KEPT))}


def _numbers(stat: str) -> Iterator[int]:
    # Words such as “unordered” may follow the numbers.
    return (int(word) for word in stat.split() if word.isdigit())


def _differ(before: Kept, after: Kept) -> bool:
    """Whether plans may change: something came or went, or a number is twice or half what it was."""
    if before.keys() != after.keys():
        return True
    pairs = (pair for key in after for pair in zip(before[key], after[key], strict=False))
    return any(max(pair) > 2 * min(pair) for pair in pairs)
