"""The larger extension of the author guide, and the one that adds to it, work."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.host import check
from crmhost.testing import Host

AUTHORS = Path(__file__).resolve().parents[2] / "docs" / "authors"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with the extensions of the two pages."""
    folder = tmp_path / "home" / "plugins"
    for page in ("ledger.md", "api.md"):
        for name, text in BLOCK.findall((AUTHORS / page).read_text("utf-8")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    (folder / "late_fees" / "pytest.ini").write_text((folder / "ledger" / "pytest.ini").read_text("utf-8"), "utf-8")
    return folder


@pytest.mark.parametrize("name", ["ledger", "late_fees"])
def test_they_pass_the_check(plugins: Path, name: str) -> None:
    """What we teach obeys our own rules, to the last warning."""
    assert [str(finding) for finding in check.check(plugins / name)] == []


def test_the_ledger_passes_its_trial(plugins: Path, host: Callable[..., Host]) -> None:
    """It is tried in a child process, on each database."""
    site = host()
    assert site.enable("ledger", "late_fees", try_first=True).plugins == ("ledger", "late_fees")


def test_the_roll_up_works_on_each_database(plugins: Path, host: Callable[..., Host]) -> None:
    """The upsert is taken by SQLite and PostgreSQL alike."""
    site = host("ledger")
    ada = site.make.contact()
    for number, owed in (("1", 500), ("2", 700)):
        done = site.cli("ledger", "book", str(ada), number, str(owed - (number == "2") * 500))
        assert done.output == f"Contact {ada} owes {owed}.\n"
    assert site.faults() == []


@pytest.mark.parametrize(("name", "count"), [("ledger", 5), ("late_fees", 1)])
def test_their_tests_pass(plugins: Path, name: str, count: int) -> None:
    """The tests that the pages show are run as an author would run them."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    done = subprocess.run(command, cwd=plugins / name, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{count} passed" in done.stdout
