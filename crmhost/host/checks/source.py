"""A plugin's files as the checks read them: parsed, never run."""

from __future__ import annotations

import ast
import dataclasses
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from ..manifest import Manifest
from .rules import Finding, finding

#: Larger Python files and templates are not read, in bytes.
MAX_FILE = 1024 * 1024
#: More files than this are not looked at.
MAX_FILES = 20_000

_SKIPPED = frozenset({"__pycache__", "node_modules"})


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported module.

    :param module: absolute dotted name; modules of the plugin begin with :data:`OWN`.
    :param names: what is imported from it; empty for ``import module``.
    :param typing: only for type checkers, below ``if TYPE_CHECKING``.
    """

    module: str
    names: tuple[str, ...]
    line: int
    typing: bool = False


#: Stands for the plugin's package in names of modules, whatever it is called when it runs.
OWN = "."


@dataclasses.dataclass(frozen=True)
class Module:
    """A Python file.

    :param file: path within the folder, with slashes.
    :param name: dotted name within the plugin; empty for its ``__init__.py``.
    """

    file: str
    name: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def place(self) -> str:
        """First part of its path without the ending: ``services``, ``migrations``, ``tests`` …"""
        return self.file.split("/")[0].removesuffix(".py")

    @functools.cached_property
    def aliases(self) -> dict[str, str]:
        """Name in this module -> dotted name of what it stands for, for everything imported."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found


@dataclasses.dataclass(frozen=True)
class Source:
    """A plugin's folder.

    :param id: its id, also when the manifest is wrong.
    :param files: every file's path within the folder.
    """

    folder: Path
    id: str
    manifest: Manifest | None
    files: tuple[str, ...]
    modules: tuple[Module, ...]

    @property
    def code(self) -> tuple[Module, ...]:
        """Modules that run in the site: neither tests nor migrations."""
        return tuple(module for module in self.modules if module.place not in ("tests", "conftest", "migrations"))

    @property
    def migrations(self) -> tuple[Module, ...]:
        """The migration scripts."""
        return tuple(
            module
            for module in self.modules
            if module.file.startswith("migrations/versions/") and not module.file.endswith("__init__.py")
        )


def read(folder: Path, manifest: Manifest | None) -> tuple[Source, list[Finding]]:
    """A folder's files, and what is wrong with them as files."""
    findings: list[Finding] = []
    files: list[str] = []
    modules: list[Module] = []
    plugin_id = manifest.id if manifest else folder.name
    for file in walk(folder, findings):
        files.append(file)
        if len(files) >= MAX_FILES:
            break
        if file.endswith(".py"):
            module = _parse(folder, file, plugin_id, findings)
            if module is not None:
                modules.append(module)
    return Source(folder, plugin_id, manifest, tuple(files), tuple(modules)), findings


def walk(folder: Path, findings: list[Finding] | None = None, *, below: str = "") -> Iterator[str]:
    """Paths of a plugin's own files within its folder, without hidden files, caches and what npm installs.

    Links are not followed; they and what can't be read are told in ``findings``.
    """
    told: list[Finding] = [] if findings is None else findings
    try:
        entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
    except OSError as error:
        told.append(finding("CRM004", below.rstrip("/") or ".", 0, f"It can't be read ({error.strerror})."))
        return
    for entry in entries:
        name = below + entry.name
        if entry.is_symlink():
            told.append(finding("CRM005", name, 0, "It is a symbolic link."))
        elif entry.name.startswith(".") or entry.name in _SKIPPED or entry.name.endswith(".pyc"):
            continue
        elif entry.is_dir():
            yield from walk(folder, told, below=f"{name}/")
        elif entry.is_file():
            yield name


def read_text(folder: Path, file: str) -> str | None:
    """A file's text; ``None`` when it is too large or not UTF-8."""
    try:
        with (folder / file).open("rb") as stream:
            content = stream.read(MAX_FILE + 1)
        return content.decode("utf-8") if len(content) <= MAX_FILE else None
    except (OSError, UnicodeDecodeError):
        return None


def at_import(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions that are evaluated when the module is imported, and when the host makes the ``Plugin``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):
            yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [*node.decorator_list, *node.args.defaults, *(part for part in node.args.kw_defaults if part)]
            continue
        if isinstance(node, ast.ClassDef) and node.name == "Plugin":
            waiting += [
                part for method in node.body if _name(method) == "__init__" for part in ast.iter_child_nodes(method)
            ]
        if isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and _is_never(node.test)):
            continue
        waiting += ast.iter_child_nodes(node)


def _name(node: ast.stmt) -> str:
    return node.name if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else ""


def _is_never(test: ast.expr) -> bool:
    """Whether a module-level condition is false when the host imports the module."""
    text = ast.unparse(test)
    return text in ("TYPE_CHECKING", "typing.TYPE_CHECKING") or text.startswith(("__name__ ==", "'__main__' =="))


def dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    """The full dotted name that an expression stands for; empty when it is something else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([aliases.get(node.id, node.id), *reversed(parts)])


def text_of(node: ast.expr | None) -> str | None:
    """The text of a literal; ``None`` for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def argument(call: ast.Call, name: str, place: int | None = None) -> ast.expr | None:
    """What a call gives for a parameter, by name or by place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place is not None and len(call.args) > place else None


def _parse(folder: Path, file: str, plugin_id: str, findings: list[Finding]) -> Module | None:
    text = read_text(folder, file)
    if text is None:
        findings.append(finding("CRM004", file, 0, "It is larger than 1 MB or not UTF-8 text."))
        return None
    try:
        tree = ast.parse(text, file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        findings.append(finding("CRM004", file, line, f"It is not valid Python: {getattr(error, 'msg', error)}."))
        return None
    parts = file.removesuffix(".py").split("/")
    package = parts[:-1]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return Module(file, ".".join(parts), tree, tuple(_imports(tree, package, plugin_id)))


def _imports(tree: ast.Module, package: list[str], plugin_id: str) -> Iterator[Import]:
    quiet = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and _is_never(block.test)
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        typing = id(node) in quiet
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(_absolute(alias.name, plugin_id), (), node.lineno, typing)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(_origin(node, package, plugin_id), names, node.lineno, typing)


def _origin(node: ast.ImportFrom, package: list[str], plugin_id: str) -> str:
    """Absolute name of the module that something is imported from."""
    if not node.level:
        return _absolute(node.module or "", plugin_id)
    up = node.level - 1
    if up > len(package):
        return ".".join(part for part in ("plugins", node.module) if part)
    return OWN + ".".join([*package[: len(package) - up], *([node.module] if node.module else [])])


def _absolute(module: str, plugin_id: str) -> str:
    own = f"plugins.{plugin_id}"
    if module == own or module.startswith(f"{own}."):
        return OWN + module.removeprefix(own).removeprefix(".")
    return module
