"""Sites for tests: their configuration, database files to copy from, and engines that spare what tests need not."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Engine, event, inspect, select
from sqlalchemy.util import LRUCache

from . import config as configuration
from .config import Config
from .db import metadata
from .host import generation, lifecycle, migrate, setup
from .host.tables import PluginState
from .site import Site


def make_config(home: Path, database_url: str, **changes: Any) -> Config:
    """The configuration of a site for tests: this home, this database, the bundled plugins and those in the home."""
    made = configuration.load({"CRMHOST_HOME": str(home), "CRMHOST_SECRET_KEY": "only-for-tests-0123456789abcdef"})
    return dataclasses.replace(made, **{"database_url": database_url, "entry_points": False, **changes})


def make_template(home: Path, database_url: str) -> None:
    """Sets an empty database up, without plugins and users."""
    site = Site(make_config(home, database_url, plugin_folders=()), kind="test")
    try:
        site.upgrade_core()
        setup.first_rows(site)
    finally:
        site.close()


#: Name of a kind of database -> the dialect and the compiled statements of the first engine on one.
_compiled: dict[str, tuple[Dialect, Any]] = {}


#: Bundled plugins -> an SQLite file as the template, with their tables.
_with_tables: dict[tuple[str, ...], Path] = {}


def make_tables(plugins: tuple[str, ...], template: Path, folder: Path) -> Path:
    """A copy of the template with the tables of plugins, which are otherwise not enabled yet; made once in a run."""
    if plugins not in _with_tables:
        path = folder / "tables.sqlite"
        shutil.copy(template, path)
        site = Site(make_config(folder, f"sqlite:///{path}"), kind="test")
        try:
            found, _, chain = lifecycle.plan_enable(site, plugins)
            for name in chain:
                versions = found.found[name].folder / "migrations" / "versions"
                with migrate.schema_transaction(site.engine) as connection:
                    migrate.migrate(connection, name, versions, known=found.found)
        finally:
            site.close()
        _with_tables[plugins] = path
    return _with_tables[plugins]


#: Bundled plugins -> what their migrations said to PostgreSQL.
_said: dict[tuple[str, ...], list[tuple[str, Any]]] = {}
_WRITES = ("CREATE", "ALTER", "INSERT", "UPDATE", "DELETE", "DROP", "COMMENT")


def give_tables(site: Site, plugins: tuple[str, ...]) -> None:
    """Gives a fresh database on PostgreSQL the tables of plugins, which are otherwise not enabled yet.

    The first time they are migrated; after that, what the migrations said is said again.
    """
    if plugins in _said:
        with site.engine.begin() as connection:
            for statement, parameters in _said[plugins]:
                connection.exec_driver_sql(statement, parameters)
        return
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.lstrip().upper().startswith(_WRITES):
            said.append((statement, parameters))

    found, _, chain = lifecycle.plan_enable(site, plugins)
    event.listen(site.engine, "after_cursor_execute", note)
    try:
        for name in chain:
            versions = found.found[name].folder / "migrations" / "versions"
            with migrate.schema_transaction(site.engine) as connection:
                migrate.migrate(connection, name, versions, known=found.found)
    finally:
        event.remove(site.engine, "after_cursor_execute", note)
    _said[plugins] = said


def is_fresh(site: Site) -> bool:
    """Whether no plugin has tables in the site's database, nor ever was on."""
    with site.engine.connect() as connection:
        return connection.scalar(select(PluginState.id).limit(1)) is None and not any(
            name.endswith(migrate.version_table("")) and name != migrate.version_table(migrate.CORE)
            for name in inspect(connection).get_table_names()
        )


def careless(engine: Engine) -> None:
    """Lets SQLite wait for no disk: what a test stores need not outlive the machine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))


def share_compiled(engine: Engine) -> None:
    """Lets the engine of a test use what those before it compiled, which takes a fifth of the time of a test."""
    dialect, statements = _compiled.setdefault(engine.dialect.name, (engine.dialect, LRUCache(5_000)))
    # What is compiled is found by the dialect, too.
    engine.dialect = engine.pool._dialect = dialect
    engine._compiled_cache = statements


def forget_made(folder: Path) -> None:
    """Forgets code and tables of the plugins below a folder, so that another test may call one of its own the same."""
    below = f"{folder}{os.sep}"
    files = {name: str(getattr(module, "__file__", None)) for name, module in list(sys.modules.items())}
    made = {".".join(name.split(".")[:2]) for name, file in files.items() if file.startswith(below)}
    for module in made:
        generation.forget(module)
        prefix = module.rpartition(".")[2] + "_"
        for table in [table for name, table in metadata.tables.items() if name.startswith(prefix)]:
            metadata.remove(table)
