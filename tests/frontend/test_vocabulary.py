"""The classes of Tabler that pages use are in the bundle."""

import json
import re
from pathlib import Path

from .conftest import DIST

ROOT = Path(__file__).parents[2]
TABLER = ROOT / "frontend" / "node_modules" / "@tabler" / "core" / "dist" / "css" / "tabler.css"
CLASS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")


def test_templates_use_no_class_that_was_left_out() -> None:
    """A class that Tabler has and the bundle hasn't is missing from frontend/vocabulary.mjs, or should be a crm-* one."""
    bundle = DIST / json.loads((DIST / "manifest.json").read_text())["core.css"]
    left_out = set(CLASS.findall(TABLER.read_text())) - set(CLASS.findall(bundle.read_text()))
    found = {
        f"{name} in {path.relative_to(ROOT)}"
        for folder in ("crmhost", "plugins", "themes")
        for path in (ROOT / folder).rglob("*.html")
        for classes in re.findall(r'class="([^"]*)"', path.read_text())
        for name in re.sub(r"\{%.*?%\}", " ", re.sub(r"\{\{.*?\}\}", "…", classes)).split()
        if name in left_out
    }
    assert found == set()
