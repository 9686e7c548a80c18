"""One installation as one process holds it: configuration, engine, key, runtime."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select

from .config import Config
from .core.settings.secrets import Cipher
from .core.settings.services import SettingsView
from .db import GuardedSession, make_engine, make_sessions, utcnow
from .errors import CrmError
from .host import consent, migrate, registry, resolver
from .host.attribution import count_queries
from .host.generation import Generation
from .host.manifest import Data
from .host.registry import Discovery
from .host.runtime import Runtime
from .host.tables import HostState, PluginState
from .storage import open_storage
from .work.unit import SYSTEM, Actor, Work

if TYPE_CHECKING:
    from .work.broker import Carrier


def _carrier(broker_url: str) -> Carrier | None:
    if not broker_url:
        return None
    # dramatiq is imported where there is a broker, and nowhere else.
    from .work.broker import carrier

    return carrier(broker_url)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the database says should run: the generation's number and the state of each plugin."""

    number: int
    states: Mapping[str, PluginState]

    @property
    def enabled(self) -> list[str]:
        """Ids of enabled plugins, those enabled first coming first."""
        chosen = [state for state in self.states.values() if state.state == "enabled"]
        never = dt.datetime.min.replace(tzinfo=dt.UTC)
        return [state.id for state in sorted(chosen, key=lambda state: (state.enabled_at or never, state.id))]

    @property
    def enabled_at(self) -> dict[str, dt.datetime | None]:
        """When each was first enabled."""
        return {state.id: state.enabled_at for state in self.states.values()}


class Site:
    """See the module's text. Make one per process and close it at the end.

    :param kind: what the process is: web, worker, cli.
    :param clock: gives the instant now; tests hand in a frozen one.
    """

    def __init__(self, config: Config, *, kind: str = "web", clock: Callable[[], dt.datetime] = utcnow) -> None:
        self.config = config
        self.clock = clock
        self.engine = make_engine(config.database_url, search_path=config.search_path)
        count_queries(self.engine)
        self.sessions = make_sessions(self.engine)
        self.cipher = Cipher(config.secret_key)
        self.storage = open_storage(config.storage_url, config.home)
        self.carrier = _carrier(config.broker_url)
        registry.open_namespace([folder for _, folder in config.plugin_folders])
        self.runtime = Runtime(self, kind)
        self._plugin_data: tuple[int, Mapping[str, Data]] | None = None

    def close(self) -> None:
        """Stops the watcher and closes the connections."""
        self.runtime.stop()
        self.engine.dispose()

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether the database has the core's tables."""
        with self.engine.connect() as connection:
            return inspect(connection).has_table(HostState.__tablename__)

    def discover(self) -> Discovery:
        """All plugins found on the disk, and the folders that hold a broken one."""
        return registry.discover(self.config.plugin_folders, entry_points=self.config.entry_points)

    def plugin_data(self) -> Mapping[str, Data]:
        """What the core does with the tables of each plugin, on or off, as its manifest says; of one whose files are gone, as it
        said last. Read again when another generation is in force.
        """
        number = self.runtime.number
        if self._plugin_data is None or self._plugin_data[0] != number:
            kept = {name: Data.from_json(state.data) for name, state in self.wanted().states.items()}
            found = {name: found.manifest.data for name, found in self.discover().found.items()}
            self._plugin_data = (number, kept | found)
        return self._plugin_data[1]

    def wanted(self, connection: Connection | None = None) -> Wanted:
        """What should run now."""
        if connection is None:
            with self.engine.connect() as own:
                return self.wanted(own)
        with GuardedSession(connection, expire_on_commit=False) as session:
            number = session.scalar(select(HostState.generation)) or 0
            states = {state.id: state for state in session.scalars(select(PluginState))}
            session.expunge_all()
        return Wanted(number, states)

    def plan(self, wanted: Wanted, discovery: Discovery | None = None) -> tuple[list[registry.Found], dict[str, str]]:
        """The plugins to run, in order, and those that can't, with the reason."""
        if self.config.safe_mode:
            return [], dict.fromkeys(wanted.enabled, "Safe mode: the site was started without plugins.")
        discovery = discovery or self.discover()
        waiting = consent.waiting(discovery, wanted.states)
        return self.plan_of(discovery, wanted.enabled, wanted.enabled_at, waiting)

    @staticmethod
    def plan_of(
        discovery: Discovery,
        enabled: Sequence[str],
        enabled_at: Mapping[str, dt.datetime | None],
        waiting: Mapping[str, str] | None = None,
    ) -> tuple[list[registry.Found], dict[str, str]]:
        """The plugins to run if these were enabled, in order, and those that can't, with the reason.

        :param waiting: id -> why it must not run yet.
        """
        resolution = resolver.resolve(discovery.found, enabled, enabled_at, waiting=waiting)
        return [discovery.found[plugin] for plugin in resolution.order], dict(resolution.refused)

    # --- working ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def work(self, actor: Actor = SYSTEM, *, generation: Generation | None = None, locale: str = "") -> Iterator[Work]:
        """A unit of work outside a request: command line, jobs, tests."""
        with self.sessions() as session:
            yield self.make_work(session, actor, generation or self.runtime.current(), locale=locale)

    def make_work(self, session: GuardedSession, actor: Actor, generation: Generation, *, locale: str = "") -> Work:
        """A unit of work on a session that the caller closes."""
        view = SettingsView(session, generation.settings, self.cipher)
        return Work(
            session,
            actor,
            generation,
            settings=view,
            storage=self.storage,
            locale=locale or "en",
            clock=self.clock,
            wake=self._wake,
            private_hosts=self.config.allow_private_hosts,
            plugin_data=self.plugin_data,
            base_url=self.config.base_url,
            theme_folders=self.config.theme_folders,
        )

    def _wake(self, kinds: Collection[str]) -> None:
        """Tells workers of jobs that are due now; without a broker they look for themselves."""
        if self.carrier is not None and kinds:
            self.carrier.send(kinds)

    # --- schema -------------------------------------------------------------------------------------------------------

    def upgrade_core(self) -> None:
        """Brings the core's tables to what the code needs; makes them in an empty database."""
        with migrate.schema_transaction(self.engine) as connection:
            migrate.migrate(connection, migrate.CORE, migrate.CORE_VERSIONS)

    def require_ready(self) -> None:
        """:raises CrmError: when the site was not set up."""
        if not self.ready:
            raise CrmError("This site is not set up yet: run “crmhost init” first.")
