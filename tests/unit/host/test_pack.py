"""Packing: the same bytes for the same files, nothing that does not belong, and nothing with errors."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from crmhost.errors import PluginError
from crmhost.host.pack import pack

TOML = 'id = "loans"\nname = "Loans"\nversion = "1.2"\napi = ">=1,<2"\n'


def plugin(folder: Path) -> Path:
    """A small plugin."""
    for name, text in {
        "plugin.toml": TOML,
        "__init__.py": "class Plugin: ...\n",
        "README.md": "x",
        "static/a.js": "x" * 1000,
        "tests/test_x.py": "",
        ".git/config": "x",
        "__pycache__/a.pyc": "x",
        "static/node_modules/a.js": "x",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_same_bytes(tmp_path: Path) -> None:
    """The same files give the same ZIP at any time, with any rights and from any place; it holds one folder."""
    first = pack(plugin(tmp_path / "a" / "loans"), tmp_path / "out")
    other = plugin(tmp_path / "b" / "loans")
    for path in other.rglob("*"):
        os.utime(path, (0, 0))
    (other / "README.md").chmod(0o755)
    second = pack(other, tmp_path / "named.zip")
    assert first == tmp_path / "out" / "loans-1.2.zip"
    assert second == tmp_path / "named.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == [
            "loans/README.md",
            "loans/__init__.py",
            "loans/plugin.toml",
            "loans/static/a.js",
            "loans/tests/test_x.py",
        ]
        assert archive.testzip() is None


def test_into_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ZIP written into the plugin's own folder does not get into the next one."""
    folder = plugin(tmp_path / "loans")
    monkeypatch.chdir(folder)
    first = pack(Path(), Path()).read_bytes()
    assert pack(Path(), Path()).read_bytes() == first
    assert [path.name for path in folder.glob(".*")] == [".git"]


def test_errors(tmp_path: Path) -> None:
    """A plugin with errors is not packed, and says what they are; what can't be written says so."""
    folder = plugin(tmp_path / "loans")
    (tmp_path / "file").write_text("")
    with pytest.raises(PluginError, match="can't be written"):
        pack(folder, tmp_path / "file" / "below")
    (folder / "__init__.py").write_text("import crmhost.db\nclass Plugin: ...\n")
    with pytest.raises(PluginError, match="CRM010"):
        pack(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
