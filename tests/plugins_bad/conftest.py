"""A workshop for faulty plugins."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from crmhost.api import notifications
from crmhost.db import metadata
from crmhost.errors import PluginError
from crmhost.host import generation, trial
from crmhost.host.shape import Shape, shape_of
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import make_config
from tests.pages import differences, look

#: Pages of the core that plugins add to.
PAGES = ("/", "/contacts/", "/contacts/1", "/contacts/new")
MANIFEST = 'id = "{id}"\nname = "{name}"\nversion = "1.0"\napi = "{api}"\n{more}\n'
CODE = '''"""Faulty on purpose."""

import os
import sys

from crmhost import api
from crmhost.api import *
from crmhost.hooks import hookimpl, hookspec

{top}


class Plugin:
    """Faulty on purpose."""

{body}
'''
MIGRATION = '''"""A migration."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}


def upgrade():
{up}


def downgrade():
{back}
'''


class Workshop:
    """Makes faulty plugins in the home of a site, and looks what harm they do.

    The site has one contact, number 1.
    """

    def __init__(self, host: Host, folder: Path, template: Path) -> None:
        self.host = host
        self.folder = folder
        self.template = template
        self.made: list[str] = []
        host.make.contact(first_name="Ada", last_name="Lovelace", email="ada@example.com")
        self.client = host.client()
        self.before = self.pages()
        self.tables = self.schema()

    def make(
        self,
        plugin: str,
        body: str = "",
        *,
        top: str = "",
        api: str = ">=1,<2",
        manifest: str = "",
        files: Mapping[str, str] | None = None,
    ) -> str:
        """Writes a plugin: methods of its ``Plugin`` class, code above it, lines of the manifest, further files."""
        folder = self.folder / plugin
        code = CODE.format(top=textwrap.dedent(top), body=textwrap.indent(textwrap.dedent(body), "    ") or "    pass")
        text = MANIFEST.format(
            id=plugin, name=plugin.replace("_", " ").capitalize(), api=api, more=textwrap.dedent(manifest)
        )
        contents = {"plugin.toml": text, "__init__.py": code, **(files or {})}
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        self.made.append(plugin)
        return plugin

    def migration(
        self, up: str, back: str = "pass", *, revision: str = "0001", after: str | None = None
    ) -> dict[str, str]:
        """A migration as a file for :meth:`make`."""
        script = MIGRATION.format(
            revision=revision,
            down=repr(after),
            up=textwrap.indent(textwrap.dedent(up), "    "),
            back=textwrap.indent(textwrap.dedent(back), "    "),
        )
        return {f"migrations/versions/{revision}.py": script}

    def refused(self, *plugins: str, says: str, culprit: str = "", trial: str = "") -> PluginError:
        """Enabling is refused with a reason that names the plugin, and nothing has changed.

        :param trial: ``child`` tries first, as the site does; ``here`` does what the child does in this process, ``copy`` in a
            copy of it.
        """
        number = self.host.generation.number
        tried = {"here": self.try_here, "copy": self.try_in_copy}
        enable = tried.get(trial) or partial(self.host.enable, try_first=trial == "child")
        with pytest.raises(PluginError) as caught:
            enable(*plugins)
        error = caught.value
        assert error.plugin == (culprit or plugins[0])
        assert re.search(says, f"{error.message}\n{error.traceback}", re.IGNORECASE), (
            f"{error.message}\n{error.traceback}"
        )
        assert self.host.generation.number == number
        assert [self.host.state(plugin) for plugin in plugins] == [""] * len(plugins)
        self.unharmed()
        return error

    def try_here(self, *plugins: str) -> None:
        """The trial, without the child around it."""
        path = self.folder.parent / "scratch.sqlite"
        shutil.copy(self.template, path)
        config = dataclasses.replace(self.host.site.config, database_url=f"sqlite:///{path}")
        trial.try_out(Site(config, kind="test"), plugins, plugins)

    def try_in_copy(self, *plugins: str) -> None:
        """The trial in a copy of this process, for what would stay in it."""
        answers, answer = os.pipe()
        # Connections can't be shared.
        self.host.site.engine.dispose()
        child = os.fork()
        if not child:
            try:
                self.try_here(*plugins)
            except PluginError as error:
                os.write(answer, json.dumps([error.plugin, error.message, error.traceback]).encode())
            finally:
                os._exit(0)
        os.close(answer)
        with os.fdopen(answers, "rb") as stream:
            told = stream.read()
        os.waitpid(child, 0)
        if told:
            plugin, message, traceback = json.loads(told)
            raise PluginError(plugin, message, traceback=traceback)

    def unharmed(self) -> None:
        """The core's pages and tables are as they were before the plugin came, once the admin has read that it failed."""
        with self.host.work("Admin") as work, work.begin():
            notifications.read_all(work)
        assert differences(self.before, self.pages()) == []
        assert self.schema() == self.tables

    def pages(self) -> dict[str, tuple[int, str]]:
        """Pages of the core."""
        pages = look(self.client, PAGES)
        assert [status for status, _ in pages.values()] == [200] * len(PAGES), pages
        return pages

    def schema(self) -> dict[str, Shape]:
        """Tables with their columns, indexes and constraints."""
        with self.host.site.engine.connect() as connection:
            return shape_of(connection)

    def clean(self) -> None:
        """Forgets the code and tables of the plugins, so that the next test can use their names."""
        for plugin in self.made:
            generation.forget(f"plugins.{plugin}")
            for table in [table for name, table in metadata.tables.items() if name.startswith(f"{plugin}_")]:
                metadata.remove(table)


@pytest.fixture
def shop(host: Callable[..., Host], tmp_path: Path, sqlite_template: Path) -> Iterator[Workshop]:
    """The workshop of the test."""
    folder = tmp_path / "home" / "plugins"
    folder.mkdir(parents=True)
    workshop = Workshop(host(plugin_folders=(("home", folder),)), folder, sqlite_template)
    yield workshop
    workshop.clean()


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Workshop]:
    """A workshop for all tests of a module in which plugins are only refused: they leave the site as it was."""
    home = tmp_path_factory.mktemp("home")
    (home / "plugins").mkdir()
    shutil.copy(sqlite_template, home / "test.sqlite")
    config = make_config(home, f"sqlite:///{home / 'test.sqlite'}", plugin_folders=(("home", home / "plugins"),))
    clock = Clock()
    clock.freeze()
    site = Site(config, kind="test", clock=clock)
    workshop = Workshop(Host(site, clock), home / "plugins", sqlite_template)
    yield workshop
    workshop.clean()
    site.close()
