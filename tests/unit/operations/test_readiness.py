"""What supervisors and load balancers hear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from crmhost.host import migrate
from crmhost.host.dispatcher import Dispatcher
from crmhost.site import Site
from crmhost.testing import Host
from crmhost.testing_sites import make_config

ONE = pytest.mark.database("sqlite")


def heard(site: Host, path: str) -> tuple[int, str]:
    """Status and text."""
    with site.client("").get(path) as answer:
        return answer.status_code, answer.text


def set_revision(site: Host, owner: str, revision: str) -> None:
    """Makes the database say that it has this revision."""
    with site.site.engine.begin() as connection:
        connection.execute(text(f"UPDATE {migrate.version_table(owner)} SET version_num = :to"), {"to": revision})


def test_ready_means_that_the_tables_fit_the_code(host: Callable[..., Host]) -> None:
    """Behind is not ready and says whose; newer is ready, so that machines can be updated one after the other."""
    site = host("csv_tools")
    assert heard(site, "/readyz") == (200, "ok\n")
    newest, *_, first = migrate.revisions(migrate.CORE, migrate.CORE_VERSIONS)
    set_revision(site, migrate.CORE, first)
    assert heard(site, "/readyz") == (503, "schema: crmhost is behind, run “crmhost db upgrade”\n")
    assert heard(site, "/healthz") == (200, "ok\n")
    set_revision(site, migrate.CORE, "of-the-next-version")
    assert heard(site, "/readyz") == (200, "ok\n")
    set_revision(site, migrate.CORE, newest)
    with site.site.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {migrate.version_table('csv_tools')}"))
    assert heard(site, "/readyz") == (503, "schema: csv_tools is behind, run “crmhost db upgrade”\n")
    site.disable("csv_tools")
    assert heard(site, "/readyz") == (200, "ok\n")


@ONE
def test_probes_answer_in_safe_mode_and_take_nothing_but_get(host: Callable[..., Host]) -> None:
    """They need no sign-in, no plugin and no page."""
    site = host("funnel", safe_mode=True)
    assert site.generation.failed
    client = site.client("")
    for path in ("/healthz", "/readyz"):
        assert heard(site, path) == (200, "ok\n")
        assert client.head(path).status_code == 200
        answer = client.post(path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert client.get(path).headers["Cache-Control"] == "no-store"


def asked(site: Site, path: str) -> tuple[int, str]:
    """What a process of this site answers."""
    answer = Client(Dispatcher(site)).get(path)
    return answer.status_code, answer.text


@ONE
def test_a_database_that_is_away_is_named_and_nothing_else(host: Callable[..., Host], tmp_path: Any) -> None:
    """A process that has a generation lives on; one that never had one is not healthy. No address, no path is told."""
    site = host()
    assert heard(site, "/readyz")[0] == 200
    running, away = site.site, tmp_path / "away" / "no.sqlite"
    fresh = Site(make_config(tmp_path / "home", f"sqlite:///{away}"), kind="test")
    try:
        assert asked(fresh, "/readyz") == (503, "database: does not answer\n")
        assert asked(fresh, "/healthz") == (503, "generation: could not be built\n")
        engine, running.engine = running.engine, fresh.engine
        try:
            assert asked(running, "/readyz") == (503, "database: does not answer\n")
            assert asked(running, "/healthz") == (200, "ok\n")
        finally:
            running.engine = engine
    finally:
        fresh.close()


@ONE
def test_a_process_that_ends_asks_for_no_more(host: Callable[..., Host]) -> None:
    """Load balancers hear it before the process is gone."""
    dispatcher = Dispatcher(host().site)
    assert dispatcher.readiness.problems() == []
    dispatcher.readiness.stopping = True
    assert dispatcher.readiness.problems() == ["process: stopping"]
