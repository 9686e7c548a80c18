"""The page of the documentation on the events of the bundled extensions, read from what each says in its ``api.py``.

``EVENTS`` there is a mapping of names to what is told; the file is read, not run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

#: The checkout that holds the code and its documentation.
ROOT = Path(__file__).resolve().parents[2]
_HEAD = """\
# Events of the bundled extensions

{note}

What bundled extensions tell after the commit, beside [those of the core](events.md): for event handlers, webhooks, and
whatever else begins when something happens. A name is object and verb. An extension of yours lists its own in its `api.py`,
as `EVENTS`; anybody may listen to them."""


def events_of(path: Path) -> Mapping[str, str]:
    """Event -> what it tells, from the constant ``EVENTS`` of a module; nothing where there is none."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "EVENTS":
            found: dict[str, str] = ast.literal_eval(node.value) if node.value is not None else {}
            return found
    return {}


def events_page(note: str, root: Path = ROOT) -> str:
    """The page, as Markdown.

    :param note: says that it is made from the code.
    """
    parts = [_HEAD.format(note=note)]
    for path in sorted((root / "plugins").glob("*/api.py")):
        if events := events_of(path):
            rows = [f"| `{name}` | {said} |" for name, said in sorted(events.items())]
            parts.append("\n".join([f"## {path.parent.name}", "", "| event | what it tells |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"
