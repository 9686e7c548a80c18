"""Plugins are switched while requests come in, in every process, and no request fails."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import sites
from bench.load import Load, Server, Start, free_port
from bench.sites import Place
from crmhost.host import beats, lifecycle, runtime, turns, uninstall
from crmhost.site import Site

TOGGLES = 4
#: Seconds after which a process that does not follow fails the test, however busy the machine is. How soon one follows is
#: counted in looks below, and measured in seconds by the bench.
PATIENCE = 30.0
PATHS = (("/contacts/", (200,)), ("/", (200,)), ("/login", (200, 302)), ("/funnel/", (200, 404)))


@pytest.fixture(params=["gunicorn", "waitress"])
def server(request: pytest.FixtureRequest, place: Place, forked: Start) -> Iterator[Server]:
    """The site served by two gunicorn workers, and by waitress."""
    running = Server(place, free_port(), kind=request.param, start=forked)
    yield running
    running.close()


def processes(site: Site) -> list[int]:
    """The generation of each living process."""
    with site.engine.connect() as connection:
        return [row.generation for row in beats.living(connection, site.clock())]


def test_no_request_fails_and_none_shows_what_was_before(place: Place, server: Server) -> None:
    """Four switches under load: every answer is right, who switched sees the page there or gone at once, each process follows.

    Who switched has the generation's cookie, for which a process that is behind waits.
    """
    site = place.site()
    token = sites.session_token(site)
    load = Load(server.port, f"crmhost_session={token}", PATHS, rate=30).start()
    wrong = []
    try:
        for number in range(TOGGLES):
            switch = lifecycle.enable if number % 2 else lifecycle.disable
            switched = switch(site, ["funnel"], follow=0)
            assert switched.plugins == ("funnel",)
            for _ in range(3):
                status = seen(server, f"crmhost_session={token}; crm_gen={switched.generation}")
                if status != (200 if number % 2 else 404):
                    wrong.append((number, status))
            assert turns.follow_up(site, switched.generation, PATIENCE) == (), server.output()
            assert set(processes(site)) == {switched.generation}
    finally:
        answers = load.stop()
        site.close()
    assert wrong == [], server.output()
    assert len(answers.times) > 2 * TOGGLES
    assert answers.failures == [], server.output()


def seen(server: Server, cookie: str) -> int:
    """Status of the page of the funnel in a browser with this cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", "/funnel/", headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def watched(place: Place) -> Site:
    """The site as a web process of its own holds it, watching; it is in the list of living processes."""
    here = place.site("web")
    here.runtime.current()
    here.runtime.watch()
    until = time.monotonic() + PATIENCE
    while not processes(here):
        assert time.monotonic() < until
        time.sleep(0.01)
    return here


def test_a_process_follows_at_its_next_look(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process switched is built at the first look that finds it, and told at once, not with the next heartbeat.

    So it takes the pause between two looks and a build, for which two seconds are promised.
    """
    monkeypatch.setattr(runtime, "BEAT", 3600.0)
    assert runtime.POLL <= 0.25
    here, other = watched(place), place.site()
    looks: list[tuple[int, int]] = []
    read = here.runtime._read_number

    def counted() -> int:
        number = read()
        looks.append((number, here.runtime.number))
        return number

    monkeypatch.setattr(here.runtime, "_read_number", counted)
    try:
        for switch in (lifecycle.disable, lifecycle.enable):
            looks.clear()
            switched = switch(other, ["funnel"], follow=PATIENCE)
            assert switched.lagging == ()
            assert processes(other) == [switched.generation]
            assert len([1 for wanted, running in looks if wanted > running]) == 1
    finally:
        here.close()
        other.close()


def test_the_end_of_an_old_request_is_told_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deletes a plugin waits for requests that began before it was switched off, and not for a heartbeat after them."""
    monkeypatch.setattr(runtime, "BEAT", 3600.0)
    # Later the silent process would be taken for dead.
    monkeypatch.setattr(uninstall, "PATIENCE", 0.75 * beats.ALIVE.total_seconds())
    here, other = watched(place), place.site()
    try:
        request = here.runtime.enter()
        switched = lifecycle.disable(other, ["funnel"], follow=PATIENCE)
        with other.engine.connect() as connection:
            [process] = beats.living(connection, other.clock())
        assert (process.generation, process.oldest) == (switched.generation, request.number)
        with ThreadPoolExecutor(1) as pool:
            deleting = pool.submit(uninstall.uninstall, other, "funnel")
            here.runtime.leave(request)
            deleting.result()
        assert "funnel" not in other.wanted().states
    finally:
        here.close()
        other.close()


@pytest.mark.database("sqlite")
def test_a_killed_process_is_not_waited_for(place: Place, forked: Start) -> None:
    """A process that was killed says no goodbye; switching does not wait until it is forgotten."""
    site = place.site()
    server = Server(place, free_port(), kind="waitress", start=forked)
    try:
        server.process.kill()
        server.process.wait()
        # Whoever waited for it would do so until it is forgotten.
        started = time.monotonic()
        switched = lifecycle.disable(site, ["funnel"], follow=PATIENCE)
        assert switched.lagging == ()
        assert time.monotonic() - started < 0.75 * beats.ALIVE.total_seconds()
    finally:
        server.close()
        site.close()
