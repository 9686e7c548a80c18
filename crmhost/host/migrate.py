"""Migrations: one script directory and one version table per plugin, run in process on the caller's connection.

With one shared version table, deleting one plugin's folder would stop the migrations of every other plugin and of the core.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, inspect, select, text

from ..db import WRITES
from ..errors import PluginError
from .ownership import table_owner
from .shape import Shape, shape_of

CORE = "crmhost"
#: The lock on a PostgreSQL database under which tables are changed: any number will do, if it never changes.
_LOCK = 0x63726D68
CORE_VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"

# Alembic hands the running migration to its scripts through a module-level proxy.
_one_at_a_time = threading.RLock()


def version_table(owner: str) -> str:
    """Name of the table that holds the owner's schema version."""
    return f"{owner}_alembic_version"


@contextlib.contextmanager
def schema_transaction(engine: Engine) -> Iterator[Connection]:
    """A write transaction in which tables may be changed; all or nothing on both databases.

    SQLite: foreign keys are off inside, because rebuilding a table drops it, which would cascade; what refers to nothing is
    found before the commit.

    :raises PluginError: when rows would be left that refer to nothing.
    """
    with _one_at_a_time, engine.connect() as plain:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            _pragma(plain, "PRAGMA foreign_keys=OFF")
        connection = plain.execution_options(**{WRITES: True})
        try:
            with connection.begin():
                if not sqlite:
                    # Of two processes that start at once the second waits, and finds the tables made; SQLite has one writer.
                    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
                before = _tables(connection) if sqlite else set()
                yield connection
                if sqlite:
                    for table in sorted(_tables(connection) - before):
                        _check_references(connection, table)
        finally:
            if sqlite:
                _pragma(plain, "PRAGMA foreign_keys=ON")


def _pragma(connection: Connection, statement: str) -> None:
    # Past SQLAlchemy, because a pragma inside a transaction has no effect.
    driver: Any = connection.connection.dbapi_connection
    driver.execute(statement)


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _check_references(connection: Connection, table: str) -> None:
    broken = connection.execute(text(f'PRAGMA foreign_key_check("{table}")')).first()
    if broken is not None:
        raise PluginError(
            table.partition("_")[0], f"The table “{table}” refers to rows of “{broken[2]}” that are not there."
        )


def _script(versions: Path) -> ScriptDirectory:
    return ScriptDirectory(str(versions.parent), version_locations=[str(versions)])


def head(owner: str, versions: Path) -> str | None:
    """The newest revision that the code has, or ``None`` when it has no migrations.

    :raises PluginError: when there are several heads, or a file can't be read.
    """
    if not versions.is_dir() or not any(versions.glob("*.py")):
        return None
    try:
        return _script(versions).get_current_head()
    except Exception as error:
        raise PluginError(owner, f"The migrations can't be read: {error}.") from error


def revisions(owner: str, versions: Path) -> list[str]:
    """All revisions that the code has, the newest first; empty when it has no migrations.

    :raises PluginError: as :func:`head`.
    """
    if head(owner, versions) is None:
        return []
    return [found.revision for found in _script(versions).walk_revisions()]


def current(connection: Connection, owner: str) -> str | None:
    """The revision that the database has, or ``None`` when there is none."""
    if not inspect(connection).has_table(version_table(owner)):
        return None
    return MigrationContext.configure(connection, opts={"version_table": version_table(owner)}).get_current_revision()


def migrate(
    connection: Connection, owner: str, versions: Path, target: str = "head", *, known: Collection[str] = ()
) -> None:
    """Brings the owner's tables to ``target`` (a revision, ``head`` or ``base``); touches nothing else.

    :param known: ids of all plugins, so that ``sales_plans_deal`` is no table of “sales” where “sales_plans” is known; those
        that have tables in the database are known without.
    :raises PluginError: when the database is newer than the code, or a migration fails or touches tables of others; the
        caller's transaction must then be rolled back, which leaves the schema as it was.
    """
    newest = head(owner, versions)
    if newest is None:
        return
    with _one_at_a_time:
        script = _script(versions)
        have = current(connection, owner)
        if have == newest and target == "head":
            return
        if have is not None and not _knows(script, have):
            raise PluginError(owner, _newer(owner, have))
        before = _of_others(connection, owner, known)
        try:
            _run(connection, owner, script, target)
        except PluginError:
            raise
        except (Exception, SystemExit) as error:
            message = f"Its migration failed: {type(error).__name__}: {error}"
            raise PluginError(owner, message[:500], traceback=traceback.format_exc()) from error
        if owner != CORE:
            after = _of_others(connection, owner, known)
            touched = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
            if touched:
                other = table_owner(touched[0], known_in([*before, *after], known))
                whose = f", a table of “{other}”" if other and other != owner else ""
                raise PluginError(
                    owner, f"Its migration touches “{touched[0]}”{whose}; it may change tables called “{owner}_…” only."
                )


def _run(connection: Connection, owner: str, script: ScriptDirectory, target: str) -> None:
    down = target == "base"

    def steps(revision: Any, _context: Any) -> Any:
        return script._downgrade_revs("base", revision) if down else script._upgrade_revs(target, revision)

    environment = EnvironmentContext(AlembicConfig(), script, fn=steps, destination_rev=target)
    with environment:
        environment.configure(connection=connection, version_table=version_table(owner), render_as_batch=True)
        environment.run_migrations()


def _newer(owner: str, revision: str) -> str:
    return f"The database has revision {revision} of “{owner}”, which this code does not know: install the newer version again."


def _knows(script: ScriptDirectory, revision: str) -> bool:
    try:
        return script.get_revision(revision) is not None
    except CommandError:
        return False


def known_in(tables: Iterable[str], known: Collection[str]) -> set[str]:
    """The ids that are known, and those whose version table is among these: of plugins whose files are gone, too."""
    suffix = version_table("")
    return {*known, *(name.removesuffix(suffix) for name in tables if name.endswith(suffix))}


def _of_others(connection: Connection, owner: str, known: Collection[str]) -> dict[str, Shape]:
    """Shape of the tables that are not the owner's."""
    if owner == CORE:
        return {}
    shapes = shape_of(connection)
    ids = known_in(shapes, {*known, owner})
    return {name: shape for name, shape in shapes.items() if table_owner(name, ids) != owner}


def drop_version_table(connection: Connection, owner: str) -> None:
    """Drops what remembers the owner's schema version, after everything else of it is gone."""
    connection.execute(text(f'DROP TABLE IF EXISTS "{version_table(owner)}"'))
