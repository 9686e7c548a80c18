"""Which plugins can run together, and in which order. Pure: imports and stores nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from packaging.requirements import Requirement
from packaging.version import Version

from .. import __version__
from ..errors import PluginError
from ..hooks import API_VERSION
from ..messages import Message
from .builtin import BUILTIN
from .manifest import Manifest, fits
from .registry import Found

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@dataclasses.dataclass(frozen=True)
class Environment:
    """What plugins run in.

    :param installed: gives the version of an installed Python package, or ``None``.
    """

    api: str = API_VERSION
    crmhost: str = __version__
    python: str = dataclasses.field(default_factory=platform.python_version)
    installed: Callable[[str], str | None] = _installed


@dataclasses.dataclass(frozen=True)
class Resolution:
    """What can run.

    :param order: ids, each after all that it needs.
    :param refused: id -> sentence saying why it can't run and what to do.
    :param warnings: id -> sentence about one that runs all the same.
    """

    order: tuple[str, ...]
    refused: dict[str, str]
    warnings: dict[str, str]


def resolve(
    found: Mapping[str, Found],
    wanted: Iterable[str],
    enabled_at: Mapping[str, dt.datetime | None] | None = None,
    environment: Environment | None = None,
    *,
    waiting: Mapping[str, str] | None = None,
) -> Resolution:
    """Orders the wanted plugins and refuses those that can't run; nothing is added that was not wanted.

    Order: each after its needs, where possible after its optional needs and ``after``, then by the time of enabling,
    then by id. Of two that can't run together the one enabled later is refused.

    :param enabled_at: when each was enabled, in UTC; those without a time count as newest.
    :param waiting: id -> why it must not run yet, whatever else there is.
    """
    return _Resolver(found, wanted, enabled_at or {}, environment or Environment(), waiting or {}).resolution()


def needs(found: Mapping[str, Found], plugin_id: str, environment: Environment | None = None) -> tuple[str, ...]:
    """All that must be enabled for a plugin to run, in order, itself last.

    :raises PluginError: saying what is missing or does not fit.
    """
    closure: set[str] = set()
    waiting = [plugin_id]
    while waiting:
        current = waiting.pop()
        if current not in closure:
            closure.add(current)
            waiting += [other for other in _needs_of(found, current) if other not in BUILTIN]
    resolution = resolve(found, closure, environment=environment)
    if plugin_id in resolution.refused:
        raise PluginError(plugin_id, resolution.refused[plugin_id])
    return (*(other for other in resolution.order if other != plugin_id), plugin_id)


def dependents(found: Mapping[str, Found], enabled: Collection[str], plugin_id: str) -> tuple[str, ...]:
    """Enabled plugins that need this one, directly or through others, in the order in which to disable them."""
    depending = {plugin_id}
    grew = True
    while grew:
        more = {other for other in enabled if depending & _needs_of(found, other).keys()} - depending
        depending |= more
        grew = bool(more)
    order = resolve(found, enabled).order
    places = {other: place for place, other in enumerate(order)}
    return tuple(sorted(depending - {plugin_id}, key=lambda other: (-places.get(other, len(places)), other)))


def bridges(found: Mapping[str, Found], enabled: Collection[str], *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Plugins to enable by themselves, because all that they connect are enabled; in order.

    :param without: ids to leave alone, such as bridges that an admin switched off.
    """
    on = set(enabled)
    added: list[str] = []
    while True:
        ready = sorted(
            plugin_id
            for plugin_id, plugin in found.items()
            if plugin_id not in on
            and plugin_id not in without
            and plugin.manifest.auto_enable_with
            and on.issuperset(plugin.manifest.auto_enable_with)
        )
        able = next((name for name in ready if name in resolve(found, on | {name}).order), None)
        if able is None:
            return tuple(added)
        on.add(able)
        added.append(able)


def _needs_of(found: Mapping[str, Found], plugin_id: str) -> Mapping[str, str]:
    return found[plugin_id].manifest.needs if plugin_id in found else {}


def _incompatible(first: Manifest, second: Manifest) -> str:
    """Why two plugins can't run together, seen from the first; empty when they can."""
    for one, other in ((first, second), (second, first)):
        if other.id in one.conflicts and fits(other.version, one.conflicts[other.id]):
            return Message("It can't run beside %(name)s, which is on; disable that first.", name=second.name)
        if other.id in one.optional and not fits(other.version, one.optional[other.id]):
            return f"{one.name} works with {other.name} {one.optional[other.id]} only, {other.version} is here; update."
    mine, theirs = first.names, second.names
    for what, left, right in (
        ("the address", (mine.url,), (theirs.url,)),
        ("the API address", mine.api, theirs.api),
        ("the command", mine.cli, theirs.cli),
        ("the webhook", mine.webhooks, theirs.webhooks),
    ):
        for name in left:
            if any(f"{name}/".startswith(f"{taken}/") or f"{taken}/".startswith(f"{name}/") for taken in right):
                return Message(
                    "It wants %(what)s “%(name)s”, which %(other)s has; one of the two must name another.",
                    what=what,
                    name=name,
                    other=second.name,
                )
    return ""


class _Resolver:
    def __init__(
        self,
        found: Mapping[str, Found],
        wanted: Iterable[str],
        enabled_at: Mapping[str, dt.datetime | None],
        environment: Environment,
        waiting: Mapping[str, str],
    ) -> None:
        self.environment = environment
        self.waiting = waiting
        self.refused: dict[str, str] = {}
        self.manifests: dict[str, Manifest] = {}
        for plugin_id in sorted(set(wanted)):
            if plugin_id in found:
                self.manifests[plugin_id] = found[plugin_id].manifest
            else:
                self.refused[plugin_id] = "It is not here; put its folder or package back, or uninstall it."
        self.here = found.keys()
        self.rank = {key: (enabled_at.get(key) or _NEVER, key) for key in self.manifests}

    def resolution(self) -> Resolution:
        for plugin_id, manifest in self.manifests.items():
            if reason := self.waiting.get(plugin_id) or self._unfit(manifest):
                self.refused[plugin_id] = reason
        for cycle in self._cycles():
            names = " → ".join(f"“{self.manifests[plugin_id].name}”" for plugin_id in (*cycle, cycle[0]))
            self.refused.update(
                dict.fromkeys(cycle, Message("These need each other in a circle: %(names)s.", names=names))
            )
        self._refuse_without_needs()
        self._refuse_incompatible()
        order = self._sorted(self._wishes)
        return Resolution(order, self.refused, {key: text for key in order if (text := self._warning(key))})

    def _unfit(self, manifest: Manifest) -> str:
        """Why this site can't run the plugin, whatever else is enabled."""
        here = self.environment
        if manifest.api and not fits(here.api, manifest.api):
            return Message(
                "It is made for plugin API %(api)s, this site has %(here)s; get another version of it.",
                api=manifest.api,
                here=here.api,
            )
        if manifest.broken_above and Version(here.crmhost) > Version(manifest.broken_above):
            return Message(
                "It fails with crmhost above %(broken_above)s, this is %(crmhost)s; get a newer version.",
                broken_above=manifest.broken_above,
                crmhost=here.crmhost,
            )
        if manifest.python and not fits(here.python, manifest.python):
            return Message("It needs Python %(wanted)s, this is %(here)s.", wanted=manifest.python, here=here.python)
        missing = [text for text in manifest.packages if not self._has_package(Requirement(text))]
        if missing:
            return Message(
                "It needs Python packages that are not here: pip install %(missing)s",
                missing=" ".join(repr(text) for text in missing),
            )
        return ""

    def _has_package(self, requirement: Requirement) -> bool:
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        version = self.environment.installed(requirement.name)
        return version is not None and requirement.specifier.contains(Version(version), prereleases=True)

    def _alive(self) -> list[str]:
        return [plugin_id for plugin_id in self.manifests if plugin_id not in self.refused]

    def _refuse_without_needs(self) -> None:
        """Refuses what needs something that is not running, until nothing changes."""
        changed = True
        while changed:
            changed = False
            for plugin_id in self._alive():
                reasons = [text for need in self.manifests[plugin_id].needs.items() if (text := self._unmet(*need))]
                if reasons:
                    self.refused[plugin_id] = " ".join(reasons)
                    changed = True

    def _unmet(self, need: str, wanted: str) -> str:
        """Why a need is not met; empty when it is."""
        text = f"“{need}”{wanted and f' {wanted}'}"
        if need in BUILTIN:
            version = self.environment.crmhost
        elif need not in self.here:
            return Message("It needs the plugin %(text)s, which is not here; install that first.", text=text)
        elif need not in self.manifests:
            return Message("It needs the plugin %(text)s, which is off; enable that too.", text=text)
        elif need in self.refused:
            return Message(
                "It needs the plugin %(text)s, which can't run: %(refused)s", text=text, refused=self.refused[need]
            )
        else:
            version = self.manifests[need].version
        return (
            ""
            if fits(version, wanted)
            else Message(
                "It needs the plugin %(text)s, here is version %(version)s; update that first.",
                text=text,
                version=version,
            )
        )

    def _cycles(self) -> Iterator[tuple[str, ...]]:
        """Circles of needs, each once, beginning with its smallest id."""
        seen: set[str] = set()
        for start in self._alive():
            path = self._way_back(start)
            if path and start not in seen:
                seen.update(path)
                yield path

    def _way_back(self, start: str) -> tuple[str, ...]:
        """The shortest way along needs from a plugin to itself; empty when there is none."""
        ways: dict[str, tuple[str, ...]] = {}
        waiting: list[tuple[str, ...]] = [(start,)]
        for way in waiting:
            for need in sorted(self.manifests[way[-1]].needs):
                if need == start:
                    return way
                if need in self.manifests and need not in ways and need not in self.refused:
                    ways[need] = (*way, need)
                    waiting.append(ways[need])
        return ()

    def _refuse_incompatible(self) -> None:
        """Of two that can't run together the later one goes, and with it what needs it."""
        running: list[Manifest] = []
        for plugin_id in self._sorted(lambda _plugin_id: set()):
            mine = self.manifests[plugin_id]
            if plugin_id in self.refused:
                continue
            if reason := next((text for other in running if (text := _incompatible(mine, other))), ""):
                self.refused[plugin_id] = reason
                self._refuse_without_needs()
            else:
                running.append(mine)

    def _sorted(self, wishes: Callable[[str], set[str]]) -> tuple[str, ...]:
        """Those not refused, each after its needs and, where possible, after its wishes, else the oldest first."""
        waiting = dict.fromkeys(sorted(self._alive(), key=lambda key: self.rank[key]))
        order: list[str] = []
        while waiting:
            # Wishes can go round in a circle; the oldest plugin then does without.
            free = [key for key in waiting if waiting.keys().isdisjoint(self.manifests[key].needs)]
            chosen = next((key for key in free if waiting.keys().isdisjoint(wishes(key) - {key})), free[0])
            del waiting[chosen]
            order.append(chosen)
        return tuple(order)

    def _wishes(self, plugin_id: str) -> set[str]:
        manifest = self.manifests[plugin_id]
        return {*manifest.optional, *manifest.after}

    def _warning(self, plugin_id: str) -> str:
        tested = self.manifests[plugin_id].tested_up_to
        if tested and Version(self.environment.crmhost) > Version(tested):
            return Message(
                "It was tested up to crmhost %(tested)s, this is %(crmhost)s; watch it after enabling.",
                tested=tested,
                crmhost=self.environment.crmhost,
            )
        return ""
