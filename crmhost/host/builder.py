"""Builds the Flask application of a generation: a pure function of (code, enabled plugins), no threads, no writes.

The host owns the namespaces: a plugin's blueprints carry its id and stay below its address, and they may touch nothing that
belongs to all. One that breaks a rule is left out and the build starts again from scratch.
"""

from __future__ import annotations

import functools
import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask
from werkzeug.exceptions import HTTPException

from ..contributions import ApiMount, PageMount
from ..errors import CrmError, PluginError
from .attribution import record_fault, running
from .generation import Generation, LoadedPlugin, assemble, leave_out
from .registry import Found

if TYPE_CHECKING:
    from ..site import Site


def build(site: Site, number: int, order: Sequence[Found], refused: Mapping[str, str] | None = None) -> Generation:
    """The generation with its application; ``generation.failed`` says which plugins were left out and why."""
    generation = assemble(number, order, refused)
    while True:
        started = time.perf_counter()
        try:
            app = _application(site, generation)
        except PluginError as error:
            owner = generation.by_id.get(error.plugin)
            if owner is None or owner.builtin:
                raise
            generation = leave_out(generation, order, error.plugin, error)
            continue
        generation.app = app
        generation.build_ms = (time.perf_counter() - started) * 1000
        return generation


def _application(site: Site, generation: Generation) -> Flask:
    from ..web.app import base_app
    from ..web.incoming import incoming_webhooks

    app = base_app(site, generation)
    prefixes: dict[str, str] = {}
    for plugin_id, blueprint in generation.contributions("routes"):
        plugin = generation.by_id[plugin_id]
        if plugin.builtin:
            _guarded(plugin, app.register_blueprint, blueprint)
            continue
        taken = prefixes.setdefault(plugin.manifest.names.url, plugin_id)
        if taken != plugin_id:
            raise PluginError(
                _newcomer(generation, taken, plugin_id),
                f"The address {plugin.manifest.names.url} is taken by “{taken}”.",
            )
        _add_pages(app, plugin, blueprint)
    for place in generation.contributions("page_mounts"):
        for item in generation.contributions(place.hook):
            _add_mounted_pages(app, generation, place, item)
    for mount in generation.contributions("api_mounts"):
        for plugin_id, blueprint in generation.contributions("api_blueprints"):
            _add_resources(app, generation.by_id[plugin_id], blueprint, mount)
    app.register_blueprint(incoming_webhooks(generation))
    return app


def _newcomer(generation: Generation, one: str, other: str) -> str:
    place = {plugin.id: number for number, plugin in enumerate(generation.plugins)}
    return max(one, other, key=lambda plugin: place[plugin])


def _add_pages(app: Flask, plugin: LoadedPlugin, blueprint: Any) -> None:
    _check_blueprint(plugin, blueprint)
    own = blueprint.url_prefix or ""
    base = plugin.manifest.names.url
    prefix = own if own == base or own.startswith(f"{base}/") else base + own
    _register(app, plugin, blueprint, prefix)


def _add_mounted_pages(app: Flask, generation: Generation, place: PageMount, item: Any) -> None:
    """Pages of one plugin below the address of another."""
    plugin, blueprint = generation.by_id[item.plugin], item.blueprint
    if blueprint is None:
        return
    _check_blueprint(plugin, blueprint)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", item.id):
        raise PluginError(plugin.id, f"The id “{item.id}” can't be a part of an address; write it like “my-page”.")
    prefix = f"{generation.by_id[place.plugin].manifest.names.url}/{item.id}"
    if any(rule.rule == prefix or rule.rule.startswith(f"{prefix}/") for rule in app.url_map.iter_rules()):
        raise PluginError(plugin.id, f"The address {prefix} is taken already.")
    _register(app, plugin, blueprint, prefix, place)


def _add_resources(app: Flask, plugin: LoadedPlugin, blueprint: Any, mount: ApiMount) -> None:
    _check_blueprint(plugin, blueprint)
    owned = plugin.manifest.names.api
    own = blueprint.url_prefix or (owned[0] if owned else "")
    if plugin.id != mount.plugin and not any(own == name or own.startswith(f"{name}/") for name in owned):
        raise PluginError(plugin.id, f"The API address {own} is not listed under [names] api in plugin.toml.")
    _register(app, plugin, blueprint, mount.prefix + (own if own != "/" else ""), mount)


def _check_blueprint(plugin: LoadedPlugin, blueprint: Any) -> None:
    if not isinstance(blueprint, Blueprint):
        raise PluginError(plugin.id, f"routes() must return Flask blueprints, not {type(blueprint).__name__}.")
    name = blueprint.name
    if name != plugin.id and not name.startswith(f"{plugin.id}_"):
        raise PluginError(plugin.id, f"The blueprint “{name}” must be called “{plugin.id}” or “{plugin.id}_…”.")


#: Registries of an application by blueprint; all but a blueprint's own part is none of its business.
_BY_BLUEPRINT: tuple[str, ...] = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
)


def _common(app: Flask, own: str) -> tuple[Any, ...]:
    """What belongs to all pages, or to others than the blueprint of this name."""

    def of_others(registry: Mapping[Any, Any]) -> dict[Any, Any]:
        return {
            name: list(functions)
            for name, functions in registry.items()
            if functions and (name is None or not f"{name}.".startswith(f"{own}."))
        }

    handlers = {
        name: {code: dict(found) for code, found in table.items() if found}
        for name, table in app.error_handler_spec.items()
    }
    return (
        *(of_others(getattr(app, name)) for name in _BY_BLUEPRINT),
        {
            name: table
            for name, table in handlers.items()
            if table and (name is None or not f"{name}.".startswith(f"{own}."))
        },
        dict(app.jinja_env.filters),
        dict(app.jinja_env.globals),
        dict(app.jinja_env.tests),
        list(app.teardown_appcontext_funcs),
        dict(app.config),
        {name: view for name, view in app.view_functions.items() if not name.startswith(f"{own}.")},
        app.wsgi_app,
        app.session_interface,
    )


def _register(
    app: Flask, plugin: LoadedPlugin, blueprint: Blueprint, prefix: str, mount: ApiMount | PageMount | None = None
) -> None:
    before = _common(app, blueprint.name)
    known = set(app.view_functions)
    rules = sum(1 for _ in app.url_map.iter_rules())
    _guarded(plugin, app.register_blueprint, blueprint, url_prefix=prefix)
    for endpoint in set(app.view_functions) - known:
        if not endpoint.startswith(f"{blueprint.name}."):
            raise PluginError(plugin.id, f"The endpoint “{endpoint}” does not belong to “{blueprint.name}”.")
    if _common(app, blueprint.name) != before:
        raise PluginError(
            plugin.id,
            f"The blueprint “{blueprint.name}” changes something for all pages; see the hooks for what it wants.",
        )
    for endpoint in set(app.view_functions) - known:
        view = _attributed(plugin.id, endpoint, app.view_functions[endpoint])
        app.view_functions[endpoint] = view if mount is None else _mounted(mount, view)
    for rule in list(app.url_map.iter_rules())[rules:]:
        if not (rule.rule == prefix or rule.rule.startswith(f"{prefix}/")):
            raise PluginError(plugin.id, f"The address {rule.rule} does not lie below {prefix}.")
    for registry in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        functions = registry.get(blueprint.name)
        if functions:
            functions[:] = [
                _attributed(plugin.id, f"{blueprint.name} ({function.__name__})", function) for function in functions
            ]
    if isinstance(mount, ApiMount):
        app.before_request_funcs.setdefault(blueprint.name, []).insert(0, mount.before)
    if mount is not None:
        handlers = app.error_handler_spec[blueprint.name]
        # What people see when a page crashes is the host's to say; a program gets every failure as a problem.
        for kind in (Exception,) if isinstance(mount, ApiMount) else (HTTPException, CrmError):
            handlers[None].setdefault(kind, mount.problem)


def _guarded(plugin: LoadedPlugin, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> None:
    try:
        with running(plugin.id):
            function(*arguments, **named)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        message = f"Its pages can't be set up: {type(error).__name__}: {error}"
        raise PluginError(plugin.id, message[:500], traceback=traceback.format_exc()) from error


def _mounted(mount: ApiMount | PageMount, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view inside what the mount puts around it."""

    @functools.wraps(view)
    def run(*arguments: Any, **named: Any) -> Any:
        return mount.around(functools.partial(view, *arguments, **named))

    if isinstance(mount, PageMount):
        # The gate asks for staff; who may see these pages is found out around them.
        run.crmhost_public = run.crmhost_apart = True  # type: ignore[attr-defined]
    return run


def _attributed(plugin: str, endpoint: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, run in the plugin's context: timed, and a failure counts against the plugin."""

    @functools.wraps(view)
    def run(*arguments: Any, **named: Any) -> Any:
        try:
            with running(plugin):
                return view(*arguments, **named)
        except (HTTPException, CrmError):
            raise
        except Exception as error:
            record_fault(plugin, f"route {endpoint}", error)
            error.crmhost_plugin = plugin  # type: ignore[attr-defined]
            raise
        except SystemExit as error:
            # It would end the thread that serves.
            record_fault(plugin, f"route {endpoint}", error)
            ended = RuntimeError(f"{endpoint} wanted to end the process")
            ended.crmhost_plugin = plugin  # type: ignore[attr-defined]
            raise ended from error

    return run
