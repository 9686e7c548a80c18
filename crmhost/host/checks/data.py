"""Checks of models and migrations: names of tables, foreign keys, what the manifest says of columns."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

from ..ownership import core_tables, table_owner
from .rules import Finding, finding
from .source import Module, Source, argument, dotted, text_of

_CORE_CLASSES = frozenset({"Contact", "JournalEntry", "Role", "Status", "Tag", "User"})
_SAFE = frozenset({"CASCADE", "SET NULL"})
_CONTACT = "contacts_contact.id"


@dataclasses.dataclass(frozen=True)
class _Table:
    """A model as its class says it: column -> the column that it refers to, or nothing."""

    module: Module
    name: str
    line: int
    columns: dict[str, str]
    lines: dict[str, int]


def models(source: Source) -> Iterator[Finding]:
    """CRM040 to CRM047."""
    tables = [table for module in source.code for table in _tables(module)]
    for table in tables:
        if not table.name.startswith(f"{source.id}_"):
            message = f"The table “{table.name}” must be called “{source.id}_…”."
            yield finding("CRM040", table.module.file, table.line, message)
    if tables and not source.migrations:
        yield finding("CRM041", tables[0].module.file, tables[0].line, "There are models and no migrations.")
    for module in (*source.code, *source.migrations):
        yield from _foreign_keys(source, module)
    for module in source.code:
        yield from _relationships(module)
    for module in source.migrations:
        yield from _migration(source, module)
    yield from _declared_columns(source, tables)


def _tables(module: Module) -> Iterator[_Table]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            name = next((text for part in node.body if (text := _table_name(part)) is not None), None)
            if name is not None:
                yield _Table(module, name, node.lineno, *_columns(node))
        elif isinstance(node, ast.Call) and dotted(node.func, module.aliases).endswith("sqlalchemy.Table"):
            name = text_of(argument(node, "name", 0))
            if name is not None:
                yield _Table(module, name, node.lineno, {}, {})


def _table_name(statement: ast.stmt) -> str | None:
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return None
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    named = any(isinstance(target, ast.Name) and target.id == "__tablename__" for target in targets)
    return text_of(statement.value) if named else None


def _columns(model: ast.ClassDef) -> tuple[dict[str, str], dict[str, int]]:
    columns: dict[str, str] = {}
    lines: dict[str, int] = {}
    for part in model.body:
        target = (
            part.target
            if isinstance(part, ast.AnnAssign)
            else part.targets[0]
            if isinstance(part, ast.Assign)
            else None
        )
        if not isinstance(target, ast.Name) or target.id.startswith("__"):
            continue
        name, refers = target.id, ""
        for node in ast.walk(part):
            if isinstance(node, ast.Call) and _last(node.func) in ("mapped_column", "Column"):
                name = text_of(node.args[0] if node.args else None) or name
            if isinstance(node, ast.Call) and _last(node.func) == "ForeignKey":
                refers = text_of(argument(node, "column", 0)) or refers
        columns[name] = refers
        lines[name] = part.lineno
    return columns, lines


def _last(function: ast.expr) -> str:
    return dotted(function, {}).rpartition(".")[2]


def _foreign_keys(source: Source, module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        kind = _last(node.func)
        if kind == "ForeignKey":
            targets = [argument(node, "column", 0)]
        elif kind == "ForeignKeyConstraint" and isinstance(
            listed := argument(node, "refcolumns", 1), (ast.List, ast.Tuple)
        ):
            targets = list(listed.elts)
        else:
            continue
        for table in sorted({_referred(target, module) for target in targets} - {""}):
            if table.startswith(f"{source.id}_"):
                continue
            if text_of(argument(node, "ondelete")) not in _SAFE:
                message = f"The foreign key to {table} does not say what happens when the record goes."
                yield finding("CRM042", module.file, node.lineno, message)
            if source.manifest and table not in core_tables() and not table_owner(table, source.manifest.needs):
                message = f"The table {table} belongs to no plugin that this one needs."
                yield finding("CRM043", module.file, node.lineno, message)


def _referred(target: ast.expr | None, module: Module) -> str:
    """The table that a foreign key names, as text or through a class of ``crmhost.api``."""
    text = text_of(target)
    if text is not None:
        return text.rpartition(".")[0]
    if target is not None and dotted(target, module.aliases).startswith("crmhost.api."):
        return "contacts_contact"
    return ""


def _relationships(module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.AnnAssign, ast.Assign)) and isinstance(node.value, ast.Call):
            call = node.value
            if _last(call.func) != "relationship":
                continue
            parts: list[ast.expr] = [*call.args[:1]]
            if isinstance(node, ast.AnnAssign):
                parts.append(node.annotation)
            words = {
                word
                for part in parts
                for inner in ast.walk(part)
                for word in (getattr(inner, "id", None), text_of(inner) if isinstance(inner, ast.expr) else None)
            }
            back = next((key.arg for key in call.keywords if key.arg in ("backref", "back_populates")), None)
            if back and words & _CORE_CLASSES:
                yield finding(
                    "CRM044", module.file, call.lineno, f"The relationship to a class of the core has {back}."
                )


def _migration(source: Source, module: Module) -> Iterator[Finding]:
    functions = {node.name: node for node in module.tree.body if isinstance(node, ast.FunctionDef)}
    down = functions.get("downgrade")
    if down is None or all(isinstance(part, (ast.Pass, ast.Raise)) or _is_text(part) for part in down.body):
        up = functions.get("upgrade")
        if down is None or (
            up is not None and not all(isinstance(part, ast.Pass) or _is_text(part) for part in up.body)
        ):
            yield finding("CRM045", module.file, down.lineno if down else 0, "It can't be taken back.")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _last(node.func) == "create_table":
            name = text_of(argument(node, "table_name", 0))
            if name is not None and not name.startswith(f"{source.id}_"):
                yield finding("CRM040", module.file, node.lineno, f"The table “{name}” must be called “{source.id}_…”.")


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _declared_columns(source: Source, tables: list[_Table]) -> Iterator[Finding]:
    if source.manifest is None:
        return
    data = source.manifest.data
    known = {table.name: table for table in tables if table.columns}
    for column in (*data.contact_refs, *data.personal):
        table, _, name = column.partition(".")
        if (
            not tables
            or (table in known and name not in known[table].columns)
            or table not in {one.name for one in tables}
        ):
            yield finding("CRM046", "plugin.toml", 0, f"There is no column {column} in the plugin's models.")
    for found in known.values():
        for name, refers in found.columns.items():
            if refers == _CONTACT and f"{found.name}.{name}" not in data.contact_refs:
                message = f"{found.name}.{name} refers to contacts and is not under [data] contact_refs."
                yield finding("CRM047", found.module.file, found.lines[name], message)
