"""The page of the documentation on what bundled extensions offer to others: their hooks, and what their ``api.py`` has."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import inspect as inspect_model
from sqlalchemy.orm import DeclarativeBase

from .described import NOTE, call_of, fields_of, kind_of, markdown, section, text_of
from .told import ROOT

_HEAD = f"""\
# What the bundled extensions offer

{NOTE}

Hooks and names of the bundled extensions, for extensions that name them in their manifest under `[requires]`. Of another
extension import `plugins.ID.api` alone; when it is only `optional`, in the function that uses it. The hooks of one that is off
are not called. [What they tell](extension-events.md) has a page of its own."""


def extensions_page(root: Path = ROOT) -> str:
    """The page, as Markdown.

    :param root: checkout with the bundled extensions.
    """
    parts = [_HEAD]
    for folder in sorted(path for path in (root / "plugins").iterdir() if (path / "plugin.toml").is_file()):
        modules = {name: _module(folder, name) for name in ("hooks", "api")}
        hooks = _hooks(modules["hooks"])
        names = _names(modules["api"])
        if hooks or names:
            parts += [f"## {folder.name}", *hooks]
        if names:
            parts += [f"### `plugins.{folder.name}.api`", markdown(modules["api"].__doc__), *names]
    return "\n\n".join(part for part in parts if part) + "\n"


def _module(folder: Path, name: str) -> ModuleType:
    there = (folder / f"{name}.py").is_file()
    return importlib.import_module(f"plugins.{folder.name}.{name}") if there else ModuleType(name)


def _hooks(module: ModuleType) -> list[str]:
    """A section for each hook: what it is called with, its kind, its text."""
    found = [value for value in vars(module).values() if hasattr(value, "crmhost_hook")]
    return [
        f"### Hook `{function.__name__}`\n\n`{call_of(function.__name__, function)}`\n\n"
        f"*{function.crmhost_hook.kind}*\n\n{_text(function)}"
        for function in found
    ]


def _names(module: ModuleType) -> list[str]:
    """A section for each name that others may import; events have a page of their own."""
    offered = {name: vars(module)[name] for name in getattr(module, "__all__", ()) if name != "EVENTS"}
    return [_nested(_offered(name, value)) for name, value in sorted(offered.items(), key=lambda pair: pair[0].lower())]


def _offered(name: str, value: Any) -> str:
    if dataclasses.is_dataclass(value) and isinstance(value, type):
        return f"### `{name}`\n\n{fields_of(value)}"
    if inspect.isclass(value) and issubclass(value, DeclarativeBase):
        return f"{section(name, value)}\n\nColumns: {', '.join(f'`{key}`' for key in inspect_model(value).columns)}."
    if inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value):
        return section(name, value)
    return f"### `{name}`\n\n{kind_of(value)}"


def _nested(text: str) -> str:
    return f"#{text}"


def _text(value: Any) -> str:
    """A docstring whose examples stand as code."""
    return re.sub(r"::$", ":", text_of(value), flags=re.MULTILINE)
