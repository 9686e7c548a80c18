"""Checks of the code: what it imports, what it does at import, the names it gives, the hooks it implements."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import types
from collections.abc import Iterator, Mapping
from pathlib import Path

from ... import hooks
from ..manifest import Manifest
from .rules import Finding, finding
from .source import OWN, Import, Module, Source, argument, at_import, dotted, text_of

_PUBLIC = frozenset({"crmhost", "crmhost.api", "crmhost.hooks", "crmhost.web.api"})
#: Modules of a plugin that must work without the web.
_PLAIN = frozenset({"api", "events", "hooks", "jobs", "models", "queries", "services", "settings"})
_WEB = frozenset({"flask", "werkzeug", "wtforms", "jinja2"})

_STARTS = {
    "threading.Thread",
    "threading.Timer",
    "_thread.start_new_thread",
    "multiprocessing.Process",
    "multiprocessing.Pool",
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor",
    "subprocess.Popen",
    "subprocess.run",
    "os.fork",
    "os.system",
    "asyncio.run",
    "atexit.register",
    "signal.signal",
    "signal.setitimer",
    "signal.alarm",
    "sys.exit",
    "os._exit",
}
_CHANGES = {
    "logging.basicConfig",
    "logging.config.dictConfig",
    "logging.config.fileConfig",
    "logging.disable",
    "warnings.filterwarnings",
    "warnings.simplefilter",
    "locale.setlocale",
    "os.chdir",
    "os.putenv",
    "os.environ.update",
    "os.environ.setdefault",
    "sys.path.append",
    "sys.path.insert",
    "sys.setrecursionlimit",
    "gc.disable",
    "random.seed",
    "socket.setdefaulttimeout",
}
#: Contribution -> the field that must begin with the id.
_NAMED = {
    "Permission": "name",
    "Setting": "key",
    "Job": "kind",
    "Schedule": "kind",
    "JournalType": "name",
    "Service": "name",
}
#: The hook that returns them, for plugins that give dictionaries.
_NAMED_BY_HOOK = {
    "permissions": "name",
    "settings": "key",
    "jobs": "kind",
    "schedules": "kind",
    "journal_types": "name",
    "services": "name",
}


def imports(source: Source) -> Iterator[Finding]:
    """CRM010 to CRM013."""
    by_name = {module.name: module for module in source.modules}
    for module in source.modules:
        testing = module.place in ("tests", "conftest")
        for found in module.imports:
            if not testing:
                yield from _of_crmhost(module, found)
            yield from _of_plugins(source, module, found, testing)
    for module in source.code:
        if module.place in _PLAIN:
            yield from _reaches_web(module, by_name)


def _of_crmhost(module: Module, found: Import) -> Iterator[Finding]:
    if found.module.partition(".")[0] != "crmhost":
        return
    wanted = {found.module}
    if found.module in ("crmhost", "crmhost.web"):
        wanted = {f"{found.module}.{name}" for name in found.names} or wanted
    for name in sorted(wanted - _PUBLIC - {"crmhost.__version__"}):
        yield finding("CRM010", module.file, found.line, f"{name} is not public.")
    if found.module in ("crmhost.api", "crmhost.web.api"):
        offered = _offered(found.module)
        for name in found.names:
            if name not in offered and name != "*":
                message = f"{found.module} does not offer “{name}”."
                yield finding("CRM010", module.file, found.line, message, _near(name, offered))


@functools.cache
def _offered(module: str) -> frozenset[str]:
    """Names in the ``__all__`` of a public module, read without importing it."""
    path = Path(hooks.__file__).parent.joinpath(*module.split(".")[1:]).with_suffix(".py")
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def _of_plugins(source: Source, module: Module, found: Import, testing: bool) -> Iterator[Finding]:
    parts = found.module.split(".")
    if parts[0] != "plugins":
        return
    others = [parts[1:]] if len(parts) > 1 else [[name] for name in found.names]
    declared = {*source.manifest.needs, *source.manifest.optional} if source.manifest else set()
    for other, *inside in others:
        if source.manifest and other not in declared:
            yield finding("CRM011", module.file, found.line, f"The plugin “{other}” is not named in plugin.toml.")
        reached = inside or list(found.names)
        if reached[:1] != ["api"] and not testing:
            what = ".".join(["plugins", other, *inside])
            yield finding("CRM012", module.file, found.line, f"{what} belongs to the plugin “{other}” alone.")


def _web_import(module: Module) -> Import | None:
    for found in module.imports:
        if found.typing:
            continue
        top = found.module.partition(".")[0]
        if top in _WEB or top.startswith("flask_") or found.module.startswith("crmhost.web"):
            return found
        if found.module == "crmhost" and "web" in found.names:
            return found
    return None


def _reaches_web(module: Module, by_name: Mapping[str, Module]) -> Iterator[Finding]:
    """A finding for each import through which a module comes to Flask, directly or by way of helper modules."""
    direct = _web_import(module)
    if direct is not None:
        yield finding("CRM013", module.file, direct.line, f"It imports {direct.module}.")
    for found in module.imports:
        ways: list[tuple[str, ...]] = [(name,) for name in _inner(found, by_name)]
        seen = {module.name, *(way[0] for way in ways)}
        for way in ways:
            reached = by_name[way[-1]]
            if reached.place in _PLAIN:
                continue  # has a finding of its own
            if (web := _web_import(reached)) is not None:
                path = " → ".join(by_name[name].file for name in way)
                yield finding("CRM013", module.file, found.line, f"It comes to {web.module} by way of {path}.")
                break
            for further in reached.imports:
                for name in _inner(further, by_name):
                    if name not in seen:
                        seen.add(name)
                        ways.append((*way, name))


def _inner(found: Import, by_name: Mapping[str, Module]) -> list[str]:
    """The plugin's own modules that an import names; its ``__init__.py`` is loaded in any case and does not count."""
    if found.typing or not found.module.startswith(OWN):
        return []
    module = found.module.removeprefix(OWN)
    candidates = [module, *(f"{module}.{name}".removeprefix(".") for name in found.names)]
    return [name for name in candidates if name and name in by_name]


def import_effects(source: Source) -> Iterator[Finding]:
    """CRM020 and CRM021."""
    for module in source.code:
        aliases = module.aliases
        for node in at_import(module.tree):
            target = node.func if isinstance(node, ast.Call) else node
            name = dotted(target, aliases)
            if name in _STARTS and (isinstance(node, ast.Call) or name == "atexit.register"):
                yield finding("CRM020", module.file, node.lineno, f"{name} is called at import.")
            elif name in _CHANGES and isinstance(node, ast.Call):
                yield finding("CRM021", module.file, node.lineno, f"{name} is called at import.")
            elif (
                isinstance(node, ast.Subscript)
                and isinstance(node.ctx, ast.Store)
                and dotted(node.value, aliases) == "os.environ"
            ):
                yield finding("CRM021", module.file, node.lineno, "os.environ is changed at import.")


def names(source: Source) -> Iterator[Finding]:
    """CRM050 and CRM051."""
    for module in source.code:
        aliases = module.aliases
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                kind = dotted(node.func, aliases).rpartition(".")[2]
                if kind in _NAMED:
                    yield from _name(source, module, argument(node, _NAMED[kind]))
                elif kind == "Blueprint":
                    yield from _blueprint(source, module, argument(node, "name", 0))
            elif isinstance(node, ast.FunctionDef) and node.name in _NAMED_BY_HOOK and _mark(node) is not None:
                for part in ast.walk(node):
                    if isinstance(part, ast.Dict):
                        keys = [text_of(key) if key else None for key in part.keys]
                        if _NAMED_BY_HOOK[node.name] in keys:
                            value = part.values[keys.index(_NAMED_BY_HOOK[node.name])]
                            yield from _name(source, module, value)


def _name(source: Source, module: Module, value: ast.expr | None) -> Iterator[Finding]:
    text = text_of(value)
    if value is not None and text is not None and text != source.id and not text.startswith(f"{source.id}."):
        yield finding("CRM050", module.file, value.lineno, f"“{text}” must be called “{source.id}.…”.")


def _blueprint(source: Source, module: Module, value: ast.expr | None) -> Iterator[Finding]:
    text = text_of(value)
    if value is not None and text is not None and text != source.id and not text.startswith(f"{source.id}_"):
        message = f"The blueprint “{text}” must be called “{source.id}” or “{source.id}_…”."
        yield finding("CRM051", module.file, value.lineno, message)


# --- hooks -----------------------------------------------------------------------------------------------------------


@functools.cache
def core_hooks() -> Mapping[str, frozenset[str]]:
    """Hook of the core -> names of its arguments."""
    return {
        name: frozenset(inspect.signature(function).parameters)
        for name, function in vars(hooks).items()
        if isinstance(function, types.FunctionType) and hasattr(function, "crmhost_hook")
    }


def implementations(source: Source) -> Iterator[Finding]:
    """CRM003 and CRM030 to CRM033."""
    own = {name: arguments for _, name, arguments, _ in _own_specs(source)}
    for module, name, _, line in _own_specs(source):
        if not name.startswith(f"{source.id}_"):
            yield finding("CRM033", module.file, line, f"The hook “{name}” must be called “{source.id}_…”.")
    known = {**core_hooks(), **own}
    classes = [
        (module, node)
        for module in source.code
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Plugin"
    ]
    start = next((module for module in source.modules if not module.name), None)
    if start is None:
        if not any(file == "__init__.py" for file in source.files):
            yield finding("CRM003", "__init__.py", 0, "The file is missing.")
    elif not _offers_plugin(start.tree):
        yield finding("CRM003", "__init__.py", 0, "There is no class “Plugin”.")
    for module, node in classes:
        for method in node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from _method(source, module, method, known)


def _offers_plugin(tree: ast.Module) -> bool:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Plugin":
            return True
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == "Plugin" for alias in node.names):
            return True
        if isinstance(node, ast.Assign) and any(
            isinstance(part, ast.Name) and part.id == "Plugin" for part in node.targets
        ):
            return True
    return False


def _others(manifest: Manifest) -> set[str]:
    return {*manifest.needs, *manifest.optional, *manifest.after}


def _own_specs(source: Source) -> list[tuple[Module, str, frozenset[str], int]]:
    return [
        (module, node.name, frozenset(_parameters(node)), node.lineno)
        for module in source.code
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and any(_called(part) == "hookspec" for part in node.decorator_list)
    ]


def _called(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return dotted(target, {}).rpartition(".")[2]


def _mark(method: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.expr | None:
    return next((part for part in method.decorator_list if _called(part) == "hookimpl"), None)


def _parameters(method: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = method.args
    return [part.arg for part in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _method(
    source: Source, module: Module, method: ast.FunctionDef | ast.AsyncFunctionDef, known: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    mark = _mark(method)
    if mark is None:
        if method.name in known:
            yield finding("CRM032", module.file, method.lineno, f"{method.name}() is named like a hook and not marked.")
        return
    name = method.name
    if isinstance(mark, ast.Call):
        name = text_of(argument(mark, "specname")) or name
    if name not in known:
        # Without a manifest nobody knows whose hooks these are.
        if source.manifest is not None and not any(name.startswith(f"{other}_") for other in _others(source.manifest)):
            hint = _near(name, known) or "Name the plugin whose hook it is under [requires] plugins or optional."
            yield finding("CRM030", module.file, method.lineno, f"There is no hook “{name}”.", hint)
        return
    for wrong in _parameters(method)[1:]:
        if wrong not in known[name]:
            offered = ", ".join(sorted(known[name])) or "no arguments"
            hint = _near(wrong, known[name]) or f"It offers {offered}."
            yield finding("CRM031", module.file, method.lineno, f"The hook “{name}” has no argument “{wrong}”.", hint)


def _near(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean “{near[0]}”?" if near else ""
