"""Plugins written on the fly, for pages that show plugins."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmhost.db import metadata
from crmhost.host import generation
from crmhost.testing import Host

CODE = '''"""For a test."""

from crmhost import api
from crmhost.hooks import hookimpl


class Plugin:
    """For a test."""

{body}
'''


class Maker:
    """Writes plugins into the home of a site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: set[str] = set()

    def plugin(self, plugin: str, body: str = "pass", *, version: str = "1.0", more: str = "", **files: str) -> str:
        """Writes or overwrites a plugin: the body of its class, further lines of its manifest, further files."""
        folder = self.folder / plugin
        name = plugin.replace("_", " ").capitalize()
        about = f'id = "{plugin}"\nname = "{name}"\nversion = "{version}"\napi = ">=1,<2"\nauthor = "Somebody"\n'
        contents = {
            "plugin.toml": about + textwrap.dedent(more),
            "__init__.py": CODE.format(body=textwrap.indent(textwrap.dedent(body).strip(), "    ")),
            **{
                name.replace("__", "/").replace("_py", ".py").replace("_md", ".md"): textwrap.dedent(text)
                for name, text in files.items()
            },
        }
        for name, text in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.made.add(plugin)
        return plugin

    def clean(self) -> None:
        """Forgets the code, so that the next test can use the names."""
        for plugin in self.made:
            generation.forget(f"plugins.{plugin}")
            for table in [table for name, table in metadata.tables.items() if name.startswith(f"{plugin}_")]:
                metadata.remove(table)


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    """Writes plugins for :func:`stocked`."""
    folder = tmp_path / "home" / "plugins"
    folder.mkdir(parents=True)
    made = Maker(folder)
    yield made
    made.clean()


@pytest.fixture
def stocked(host: Callable[..., Host], maker: Maker) -> Callable[..., Host]:
    """Makes a host that finds the plugins of the maker and no others."""

    def make(*plugins: str, **changes: Any) -> Host:
        return host(*plugins, plugin_folders=(("home", maker.folder),), **changes)

    return make
