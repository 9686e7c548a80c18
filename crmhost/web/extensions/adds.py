"""What a plugin adds to the site, counted: of one that is on from the generation, of one that is off from its files."""

from __future__ import annotations

import ast
import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ...contributions import DECLARED
from ...host.checks import source
from ...host.generation import Generation
from ...host.ownership import table_owner
from ...host.registry import Found
from ..state import API_PREFIX

#: Kinds in the order in which they are told: names of ``declare`` hooks, and those that are counted otherwise.
KINDS = (
    "menu",
    "pages",
    "dashboard_widgets",
    "dashboard_totals",
    "contact_vitals",
    "contact_boxes",
    "contact_tabs",
    "record_tabs",
    "contact_columns",
    "contact_filters",
    "contact_conditions",
    "contact_bulk_actions",
    "contact_form_parts",
    "quick_actions",
    "slots",
    "search",
    "mail_blocks",
    "journal_types",
    "settings",
    "permissions",
    "tables",
    "jobs",
    "schedules",
    "event_handlers",
    "webhooks",
    "api",
    "cli_commands",
    "importers",
    "exporters",
    "health_checks",
    "services",
    "hooks",
)
_BY_CLASS = {kind.__name__: hook for hook, kind in DECLARED.items() if hook in KINDS}
_COUNTED_AS = {"routes": "pages", "api_blueprints": "api"}
_DOOR = "crmhost.api."


@dataclasses.dataclass(frozen=True)
class Told:
    """What the files of a plugin tell: kind -> how many it would add, and the hooks that it implements."""

    numbers: Mapping[str, int]
    hooks: frozenset[str]


_told: dict[str, Told] = {}


def of_running(generation: Generation, plugin: str, tables: int) -> dict[str, int]:
    """Kind -> how many a plugin of the generation adds.

    :param tables: how many tables it has in the database.
    """
    found = {kind: _declared(generation, plugin, kind) for kind in KINDS}
    found["tables"] = tables
    found["pages"], found["api"] = _addresses(generation, plugin)
    found["hooks"] = sum(generation.hooks.specs[name].kind != "declare" for name in generation.hooks.implements(plugin))
    return {kind: number for kind, number in found.items() if number}


def _declared(generation: Generation, plugin: str, hook: str) -> int:
    items = generation.contributions(hook)
    if hook not in DECLARED:
        return sum(owner == plugin for owner, _ in items)
    return sum(item.plugin == plugin and not getattr(item, "hidden", False) for item in items)


def _addresses(generation: Generation, plugin: str) -> tuple[int, int]:
    """How many pages and how many addresses of the API; a page for each address that takes no argument."""
    pages = resources = 0
    if generation.app is not None:
        for rule in generation.app.url_map.iter_rules():
            blueprint = rule.endpoint.partition(".")[0]
            if table_owner(f"{blueprint}_", generation.by_id) != plugin:
                continue
            if rule.rule.startswith(API_PREFIX):
                resources += 1
            else:
                pages += "GET" in (rule.methods or ()) and not rule.arguments
    return pages, resources


def of_files(found: Found) -> Told:
    """What a plugin would add, as far as its files tell; its code is read, not run."""
    digest = found.digest
    if digest not in _told:
        _told[digest] = _read(found)
    return _told[digest]


def _read(found: Found) -> Told:
    whole, _ = source.read(found.folder, found.manifest)
    numbers: Counter[str] = Counter()
    hooks: list[str] = []
    for module in whole.code:
        numbers.update(_in_code(module))
        if not module.name:
            hooks = _implemented(module)
    for module in whole.migrations:
        numbers["tables"] += _calls(module.tree, "create_table")
    # What is given as plain dictionaries, or made elsewhere, counts as one.
    numbers |= Counter({_COUNTED_AS.get(hook, hook) for hook in hooks})
    numbers["permissions"] = max(numbers["permissions"], len(found.manifest.permissions))
    return Told({kind: numbers[kind] for kind in KINDS if numbers[kind]}, frozenset(hooks))


def _in_code(module: source.Module) -> Counter[str]:
    numbers: Counter[str] = Counter()
    with_pages = not any(part.module.startswith("flask_smorest") for part in module.imports)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = source.dotted(node.func, module.aliases)
            kind = _BY_CLASS.get(name.removeprefix(_DOOR)) if name.startswith(_DOOR) else None
            if kind is not None and not _is_true(source.argument(node, "hidden")):
                numbers[kind] += 1
        elif isinstance(node, ast.FunctionDef) and with_pages:
            numbers["pages"] += any(_opens_page(decorator) for decorator in node.decorator_list)
    return numbers


def _implemented(module: source.Module) -> list[str]:
    """Names of the methods of the ``Plugin`` class that are marked as hooks."""
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef) and node.name == "Plugin"]
    methods = [node for plugin in classes for node in plugin.body if isinstance(node, ast.FunctionDef)]
    return [method.name for method in methods if any(_is_mark(mark) for mark in method.decorator_list)]


def _is_mark(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2] == "hookimpl"


def _opens_page(decorator: ast.expr) -> bool:
    """Whether a decorator serves a function as a page that takes no argument."""
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
        return False
    address = source.text_of(source.argument(decorator, "rule", 0))
    return decorator.func.attr in ("get", "route") and address is not None and "<" not in address


def _is_true(value: Any) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _calls(tree: ast.Module, name: str) -> int:
    return sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
        for node in ast.walk(tree)
    )
