"""Copies of template databases that are handed out again: making one anew takes twenty times as long as emptying it.

A copy comes back to be as the template is: new tables go, its rows and sequences are put back. One whose schema is still another,
with statistics of its planner, with many rows or with many uses behind it is dropped instead.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable

import psycopg
from psycopg import sql

from tests.peers.postgres import Server

#: Rows of a table from which on a new copy is quicker, and uses after which one is dropped for the room that dead rows take.
MANY = 2_000
USES = 50
#: Kinds of copies that are kept while nobody has one.
KINDS = 10

#: Whatever a test can do to a database but change its rows shows in one of these figures.
_SHAPE = """
SELECT (SELECT array[count(*), max(oid::bigint)] FROM pg_class WHERE oid >= 16384),
    (SELECT array[count(*), max(xmin::text::bigint)] FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT array[count(*), max(oid::bigint)] FROM pg_constraint WHERE oid >= 16384),
    (SELECT array[count(*), max(oid::bigint)] FROM pg_namespace),
    (SELECT array[count(*), max(oid::bigint)] FROM pg_proc),
    (SELECT array[count(*), max(oid::bigint)] FROM pg_trigger WHERE NOT tgisinternal),
    (SELECT array[count(*), max(oid::bigint)] FROM pg_extension),
    (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384),
    (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_TABLES = (
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
_SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences
"""


@dataclasses.dataclass
class Copy:
    """A copy, with how it was when it was made.

    :param kind: what its template is of.
    :param connection: stays open: what is known of a hundred tables would otherwise be read anew after each test.
    :param rows: table -> its rows, as COPY gives them; tables without any are left out.
    """

    name: str
    kind: tuple[str, ...]
    connection: psycopg.Connection
    shape: tuple[object, ...]
    tables: tuple[str, ...]
    rows: dict[str, bytes]
    sequences: tuple[tuple[str, int, bool], ...]
    uses: int = 0


class Pool:
    """The copies of templates that this process has.

    :param template: gives the name of the template of a kind of copies, made when it is not there yet.
    """

    def __init__(self, server: Server, prefix: str, template: Callable[[tuple[str, ...]], str]) -> None:
        self._server = server
        self._prefix = prefix
        self._template = template
        self._numbers = itertools.count(1)
        #: Those that nobody has, the kinds that were used last at the end.
        self._free: dict[tuple[str, ...], list[Copy]] = {}

    def take(self, kind: tuple[str, ...] = ()) -> tuple[Copy, str]:
        """A copy that is as the template, and its SQLAlchemy URL."""
        free = self._free.get(kind)
        copy = free.pop() if free else self._made(kind)
        copy.uses += 1
        return copy, self._server.address(copy.name)

    def give_back(self, copy: Copy) -> None:
        """Ends what is still connected to it, and puts it back or drops it."""
        with contextlib.suppress(psycopg.OperationalError):
            # A test may have ended the server, or all that is connected to its database.
            if copy.uses < USES and self._put_back(copy):
                self._keep(copy)
                return
        self._drop(copy)

    def close(self) -> None:
        """Lets go of the copies that nobody has."""
        for copies in self._free.values():
            for copy in copies:
                copy.connection.close()

    def _keep(self, copy: Copy) -> None:
        # Tests come by folder: what one asks for the next ones ask for as well.
        self._free[copy.kind] = [*self._free.pop(copy.kind, []), copy]
        if len(self._free) > KINDS:
            for old in self._free.pop(next(iter(self._free))):
                self._drop(old)

    def _drop(self, copy: Copy) -> None:
        copy.connection.close()
        self._server.drop(copy.name)

    def _made(self, kind: tuple[str, ...]) -> Copy:
        name = f"{self._prefix}_{next(self._numbers)}"
        self._server.create(name, self._template(kind))
        connection = psycopg.connect(dbname=name, user="postgres", host=str(self._server.folder))
        with connection.transaction():
            tables = tuple(row[0] for row in connection.execute(_TABLES))
            rows = {table: _read(connection, table) for table, number in _numbers_of(connection, tables) if number}
            sequences = tuple(connection.execute(_SEQUENCES).fetchall())
            return Copy(name, kind, connection, _shape(connection), tables, rows, sequences)

    def _put_back(self, copy: Copy) -> bool:
        connection = copy.connection
        with connection.transaction():
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
            if _shape(connection) != copy.shape:
                # Tables of plugins that were enabled; whatever else a test changed stays to be seen.
                new = [sql.SQL(row[0]) for row in connection.execute(_TABLES) if row[0] not in copy.tables]
                if new:
                    connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(", ").join(new)))
                if _shape(connection) != copy.shape:
                    return False
            found = _numbers_of(connection, copy.tables)
            if any(number > MANY for _, number in found):
                return False
            # Without foreign keys, in any order.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, number in found:
                if number:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
            for table, rows in copy.rows.items():
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.SQL(table))) as into:
                    into.write(rows)
            connection.execute(
                "SELECT setval(name::regclass, value, used) FROM unnest(%s::text[], %s::bigint[], %s::bool[]) "
                "AS one(name, value, used)",
                [list(part) for part in zip(*copy.sequences, strict=True)],
            )
        return True


def _shape(connection: psycopg.Connection) -> tuple[object, ...]:
    return tuple(connection.execute(_SHAPE).fetchone() or ())


def _numbers_of(connection: psycopg.Connection, tables: tuple[str, ...]) -> list[tuple[str, int]]:
    """Rows of each table, counted as far as it matters."""
    parts = [
        sql.SQL("SELECT {}, (SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS few)").format(
            table, sql.SQL(table), MANY + 1
        )
        for table in tables
    ]
    return list(connection.execute(sql.SQL(" UNION ALL ").join(parts)))


def _read(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.SQL(table))) as out:
        return b"".join(bytes(part) for part in out)
