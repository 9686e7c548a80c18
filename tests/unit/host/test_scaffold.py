"""``crmhost plugin new``: what it makes has no findings, is typed and clean, and its own tests pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.errors import PluginError
from crmhost.host.check import check
from crmhost.host.manifest import read_manifest
from crmhost.host.pack import pack
from crmhost.host.registry import discover
from crmhost.host.scaffold import new_plugin
from crmhost.testing import Host

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str, cwd: Path) -> None:
    """Runs a Python module and shows what it says when it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    # An author has no other plugins of pytest than these tests want.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names(tmp_path: Path) -> None:
    """The id is made from the name; what is there already stays."""
    made = new_plugin(tmp_path / "home" / "plugins", "My little loans")
    assert made == tmp_path / "home" / "plugins" / "my_little_loans"
    manifest = read_manifest(made)
    assert (manifest.id, manifest.name) == ("my_little_loans", "My little loans")
    assert read_manifest(new_plugin(tmp_path, "some-loans")).id == "some_loans"
    assert read_manifest(new_plugin(tmp_path, "loans")).name == "Loans"
    with pytest.raises(PluginError, match="is there already"):
        new_plugin(tmp_path, "Loans")
    with pytest.raises(PluginError, match="There is a plugin “quotes” already"):
        new_plugin(tmp_path, "Quotes", ["quotes"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "loans", "some_loans"]


@pytest.mark.parametrize(
    "name", ["", "../x", "1st", "a/b", "contacts", "Système", 'x"', "a" * 60, "class", "a__b", "$id"]
)
def test_bad_names(tmp_path: Path, name: str) -> None:
    """A name that can't become an id is refused, and nothing is written."""
    with pytest.raises(PluginError):
        new_plugin(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_in_order(tmp_path: Path) -> None:
    """A new plugin is found, has no findings and can be packed."""
    folder = new_plugin(tmp_path / "plugins", "My loans")
    assert check(folder) == []
    assert list(discover([("home", tmp_path / "plugins")], entry_points=False).found) == ["my_loans"]
    assert pack(folder, tmp_path).name == "my_loans-0.1.0.zip"


def test_clean(tmp_path: Path) -> None:
    """A new plugin is formatted and has nothing to complain of for the linter."""
    folder = new_plugin(tmp_path / "plugins", "My loans")
    run("ruff", "check", "--config", str(ROOT / "ruff.toml"), "--no-cache", str(folder), cwd=tmp_path)
    run("ruff", "format", "--check", "--config", str(ROOT / "ruff.toml"), "--no-cache", str(folder), cwd=tmp_path)


@pytest.mark.slow
def test_its_tests_pass(tmp_path: Path) -> None:
    """The tests of a new plugin pass in its own folder, without this checkout's configuration."""
    folder = new_plugin(tmp_path / "home" / "plugins", "My loans")
    run("pytest", "-q", "-p", "no:cacheprovider", cwd=folder)


@pytest.mark.slow
def test_its_trial(host: Callable[..., Host], database: str) -> None:
    """A new plugin in the home passes its trial and is switched on, on both databases; uninstalled, it leaves no table."""
    crm = host()
    folder = new_plugin(crm.site.config.home / "plugins", "My loans")
    assert crm.enable("my_loans", try_first=database == "sqlite").plugins == ("my_loans",)
    assert crm.client().get("/my-loans/").status_code == 200
    assert crm.faults() == []
    assert crm.uninstall("my_loans") == ["my_loans_item"]
    assert folder.is_dir()
