"""The table of changes names just what the core tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from crmhost.api import Change, contacts, journal, merging, statuses
from crmhost.host import told as told_by
from crmhost.testing import Host

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "events.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| `(\w+)`", re.MULTILINE)


def told() -> Iterator[str]:
    """Names in the core's code: of changes, of events, and those handed to a helper that tells."""
    for path in (ROOT / "crmhost").rglob("*.py"):
        text = path.read_text("utf-8")
        # Parsing all of the core takes seconds.
        for node in ast.walk(ast.parse(text)) if re.search(r"\b(Change|_?tell)\(", text) else ():
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in ("Change", "tell", "_tell"):
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and "." in str(argument.value):
                        yield str(argument.value)


def test_every_name_is_in_the_table() -> None:
    """Nothing told is missing, nothing in the table is invented."""
    assert {name for name, _ in ROW.findall(PAGE)} == set(told())


def test_changes_look_as_the_table_says(host: Callable[..., Host]) -> None:
    """Names, types and keys of changes of contacts, journal and statuses are those of the table."""
    site = host()
    types = dict(ROW.findall(PAGE))
    seen: list[Change] = []
    with site.work() as work, work.begin():
        work.changed = lambda change, event=True: seen.append(change)  # type: ignore[method-assign]
        ada = contacts.create(work, {"first_name": "Ada", "tags": ["VIP"]}).id
        contacts.update(work, ada, {"last_name": "Lovelace", "status": "Customer"})
        entry = journal.add(work, "contact", ada, "note", summary="Hello")
        journal.remove(work, entry.id)
        statuses.rename(work, contacts.get(work, ada).status_id, "Client")
        contacts.to_bin(work, [ada])
        contacts.restore(work, [ada])
        bob = contacts.create(work, {"first_name": "Bob", "tags": ["VIP"]}).id
        merging.undo(work, merging.merge(work, ada, [bob]).id)
        contacts.erase(work, ada)
    shape = {change.name: (set(change.before), set(change.after)) for change in seen}
    assert all(types[change.name] == change.object_type for change in seen)
    assert shape["contact.created"][0] == set()
    assert shape["contact.created"][1] >= {"first_name", "tags", "status_id"}
    assert shape["contact.updated"] == ({"last_name"}, {"last_name"})
    assert shape["contact.status_changed"] == ({"status_id"}, {"status_id"})
    six = {"id", "object_type", "object_id", "type", "summary", "at"}
    assert shape["journal.added"] == (set(), six)
    assert shape["journal.deleted"] == (six, set())
    assert shape["status.renamed"] == ({"name"}, {"name"})
    both = {"status_id", "assigned_to_id"}
    assert shape["contact.deleted"] == (both, set())
    assert shape["contact.restored"] == (set(), both)
    assert shape["contact.merged"] == (set(), {"loser_ids", "merge_id"})
    assert shape["contact.unmerged"] == ({"loser_ids", "merge_id"}, set())
    assert shape["contact.erased"] == ({"status_id", "created_at", "in_bin"}, set())


def _named(path: Path, kinds: set[str]) -> set[str]:
    """Names of events of these kinds in a module: texts such as ``campaign.sent`` that are no placeholder of mails."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    placeholders = {
        ast.literal_eval(node.args[0])
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "Placeholder"
    }
    texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)} - placeholders
    return {text for text in texts if re.fullmatch(rf"({'|'.join(kinds)})\.[a-z_]+", text)}


def test_an_extension_lists_just_the_events_that_it_tells() -> None:
    """Of each bundled extension that lists its events: none is missing, none invented."""
    listed = {path.parent: told_by.events_of(path) for path in (ROOT / "plugins").glob("*/api.py")}
    assert any(listed.values())
    for folder, events in listed.items():
        kinds = {name.partition(".")[0] for name in events}
        code = (path for path in folder.rglob("*.py") if "tests" not in path.parts and path.name != "api.py")
        if events:
            assert set().union(*(_named(path, kinds) for path in code)) == set(events), folder.name
