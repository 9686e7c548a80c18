"""Fills the tables of an empty site from a source, inside one transaction of the caller's."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy import table as named

from ...errors import CrmError
from . import layout, values
from .held import held_off, quote
from .layout import Layout, Table
from .manifest import Entry, Manifest
from .snapshot import Progress, Row, Source

_SEQUENCES = """
SELECT held.relname, attname, sequence.oid::regclass::text FROM pg_class sequence
JOIN pg_depend ON objid = sequence.oid AND deptype IN ('a', 'i')
    AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
JOIN pg_class held ON held.oid = refobjid
JOIN pg_attribute ON attrelid = held.oid AND attnum = refobjsubid
WHERE sequence.relkind = 'S' AND held.relnamespace = current_schema()::regnamespace
"""


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What was loaded.

    :param counts: table -> rows that are there now.
    :param zero_bytes: texts whose zero bytes were replaced, because PostgreSQL takes none.
    """

    counts: Mapping[str, int]
    zero_bytes: int


def check(manifest: Manifest, target: Layout, left_out: Collection[str] = ()) -> list[Entry]:
    """The tables to load, after comparing their names and columns with those that the migrations made.

    :param left_out: owners whose tables are not loaded.
    :raises CrmError: naming the first that differs.
    """
    entries = [entry for entry in manifest.tables if entry.owner not in left_out]
    for entry in entries:
        table = target.tables.get(entry.name)
        if table is None or entry.name in layout.PASSING:
            raise CrmError(f"The backup holds a table “{entry.name}” that this site does not have.")
        _check_columns(entry, table)
    missing = sorted(set(target.tables) - {entry.name for entry in entries} - layout.PASSING)
    if missing:
        raise CrmError(f"The backup lacks the table “{missing[0]}”.")
    return entries


def _check_columns(entry: Entry, table: Table) -> None:
    have = {column.name: column for column in table.columns}
    given = [name for name, _ in entry.columns]
    stranger = sorted(set(given) ^ set(have))
    if stranger or len(set(given)) != len(given):
        what = "holds" if not stranger or stranger[0] in given else "lacks"
        raise CrmError(f"The backup {what} the column “{entry.name}.{(stranger or given)[0]}”, unlike this site.")
    for name, kind in entry.columns:
        if not values.fits(kind, have[name].kind):
            raise CrmError(f"The backup holds {entry.name}.{name} as {kind}, where this site has {have[name].kind}.")


def load(
    connection: Connection, source: Source, target: Layout, entries: Sequence[Entry], progress: Progress
) -> Loaded:
    """Empties these tables and fills them from the source; what the database derives by itself is made anew.

    :raises CrmError: naming the table that can't be filled.
    """
    zero_bytes = values.ZeroBytes()
    progress.start("Loading", sum(entry.rows for entry in entries))
    with _refusals(connection, "The tables"), held_off(connection, target.tables):
        for name in target.tables:
            connection.exec_driver_sql(f"DELETE FROM {quote(connection, name)}")  # noqa: S608  # its own name
        for entry in entries:
            pour(connection, entry, target.tables[entry.name], _counted(source.batches(entry), progress), zero_bytes)
    _set_numbers(connection, {entry.name: entry.last_id or 0 for entry in entries})
    if connection.dialect.name == "postgresql":
        for entry in entries:
            connection.exec_driver_sql(f"ANALYZE {quote(connection, entry.name)}")
    counts = {
        entry.name: connection.scalar(select(func.count()).select_from(named(entry.name))) or 0 for entry in entries
    }
    return Loaded(counts, zero_bytes.count)


class _refusals:  # noqa: N801  # used as a verb of a with statement
    """Turns what the database refuses into one sentence that names the table."""

    def __init__(self, connection: Connection, what: str) -> None:
        self._error: type[BaseException] = connection.dialect.loaded_dbapi.Error
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        refused = getattr(error, "orig", error)
        if isinstance(refused, (self._error, OverflowError, UnicodeError)):
            diagnosis = getattr(refused, "diag", None)
            parts = [getattr(diagnosis, name, None) for name in ("message_primary", "message_detail", "context")]
            reason = " ".join(part for part in parts if part) or str(refused)
            raise CrmError(f"{self._what} can't be filled: {' '.join(reason.split())[:300]}") from error


def _counted(batches: Iterable[Sequence[Row]], progress: Progress) -> Iterator[Sequence[Row]]:
    for batch in batches:
        yield batch
        progress.advance(len(batch))


def pour(
    connection: Connection,
    entry: Entry,
    table: Table,
    batches: Iterable[Sequence[Row]],
    zero_bytes: values.ZeroBytes,
) -> None:
    """Adds rows as they stand in a backup to a table.

    :raises CrmError: when a value is not what it must be, or the database refuses a row.
    """
    with _refusals(connection, entry.name):
        _fill(connection, entry, _checked(connection.dialect.name, entry, table, batches, zero_bytes))


def _checked(
    dialect: str, entry: Entry, table: Table, batches: Iterable[Sequence[Row]], zero_bytes: values.ZeroBytes
) -> Iterator[list[tuple[Any, ...]]]:
    """Batches of rows as the driver takes them."""
    have = {column.name: column for column in table.columns}
    gives = [values.giving(kind, have[name], dialect, zero_bytes) for name, kind in entry.columns]
    for batch in batches:
        try:
            rows = [
                tuple([None if value is None else give(value) for give, value in zip(gives, row, strict=True)])
                for row in batch
            ]
        except (ValueError, OverflowError):
            raise _wrong_value(entry, gives, batch) from None
        yield rows


def _wrong_value(entry: Entry, gives: Sequence[values.Convert], batch: Sequence[Row]) -> CrmError:
    for row in batch:
        for (name, kind), give, value in zip(entry.columns, gives, row, strict=True):
            try:
                if value is not None:
                    give(value)
            except (ValueError, OverflowError) as error:
                return CrmError(f"{entry.name}.{name} holds {repr(value)[:60]}, which is no {kind}: {error}.")
    return CrmError(f"{entry.name} holds a value that can't be read.")


def _fill(connection: Connection, entry: Entry, batches: Iterator[list[tuple[Any, ...]]]) -> None:
    into = quote(connection, entry.name)
    columns = ", ".join(quote(connection, name) for name, _ in entry.columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(entry.columns))
        statement = f"INSERT INTO {into} ({columns}) VALUES ({places})"  # noqa: S608  # names that the database has
        for rows in batches:
            connection.exec_driver_sql(statement, rows)
        return
    driver: Any = connection.connection.cursor()
    with driver.copy(f"COPY {into} ({columns}) FROM STDIN") as copy:
        for rows in batches:
            for row in rows:
                copy.write_row(row)


def _set_numbers(connection: Connection, last_ids: Mapping[str, int]) -> None:
    """Lets the databases count on from the highest id that was ever given."""
    if connection.dialect.name == "sqlite":
        counting = connection.scalars(
            text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
        ).all()
        for name in set(counting) & set(last_ids):
            has = (
                connection.scalar(text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name"), {"name": name}) or 0
            )
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            numbers = {"name": name, "seq": max(has, last_ids[name])}
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), numbers)
        return
    for name, column, sequence in connection.execute(text(_SEQUENCES)).all():
        if name in last_ids:
            highest = connection.scalar(
                text(f"SELECT max({quote(connection, column)}) FROM {quote(connection, name)}")  # noqa: S608
            )
            last = max(highest or 0, last_ids[name])
            values_ = {"sequence": sequence, "last": max(last, 1), "given": last > 0}
            connection.execute(text("SELECT setval(CAST(:sequence AS regclass), :last, :given)"), values_)
