"""The larger extension of the author guide and the one that adds to it work; the tests that its pages show pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect

from crmhost.host import check
from crmhost.testing import Host
from tests.docs.test_tutorial import build

AUTHORS = Path(__file__).resolve().parents[2] / "docs" / "authors"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with the extensions of the pages."""
    folder = tmp_path / "home" / "plugins"
    for page in ("ledger.md", "api.md", "syncs.md"):
        for name, text in BLOCK.findall((AUTHORS / page).read_text("utf-8")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("name", ["ledger", "late_fees"])
def test_they_pass_the_check(plugins: Path, name: str) -> None:
    """What we teach obeys our own rules, to the last warning."""
    assert [str(finding) for finding in check.check(plugins / name)] == []


def test_they_pass_their_trial(plugins: Path, host: Callable[..., Host], database: str) -> None:
    """They and the extension of the tutorial are tried in a child process; their tables come and go on each database, and
    their pages stand."""
    build(plugins)
    names = ("call_list", "ledger", "late_fees")
    site = host()
    # What differs on PostgreSQL is their SQL, which the site itself runs.
    assert site.enable(*names, try_first=database == "sqlite").plugins == names
    person, client = site.make.contact(), site.client()
    for address in ("/", "/contacts/", f"/contacts/{person}", "/call-list/"):
        assert client.get(address).status_code == 200
    assert site.faults() == []
    for name in reversed(names):
        site.uninstall(name)
    with site.site.engine.connect() as connection:
        assert [name for name in inspect(connection).get_table_names() if name.startswith(names)] == []


def test_the_roll_up_works_on_each_database(plugins: Path, host: Callable[..., Host]) -> None:
    """The upsert is taken by SQLite and PostgreSQL alike."""
    site = host("ledger")
    ada = site.make.contact()
    for number, owed in (("1", 500), ("2", 700)):
        done = site.cli("ledger", "book", str(ada), number, str(owed - (number == "2") * 500))
        assert done.output == f"Contact {ada} owes {owed}.\n"
    assert site.faults() == []


def test_their_tests_pass(plugins: Path) -> None:
    """The tests that the pages and the tutorial show are run as an author would run them, with the settings that they show."""
    call_list = build(plugins)
    assert (call_list / "pytest.ini").read_text("utf-8") == (plugins / "ledger" / "pytest.ini").read_text("utf-8")
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        ".",
        "../late_fees",
        "../call_list",
        "../tills",
    ]
    # An author has no other plugins of pytest than these tests want.
    surroundings = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=plugins / "ledger", env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "12 passed" in done.stdout
