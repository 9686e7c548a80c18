"""The tutorial of the author guide builds an extension that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmhost.host import check

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
