"""Sites for tests: their configuration, database files to copy from, and engines that spare what tests need not."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache

from . import config as configuration
from .config import Config
from .host import lifecycle, migrate, setup
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
