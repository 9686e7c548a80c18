"""Names, signatures and docstrings of the code as Markdown, for the pages of the reference."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from types import ModuleType
from typing import Any

from .. import contributions

#: Stands at the top of each page.
NOTE = "<!-- Made from the code by “python -m crmhost.host.reference”; change it there. -->"


def module_page(name: str) -> str:
    """What a module offers to plugins, name by name, as Markdown."""
    module = importlib.import_module(name)
    parts = [f"# {name}", NOTE, markdown(module.__doc__)]
    offered = {item: vars(module)[item] for item in module.__all__}
    for title, kind in (("Classes", inspect.isclass), ("Functions", inspect.isroutine), ("Modules", inspect.ismodule)):
        found = {item: value for item, value in offered.items() if kind(value)}
        if found:
            parts.append(f"## {title}")
            parts += [section(item, value) for item, value in sorted(found.items(), key=lambda pair: pair[0].lower())]
        offered = {item: value for item, value in offered.items() if item not in found}
    if offered:
        parts.append("## Values")
        parts.append("\n".join(f"- `{item}`: {kind_of(value)}" for item, value in sorted(offered.items())))
    return "\n\n".join(parts) + "\n"


def kind_of(value: object) -> str:
    return f"`{value!r}`" if isinstance(value, str) else f"of the type `{type(value).__name__}`"


def section(name: str, value: Any) -> str:
    """The section of one name."""
    if inspect.isclass(value) and issubclass(value, contributions.Contribution):
        hook = next((hook for hook, kind in contributions.DECLARED.items() if kind is value), "")
        if hook:
            return f"### `{name}`\n\n{first_of(value)} Returned by the hook [`{hook}`](hooks.md#{hook})."
    heading = (
        f"### `{name}`\n\n"
        if inspect.ismodule(value) or inspect.isclass(value)
        else f"### `{call_of(name, value)}`\n\n"
    )
    if not _ours(value):
        return f"{heading}From {value.__module__.partition('.')[0].replace('_', '-').title()}."
    text = text_of(value)
    members = _functions(value) if inspect.ismodule(value) else _methods(value) if inspect.isclass(value) else {}
    lines = [f"- `{call_of(item, function)}`: {first_of(function)}" for item, function in members.items()]
    if inspect.ismodule(value):
        lines += [f"- `{item}`: {first_of(kind)}" for item, kind in _classes(value).items()]
    return heading + "\n\n".join(part for part in (text, "\n".join(lines)) if part)


def _ours(value: Any) -> bool:
    return inspect.ismodule(value) or str(value.__module__).startswith(("crmhost", "plugins"))


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


def call_of(name: str, value: Any) -> str:
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


def text_of(value: Any) -> str:
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
    return "\n\n".join(part for part in (markdown(text), "\n".join(lines)) if part)


def first_of(value: Any) -> str:
    """The first paragraph of its text, in one line."""
    first = inspect.cleandoc(value.__doc__ or "").split("\n\n")[0].split("\n:")[0]
    return _inline(" ".join(re.sub(r"^:raises (\w+):", r"Raises ``\1``", first).split()))


def fields_of(kind: type[Any]) -> str:
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
    return markdown(text), meanings


def markdown(text: str | None) -> str:
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
