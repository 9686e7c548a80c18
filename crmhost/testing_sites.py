"""Sites for tests: their configuration, database files to copy from, and engines that spare what tests need not."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache

from . import config as configuration
from .config import Config
from .db import metadata, utcnow
from .errors import PluginError
from .host import generation, lifecycle, setup
from .site import Site

if TYPE_CHECKING:
    import pytest


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


#: How long before they are made plugins are enabled in templates, so that it was before a clock stopped that stands still now.
_BEFORE = dt.timedelta(hours=1)


def make_enabled(home: Path, database_url: str, plugins: tuple[str, ...]) -> None:
    """Enables bundled plugins, an hour ago, in a database that has the core's tables; leaves it alone when they can't be."""
    instant = utcnow() - _BEFORE
    site = Site(make_config(home, database_url), kind="test", clock=lambda: instant)
    careless(site.engine)
    share_compiled(site.engine)
    try:
        # What is wrong is said where the test enables them.
        with contextlib.suppress(PluginError):
            lifecycle.enable(site, plugins, try_first=False)
    finally:
        site.close()


def is_usual(now: dt.datetime) -> bool:
    """Whether plugins that were enabled an hour ago are as if enabled now, by the clock of a test."""
    return abs(utcnow() - now) < _BEFORE


#: Bundled plugins -> an SQLite file in which they are on.
_enabled: dict[tuple[str, ...], Path] = {}


def enabled_template(plugins: tuple[str, ...], template: Path, folders: pytest.TempPathFactory) -> Path:
    """A copy of the template in which plugins are on; made once in a run, since enabling takes longer than most tests."""
    if plugins not in _enabled:
        home = folders.mktemp("enabled")
        path = home / "enabled.sqlite"
        shutil.copy(template, path)
        make_enabled(home, f"sqlite:///{path}", plugins)
        _enabled[plugins] = path
    return _enabled[plugins]


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
    modules = list(sys.modules.items())
    made = {".".join(name.split(".")[:2]) for name, module in modules if _is_below(module, below)}
    for module in made:
        generation.forget(module)
        prefix = module.rpartition(".")[2] + "_"
        for table in [table for name, table in metadata.tables.items() if name.startswith(prefix)]:
            metadata.remove(table)


def _is_below(module: object, folder: str) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and file.startswith(folder)
