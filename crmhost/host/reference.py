"""Pages of the documentation that are made from the code: hooks, checks, and the modules that plugins import.

``python -m crmhost.host.reference`` writes them; a test fails while they are behind the code.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import contributions, hooks, working_hooks
from .checks.rules import RULES
from .described import NOTE, fields_of, markdown
from .described import module_page as module_page
from .offered import extensions_page
from .told import ROOT as ROOT
from .told import events_page

_CHECKS = f"""\
# What `crmhost plugin check` looks for

{NOTE}

`crmhost plugin check PATH` reads a plugin's files, runs none of them, and names file and line of what it finds. Errors have
to be mended before a plugin can be packed; most of them would stop it when it is enabled, the others hurt later. Warnings are
advice. A code keeps its meaning for ever."""

#: Characters that fit on a line of an example, beside what stands around them.
LONGEST_LINE = 112
#: What the examples give for a field that must be given; a pair of class and field comes before the field alone.
_SAMPLES: dict[str | tuple[str, str], str] = {
    "id": '"late"',
    "label": '"Loans"',
    "title": '"Late loans"',
    "endpoint": '"loans.index"',
    "permission": '"loans.view"',
    "kind": '"loans.remind"',
    "cron": '"0 7 * * *"',
    "slot": '"contact.header"',
    "event": '"contact.created"',
    "path": '"loans.css"',
    "prefix": '"/loans-api"',
    "key": '"loans.days"',
    ("Permission", "name"): '"loans.view"',
    ("JournalType", "name"): '"loans.lent"',
    ("Service", "name"): '"loans"',
    ("Webhook", "name"): '"loans"',
    ("Importer", "kind"): '"loans"',
    ("Exporter", "kind"): '"loans"',
}
#: What the examples return for hooks that give foreign objects, and where they take it from.
_FOREIGN = {
    "routes": ("from .routes import pages", "pages"),
    "api_blueprints": ("from .resources import resources", "resources"),
    "cli_commands": ("from .commands import loans", "loans"),
    "hookspecs": ("from . import hooks", "hooks"),
}


def hooks_page(root: Path = ROOT) -> str:
    """The hook reference, as Markdown.

    :param root: checkout whose built-in and bundled plugins are named as users of the hooks.
    """
    users = _users(root)
    parts = [f"# Hooks\n\n{NOTE}\n\nPlugin API {hooks.API_VERSION}.\n\n{markdown(hooks.__doc__)}"]
    for title, functions in _sections():
        parts.append(f"## {title}")
        parts += [_hook(function, users.get(function.__name__, []), root) for function in functions]
    parts.append("## Further types\n\nUsed within the contributions above; all are in `crmhost.api`.")
    declared = set(contributions.DECLARED.values()) | {contributions.Contribution}
    for name, kind in vars(contributions).items():
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in declared:
            parts.append(f"### `{name}`\n\n{fields_of(kind)}")
    return "\n\n".join(parts) + "\n"


def checks_page() -> str:
    """What ``crmhost plugin check`` looks for, as Markdown."""
    rules = (
        f"## {rule.code}: {rule.title}\n\n*{rule.level.capitalize()}.* {rule.reason}\n\n{rule.hint}"
        for rule in RULES.values()
    )
    return "\n\n".join([_CHECKS, *rules]) + "\n"


#: Page within the checkout -> what makes it.
PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/hooks.md": hooks_page,
    "docs/reference/extension-events.md": functools.partial(events_page, NOTE),
    "docs/reference/extensions.md": extensions_page,
    "docs/authors/checks.md": checks_page,
    "docs/reference/api.md": functools.partial(module_page, "crmhost.api"),
    "docs/reference/web-api.md": functools.partial(module_page, "crmhost.web.api"),
    "docs/reference/testing.md": functools.partial(module_page, "crmhost.testing"),
}


def write() -> list[Path]:
    """Writes the pages that are behind the code; gives their paths."""
    written = []
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(path)
    return written


def specs() -> dict[str, Callable[..., Any]]:
    """Every hook of the core by name, in the order of the source."""
    return {name: value for name, value in vars(hooks).items() if hasattr(value, "crmhost_hook")}


def example(name: str) -> str:
    """A short implementation of a hook."""
    function = specs()[name]
    arguments = list(inspect.signature(function).parameters)
    needed = ["from crmhost.hooks import hookimpl"]
    kind = contributions.DECLARED.get(name)
    if kind is not None:
        needed.insert(0, f"from crmhost.api import {kind.__name__}")
        body = _wrapped(_call(kind))
    elif name in _FOREIGN:
        needed.append("\n" + _FOREIGN[name][0])
        body = f"return [{_FOREIGN[name][1]}]"
    else:
        call = f"services.{name}({', '.join(arguments)})"
        action = function.crmhost_hook.kind  # type: ignore[attr-defined]
        needed.append("\nfrom . import services")
        if action == "guard":
            needed.insert(0, "from crmhost.api import Vetoed")
            body = f'if not {call}:\n            raise Vetoed("Close the loan first.")'
        else:
            body = call if action in ("action", "within") else f"return {call}"
    signature = ", ".join(["self", *arguments])
    head = "\n".join(needed)
    return f"{head}\n\n\nclass Plugin:\n    @hookimpl\n    def {name}({signature}):\n        {body}"


def _wrapped(call: str) -> str:
    """The answer of an example, one argument a line where it is too long for one."""
    if len(call) < LONGEST_LINE:
        return f"return [{call}]"
    name, _, rest = call.partition("(")
    arguments = "".join(f"                {argument},\n" for argument in rest[:-1].split(", "))
    return f"return [\n            {name}(\n{arguments}            )\n        ]"


def _hook(function: Callable[..., Any], users: list[str], root: Path) -> str:
    spec: hooks.Spec = function.crmhost_hook  # type: ignore[attr-defined]
    name = function.__name__
    signature = inspect.signature(function)
    arguments = ", ".join(str(parameter).replace("'", "") for parameter in signature.parameters.values())
    returns = (
        "" if signature.return_annotation in ("None", None) else f" -> {signature.return_annotation}".replace("c.", "")
    )
    parts = [f"### `{name}`", f"`{name}({arguments}){returns}`", f"*{spec.kind}*, since {spec.since}."]
    if spec.deprecated:
        parts.append(f"**Deprecated.** {spec.deprecated}")
    parts.append(markdown(function.__doc__))
    kind = contributions.DECLARED.get(name)
    if kind is not None:
        parts.append(f"**`{kind.__name__}`** {fields_of(kind)}")
    if name == "slots":
        parts.append(_slots(root))
    parts.append(f"```python\n{example(name)}\n```")
    parts.append(f"Used by: {', '.join(users)}." if users else "No built-in or bundled plugin uses it yet.")
    return "\n\n".join(parts)


def _slots(root: Path) -> str:
    """The slots of all templates as a table: name, and what is handed over."""
    found = {
        name: ", ".join(f"`{word}`" for word in re.findall(r"(\w+)=", context)) or "nothing"
        for folder in ("crmhost", "plugins")
        for path in sorted((root / folder).rglob("templates/**/*.html"))
        for name, context in re.findall(r'{% slot "([\w.]+)"(.*?)%}', path.read_text("utf-8"))
    }
    rows = [f"| `{name}` | {context} |" for name, context in sorted(found.items())]
    return "\n".join(["| slot | hands over |", "| --- | --- |", *rows])


def _call(kind: type[Any]) -> str:
    given = []
    for field in dataclasses.fields(kind):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            sample = _SAMPLES.get((kind.__name__, field.name)) or _SAMPLES.get(field.name) or field.name
            given.append(f"{field.name}={sample}")
    return f"{kind.__name__}({', '.join(given)})"


def _sections() -> Iterator[tuple[str, list[Callable[..., Any]]]]:
    """Headings of the source with the hooks below each."""
    for module in (hooks, working_hooks):
        source = inspect.getsource(module).splitlines()
        titles = [
            (number, match[1]) for number, line in enumerate(source, 1) if (match := re.match(r"# --- (.+?) -+$", line))
        ]
        found: dict[str, list[Callable[..., Any]]] = {title: [] for _, title in titles}
        mine = [function for function in specs().values() if function.__module__ == module.__name__]
        for function in sorted(mine, key=lambda item: item.__code__.co_firstlineno):
            line = function.__code__.co_firstlineno
            found[max(pair for pair in titles if pair[0] < line)[1]].append(function)
        yield from found.items()


def _users(root: Path) -> Mapping[str, list[str]]:
    """Hook -> ids of the built-in and bundled plugins that implement it."""
    users: dict[str, list[str]] = {}
    folders = (root / "crmhost" / "core", root / "crmhost" / "web", root / "plugins")
    for path in sorted(path for folder in folders for path in folder.glob("*/__init__.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.dump(mark) for mark in node.decorator_list):
                users.setdefault(node.name, []).append(path.parent.name)
    return {name: sorted(set(plugins)) for name, plugins in users.items()}


if __name__ == "__main__":
    sys.stdout.writelines(f"{path.relative_to(ROOT)}\n" for path in write())
