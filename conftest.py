"""What all tests share, those of plugins too: the fixtures of ``crmhost.testing``, each test on SQLite and on PostgreSQL.

A test that asks for ``host`` or ``database_url`` runs once per database; ``@pytest.mark.database("sqlite")`` narrows it.
With ``CRMHOST_TEST_FAST=1`` there is SQLite only.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from bench import sites
from bench.load import Start
from bench.sites import Place
from tests.peers import forks, postgres
from tests.peers.copies import Copy, Pool

pytest_plugins = ["crmhost.testing"]

# How long an example takes is a matter of the machine and of what runs beside; what draws too much is told by the health checks.
settings.register_profile("crmhost", deadline=None)
settings.load_profile("crmhost")

# What is imported and collected stays to the end: looked through again and again, it makes collecting take a third longer.
gc.set_threshold(100_000, 50, 100)

ROOT = Path(__file__).resolve().parent
#: Real data beside the checkout, for tests marked ``shared``.
SHARED_DATA = ROOT.parent / "shared" / "data"
FAST = os.environ.get("CRMHOST_TEST_FAST") == "1"
DATABASES = ("sqlite",) if FAST else ("sqlite", "postgresql")

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marks and begins the run's PostgreSQL, which all processes of a run share."""
    for mark in (
        "database(*names): the databases that the test runs on, of sqlite and postgresql",
        "shared: needs the real data beside the checkout; left out where they are not",
        "browser: needs the browser; left out of the fast round",
        "slow: takes more than a few seconds; left out of the fast round",
    ):
        config.addinivalue_line("markers", mark)
    if not hasattr(config, "workerinput"):
        # Images of containers like to set it: each process that a test starts would compile all code anew, for seconds.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        if not FAST:
            postgres.begin()


def pytest_collection_finish() -> None:
    """Leaves what was imported out of the collector's rounds, which otherwise take a seventh of the time."""
    # A test may write a plugin anew within the second that tells compiled code from its source.
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends PostgreSQL with the run."""
    if not FAST and not hasattr(config, "workerinput"):
        postgres.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs what needs a database on each of them."""
    if "database" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("database")
    names = [name for name in DATABASES if mark is None or name in mark.args]
    metafunc.parametrize("database", names, indirect=True, scope="function")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what the fast round or a missing folder can't run."""
    if any(getattr(getattr(item, "obj", None), "is_hypothesis_test", False) for item in items):
        # In a fresh checkout the first text makes hypothesis build its table of characters, for a second or more: here, and
        # not while it watches how long a test takes to draw its examples.
        st.text().validate()
    for item in items:
        if FAST and (item.get_closest_marker("browser") or item.get_closest_marker("slow")):
            item.add_marker(pytest.mark.skip(reason="not in the fast round"))
        if item.get_closest_marker("shared") and not SHARED_DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"{SHARED_DATA} is not there"))


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Name of the test's database: sqlite or postgresql."""
    return str(request.param)


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Databases on PostgreSQL with the core's tables, and nothing else or bundled plugins that are on."""
    # Not at the top: pytest must load it as a plugin first.
    from crmhost.testing_sites import make_enabled, make_template

    server = postgres.server()

    def template(plugins: tuple[str, ...]) -> str:
        home = tmp_path_factory.mktemp("home")
        core = server.template("crmhost_template", lambda url: make_template(home, url))
        if not plugins:
            return core
        name = f"crmhost_{hashlib.sha256(' '.join(plugins).encode()).hexdigest()[:32]}"
        return server.template(name, lambda url: make_enabled(home, url, plugins), core)

    made = Pool(server, f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}", template)
    yield made
    made.close()


@pytest.fixture
def fresh_database(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[tuple[str, ...]], str]]:
    """Gives the URL of the test's database; at the first call, with these bundled plugins on if they can be."""
    from crmhost.testing_sites import enabled_template

    path = tmp_path / "test.sqlite"
    taken: list[tuple[Copy, str]] = []

    def give(plugins: tuple[str, ...]) -> str:
        if database == "postgresql":
            if not taken:
                taken.append(request.getfixturevalue("copies").take(plugins))
            return taken[0][1]
        if not path.exists():
            template = request.getfixturevalue("sqlite_template")
            shutil.copy(enabled_template(plugins, template, tmp_path_factory) if plugins else template, path)
        return f"sqlite:///{path}"

    yield give
    for copy, _url in taken:
        request.getfixturevalue("copies").give_back(copy)


@pytest.fixture
def place(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A site that is set up, with an admin and the bundled plugins on, for servers in processes of their own."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_site"), tmp_path / "site.sqlite")
        yield Place("test", tmp_path, f"sqlite:///{tmp_path / 'site.sqlite'}")
        return
    server = postgres.server()
    home = tmp_path_factory.mktemp("site")
    template = server.template("crmhost_site", lambda url: sites.set_up(Place("template", home, url)))
    name = f"site_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
    yield Place("test", tmp_path, server.create(name, template))
    server.drop(name)


@pytest.fixture(scope="session")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file of a site that is set up, to copy from."""
    home = tmp_path_factory.mktemp("site")
    sites.set_up(Place("template", home, f"sqlite:///{home / 'site.sqlite'}"))
    return home / "site.sqlite"


@pytest.fixture(scope="session")
def forked(sqlite_site: Path) -> Iterator[Start]:
    """Starts processes of the product that have everything imported, for tests of what they do once they run."""
    with forks.nursery(sqlite_site) as start:
        yield start


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; ask for it in tests marked ``shared``."""
    return SHARED_DATA
