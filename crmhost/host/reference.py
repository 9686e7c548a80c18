"""Pages of the documentation that are made from the code: hooks, checks, and the modules that plugins import.

``python -m crmhost.host.reference`` writes them; a test fails while they are behind the code.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import contributions, hooks, working_hooks
from .checks.rules import RULES
from .told import ROOT as ROOT
from .told import events_page

_NOTE = "<!-- Made from the code by “python -m crmhost.host.reference”; change it there. -->"

_CHECKS = f"""\
# What `crmhost plugin check` looks for

{_NOTE}

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
    parts = [f"# Hooks\n\n{_NOTE}\n\nPlugin API {hooks.API_VERSION}.\n\n{_markdown(hooks.__doc__)}"]
    for title, functions in _sections():
        parts.append(f"## {title}")
        parts += [_hook(function, users.get(function.__name__, []), root) for function in functions]
    parts.append("## Further types\n\nUsed within the contributions above; all are in `crmhost.api`.")
    declared = set(contributions.DECLARED.values()) | {contributions.Contribution}
    for name, kind in vars(contributions).items():
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in declared:
            parts.append(f"### `{name}`\n\n{_type(kind)}")
    return "\n\n".join(parts) + "\n"


def checks_page() -> str:
    """What ``crmhost plugin check`` looks for, as Markdown."""
    rules = (
        f"## {rule.code}: {rule.title}\n\n*{rule.level.capitalize()}.* {rule.reason}\n\n{rule.hint}"
        for rule in RULES.values()
    )
    return "\n\n".join([_CHECKS, *rules]) + "\n"


def module_page(name: str) -> str:
    """What a module offers to plugins, name by name, as Markdown."""
    module = importlib.import_module(name)
    parts = [f"# {name}", _NOTE, _markdown(module.__doc__)]
    offered = {item: vars(module)[item] for item in module.__all__}
    for title, kind in (("Classes", inspect.isclass), ("Functions", inspect.isroutine), ("Modules", inspect.ismodule)):
        found = {item: value for item, value in offered.items() if kind(value)}
        if found:
            parts.append(f"## {title}")
            parts += [_offered(item, value) for item, value in sorted(found.items(), key=lambda pair: pair[0].lower())]
        offered = {item: value for item, value in offered.items() if item not in found}
    if offered:
        parts.append("## Values")
        parts.append("\n".join(f"- `{item}`: {_kind_of(value)}" for item, value in sorted(offered.items())))
    return "\n\n".join(parts) + "\n"


def _kind_of(value: object) -> str:
    return f"`{value!r}`" if isinstance(value, str) else f"of the type `{type(value).__name__}`"


def _offered(name: str, value: Any) -> str:
    """The section of one name."""
    if inspect.isclass(value) and issubclass(value, contributions.Contribution):
        hook = next((hook for hook, kind in contributions.DECLARED.items() if kind is value), "")
        if hook:
            return f"### `{name}`\n\n{_first(value)} Returned by the hook [`{hook}`](hooks.md#{hook})."
    heading = (
        f"### `{name}`\n\n"
        if inspect.ismodule(value) or inspect.isclass(value)
        else f"### `{_call_of(name, value)}`\n\n"
    )
    if not _ours(value):
        return f"{heading}From {value.__module__.partition('.')[0].replace('_', '-').title()}."
    text = _text(value)
    members = _functions(value) if inspect.ismodule(value) else _methods(value) if inspect.isclass(value) else {}
    lines = [f"- `{_call_of(item, function)}`: {_first(function)}" for item, function in members.items()]
    if inspect.ismodule(value):
        lines += [f"- `{item}`: {_first(kind)}" for item, kind in _classes(value).items()]
    return heading + "\n\n".join(part for part in (text, "\n".join(lines)) if part)


def _ours(value: Any) -> bool:
    return inspect.ismodule(value) or str(value.__module__).startswith("crmhost")


def _functions(module: ModuleType) -> dict[str, Any]:
    """The functions that a module of services offers."""
    names = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]
    return {name: vars(module)[name] for name in names if name[0] != "_" and inspect.isroutine(vars(module)[name])}


def _classes(module: ModuleType) -> dict[str, Any]:
    """The classes that a module defines and offers."""
    found = {name: vars(module)[name] for name in getattr(module, "__all__", ())}
    return {name: kind for name, kind in found.items() if inspect.isclass(kind) and _ours(kind)}


def _methods(kind: type[Any]) -> dict[str, Any]:
    """Public methods and properties that a class defines itself."""
    found = {name: getattr(member, "__func__", member) for name, member in vars(kind).items() if name[0] != "_"}
    return {
        name: member
        for name, member in found.items()
        if (inspect.isfunction(member) or isinstance(member, property)) and member.__doc__
    }


class _Bare(str):
    """An annotation that stands without quotes in a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _call_of(name: str, value: Any) -> str:
    """How it is written: a function with what it takes and gives, all else by its name."""
    if not inspect.isroutine(value):
        return name
    signature = inspect.signature(value)
    parameters = [item.replace(annotation=_bare(item.annotation)) for item in signature.parameters.values()]
    parameters = [item for item in parameters if item.name != "self"]
    signature = signature.replace(parameters=parameters, return_annotation=_bare(signature.return_annotation))
    return f"{name}{_plain(str(signature))}"


def _bare(annotation: Any) -> Any:
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _plain(signature: str) -> str:
    """A signature in which objects without a readable text stand as dots."""
    return re.sub(r"<[^<>]*(?:<[^<>]*>[^<>]*)*>", "…", re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", signature))


def _text(value: Any) -> str:
    """Its text; arguments and errors as a list."""
    text, *fields = re.split(r"^:(?=\w+(?: \w+)?:)", inspect.cleandoc(value.__doc__ or ""), flags=re.MULTILINE)
    lines = []
    for part in fields:
        label, _, meaning = part.partition(":")
        kind, _, subject = label.partition(" ")
        said = _inline(" ".join(meaning.split()))
        lines.append(
            f"- raises `{subject}` {said}" if kind == "raises" else f"- `{subject}`: {said}" if subject else f"- {said}"
        )
    return "\n\n".join(part for part in (_markdown(text), "\n".join(lines)) if part)


def _first(value: Any) -> str:
    """The first paragraph of its text, in one line."""
    first = inspect.cleandoc(value.__doc__ or "").split("\n\n")[0].split("\n:")[0]
    return _inline(" ".join(re.sub(r"^:raises (\w+):", r"Raises ``\1``", first).split()))


#: Page within the checkout -> what makes it.
PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/hooks.md": hooks_page,
    "docs/reference/extension-events.md": functools.partial(events_page, _NOTE),
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
    parts.append(_markdown(function.__doc__))
    kind = contributions.DECLARED.get(name)
    if kind is not None:
        parts.append(f"**`{kind.__name__}`** {_type(kind)}")
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


def _type(kind: type[Any]) -> str:
    text, meanings = _described(kind)
    rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field in dataclasses.fields(kind):
        if field.name == "plugin":
            continue
        shown = str(field.type).replace("|", "\\|")
        meaning = meanings.get(field.name, "").replace("|", "\\|")
        rows.append(f"| `{field.name}` | `{shown}` | {_default(field)} | {meaning} |")
    return f"{text}\n\n" + "\n".join(rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if callable(field.default):
        return "built in"
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    return "empty" if field.default_factory is not dataclasses.MISSING else "must be given"


def _described(kind: type[Any]) -> tuple[str, dict[str, str]]:
    """A class's text and what it says of its fields; fields of the base class count too."""
    meanings: dict[str, str] = {}
    text = ""
    for owner in reversed(kind.__mro__):
        if not dataclasses.is_dataclass(owner):
            continue
        text, *fields = re.split(r"^:param (?=\w+:)", inspect.cleandoc(owner.__doc__ or ""), flags=re.MULTILINE)
        for part in fields:
            name, _, meaning = part.partition(":")
            meanings[name] = _inline(" ".join(meaning.split()))
    return _markdown(text), meanings


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


def _markdown(text: str | None) -> str:
    """Markdown from the plain reStructuredText of our docstrings: roles, literals, definition lists."""
    lines: list[str] = []
    for line in inspect.cleandoc(text or "").splitlines():
        if lines and re.fullmatch(r"``\w+``", lines[-1]) and line.startswith("    "):
            lines[-1] = f"- {lines[-1]}: {line.strip()}"
        elif lines and lines[-1].startswith("- ") and line.startswith("    "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return _inline("\n".join(lines)).strip()


def _inline(text: str) -> str:
    text = re.sub(r":mod:`([\w.]+)`", r"`\1`", text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.stdout.writelines(f"{path.relative_to(ROOT)}\n" for path in write())
