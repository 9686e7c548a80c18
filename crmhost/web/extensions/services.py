"""Every plugin that was found or is remembered, with its state, what it may do, what it costs and what it keeps."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from flask_babel import gettext
from sqlalchemy import Connection, func, inspect, select, text

from ...errors import NotFound
from ...host import beats, consent, costs, grants, lifecycle, migrate
from ...host import uninstall as removal
from ...host.attribution import Cost
from ...host.builtin import BUILTIN
from ...host.grants import Sentence
from ...host.manifest import Manifest, fits
from ...host.ownership import table_owner
from ...host.registry import Discovery, Found
from ...host.schema import TableSize
from ...host.tables import PluginState
from ...work.tables import JobRow
from ...work.unit import Work
from ..state import state
from . import adds
from .news import News, news_of

if TYPE_CHECKING:
    from ...site import Site, Wanted

PERMISSION = lifecycle.PERMISSION
#: Rows of a table up to which they are counted for the list.
COUNTED = 10_000

#: ``waiting``: enabled, and its update asks for something that nobody agreed to. ``failing``: enabled, and left out of the
#: generation in force.
State = Literal["on", "waiting", "failing", "suspended", "off", "broken", "gone"]
_TROUBLED = ("suspended", "waiting", "failing", "broken", "gone")


@dataclasses.dataclass(frozen=True)
class Need:
    """Another plugin that one needs or works better with.

    :param wanted: range of versions, as in the manifest.
    """

    id: str
    name: str
    wanted: str
    state: Literal["on", "off", "missing", "other version"]


@dataclasses.dataclass(frozen=True)
class Process:
    """A living process. ``behind``: it does not run the wanted generation yet."""

    id: str
    kind: str
    generation: int
    behind: bool
    failed: Mapping[str, str]
    restart_needed: Sequence[str]
    since: dt.datetime


@dataclasses.dataclass(frozen=True)
class Size:
    """What a plugin keeps in the database; rows are exact up to 10,000 in each table."""

    tables: tuple[str, ...] = ()
    rows: int = 0
    exact: bool = True


@dataclasses.dataclass(frozen=True)
class Card:
    """A plugin as the list shows it.

    :param adds: kind (:data:`crmhost.web.extensions.adds.KINDS`) -> how many.
    :param may: what it will be or is able to do.
    :param followed: processes that run it as the site wants it.
    :param remarks: process -> why it does not run there; empty where it runs older files.
    :param stragglers: whether only some processes run older files: they were not restarted with the others.
    :param reason: why it is suspended, waiting, failing or broken.
    :param waiting: jobs that wait until it is on again.
    :param dependents: names of the plugins that are on and need it.
    """

    id: str
    name: str
    state: State
    version: str = ""
    author: str = ""
    summary: str = ""
    icon: str = "puzzle"
    origin: str = ""
    manifest: Manifest | None = None
    adds: Mapping[str, int] = dataclasses.field(default_factory=dict)
    hooks: frozenset[str] = frozenset()
    may: tuple[Sentence, ...] = ()
    needs: tuple[Need, ...] = ()
    optional: tuple[Need, ...] = ()
    followed: int = 0
    remarks: Mapping[str, str] = dataclasses.field(default_factory=dict)
    stragglers: bool = False
    cost: Cost | None = None
    size: Size = Size()
    news: News | None = None
    reason: str = ""
    traceback: str = ""
    changed_at: dt.datetime | None = None
    waiting: int = 0
    dependents: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether it is wanted on."""
        return self.state in ("on", "waiting", "failing")

    def matches(self, words: Sequence[str]) -> bool:
        """Whether every word stands in its name, id, author, summary or the name of one of its hooks."""
        whole = " ".join((self.id, self.name, self.author, self.summary, *self.hooks)).casefold()
        return all(word in whole for word in words)

    def shown_under(self, choice: str) -> bool:
        """Whether a choice of the list holds it: all, on, off, suspended, updates."""
        chosen = {
            "on": self.on,
            "off": self.state in ("off", "broken", "gone"),
            "suspended": self.state == "suspended",
            "updates": self.news is not None,
        }
        return chosen.get(choice, True)


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """All plugins and all processes.

    :param safe: the site was started without plugins.
    """

    cards: tuple[Card, ...]
    processes: tuple[Process, ...]
    generation: int
    safe: bool

    @property
    def lagging(self) -> tuple[Process, ...]:
        """Processes that do not run the wanted generation yet."""
        return tuple(process for process in self.processes if process.behind)


def catalogue(work: Work, site: Site) -> Catalogue:
    """All plugins: what needs attention first, then by name.

    :raises Forbidden: when the actor does not manage extensions.
    """
    work.require(PERMISSION)
    return _Reader(work, site).catalogue()


def card(work: Work, site: Site, plugin: str) -> tuple[Card, Catalogue]:
    """One plugin, and the whole it stands in.

    :raises NotFound: when there is no such plugin.
    """
    whole = catalogue(work, site)
    for found in whole.cards:
        if found.id == plugin:
            return found, whole
    raise NotFound("extension", plugin)


class _Reader:
    """Reads everything once, then makes the cards."""

    def __init__(self, work: Work, site: Site) -> None:
        self.generation = work.generation
        self.site = site
        self.discovery: Discovery = site.discover()
        self.wanted: Wanted = site.wanted()
        self.refused: dict[str, str] = site.plan(self.wanted, self.discovery)[1]
        self.held = {} if site.config.safe_mode else consent.waiting(self.discovery, self.wanted.states)
        known = {*self.discovery.found, *self.wanted.states, *(broken.id for broken in self.discovery.broken)}
        with site.engine.connect() as connection:
            self.processes = _processes(connection, site, self.wanted.number)
            self.costs = costs.last_hour(connection, site.clock())
            self.sizes = _sizes(connection, known)
            self.waiting = _waiting(
                connection, [key for key, row in self.wanted.states.items() if _is(row, "suspended")]
            )

    def catalogue(self) -> Catalogue:
        cards = [self._found(found) for found in self.discovery.found.values()]
        cards += [
            Card(broken.id, broken.id, "broken", origin=broken.origin, reason=broken.reason, size=self._size(broken.id))
            for broken in self.discovery.broken
        ]
        here = {card.id for card in cards}
        cards += [self._gone(name, row) for name, row in self.wanted.states.items() if name not in here]
        cards.sort(key=lambda card: (card.state not in _TROUBLED, card.news is None, card.name.casefold(), card.id))
        return Catalogue(tuple(cards), self.processes, self.wanted.number, self.site.config.safe_mode)

    def _gone(self, name: str, row: PluginState) -> Card:
        return Card(name, name, "gone", version=row.version, size=self._size(name), changed_at=row.changed_at)

    def _size(self, plugin: str) -> Size:
        return self.sizes.get(plugin, Size())

    def _found(self, found: Found) -> Card:
        manifest, row = found.manifest, self.wanted.states.get(found.id)
        state, reason, traceback = self._state(found.id, row)
        size = self._size(found.id)
        running = found.id in self.generation.by_id
        if running:
            numbers: Mapping[str, int] = adds.of_running(self.generation, found.id, len(size.tables))
            hooks = frozenset(self.generation.hooks.implements(found.id))
        else:
            told = adds.of_files(found)
            numbers, hooks = told.numbers, told.hooks
        remarks = self._remarks(found.id) if state in ("on", "failing") else {}
        news = news_of(found, row, self.generation.by_id.get(found.id)) if row and row.state == "enabled" else None
        return Card(
            found.id,
            gettext(manifest.name),
            state,
            version=news.before if news else manifest.version,
            author=manifest.author,
            summary=gettext(manifest.summary),
            icon=manifest.icon,
            origin=found.origin,
            manifest=manifest,
            adds=numbers,
            hooks=hooks,
            may=grants.sentences(manifest.grants),
            needs=tuple(self._need(*need) for need in manifest.needs.items()),
            optional=tuple(self._need(*need) for need in manifest.optional.items() if need[0] not in BUILTIN),
            followed=sum(not process.behind and not remarks.get(process.id) for process in self.processes),
            remarks=remarks,
            stragglers=0 < list(remarks.values()).count("") < len(self.processes),
            cost=self.costs.get(found.id),
            size=size,
            news=news,
            reason=reason,
            traceback=traceback,
            changed_at=row.changed_at if row else None,
            waiting=self.waiting.get(found.id, 0),
            dependents=self._dependents(found.id),
        )

    def _state(self, plugin: str, row: PluginState | None) -> tuple[State, str, str]:
        if row is None or row.state == "disabled":
            return "off", "", ""
        if row.state == "suspended":
            return "suspended", row.reason, row.traceback
        if plugin in self.held:
            return "waiting", self.held[plugin], ""
        failed = self.refused.get(plugin) or self.generation.failed.get(plugin, "")
        if failed:
            return "failing", failed, self.generation.tracebacks.get(plugin, "")
        return "on", "", ""

    def _remarks(self, plugin: str) -> dict[str, str]:
        remarks = {process.id: process.failed[plugin] for process in self.processes if plugin in process.failed}
        restart = {process.id: "" for process in self.processes if plugin in process.restart_needed}
        return {**restart, **remarks}

    def _need(self, plugin: str, wanted: str) -> Need:
        if plugin in BUILTIN:
            return Need(plugin, gettext(plugin.capitalize()), wanted, "on")
        found = self.discovery.found.get(plugin)
        if found is None:
            return Need(plugin, plugin, wanted, "missing")
        if not fits(found.manifest.version, wanted):
            return Need(plugin, gettext(found.manifest.name), wanted, "other version")
        row = self.wanted.states.get(plugin)
        return Need(
            plugin, gettext(found.manifest.name), wanted, "on" if row is not None and _is(row, "enabled") else "off"
        )

    def _dependents(self, plugin: str) -> tuple[str, ...]:
        return tuple(
            gettext(other.manifest.name)
            for other in self.discovery.found.values()
            if plugin in other.manifest.needs and _is(self.wanted.states.get(other.id), "enabled")
        )


def _is(row: PluginState | None, state: str) -> bool:
    return row is not None and row.state == state


def _processes(connection: Connection, site: Site, wanted: int) -> tuple[Process, ...]:
    return tuple(
        Process(
            row.id,
            row.kind,
            row.generation,
            row.generation < wanted,
            row.failed or {},
            row.restart_needed or (),
            row.since,
        )
        for row in beats.living(connection, site.clock())
    )


def _sizes(connection: Connection, known: set[str]) -> dict[str, Size]:
    """Plugin -> its tables and rows, in one query; a large table is counted up to a bound."""
    owned: dict[str, list[str]] = {}
    for name in sorted(inspect(connection).get_table_names()):
        owner = table_owner(name, known)
        if owner is not None and name != migrate.version_table(owner):
            owned.setdefault(owner, []).append(name)
    counted = _count(connection, [name for names in owned.values() for name in names])
    return {
        owner: Size(tuple(names), sum(counted[name] for name in names), all(counted[name] < COUNTED for name in names))
        for owner, names in owned.items()
    }


def _count(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    quote = connection.dialect.identifier_preparer.quote
    parts = [
        f"SELECT {place}, count(*) FROM (SELECT 1 FROM {quote(name)} LIMIT {COUNTED}) AS part"  # noqa: S608
        for place, name in enumerate(names)
    ]
    counted: dict[str, int] = {}
    # SQLite takes 500 parts in one statement.
    for start in range(0, len(parts), 200):
        for place, number in connection.execute(text(" UNION ALL ".join(parts[start : start + 200]))):
            counted[names[place]] = number
    return counted


def _waiting(connection: Connection, plugins: Sequence[str]) -> dict[str, int]:
    if not plugins:
        return {}
    due = select(JobRow.plugin, func.count()).where(JobRow.plugin.in_(plugins), JobRow.state.in_(("due", "parked")))
    return dict(connection.execute(due.group_by(JobRow.plugin)).all())


def suspended(work: Work) -> int | None:
    """How many plugins are suspended, for the menu; nothing when none is."""
    cache = state().cache
    if "suspended" not in cache:
        # A plugin is suspended, and let run again, with a new generation.
        table: Any = PluginState.__table__
        wanted = select(func.count()).select_from(table).where(table.c.state == "suspended")
        cache["suspended"] = work.session.scalar(wanted)
    return cache["suspended"] or None


def tables(site: Site, plugin: str) -> list[TableSize]:
    """The plugin's tables with their exact numbers of rows."""
    return removal.preview(site, plugin)
