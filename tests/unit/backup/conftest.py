"""Sites with something of everything, empty databases beside them, and their rows side by side."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table, insert, inspect, select

from crmhost.core.contacts import services as contacts
from crmhost.core.settings import services as settings
from crmhost.db import WRITES, metadata
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import make_config
from tests import probes
from tests.peers import postgres

FOLDERS = (("bundled", probes.FOLDER), ("home", Path(__file__).resolve().parent / "plugins"))
#: Databases to restore and copy into.
KINDS = ("sqlite",) if os.environ.get("CRMHOST_TEST_FAST") == "1" else ("sqlite", "postgresql")
#: Tables that restoring itself writes to, or leaves behind on purpose.
OWN = {"host_state", "audit_entry", "host_process", "users_session", "work_job"}

_numbers = itertools.count(1)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes empty databases: ``empty("postgresql")`` gives a URL."""
    made: list[str] = []

    def make(kind: str) -> str:
        number = next(_numbers)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/other{number}.sqlite"
        made.append(f"other_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{number}")
        return postgres.server().create(made[-1])

    yield make
    for name in made:
        postgres.server().drop(name)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes further sites: ``other(URL)``, each in a home of its own."""
    sites: list[Site] = []

    def make(url: str, **changes: Any) -> Site:
        home = tmp_path / f"home{next(_numbers)}"
        config = make_config(home, url, **{"plugin_folders": FOLDERS, **changes})
        sites.append(Site(config, kind="test", clock=Clock()))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def full(host: Callable[..., Host]) -> Host:
    """A site with contacts, settings, plugins that are on and off, and values that are easily lost."""
    made = host("probe_one", "probe_two", "gamut", plugin_folders=FOLDERS)
    for _ in range(5):
        made.make.contact()
    with made.work() as work, work.begin():
        for number in range(5):
            fields = {"first_name": f"Zoë {number} \U0001f980", "notes": "first\r\nsecond\tthird"}
            contacts.create(work, {**fields, "tags": ["VIP", "Réunion"]})
        settings.set_many(work, {"probe_one.key": "a secret", "probe_one.limits": "1,2", "probe_one.most": "7"})
        work.enqueue("probe_one.count", dedupe="one")
    put(
        made.site.engine,
        "gamut_value",
        [{"id": 1, "parent_id": 2, "line": "one"}, {"id": 2, "parent_id": 1, "line": "two"}],
    )
    put(made.site.engine, "gamut_left", [{"id": 1, "right_id": None}])
    put(made.site.engine, "gamut_right", [{"id": 4, "left_id": 1}])
    put(made.site.engine, "gamut_left", [{"id": 2, "right_id": 4}])
    made.disable("probe_two")
    return made


def table(engine: Engine, name: str) -> Table:
    """A table as the database describes it."""
    return Table(name, MetaData(), autoload_with=engine, resolve_fks=False)


def put(engine: Engine, name: str, rows: list[dict[str, Any]]) -> None:
    """Adds rows past all services."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        # In one statement, so that rows may refer to each other.
        connection.execute(insert(table(engine, name)).values(rows))


def rows(engine: Engine) -> dict[str, list[str]]:
    """Table -> its rows as text, in the types of the models; those that restoring changes are left out."""
    found = {}
    for name in sorted(set(inspect(engine).get_table_names()) & {*metadata.tables, *GAMUT} - OWN):
        typed = metadata.tables[name] if name in metadata.tables else table(engine, name)
        with engine.connect() as connection:
            found[name] = sorted(map(repr, connection.execute(select(typed))))
    return found


#: Tables that no model describes.
GAMUT = ("gamut_left", "gamut_right", "gamut_tally")
