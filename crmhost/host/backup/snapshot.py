"""One consistent snapshot of a database, read in batches, while others go on writing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column as TableColumn
from sqlalchemy import Connection, Engine, MetaData, func, select, text
from sqlalchemy import Table as DatabaseTable
from sqlalchemy import table as named
from sqlalchemy.types import NULLTYPE

from ... import __version__
from ...db import utcnow
from ...errors import CrmError
from ..tables import PluginState
from . import layout, values
from .manifest import Entry, Manifest

if TYPE_CHECKING:
    from ...site import Site

#: Rows of one batch at most, and how many characters they should hold together.
MOST_ROWS = 1000
BATCH_SIZE = 2_000_000

Row = Sequence[Any]


class Progress(Protocol):
    """Told how far long work has come."""

    def start(self, label: str, total: int) -> None:
        """A part of the work begins; ``total`` in steps, 0 when it is not known."""

    def advance(self, steps: int) -> None:
        """Some steps are done."""


class Unseen:
    """Progress that nobody watches."""

    def start(self, label: str, total: int) -> None:
        """See :class:`Progress`."""

    def advance(self, steps: int) -> None:
        """See :class:`Progress`."""


class Source(Protocol):
    """Where rows come from: a database, or a backup of one."""

    manifest: Manifest

    def batches(self, entry: Entry) -> Iterator[Sequence[Row]]:
        """The rows of a table, each as it stands in a backup."""


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection on which the database stands still; SQLite by its log, PostgreSQL by a repeatable read."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            # A transaction sees what was there when it read first.
            connection.execute(text("SELECT 1 FROM host_state")).all()
            yield connection


class Snapshot:
    """The site's part of a database at one moment.

    :param connection: from :func:`reading`.
    """

    def __init__(self, site: Site, connection: Connection) -> None:
        self._connection = connection
        states = {row.id: row.version for row in connection.execute(select(PluginState.id, PluginState.version))}
        self.layout = layout.read(connection, {*site.discover().found, *states})
        last = layout.last_ids(connection)
        self.manifest = Manifest(
            crmhost=__version__,
            taken_at=utcnow(),
            database=connection.dialect.name,
            revisions=self.layout.revisions,
            plugins=states,
            key_id=site.cipher.key_id,
            with_key=False,
            tables=tuple(
                Entry(
                    table.name,
                    table.owner,
                    tuple((column.name, column.kind) for column in table.columns),
                    last_id=last.get(table.name),
                )
                for table in self.layout.tables.values()
                if table.name not in layout.PASSING
            ),
        )

    def count(self, entry: Entry) -> int:
        """How many rows a table has."""
        return self._connection.scalar(select(func.count()).select_from(named(entry.name))) or 0

    def batches(self, entry: Entry) -> Iterator[Sequence[Row]]:
        """See :func:`rows`."""
        return rows(self._connection, self.layout.tables[entry.name])


def rows(connection: Connection, table: layout.Table) -> Iterator[Sequence[Row]]:
    """The rows of a table in batches, each as it stands in a backup.

    :raises CrmError: naming the table and column that holds something else than its type says.
    """
    takes = [values.taking(column, connection.dialect.name) for column in table.columns]
    number = 1
    with contextlib.closing(_select(connection, table)) as result:
        while found := result.fetchmany(number):
            try:
                batch = [
                    [None if value is None else take(value) for take, value in zip(takes, row, strict=True)]
                    for row in found
                ]
            except (ValueError, OverflowError):
                raise _wrong_value(table.name, table.columns, takes, found) from None
            yield batch
            size = sum(len(value) for row in batch for value in row if type(value) is str)
            # Rows of a megabyte each must not add up to a gigabyte.
            number = max(1, min(MOST_ROWS, number * 4, BATCH_SIZE * len(batch) // max(size, 1)))


def _select(connection: Connection, table: layout.Table) -> Any:
    named_here = DatabaseTable(
        table.name, MetaData(), *(TableColumn(column.name, NULLTYPE) for column in table.columns)
    )
    chosen = [
        values.expression(column, named_here.c[column.name], connection.dialect.name).label(f"c{place}")
        for place, column in enumerate(table.columns)
    ]
    options = {"stream_results": True, "max_row_buffer": 1}
    return connection.execute(select(*chosen).select_from(named_here), execution_options=options)


def _wrong_value(
    name: str, columns: Sequence[values.Column], takes: Sequence[values.Convert], rows: Sequence[Row]
) -> CrmError:
    for row in rows:
        for column, take, value in zip(columns, takes, row, strict=True):
            try:
                if value is not None:
                    take(value)
            except (ValueError, OverflowError) as error:
                shown = repr(value)[:60]
                first = f"{columns[0].name} {str(row[0])[:40]}"
                return CrmError(
                    f"{name}.{column.name} holds {shown} in the row with {first}, which is {error}"
                    f" ({column.kind} belongs there). Mend that row, then try again."
                )
    return CrmError(f"{name} holds a value that can't be read.")
