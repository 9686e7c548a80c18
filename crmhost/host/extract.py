"""The texts of code that people see, found by reading it: what a catalogue must hold.

Found are the first argument of ``_``, ``gettext`` and their like (``ngettext`` and ``Plural``: the first two) in Python and in
templates, the sentences of errors, the labels of contributions, and what the manifest says.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, nodes

from .. import contributions

_ONE = frozenset({"_", "__", "gettext", "lazy_gettext", "lazy_text", "Message"})
_MANY = frozenset({"ngettext", "lazy_ngettext", "Plural"})
#: Errors, and calls that note one -> which argument is the sentence, by place and name.
_ERRORS: Mapping[str, tuple[int, str]] = {
    "CrmError": (0, "message"),
    "Conflict": (0, "message"),
    "Vetoed": (0, "message"),
    "Stale": (0, "message"),
    "Invalid": (0, "errors"),
    "NotFound": (0, "object_type"),
    "Forbidden": (1, "message"),
    "PluginError": (1, "message"),
    "GiveUp": (0, "why"),
    "RetryLater": (1, "why"),
    "RequestError": (0, "message"),
    "refuse": (1, "sentence"),
    "add_problem": (1, "sentence"),
}
_WORDS = re.compile(r"[a-z][a-z_]+(\.[a-z_]+)?")
_LABELS = frozenset({"label", "title", "help", "message", "advice"})
_CONTRIBUTIONS = {
    name: frozenset(field.name for field in dataclasses.fields(kind) if field.name in _LABELS | {"choices"})
    for name, kind in vars(contributions).items()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}


@dataclasses.dataclass(frozen=True, order=True)
class Text:
    """A text in the code.

    :param many: its form for many; empty for a text that does not count.
    """

    text: str
    many: str = ""


@dataclasses.dataclass(frozen=True, order=True)
class Found:
    """A text and where it stands.

    :param file: path below the folder that was read.
    """

    text: Text
    file: str
    line: int


@dataclasses.dataclass(frozen=True, order=True)
class Lost:
    """A sentence that no catalogue can hold, because its values are put in before it is translated."""

    file: str
    line: int


@dataclasses.dataclass
class Texts:
    """What was found in a folder."""

    found: list[Found] = dataclasses.field(default_factory=list)
    lost: list[Lost] = dataclasses.field(default_factory=list)


def texts_of(folder: Path, leave: Iterable[str] = ()) -> Texts:
    """All texts of the plugin, theme or package in a folder.

    :param leave: files and folders below it that are not read; tests, migrations and commands never are.
    """
    left = {*leave, "tests", "migrations", "commands", "commands.py", "static", "translations"}
    found = Texts()
    modules: list[tuple[str, ast.Module]] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(str(part) in left for part in (name, *name.parents)) or any(part in left for part in name.parts[:1]):
            continue
        if path.suffix == ".py":
            modules.append((str(name), ast.parse(path.read_text("utf-8"))))
        elif path.suffix == ".html":
            found.found.extend(_of_template(path.read_text("utf-8"), str(name)))
        elif path.name in ("plugin.toml", "theme.toml") and path.parent == folder:
            table = tomllib.loads(path.read_text("utf-8"))
            said = [table.get("name"), table.get("summary"), *table.get("permissions", {}).values()]
            found.found.extend(Found(Text(text), str(name), 0) for text in said if isinstance(text, str))
    errors = _errors_of(tree for _name, tree in modules)
    for name_, tree in modules:
        _Python(name_, found, errors).visit(tree)
    found.found = [each for each in found.found if any(letter.isalpha() for letter in each.text.text)]
    return found


def _errors_of(trees: Iterable[ast.Module]) -> dict[str, tuple[int, str]]:
    """The known errors, and those that the modules make of them without a constructor of their own."""
    made = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = dict(_ERRORS)
    for _depth in range(3):
        for node in made:
            own = any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
            base = next((known[_name(base)] for base in node.bases if _name(base) in known), None)
            if base is not None and not own:
                known.setdefault(node.name, base)
    return known


class _Python(ast.NodeVisitor):
    """Reads one module."""

    def __init__(self, file: str, into: Texts, errors: Mapping[str, tuple[int, str]]) -> None:
        self._file = file
        self._into = into
        self._errors = errors

    def visit_Assign(self, node: ast.Assign) -> None:
        """Looks at what ``errors[field]`` is set to."""
        target = node.targets[0]
        if _name(target) == "action":
            self._take_actions(node.value)
        if isinstance(target, ast.Subscript) and _name(target.value) == "errors":
            self._take(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Looks at what a call is given."""
        name = _name(node.func)
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if name in _ONE and node.args:
            self._take(node.args[0])
        elif name in _MANY and len(node.args) > 1:
            one, many = node.args[0], node.args[1]
            if isinstance(one, ast.Constant) and isinstance(many, ast.Constant):
                self._into.found.append(Found(Text(str(one.value), str(many.value)), self._file, node.lineno))
            else:
                self._lose(node)
        elif name == "Finding":
            for place in (1, 3, 4):
                if len(node.args) > place:
                    self._take(node.args[place])
        elif name == "tell" and len(node.args) > 2:
            told = node.args[2]
            if isinstance(told, ast.Constant) and " " in str(told.value):
                self._take(told)
        elif name == "setdefault" and isinstance(node.func, ast.Attribute) and _name(node.func.value) == "errors":
            self._take(node.args[1])
        elif name in self._errors:
            place, keyword = self._errors[name]
            said = node.args[place] if len(node.args) > place else given.get(keyword)
            if said is not None:
                self._take(said)
        elif name in ("audit", "_audit"):
            for argument in node.args:
                self._take_actions(argument)
        elif name in _CONTRIBUTIONS:
            for keyword in _CONTRIBUTIONS[name] & set(given):
                if keyword == "choices":
                    self._take_labels(given[keyword])
                else:
                    self._take(given[keyword])
        self.generic_visit(node)

    def _take_actions(self, node: ast.expr) -> None:
        """Actions of the audit log, such as ``contact.created``, and kinds of records are shown in words."""
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and _WORDS.fullmatch(part.value):
                words = part.value.replace(".", " ").replace("_", " ")
                text = words.capitalize() if "." in part.value else words
                self._into.found.append(Found(Text(text), self._file, node.lineno))

    def _take_labels(self, node: ast.expr) -> None:
        if isinstance(node, ast.List | ast.Tuple):
            for pair in node.elts:
                if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                    self._take(pair.elts[1])

    def _take(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str(text)) if text:
                self._into.found.append(Found(Text(text), self._file, node.lineno))
            case ast.JoinedStr():
                self._lose(node)
            case ast.BinOp(op=ast.Add() | ast.Mod()):
                self._lose(node)
            case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Constant())):
                self._lose(node)
            case ast.IfExp():
                self._take(node.body)
                self._take(node.orelse)
            case ast.BoolOp():
                for part in node.values:
                    self._take(part)
            case ast.Dict():
                for value in node.values:
                    self._take(value)
            case ast.List() | ast.Tuple() | ast.Set():
                for part in node.elts:
                    self._take(part)

    def _lose(self, node: ast.expr) -> None:
        self._into.lost.append(Lost(self._file, node.lineno))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _of_template(source: str, file: str) -> Iterator[Found]:
    from ..web.templating import plain

    tree = _parsed(plain, source)
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or not call.args:
            continue
        if call.node.name in _ONE:
            for text in _constants(call.args[0]):
                yield Found(Text(text), file, call.lineno)
        elif call.node.name in _MANY and len(call.args) > 1:
            one, many = list(_constants(call.args[0])), list(_constants(call.args[1]))
            for pair in zip(one, many, strict=True):
                yield Found(Text(*pair), file, call.lineno)


def _parsed(environment: Environment, source: str) -> nodes.Template:
    parse: Callable[[str], nodes.Template] = environment.parse
    return parse(source)


def _constants(node: nodes.Expr) -> Iterator[str]:
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr():
            yield from _constants(node.expr1)
            if node.expr2 is not None:
                yield from _constants(node.expr2)
        case nodes.Or():
            yield from _constants(node.left)
            yield from _constants(node.right)
