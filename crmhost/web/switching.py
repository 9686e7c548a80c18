"""Seeing and switching plugins from a page or a resource, as whoever asks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from flask import Response

from ..errors import NotFound
from ..host import beats, consent, lifecycle
from ..host.dispatcher import COOKIE
from ..host.lifecycle import Switched
from .request import current_work
from .state import state

__all__ = ["Overview", "PluginInfo", "ProcessInfo", "Switched", "overview", "remember", "switch_off", "switch_on"]

#: Seconds for which a browser is kept from falling behind what it switched.
_REMEMBERED = 3600


@dataclasses.dataclass(frozen=True)
class ProcessInfo:
    """A living process.

    :param kind: web, worker or cli.
    :param generation: number of the generation that it runs.
    :param failed: plugin id -> why it runs without it.
    """

    id: str
    kind: str
    generation: int
    failed: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class PluginInfo:
    """A plugin that was found, or that the site knows and whose files are gone.

    :param state: enabled, waiting (enabled, and its update asks for something that nobody agreed to), disabled, suspended,
        broken or missing.
    :param needs: ids of the plugins that it needs.
    :param reason: why it is broken, waits or was suspended.
    """

    id: str
    name: str
    version: str
    summary: str
    origin: str
    state: str
    needs: tuple[str, ...] = ()
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Overview:
    """All plugins and all processes.

    :param generation: number of the generation that is wanted.
    """

    generation: int
    plugins: tuple[PluginInfo, ...]
    processes: tuple[ProcessInfo, ...]


def overview() -> Overview:
    """All plugins with their state, and what the processes run.

    :raises Forbidden: when the actor does not manage extensions.
    """
    current_work().require(lifecycle.PERMISSION)
    site = state().site
    discovery, wanted = site.discover(), site.wanted()
    waiting = consent.waiting(discovery, wanted.states)
    plugins = {
        broken.id: PluginInfo(broken.id, broken.id, "", "", broken.origin, "broken", (), broken.reason)
        for broken in discovery.broken
    }
    for found in discovery.found.values():
        about, row = found.manifest, wanted.states.get(found.id)
        plugins[found.id] = PluginInfo(
            found.id,
            about.name,
            about.version,
            about.summary,
            found.origin,
            "waiting" if found.id in waiting else row.state if row else "disabled",
            tuple(about.needs),
            waiting.get(found.id) or (row.reason if row else ""),
        )
    for name, row in wanted.states.items():
        if name not in plugins:
            plugins[name] = PluginInfo(
                name, name, row.version, "", "", "missing", (), "Its files are gone; its data is still there."
            )
    with site.engine.connect() as connection:
        living = beats.living(connection, site.clock())
    processes = tuple(ProcessInfo(row.id, row.kind, row.generation, row.failed) for row in living)
    return Overview(wanted.number, tuple(plugins[name] for name in sorted(plugins)), processes)


def switch_on(names: Sequence[str]) -> Switched:
    """Enables plugins and what they need, as the actor of this request.

    :raises NotFound: when there is no such plugin.
    :raises PluginError: when one can't run; nothing is changed then.
    """
    _known(names)
    return lifecycle.enable(state().site, names, current_work().actor)


def switch_off(names: Sequence[str], *, with_dependents: bool = False) -> Switched:
    """Disables plugins, as the actor of this request; their data stays.

    :raises NotFound: when there is no such plugin.
    :raises Conflict: when others need one of them.
    """
    _known(names)
    return lifecycle.disable(state().site, names, current_work().actor, with_dependents=with_dependents)


def remember(response: Response, generation: int) -> Response:
    """The response, with the cookie that keeps this browser from being served by an older generation."""
    secure = state().site.config.cookies_secure
    response.set_cookie(COOKIE, str(generation), max_age=_REMEMBERED, httponly=True, samesite="Lax", secure=secure)
    return response


def _known(names: Sequence[str]) -> None:
    work, site = current_work(), state().site
    work.require(lifecycle.PERMISSION)
    # Nothing of this request may stay locked while tables are changed.
    work.session.rollback()
    discovery, states = site.discover(), site.wanted().states
    known = {*discovery.found, *states, *(broken.id for broken in discovery.broken)}
    for name in names:
        if name not in known:
            raise NotFound("plugin", name)
