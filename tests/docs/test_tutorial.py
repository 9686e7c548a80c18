"""The tutorial of the author guide builds an extension that works."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.host import check
from crmhost.testing import Host

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "authors" / "tutorial.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def build(folder: Path) -> Path:
    """Writes the files that the tutorial shows."""
    plugin = folder / "call_list"
    for name, text in BLOCK.findall(TUTORIAL.read_text("utf-8")):
        path = plugin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return plugin


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The extension of the tutorial, in the home's folder of plugins."""
    return build(tmp_path / "home" / "plugins")


def test_the_extension_of_the_tutorial_passes_the_check(plugin: Path) -> None:
    """What we teach obeys our own rules, to the last warning."""
    assert [str(finding) for finding in check.check(plugin)] == []


def test_the_extension_of_the_tutorial_passes_its_trial(plugin: Path, host: Callable[..., Host]) -> None:
    """It is tried in a child process on a scratch database, as on a real site."""
    site = host()
    assert site.enable("call_list", try_first=True).plugins == ("call_list",)


def test_the_tests_of_the_tutorial_pass(plugin: Path) -> None:
    """The tests that the tutorial shows are run as an author would run them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    done = subprocess.run(command, cwd=plugin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "5 passed" in done.stdout
