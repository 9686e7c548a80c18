"""Probes, figures and the log of a site that runs in several processes."""

from __future__ import annotations

import http.client
import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.load import Server, free_port
from bench.sites import Place
from crmhost.host import lifecycle

TOKEN = "token-for-figures-0123456789"
SETTINGS = {"CRMHOST_METRICS": "1", "CRMHOST_METRICS_TOKEN": TOKEN, "CRMHOST_LOG_FORMAT": "json"}
ASKED = 12


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and text, over a connection of its own, so that any of the processes answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def figures(port: int) -> dict[tuple[str, str], float]:
    """(name, endpoint or process) -> sum of the values."""
    status, text = ask(port, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, sample.labels.get("endpoint", sample.labels.get("pid", ""))
            found[key] = found.get(key, 0.0) + sample.value
    return found


@pytest.mark.slow
@pytest.mark.database("sqlite")
def test_two_processes_tell_one_story(place: Place) -> None:
    """Whoever is asked, the figures are those of all; probes answer while plugins are switched; each request is one line."""
    server = Server(place, free_port(), kind="crmhost", workers=2, settings=SETTINGS)
    site = place.site()
    try:
        assert {ask(server.port, f"/login?email=zoe{number}")[0] for number in range(ASKED)} == {200}
        # A request is counted when it is over, which is a moment after its answer has arrived.
        until = time.monotonic() + 20
        while (counted := figures(server.port)["crmhost_requests_total", "/login"]) < ASKED:
            assert time.monotonic() < until, counted
        for _ in range(4):
            assert figures(server.port)["crmhost_requests_total", "/login"] == ASKED
        wrong = []
        for number in range(4):
            switch = lifecycle.enable if number % 2 else lifecycle.disable
            generation = switch(site, ["funnel"], follow=60.0).generation
            wrong += [
                (path, status)
                for path in ("/healthz", "/readyz", "/metrics", "/healthz", "/readyz")
                if (status := ask(server.port, path, Authorization=f"Bearer {TOKEN}")[0]) != 200
            ]
        assert wrong == [], server.output()
        running = {key[1]: value for key, value in figures(server.port).items() if key[0] == "crmhost_generation"}
        assert list(running.values()) == [generation, generation]
    finally:
        site.close()
        server.close()
    said = server.path.read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in said if not line.startswith("crmhost is on ")]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["path"] for line in requests] == ["/login"] * ASKED
    assert len({line["request_id"] for line in requests}) == ASKED
    assert TOKEN not in str(said)
    # No request number has these letters.
    assert "zoe" not in str(requests)
