"""Switching plugins: enable, disable, suspend, upgrade. Each is all or nothing, takes effect in every process and is audited.

Enabling: check needs, try the code in a child process on a scratch database, then one short transaction on the real one
(migrations, ``on_enable``, state, generation + 1). A failure anywhere leaves the running generation as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, update

from ..db import GuardedSession
from ..errors import Conflict, Forbidden, PluginError
from ..messages import Message
from ..work.unit import SYSTEM, Actor, Work
from . import consent, migrate, resolver, schema, trial
from .generation import Generation, assemble
from .registry import Discovery, Found
from .tables import PluginState
from .turns import advance, again_when_overtaken, follow_up, lock

if TYPE_CHECKING:
    from ..site import Site, Wanted

PERMISSION = "extensions.manage"
#: Why a bridge is off that nobody switched off.
WITH_ITS_END = "It went off together with one that it connects."
#: Seconds to wait for the other processes to follow.
FOLLOW = 2.0


@dataclasses.dataclass(frozen=True)
class Switched:
    """What a switch did.

    :param plugins: ids that changed, in order; empty when all was as wanted already.
    :param generation: number of the generation that holds now.
    :param lagging: processes that did not report it in time.
    """

    plugins: tuple[str, ...]
    generation: int
    lagging: tuple[str, ...] = ()


class InUse(Conflict):
    """A plugin can't be switched off because others need it; ``dependents`` names them."""

    def __init__(self, plugin: str, dependents: Sequence[str]) -> None:
        names = [f"“{name}”" for name in dependents]
        super().__init__(
            Message("“%(plugin)s” is needed by %(names)s: switch off both, or neither.", plugin=plugin, names=names)
        )
        self.dependents = tuple(dependents)


# --- enabling --------------------------------------------------------------------------------------------------------


def plan_enable(site: Site, names: Iterable[str]) -> tuple[Discovery, Wanted, list[str]]:
    """What enabling these would enable, in order: themselves, what they need, and bridges that are then complete.

    One that is on, and waits until somebody agrees to what its update asks for, counts as off.

    :raises PluginError: when one is not there, is broken, or its needs can't be met.
    """
    discovery = site.discover()
    wanted = site.wanted()
    waiting = consent.waiting(discovery, wanted.states)
    enabled = set(wanted.enabled) - waiting.keys()
    chain: list[str] = []
    for name in names:
        _find(discovery, name)
        for needed in resolver.needs(discovery.found, name):
            if needed not in enabled and needed not in chain:
                chain.append(needed)
    # A bridge that went off with one of its ends comes back with it; one that an admin switched off stays off.
    declined = [
        name
        for name, state in wanted.states.items()
        if name in waiting or (state.state != "enabled" and state.reason != WITH_ITS_END)
    ]
    chain += resolver.bridges(discovery.found, enabled | set(chain), without=declined) if chain else ()
    waiting = consent.waiting(discovery, wanted.states, agreed=chain)
    resolution = resolver.resolve(discovery.found, [*wanted.enabled, *chain], wanted.enabled_at, waiting=waiting)
    for name in chain:
        if name in resolution.refused:
            raise PluginError(name, resolution.refused[name])
    return discovery, wanted, [name for name in resolution.order if name in chain]


def enable(
    site: Site, names: Iterable[str], actor: Actor = SYSTEM, *, try_first: bool = True, follow: float = FOLLOW
) -> Switched:
    """Enables plugins and what they need.

    :param try_first: run the trial unless this very code passed it before.
    :raises PluginError: naming the plugin that failed, with its traceback; nothing is changed then.
    """
    _require(actor)
    names = list(names)
    return again_when_overtaken(lambda: _enable(site, names, actor, try_first=try_first, follow=follow))


def _enable(site: Site, names: Sequence[str], actor: Actor, *, try_first: bool, follow: float) -> Switched:
    discovery, wanted, chain = plan_enable(site, names)
    if not chain:
        return Switched((), wanted.number)
    found = [discovery.found[name] for name in chain]
    waiting = consent.waiting(discovery, wanted.states, agreed=chain)
    order, refused = site.plan_of(discovery, [*wanted.enabled, *chain], wanted.enabled_at, waiting)
    if try_first:
        _try(site, wanted, order, found)
    held = site.plan(wanted, discovery)[1]
    generation = assemble(wanted.number + 1, order, refused)
    for name in chain:
        if name in generation.failed:
            raise PluginError(name, generation.failed[name], traceback=generation.tracebacks.get(name, ""))
    with migrate.schema_transaction(site.engine) as connection:
        number = lock(connection, wanted.number)
        # All tables first: in an ``on_enable``, hooks of the others are called already.
        for plugin in found:
            _migrate(connection, plugin, discovery)
        for plugin in order:
            if plugin.id in held and plugin.id not in chain:
                # It needs one of these, so it could not run, nor be brought up to date when the site was started.
                _bring_up(site, connection, plugin, wanted.states[plugin.id], discovery)
        for plugin in found:
            _enable_one(site, connection, generation, plugin, actor)
        number = advance(connection, number)
    return Switched(tuple(chain), number, follow_up(site, number, follow))


def _migrate(connection: Connection, found: Found, discovery: Discovery) -> None:
    migrate.migrate(connection, found.id, found.folder / "migrations" / "versions", known=discovery.found)
    schema.check_foreign_keys(connection, found.id, discovery.found)


def _enable_one(site: Site, connection: Connection, generation: Generation, found: Found, actor: Actor) -> None:
    plugin = found.manifest
    now = site.clock()
    with GuardedSession(connection, expire_on_commit=False) as session:
        work = site.make_work(session, actor, generation)
        with work.begin():
            state = session.get(PluginState, plugin.id)
            first = state is None
            if state is None:
                state = PluginState(id=plugin.id)
                session.add(state)
            before = None if first else state.state
            state.state = "enabled"
            state.version = plugin.version
            state.enabled_at = state.enabled_at or now
            state.changed_at = now
            state.grants = list(plugin.grants)
            state.data = plugin.data.as_json()
            state.tried_digest = found.digest
            state.stale = False
            state.reason = state.traceback = ""
            session.flush()
            if first:
                _grant_defaults(work, plugin.id)
            try:
                generation.hooks.one(plugin.id, "on_enable", work=work)
                session.flush()
            except PluginError:
                raise
            except Exception as error:
                raise trial.failed(plugin.id, "on_enable failed", error) from error
            work.audit(
                "plugin.enabled",
                "plugin",
                plugin.id,
                before={"state": before},
                after={"state": "enabled", "version": plugin.version},
            )


def _grant_defaults(work: Work, plugin: str) -> None:
    from ..core.users import services as users

    users.grant_defaults(work, [item for item in work.generation.permissions.values() if item.plugin == plugin])


def _try(site: Site, wanted: Wanted, order: Sequence[Found], found: Sequence[Found]) -> None:
    known = {state.id: state.tried_digest for state in wanted.states.values()}
    untried = [plugin.id for plugin in found if known.get(plugin.id) != plugin.digest]
    if untried:
        trial.run(site, [plugin.id for plugin in order], untried)


# --- disabling -------------------------------------------------------------------------------------------------------


def disable(
    site: Site, names: Iterable[str], actor: Actor = SYSTEM, *, with_dependents: bool = False, follow: float = FOLLOW
) -> Switched:
    """Disables plugins; their data stays.

    :param with_dependents: also those that need them.
    :raises InUse: when others need one of them.
    """
    _require(actor)
    names = list(names)
    return again_when_overtaken(lambda: _disable(site, names, actor, with_dependents=with_dependents, follow=follow))


def _disable(site: Site, names: Sequence[str], actor: Actor, *, with_dependents: bool, follow: float) -> Switched:
    discovery = site.discover()
    wanted = site.wanted()
    chosen: list[str] = []
    for name in names:
        if name not in wanted.states:
            _find(discovery, name)
        needing = [other for other in resolver.dependents(discovery.found, wanted.enabled, name) if other not in chosen]
        holding = [other for other in needing if not _is_bridge(discovery, other)]
        if holding and not with_dependents and not set(holding) <= set(names):
            raise InUse(name, holding)
        chosen += [other for other in (*needing, name) if other not in chosen]
    chosen = [name for name in chosen if name in wanted.states and wanted.states[name].state != "disabled"]
    if not chosen:
        return Switched((), wanted.number)
    bridges = {name for name in chosen if name not in names and _is_bridge(discovery, name)}
    number = _switch_off(site, wanted, chosen, "disabled", actor, bridges=bridges)
    return Switched(tuple(chosen), number, follow_up(site, number, follow))


def _is_bridge(discovery: Discovery, name: str) -> bool:
    """Whether a plugin comes and goes by itself with those that it connects."""
    return name in discovery.found and bool(discovery.found[name].manifest.auto_enable_with)


def suspend(site: Site, name: str, reason: str, traceback: str) -> int:
    """Switches a failing plugin off for safety, unless somebody did meanwhile; gives the generation's number."""
    return again_when_overtaken(lambda: _suspend(site, name, reason, traceback))


def _suspend(site: Site, name: str, reason: str, traceback: str) -> int:
    wanted = site.wanted()
    if name not in wanted.enabled:
        return wanted.number
    return _switch_off(site, wanted, [name], "suspended", SYSTEM, reason=reason, traceback=traceback)


def _switch_off(
    site: Site,
    wanted: Wanted,
    names: Sequence[str],
    state: str,
    actor: Actor,
    *,
    reason: str = "",
    traceback: str = "",
    bridges: Collection[str] = (),
) -> int:
    generation = site.runtime.current()
    if generation.number != wanted.number:
        # This process is behind: a plugin that another one enabled a moment ago is told too that it goes off.
        generation = assemble(wanted.number, *site.plan(wanted))
    with site.work(actor, generation=generation) as work, work.begin():
        connection = work.session.connection()
        number = lock(connection, wanted.number)
        for name in names:
            row = work.session.get(PluginState, name)
            if row is None or row.state == state:
                continue
            before, row.state = row.state, state
            row.changed_at = site.clock()
            why = WITH_ITS_END if name in bridges else reason
            row.reason, row.traceback = why.replace("\x00", "�"), traceback.replace("\x00", "�")
            if name in generation.by_id and state == "disabled":
                savepoint = work.session.begin_nested()
                try:
                    generation.hooks.one(name, "on_disable", work=work)
                    savepoint.commit()
                except Exception as error:
                    savepoint.rollback()
                    trial.failed(name, "on_disable failed", error, keep=True)
            work.audit(
                f"plugin.{state}", "plugin", name, before={"state": before}, after={"state": state, "reason": reason}
            )
            if state == "suspended":
                _tell_admins(work, name)
        number = advance(connection, number)
    site.runtime.poke()
    return number


def _tell_admins(work: Work, name: str) -> None:
    from ..core.notifications import services as notifications

    plugin = work.generation.by_id.get(name)
    notifications.tell(
        work,
        notifications.who_may(work, PERMISSION),
        "“%(name)s” failed and was switched off. Look at the reason, then try it again.",
        url=f"/extensions/{name}",
        kind="extensions.suspended",
        data={"name": Message(plugin.manifest.name if plugin is not None else name)},
    )


# --- upgrading -------------------------------------------------------------------------------------------------------


def upgrade(site: Site) -> dict[str, str]:
    """Brings the tables of all enabled plugins to their code, each on its own; gives id -> reason of those that failed.

    A plugin whose migration fails is suspended, and its schema stays as it was. One that waits for an agreement is left alone.
    """
    discovery = site.discover()
    wanted = site.wanted()
    order, _ = site.plan(wanted, discovery)
    failed: dict[str, str] = {}
    for found in order:
        state = wanted.states[found.id]
        try:
            with migrate.schema_transaction(site.engine) as connection:
                _bring_up(site, connection, found, state, discovery)
        except Exception as error:
            problem = error if isinstance(error, PluginError) else trial.failed(found.id, "its migration failed", error)
            failed[found.id] = problem.message
            suspend(site, found.id, problem.message, problem.traceback)
    return failed


def _bring_up(site: Site, connection: Connection, found: Found, state: PluginState, discovery: Discovery) -> None:
    """Brings the tables of an enabled plugin to its code."""
    _migrate(connection, found, discovery)
    values: dict[str, Any] = {"version": found.manifest.version, "data": found.manifest.data.as_json()}
    if any(getattr(state, name) != value for name, value in values.items()):
        values["changed_at"] = site.clock()
        connection.execute(update(PluginState).where(PluginState.id == found.id).values(values))


# --- shared ----------------------------------------------------------------------------------------------------------


def _require(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        raise Forbidden(PERMISSION)


def _find(discovery: Discovery, name: str) -> Found:
    if name in discovery.found:
        return discovery.found[name]
    for broken in discovery.broken:
        if broken.id == name:
            raise PluginError(name, broken.reason)
    raise PluginError(
        name, Message("There is no plugin “%(name)s”; “crmhost plugin list” shows those that were found.", name=name)
    )
