"""The examples of the page on documents work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from crmhost.db import metadata

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "documents.md"
BLOCK = re.compile(r'^```python title="(\w+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def test_what_the_page_says_of_lines_and_totals_holds() -> None:
    """The blocks run one after the other, with their own assertions."""
    blocks = dict(BLOCK.findall(PAGE.read_text("utf-8")))
    names: dict[str, Any] = {"__name__": "estimates_models"}
    for title in ("lines", "model"):
        exec(compile(blocks[title], f"{PAGE.name}: {title}", "exec", dont_inherit=True), names)
    metadata.remove(metadata.tables["estimates_estimate"])
