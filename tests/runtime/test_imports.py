"""An import whose worker is killed in the middle."""

from __future__ import annotations

import importlib
import io
import time

import pytest
from sqlalchemy import text

from bench import faults
from bench.load import Start
from bench.sites import EMAIL, Place
from crmhost.core.users import services as users
from crmhost.site import Site

ROWS = 12_000
PATIENCE = 90.0


def _asked(site: Site) -> None:
    """An import of a file that an admin uploaded, waiting for a worker."""
    importing = importlib.import_module("plugins.csv_tools.importing")
    proposing = importlib.import_module("plugins.csv_tools.proposing")
    storing = importlib.import_module("plugins.csv_tools.storing")
    data = "email,first_name\n" + "".join(f"p{number}@example.com,P{number}\n" for number in range(ROWS))
    with site.work() as work:
        person = users.find_by_email(work, EMAIL)
        assert person is not None
        actor = users.actor_for(person)
    with site.work(actor) as work:
        staged = storing.take(work, io.BytesIO(data.encode()), "people.csv")
        with work.begin():
            run = importing.create(work, "contacts", "people.csv")
            storing.keep(work, run, staged)
        proposal = proposing.propose(work, "contacts", storing.stored(work, run.id))
        with work.begin():
            proposing.settle(work, run, proposal)
            importing.want(work, run.id)


def _until(site: Site, query: str, wanted: int) -> int:
    """Waits until a number is as large as wanted; gives it."""
    until = time.monotonic() + PATIENCE
    while True:
        with site.engine.connect() as connection:
            found = int(connection.scalar(text(query)) or 0)
        if found >= wanted:
            return found
        assert time.monotonic() < until, (query, found)
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_import_is_finished_by_another_worker(place: Place, forked: Start) -> None:
    """The worker is killed with -9 while rows are stored; another one goes on, and every row is there once."""
    site = place.site()
    site.runtime.refresh()
    try:
        _asked(site)
        log = place.home / "worker.log"
        with faults.Process(["worker"], place.environment(), log, forked) as worker:
            at = _until(site, "SELECT position FROM csv_tools_run", ROWS // 10)
            worker.kill()
            assert at < ROWS, "it was too quick to be killed in the middle"
            _until(site, "SELECT count(*) FROM work_job WHERE kind = 'csv_tools.import' AND state = 'running'", 1)
        with faults.Process(["worker"], place.environment(), log, forked):
            _until(site, "SELECT count(*) FROM work_job WHERE kind = 'csv_tools.import' AND state = 'done'", 1)
        with site.engine.connect() as connection:
            figures = "SELECT state, added, updated, refused, position FROM csv_tools_run"
            assert tuple(connection.execute(text(figures)).one()) == ("done", ROWS, 0, 0, ROWS + 1)
            rows = "SELECT count(*), count(DISTINCT number), count(DISTINCT object_id) FROM csv_tools_row"
            assert tuple(connection.execute(text(rows)).one()) == (ROWS, ROWS, ROWS)
            people = "SELECT count(*), count(DISTINCT email) FROM contacts_contact WHERE email LIKE 'p%@example.com'"
            assert tuple(connection.execute(text(people)).one()) == (ROWS, ROWS)
            attempts = "SELECT attempts, failures FROM work_job WHERE kind = 'csv_tools.import'"
            assert tuple(connection.execute(text(attempts)).one()) == (2, 0)
    finally:
        site.close()
