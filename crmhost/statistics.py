"""What the database knows about the sizes of its tables; from it, it chooses the index that a query reads.

PostgreSQL sees to it by itself. SQLite does when it is told to, and then only its own connection learns of it: the others read
the statistics again when the definitions of the tables change, so what is written looks like such a change. Why it is done in
this way: docs/decisions/0021.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, exc, text

from .db import WRITES

#: Rows below which SQLite is better off with what it assumes: a table may grow far in the time until the next look.
LEAST = 1_000
#: How much a table grew or shrank since it was looked at for it to be looked at again.
CHANGED = 1.25
#: Rows from which on a table without statistics, or with old ones, is told; and how much it grew for them to be old.
BIG = 10_000
GROWN = 10

_TABLES = """
SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY name
"""
_INDEXES = """
SELECT list.name, list.partial, list.origin, master.sql FROM pragma_index_list(:table) AS list
LEFT JOIN sqlite_master AS master ON master.name = list.name
"""
_COLUMNS = "SELECT name FROM pragma_index_info(:index) ORDER BY seqno"
_KEPT = "SELECT tbl, coalesce(idx, tbl), stat FROM sqlite_stat1"
_POSTGRESQL = """
SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND n_live_tup >= :big
AND (coalesce(last_analyze, last_autoanalyze) IS NULL OR n_mod_since_analyze > n_live_tup) ORDER BY relname
"""


@dataclasses.dataclass(frozen=True)
class _Index:
    """An index of SQLite.

    :param columns: empty where one of them is computed.
    :param where: of a partial one, with the word; empty for others.
    """

    name: str
    columns: tuple[str, ...]
    where: str


def gather(engine: Engine) -> list[str]:
    """Lets SQLite know how large its tables are; all connections and processes plan by it with their next query.

    Tables are counted while others write; what was counted is written in one transaction for each table, of a millisecond or so.
    Tables that are much as they were are left alone. On PostgreSQL nothing is done.

    :returns: names of the tables whose statistics changed.
    """
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        kept, tables = _kept(connection), _tables(connection)
    changed = []
    for name, without_rowid in tables.items():
        with engine.connect() as connection:
            rows = _rows(connection, name)
            indexes = _indexes(connection, name, without_rowid=without_rowid)
        known = kept.get(name, {})
        if rows < LEAST if not known else _as_it_was(rows, known, indexes):
            continue
        counted = {} if rows < LEAST else _counted(engine, name, indexes)
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            # The table may be gone meanwhile, with the plugin that it belonged to.
            if name in _tables(connection):
                _write(connection, name, counted)
                changed.append(name)
    return changed


def wanting(connection: Connection) -> list[str]:
    """Names of big tables of which the database knows nothing, or what they were when they were far smaller."""
    if connection.dialect.name == "postgresql":
        return list(connection.scalars(text(_POSTGRESQL), {"big": BIG}))
    kept, found = _kept(connection), []
    for name, without_rowid in _tables(connection).items():
        least = max(BIG, GROWN * max(kept.get(name, {"": 0}).values()))
        if not without_rowid:
            # The highest number is known at once, and where it is lower there is nothing to count.
            highest = connection.exec_driver_sql(f"SELECT max(rowid) FROM {_quoted(connection, name)}").scalar()  # noqa: S608
            if (highest or 0) < least:
                continue
        if _rows(connection, name) >= least:
            found.append(name)
    return found


def _as_it_was(rows: int, known: dict[str, int], indexes: Sequence[_Index]) -> bool:
    """Whether what is known of a table still holds; a partial index in which nothing stands has no statistics."""
    size = max(known.values())
    near = rows >= LEAST and size <= CHANGED * rows and rows <= CHANGED * size
    return near and all(index.name in known for index in indexes if not index.where)


def _counted(engine: Engine, table: str, indexes: Sequence[_Index]) -> dict[str, str]:
    """Index -> its entries, and how many of them share the values of one, two … of its columns, as SQLite notes them.

    Each question is a transaction of its own, so that none stays open for long.
    """
    found = {}
    for index in indexes:
        if not index.columns:
            continue
        with engine.connect() as connection:
            source = _quoted(connection, table)
            if index.name != table:
                source += f" INDEXED BY {_quoted(connection, index.name)}"
            columns = [_quoted(connection, name) for name in index.columns]
        try:
            with engine.connect() as connection:
                entries = _count(connection, f"SELECT 1 FROM {source} {index.where}")  # noqa: S608  # names that the database has
            numbers = list[int]()
            for place in range(1, len(columns) + 1) if entries else ():
                if numbers[-1:] == [1]:
                    numbers.append(1)
                    continue
                some = f"SELECT DISTINCT {', '.join(columns[:place])} FROM {source} {index.where}"  # noqa: S608
                with engine.connect() as connection:
                    numbers.append(_shared(entries, _count(connection, some)))
        except exc.OperationalError:
            # An index that a query can't be told to use, or that is gone: what SQLite samples must do.
            continue
        if numbers:
            found[index.name] = " ".join(map(str, (entries, *numbers)))
    return found


def _shared(entries: int, values: int) -> int:
    """How many entries share a value; as SQLite has it, one where hardly any is there twice."""
    if values == 0 or entries * 10 <= values * 11:
        return 1
    return -(-entries // values)


def _count(connection: Connection, some: str) -> int:
    return connection.exec_driver_sql(f"SELECT count(*) FROM ({some})").scalar() or 0  # noqa: S608  # made above


def _write(connection: Connection, table: str, counted: dict[str, str]) -> None:
    connection.exec_driver_sql(f"ANALYZE {_quoted(connection, table)}")
    if counted:
        update = text("UPDATE sqlite_stat1 SET stat = :stat WHERE tbl = :table AND idx = :index")
        connection.execute(update, [{"table": table, "index": name, "stat": stat} for name, stat in counted.items()])
    else:
        connection.execute(text("DELETE FROM sqlite_stat1 WHERE tbl = :table"), {"table": table})
    connection.exec_driver_sql("CREATE TABLE crmhost_statistics_changed (id INTEGER)")
    connection.exec_driver_sql("DROP TABLE crmhost_statistics_changed")


def _indexes(connection: Connection, table: str, *, without_rowid: bool) -> list[_Index]:
    found = []
    for name, partial, origin, sql in connection.execute(text(_INDEXES), {"table": table}).all():
        columns = connection.scalars(text(_COLUMNS), {"index": name}).all()
        where = re.search(r"\sWHERE\s.*", sql, re.IGNORECASE | re.DOTALL) if partial else None
        # The key of a table without numbers is the table itself, and is noted under its name.
        noted = table if without_rowid and origin == "pk" else name
        found.append(_Index(noted, () if None in columns else tuple(columns), where.group().strip() if where else ""))
    return found


def _rows(connection: Connection, table: str) -> int:
    return connection.exec_driver_sql(f"SELECT count(*) FROM {_quoted(connection, table)}").scalar() or 0  # noqa: S608


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _tables(connection: Connection) -> dict[str, bool]:
    """Name -> whether it has no numbers of its own (WITHOUT ROWID)."""
    return {name: bool(without_rowid) for name, without_rowid in connection.execute(text(_TABLES))}


def _kept(connection: Connection) -> dict[str, dict[str, int]]:
    """Table -> index -> how many entries it had."""
    if not connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")):
        return {}
    found: dict[str, dict[str, int]] = {}
    for table, index, stat in connection.execute(text(_KEPT)):
        found.setdefault(table, {})[index] = int(stat.split()[0])
    return found
