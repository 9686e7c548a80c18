"""The plugins that the suite runs over, and a site for each."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crmhost.config import checkout
from crmhost.db import utcnow
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import careless, make_config, share_compiled
from tests import probes
from tests.pages import core_addresses, look

if TYPE_CHECKING:
    from flask.testing import FlaskClient

Seen = dict[str, tuple[int, str]]

#: The contact of each site.
ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}

BUNDLED = sorted(path.parent for path in (checkout() / "plugins").glob("*/plugin.toml"))
#: Folders of all plugins that come with crmhost, and of the probes, on which the suite itself is tried.
FOLDERS = (*BUNDLED, *sorted(path.parent for path in probes.FOLDER.glob("*/plugin.toml")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test once per plugin."""
    if "folder" in metafunc.fixturenames:
        metafunc.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS], scope="function")


def seen(host: Host, client: FlaskClient, addresses: Iterable[str]) -> Seen:
    """Address -> status and text, the same wherever the site's home is."""
    home = str(host.site.config.home)
    return {address: (status, text.replace(home, "#")) for address, (status, text) in look(client, addresses).items()}


def finds(folder: Path) -> dict[str, Any]:
    """Keywords for a site that finds the plugin in a folder."""
    return probes.ONLY if folder.parent == probes.FOLDER else {}


@pytest.fixture(scope="session")
def instant(sqlite_template: Path) -> dt.datetime:  # the sites are made from it
    """When all sites stand still."""
    return utcnow()


@pytest.fixture
def site(host: Callable[..., Host], request: pytest.FixtureRequest, clock: Clock, instant: dt.datetime) -> Host:
    """A site that finds the plugin, in which time stands still; nothing is enabled."""
    clock.freeze(instant)
    return host(**finds(request.getfixturevalue("folder")))


@pytest.fixture(scope="session")
def untouched(
    sqlite_template: Path, instant: dt.datetime, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Seen]:
    """Gives what the core's pages look like on a site of its own that finds a plugin and never enabled one, with one contact."""
    known: dict[bool, Seen] = {}

    def pages(folder: Path) -> Seen:
        found = finds(folder)
        if bool(found) not in known:
            home = tmp_path_factory.mktemp("untouched")
            shutil.copy(sqlite_template, home / "test.sqlite")
            clock = Clock()
            clock.freeze(instant)
            site = Site(
                make_config(home / "home", f"sqlite:///{home / 'test.sqlite'}", **found), kind="test", clock=clock
            )
            careless(site.engine)
            share_compiled(site.engine)
            host = Host(site, clock)
            person = host.make.contact(**ADA)
            known[bool(found)] = seen(host, host.client(), core_addresses(host.generation, person))
            site.close()
        return known[bool(found)]

    return pages
