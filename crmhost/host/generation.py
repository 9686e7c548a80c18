"""A generation: the plugins in force, in order, with their hooks and everything they declare.

Assembling one is a pure function of (code, plugins wanted): nothing is written, no thread is started. A plugin that fails is
left out and assembling starts again from scratch, so there is never half a plugin.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from .. import __version__
from ..contributions import DECLARED, Contribution, Permission, Service, Setting
from ..errors import PluginError
from .attribution import running
from .builtin import BUILTIN
from .hookcall import HookCaller, run_isolated
from .manifest import Data, Manifest, Names

if TYPE_CHECKING:
    from flask import Flask

    from .registry import Found

Origin = Literal["builtin", "bundled", "home", "pip", "test"]


@dataclasses.dataclass(frozen=True)
class LoadedPlugin:
    """A plugin whose code is imported.

    :param object: the instance of its ``Plugin`` class, made for this generation.
    :param digest: digest of the code as it was imported; differs from the disk's after an update.
    """

    id: str
    manifest: Manifest
    folder: Path
    object: Any
    origin: Origin
    digest: str

    @property
    def builtin(self) -> bool:
        """Whether it is part of the core."""
        return self.origin == "builtin"

    @property
    def versions(self) -> Path:
        """Folder of its migrations."""
        return self.folder / "migrations" / "versions"


@dataclasses.dataclass
class Generation:
    """See the module's text.

    :param number: grows with each change of the set of plugins.
    :param plugins: built-in ones first, then by needs.
    :param failed: plugin id -> why it was left out.
    :param tracebacks: plugin id -> the traceback of that failure, for admins.
    :param app: the Flask application, in web processes.
    :param build_ms: how long building that application took.
    """

    number: int
    plugins: tuple[LoadedPlugin, ...]
    hooks: HookCaller
    declared: Mapping[str, tuple[Any, ...]]
    failed: Mapping[str, str]
    tracebacks: Mapping[str, str]
    app: Flask | None = None
    build_ms: float = 0.0

    def __post_init__(self) -> None:
        self.by_id: dict[str, LoadedPlugin] = {plugin.id: plugin for plugin in self.plugins}
        self.settings: dict[str, Setting] = {item.key: item for item in self.contributions("settings")}
        self.permissions: dict[str, Permission] = {item.name: item for item in self.contributions("permissions")}
        self.services: dict[str, Service] = {item.name: item for item in self.contributions("services")}

    def contributions(self, hook: str) -> tuple[Any, ...]:
        """What the plugins declared through a ``declare`` hook, by ``order``, then by plugin."""
        return self.declared.get(hook, ())

    def run(
        self,
        plugin: str,
        place: str,
        function: Callable[..., Any],
        /,
        *arguments: Any,
        default: Any = None,
        gives: type[Any] | tuple[type[Any], ...] = object,
        may_refuse: bool = False,
        **named: Any,
    ) -> Any:
        """Runs a plugin's callable, see :func:`~crmhost.host.hookcall.run_isolated`."""
        return run_isolated(
            plugin, place, function, *arguments, default=default, gives=gives, may_refuse=may_refuse, **named
        )


def assemble(number: int, order: Sequence[Found], refused: Mapping[str, str] | None = None) -> Generation:
    """The generation with these plugins.

    :param order: plugins to run, those that are needed before those that need them.
    :param refused: plugin id -> why it was not even tried.
    """
    failed: dict[str, str] = dict(refused or {})
    tracebacks: dict[str, str] = {}
    remaining = list(order)
    while True:
        try:
            return _assemble(number, remaining, failed, tracebacks)
        except PluginError as error:
            if not any(found.manifest.id == error.plugin for found in remaining):
                raise
            failed[error.plugin] = error.message
            tracebacks[error.plugin] = error.traceback or traceback.format_exc()
            remaining = _without(remaining, error.plugin, failed)


def leave_out(generation: Generation, order: Sequence[Found], plugin: str, error: PluginError) -> Generation:
    """The same generation without a plugin that failed later, while the application was built."""
    failed = {**generation.failed, plugin: error.message}
    remaining = _without(
        [found for found in order if found.manifest.id not in failed or found.manifest.id == plugin], plugin, failed
    )
    left = assemble(generation.number, remaining, failed)
    traces = {**generation.tracebacks, **left.tracebacks, plugin: error.traceback}
    return dataclasses.replace(left, tracebacks=traces)


def _without(order: Sequence[Found], plugin: str, failed: dict[str, str]) -> list[Found]:
    """The order without a plugin and those that need it."""
    gone = {plugin}
    left = []
    for found in order:
        missing = gone & set(found.manifest.needs)
        if found.manifest.id in gone:
            continue
        if missing:
            gone.add(found.manifest.id)
            failed[found.manifest.id] = f"It needs “{sorted(missing)[0]}”, which could not be started."
        else:
            left.append(found)
    return left


def _assemble(
    number: int, order: Sequence[Found], failed: Mapping[str, str], tracebacks: Mapping[str, str]
) -> Generation:
    plugins = [*_builtin(), *(_load(found) for found in order)]
    depths = _depths(order)
    specs = [(plugin.id, module) for plugin in plugins if not plugin.builtin for module in _own_specs(plugin)]
    hooks = HookCaller(
        [(plugin.id, plugin.object) for plugin in plugins],
        specs,
        depths=depths,
        foreign={
            plugin.id: {
                *plugin.manifest.needs,
                *plugin.manifest.optional,
                *plugin.manifest.after,
                *plugin.manifest.auto_enable_with,
            }
            for plugin in plugins
        },
    )
    declared = {name: _declared(hooks, name, depths) for name, spec in hooks.specs.items() if spec.kind == "declare"}
    for plugin in plugins:
        if not plugin.builtin:
            _check_names(plugin, declared)
    _check_conflicts(declared, [plugin.id for plugin in plugins])
    return Generation(number, tuple(plugins), hooks, declared, dict(failed), dict(tracebacks))


def _depths(order: Sequence[Found]) -> dict[str, int]:
    depths: dict[str, int] = dict.fromkeys(BUILTIN, -1)
    for found in order:
        below = [*found.manifest.needs, *found.manifest.optional]
        depths[found.manifest.id] = max((depths[other] + 1 for other in below if other in depths), default=0)
    return depths


# --- importing -------------------------------------------------------------------------------------------------------

_imported: dict[str, tuple[ModuleType, str]] = {}
_import_lock = threading.Lock()


def _builtin() -> list[LoadedPlugin]:
    plugins = []
    for plugin_id, (module_name, name) in BUILTIN.items():
        module = importlib.import_module(module_name)
        manifest = Manifest(
            id=plugin_id,
            name=name,
            version=__version__,
            api="",
            summary="",
            author="crmhost",
            licence="",
            homepage="",
            icon="",
            enabled_by_default=True,
            names=Names(url=f"/{plugin_id}", api=(), cli=(plugin_id,), webhooks=(plugin_id,)),
            data=Data(),
        )
        folder = Path(str(module.__file__)).parent
        plugins.append(LoadedPlugin(plugin_id, manifest, folder, module.Plugin(), "builtin", __version__))
    return plugins


def _load(found: Found) -> LoadedPlugin:
    """Imports a plugin's module, once per process, and makes its plugin object."""
    manifest = found.manifest
    with _import_lock:
        known = _imported.get(found.module)
        if known is None:
            digest = found.digest
            known = (_guarded(manifest.id, "can't be imported", importlib.import_module, found.module), digest)
            _imported[found.module] = known
    module, digest = known
    factory = getattr(module, "Plugin", None)
    if factory is None:
        raise PluginError(manifest.id, f"{found.module} has no class “Plugin”.")
    instance = _guarded(manifest.id, "can't make its Plugin()", factory)
    return LoadedPlugin(manifest.id, manifest, found.folder, instance, found.origin, digest)


def imported_digest(module: str) -> str | None:
    """Digest of a plugin's code as this process imported it, or ``None`` when it did not."""
    known = _imported.get(module)
    return known[1] if known else None


def forget(module: str) -> None:
    """Forgets an import, for tests that make plugins on the fly under the same name."""
    _imported.pop(module, None)
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        del sys.modules[name]


def _guarded(plugin: str, what: str, function: Callable[..., Any], /, *arguments: Any) -> Any:
    """Runs a plugin's start-up code; whatever it throws, ``SystemExit`` too, becomes a :class:`PluginError`."""
    try:
        with running(plugin):
            return function(*arguments)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        text = f"It {what}: {type(error).__name__}: {error}"
        raise PluginError(plugin, text[:500], traceback=traceback.format_exc()) from error


def _own_specs(plugin: LoadedPlugin) -> list[ModuleType]:
    declare = getattr(plugin.object, "hookspecs", None)
    return list(_guarded(plugin.id, "fails in hookspecs()", declare)) if declare is not None else []


# --- declarations ----------------------------------------------------------------------------------------------------


def _declared(hooks: HookCaller, name: str, depths: Mapping[str, int]) -> tuple[Any, ...]:
    kind = DECLARED.get(name) or hooks.specs[name].gives
    found: list[tuple[tuple[int, int, str], Any]] = []
    for item in hooks.implementations(name):
        values = _guarded(item.plugin, f"fails in {name}()", lambda item=item: list(item.function() or ()))
        for value in values:
            part: Any = kind.coerce(item.plugin, value) if kind is not None else (item.plugin, value)
            order = part.order if isinstance(part, Contribution) else item.order
            found.append(((order, depths.get(item.plugin, 0), item.plugin), part))
    return tuple(part for _, part in sorted(found, key=lambda pair: pair[0]))


#: Hook -> attribute that must be named ``ID.something`` (``ID`` alone is allowed where the flag says so).
_PREFIXED = {
    "permissions": "name",
    "settings": "key",
    "jobs": "kind",
    "journal_types": "name",
    "services": "name",
    "mail_blocks": "name",
}


def _check_names(plugin: LoadedPlugin, declared: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuses names that the plugin does not own."""
    for hook, attribute in _PREFIXED.items():
        for item in declared.get(hook, ()):
            if item.plugin != plugin.id:
                continue
            name = getattr(item, attribute)
            if not (name.startswith(f"{plugin.id}.") or (hook == "services" and name == plugin.id)):
                raise PluginError(plugin.id, f"“{name}” in {hook}() must be called “{plugin.id}.…”.")
    for item in declared.get("webhooks", ()):
        if item.plugin == plugin.id and item.name not in plugin.manifest.names.webhooks:
            raise PluginError(
                plugin.id, f"The webhook “{item.name}” is not listed under [names] webhooks in plugin.toml."
            )
    kinds = {item.kind for item in declared.get("jobs", ()) if item.plugin == plugin.id}
    for item in declared.get("schedules", ()):
        if item.plugin == plugin.id and item.kind not in kinds:
            raise PluginError(plugin.id, f"The schedule starts “{item.kind}”, which is none of the plugin's jobs.")


#: Hook -> attributes that must be unique over all plugins.
_UNIQUE: dict[str, tuple[str, ...]] = {
    "permissions": ("name",),
    "settings": ("key",),
    "jobs": ("kind",),
    "webhooks": ("name",),
    "importers": ("kind",),
    "exporters": ("kind",),
    "journal_types": ("name",),
    "services": ("name",),
    "mail_blocks": ("name",),
    "dashboard_widgets": ("plugin", "id"),
    "contact_columns": ("id",),
    "contact_filters": ("id",),
    "contact_conditions": ("id",),
    "contact_bulk_actions": ("id",),
    "contact_form_parts": ("plugin", "id"),
    "contact_boxes": ("plugin", "id"),
    "contact_tabs": ("id",),
    "record_tabs": ("id",),
    "record_kinds": ("name",),
}


def _check_conflicts(declared: Mapping[str, tuple[Any, ...]], rank: Sequence[str]) -> None:
    """In a conflict the one that comes later loses: the core wins over plugins, the incumbent over the newcomer."""
    place = {plugin: number for number, plugin in enumerate(rank)}
    for hook, attributes in _UNIQUE.items():
        seen: dict[tuple[Any, ...], str] = {}
        for item in sorted(declared.get(hook, ()), key=lambda item: place[item.plugin]):
            key = tuple(getattr(item, attribute) for attribute in attributes)
            if key in seen:
                raise PluginError(item.plugin, f"“{key[-1]}” in {hook}() is taken by “{seen[key]}”.")
            seen[key] = item.plugin
