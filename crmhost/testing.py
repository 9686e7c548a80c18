"""Fixtures for testing plugins, as a pytest plugin: ``pytest_plugins = ["crmhost.testing"]`` in the top ``conftest.py``.

``host``
    A factory: ``host("funnel")`` gives a :class:`Host` with just these plugins (and what they need) enabled.
    ``host("ledger", "funnel", home_plugins=FOLDER)`` finds those in a folder of yours too, beside the bundled ones. Other
    keywords replace settings of the operator: ``allow_private_hosts=("127.0.0.1:8080",)`` lets a server of the test be called.
``clock``
    The :class:`Clock` of that host.
``database_url``
    A fresh database with the core's tables, copied from a template: on SQLite, unless the project's own suite says otherwise.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from flask import Response
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event, select
from werkzeug.datastructures import Headers

from . import config as configuration
from .core.contacts import services as contacts
from .core.contacts.models import Contact
from .core.users import passwords
from .core.users import services as users
from .core.users.models import User
from .db import utcnow
from .errors import CrmError
from .host import beats, lifecycle, registry, uninstall
from .host.attribution import FaultRecord, meter
from .host.generation import Generation
from .host.manifest import FILE_NAME
from .host.tables import PluginState
from .site import Site
from .testing_plans import plans
from .testing_sites import (
    careless,
    enabled_template,
    forget_made,
    is_usual,
    make_config,
    make_template,
    share_compiled,
)
from .work.runner import Runner
from .work.tables import JobRow, OutboxEvent
from .work.unit import SYSTEM, Actor, Work

__all__ = ["PASSWORD", "Browser", "Clock", "Host", "Make", "plans"]

#: Password of every user that the fixtures make.
PASSWORD = "correct horse battery"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._instant: dt.datetime | None = None

    def __call__(self) -> dt.datetime:
        return self._instant or utcnow()

    def freeze(self, instant: dt.datetime | None = None) -> dt.datetime:
        """Stops at an instant (now, if none is given)."""
        self._instant = instant or utcnow()
        return self._instant

    def move(self, **delta: float) -> dt.datetime:
        """Moves on: ``clock.move(days=3)``."""
        self._instant = self() + dt.timedelta(**delta)
        return self._instant


class Make:
    """Factories of records, through the services."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._number = 0

    def contact(self, **fields: Any) -> int:
        """Makes a contact; gives its id. Without fields: a person with a name and an e-mail of their own."""
        self._number += 1
        fields = fields or {"first_name": f"Person {self._number}", "email": f"person{self._number}@example.com"}
        with self._host.work() as work, work.begin():
            return contacts.create(work, fields).id

    def user(self, role: str = "Admin", email: str = "", **fields: Any) -> int:
        """Makes a user with a role; gives its id."""
        self._number += 1
        email = email or f"user{self._number}@example.com"
        with self._host.work() as work, work.begin():
            user = users.create(work, email, role, password=PASSWORD)
            for name, value in fields.items():
                setattr(user, name, value)
            return user.id


class Host:
    """A site for a test, in this process, without a watcher: each call sees the newest generation."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self.site = site
        self.clock = clock
        self.make = Make(self)

    @property
    def generation(self) -> Generation:
        """The generation in force."""
        return self.site.runtime.refresh()

    # --- plugins ------------------------------------------------------------------------------------------------------

    def enable(self, *names: str, try_first: bool = False) -> lifecycle.Switched:
        """Enables plugins; ``try_first`` runs the trial in a child process too, as the site does."""
        return lifecycle.enable(self.site, names, try_first=try_first)

    def disable(self, *names: str, with_dependents: bool = False) -> lifecycle.Switched:
        """Disables plugins."""
        return lifecycle.disable(self.site, names, with_dependents=with_dependents)

    def uninstall(self, name: str) -> list[str]:
        """Uninstalls a plugin; gives the tables that were dropped."""
        return uninstall.uninstall(self.site, name)

    def upgrade(self) -> dict[str, str]:
        """Migrates the enabled plugins to their code; gives id -> reason of those that failed."""
        return lifecycle.upgrade(self.site)

    def state(self, name: str) -> str:
        """State of a plugin: enabled, disabled, suspended or empty."""
        with self.site.sessions() as session:
            return session.scalar(select(PluginState.state).where(PluginState.id == name)) or ""

    def faults(self) -> list[FaultRecord]:
        """Failures of plugins since the last call."""
        return meter.take()[1]

    def settle(self) -> None:
        """Writes costs and faults and suspends plugins that failed too often, as the watcher does every few seconds."""
        beats.flush(self.site, "test")

    # --- working ------------------------------------------------------------------------------------------------------

    def actor(self, role: str = "Admin", **fields: Any) -> Actor:
        """The actor of a user with this role, who is made at the first call."""
        return users.actor_for(self._user(role, fields))

    def _user(self, role: str, fields: dict[str, Any]) -> User:
        email = f"{role.lower().replace(' ', '.')}{'.'.join(fields)}@example.com"
        with self.work() as work:
            user = users.find_by_email(work, email)
        if user is None:
            number = self.make.user(role, email, **fields)
            with self.work() as work:
                user = work.session.get_one(User, number)
        return user

    @contextlib.contextmanager
    def work(self, role: str = "", **fields: Any) -> Iterator[Work]:
        """A unit of work as a user with a role, or as the system."""
        actor = self.actor(role, **fields) if role else SYSTEM
        with self.site.work(actor, generation=self.generation) as work:
            yield work

    def client(self, role: str = "Admin", **fields: Any) -> FlaskClient:
        """A browser that is signed in as a user with this role; empty: not signed in. It follows generations by itself."""
        from .host.dispatcher import Dispatcher
        from .web.request import COOKIE

        app = self.generation.app
        assert app is not None
        client = Browser(app, Response)
        # Requests go through the dispatcher, so that a client that was made before a switch sees what holds after it.
        dispatcher = Dispatcher(self.site)

        def through_dispatcher(environ: Any, start_response: Any) -> Any:
            self.site.runtime.refresh()
            return dispatcher(environ, start_response)

        client.application = _Through(app, through_dispatcher)  # type: ignore[assignment]
        if role:
            user = self._user(role, fields)
            with self.work() as work, work.begin():
                client.set_cookie(COOKIE, users.open_session(work, user))
        return client

    def api(self, role: str = "Admin", **fields: Any) -> FlaskClient:
        """A client of the REST API that sends a token of a user with this role; it has neither cookies nor form tokens."""
        client = self.client("")
        assert isinstance(client, Browser)
        client.forges = True
        user = self._user(role, fields)
        with self.work() as work, work.begin():
            token = users.make_token(work, users.get(work, user.id), "test")
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def cli(self, *arguments: str) -> Result:
        """Runs a command of the host or of an enabled plugin: ``cli("ledger", "total")``; a refusal ends it with status 1.

        Its output is in ``output``, its status in ``exit_code``.
        """
        from .cli import cli
        from .commands import common

        self.site.runtime.refresh()
        with common.using(self.site):
            return CliRunner().invoke(_refusing(cli), arguments)

    def run_jobs(self) -> None:
        """Delivers the events and runs the jobs that are due at the clock's instant, here, until nothing is; failures are
        written down as in production, see :meth:`jobs`.
        """
        self.site.runtime.refresh()
        runner = Runner(self.site, threads=1)
        try:
            runner.until_idle()
        finally:
            runner.close()

    def events(self) -> list[tuple[str, list[int]]]:
        """Events told so far: (name, ids), oldest first."""
        with self.site.sessions() as session:
            return [(row.name, list(row.ids)) for row in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]

    def jobs(self, kind: str = "") -> list[JobRow]:
        """Jobs of all kinds or of one, oldest first; those that schedules and the host itself started are among them."""
        wanted = select(JobRow).order_by(JobRow.id)
        with self.site.sessions() as session:
            return list(session.scalars(wanted.where(JobRow.kind == kind) if kind else wanted))

    def contact(self, contact_id: int) -> Contact:
        """A contact as it is stored now."""
        with self.site.sessions() as session:
            return session.get_one(Contact, contact_id)


class Browser(FlaskClient):
    """A test client that sends the token of its own forms with what it posts, as pages do. ``forges``: it sends none."""

    forges = False

    def open(self, *arguments: Any, **named: Any) -> Any:
        """Sends a request."""
        if str(named.get("method", "GET")) not in ("GET", "HEAD", "OPTIONS") and not self.forges:
            with self.session_transaction() as session:
                known = session.setdefault("csrf_token", secrets.token_hex(16))
            signer = URLSafeTimedSerializer(str(self.application.secret_key), salt="wtf-csrf-token")
            named["headers"] = Headers(named.get("headers"))
            named["headers"].setdefault("X-CSRFToken", signer.dumps(known))
        return super().open(*arguments, **named)


class _Through:
    """An application whose requests go through another WSGI callable; all else is the application's own."""

    def __init__(self, app: Any, wsgi: Callable[..., Any]) -> None:
        self._app = app
        self._wsgi = wsgi

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._wsgi(environ, start_response)


def _refusing(command: click.Command) -> click.Command:
    """The command, with refusals told as the command line tells them: one line on standard error, status 1."""

    @click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(arguments: tuple[str, ...]) -> None:
        try:
            command.main(list(arguments), prog_name="crmhost", standalone_mode=False)
        except CrmError as error:
            raise click.ClickException(" ".join(str(error).split())) from error

    return run


# --- pytest ------------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Makes passwords cheap, and ``plugins.ID`` importable when pytest is started in a plugin's own folder.

    That folder must lie in one called ``plugins``.
    """
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    # Thousands of hosts make the same few users.
    guesses = functools.lru_cache(5_000)(passwords._guesses)
    passwords._guesses = lambda password, known: guesses(password, tuple(known))
    for folder in (config.rootpath, *config.rootpath.parents):
        if (folder / FILE_NAME).is_file():
            registry.open_namespace([folder.parent.resolve()])
            return


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the core's tables."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "template.sqlite"
    make_template(folder, f"sqlite:///{path}")
    return path


@pytest.fixture
def fresh_database(
    sqlite_template: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[tuple[str, ...]], str]:
    """Gives the URL of the test's database; at the first call, with these bundled plugins on if they can be."""
    path = tmp_path / "test.sqlite"

    def give(plugins: tuple[str, ...]) -> str:
        if not path.exists():
            source = enabled_template(plugins, sqlite_template, tmp_path_factory) if plugins else sqlite_template
            shutil.copy(source, path)
        return f"sqlite:///{path}"

    return give


@pytest.fixture
def database_url(fresh_database: Callable[[tuple[str, ...]], str]) -> str:
    """URL of a fresh database with the core's tables."""
    return fresh_database(())


@pytest.fixture
def clock() -> Clock:
    """The clock of the test's host."""
    return Clock()


@pytest.fixture
def host(
    fresh_database: Callable[[tuple[str, ...]], str], tmp_path: Path, clock: Clock
) -> Iterator[Callable[..., Host]]:
    """Makes the host of the test: ``host("funnel", "csv_tools")``.

    ``home_plugins`` is a folder with further plugins, looked into after the bundled ones. Other keywords replace parts of the
    configuration; ``plugin_folders`` replaces all folders, the bundled one too.
    """
    sites: list[Site] = []
    opened: list[Any] = []

    def make(*plugins: str, home_plugins: Path | None = None, **changes: Any) -> Host:
        usual = home_plugins is None and "plugin_folders" not in changes and is_usual(clock())
        if home_plugins is not None:
            bundled = configuration.checkout() / "plugins"
            folders = {bundled.resolve(): "bundled", home_plugins.resolve(): "home"}
            changes["plugin_folders"] = tuple((origin, folder) for folder, origin in folders.items())
        config = make_config(tmp_path / "home", fresh_database(plugins if usual else ()), **changes)
        site = Site(config, kind="test", clock=clock)
        careless(site.engine)
        share_compiled(site.engine)
        event.listen(site.engine, "connect", lambda connection, _record: opened.append(connection))
        sites.append(site)
        made = Host(site, clock)
        if plugins:
            # Those that are on already cost nothing here.
            made.enable(*plugins)
        meter.take()
        return made

    yield make
    for site in sites:
        site.close()
    for connection in opened:
        # That of a request whose answer was not read to its end would stay open until the collector comes by.
        connection.close()
    forget_made(tmp_path)
