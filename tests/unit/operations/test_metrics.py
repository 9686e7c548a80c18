"""Figures for Prometheus, read with its own parser."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, insert
from werkzeug.test import Client

from crmhost.host import metrics
from crmhost.host.attribution import record_fault, running
from crmhost.host.dispatcher import Dispatcher
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import make_config
from crmhost.work.tables import JobRow, OutboxEvent

ONE = pytest.mark.database("sqlite")
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(site: Host, **options: str) -> Figures:
    """(name, labels) -> value."""
    with site.client("").get("/metrics", headers=options) as answer:
        assert answer.status_code == 200
        assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
        families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: Figures, name: str, **labels: str) -> float:
    """One figure; nothing counted is nought."""
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


def test_jobs_and_events_are_counted_from_their_tables(host: Callable[..., Host], clock: Clock) -> None:
    """Jobs by state, how long the oldest due one and the oldest event have waited; what is due later does not count."""
    now = clock.freeze()
    site = host(metrics=True)
    minutes = dt.timedelta(minutes=1)
    rows = [("due", -10), ("due", 5), ("failed", -60), ("done", -90), ("parked", -80)]
    with site.site.engine.begin() as connection:
        for state, due in rows:
            row = {"plugin": "mail", "kind": "mail.send", "state": state, "due_at": now + due * minutes}
            connection.execute(insert(JobRow).values(created_at=now, arguments={}, **row))
        for state, at in (("done", -50), ("new", -20), ("new", -3)):
            row = {"name": "contact.created", "ids": [1], "state": state, "at": now + at * minutes}
            connection.execute(insert(OutboxEvent).values(data={}, **row))
    found = figures(site)
    states = {state: value(found, "crmhost_jobs", state=state) for state in ("due", "running", "failed", "parked")}
    assert states == {"due": 2, "running": 0, "failed": 1, "parked": 1}
    assert value(found, "crmhost_job_oldest_due_seconds") == 600
    assert value(found, "crmhost_events_new") == 2
    assert value(found, "crmhost_event_oldest_seconds") == 1200
    assert value(found, "crmhost_database_up") == 1


@ONE
def test_requests_and_plugins_are_counted(host: Callable[..., Host]) -> None:
    """By template, method and status, with their time; plugins by calls, time and errors; over switches of plugins."""
    site = host("funnel", metrics=True)
    before = figures(site)
    client = site.client()
    person = site.make.contact()
    for path in (f"/contacts/{person}", f"/contacts/{person}?q=x", "/nowhere/at/all", "/funnel/"):
        with client.get(path) as answer:
            answer.get_data()
    site.disable("funnel")
    with client.get("/funnel/") as answer:
        answer.get_data()
    with running("funnel"):
        record_fault("funnel", "test", ValueError("no"))
    site.settle()
    after = figures(site)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    page = "/contacts/<int:contact_id>"
    assert more("crmhost_requests_total", method="GET", endpoint=page, status="200") == 2
    assert more("crmhost_request_seconds_count", endpoint=page) == 2
    assert more("crmhost_request_seconds_sum", endpoint=page) > 0
    assert more("crmhost_requests_total", method="GET", endpoint="-", status="404") == 2
    assert more("crmhost_requests_total", method="GET", endpoint="/funnel/", status="200") == 1
    assert more("crmhost_plugin_calls_total", plugin="funnel") > 0
    assert more("crmhost_plugin_errors_total", plugin="funnel") == 1
    assert value(after, "crmhost_generation", kind="test") == site.generation.number
    assert value(after, "crmhost_generation_build_seconds", kind="test") > 0
    assert value(after, "crmhost_process_memory_bytes", kind="test") > 10_000_000
    # The request that asks is the only one in flight.
    assert value(after, "crmhost_requests_in_flight") == value(before, "crmhost_requests_in_flight")
    assert metrics.of(site.site.config) is metrics.of(site.site.config)


@ONE
def test_addresses_that_strangers_make_up_are_no_labels(host: Callable[..., Host]) -> None:
    """However many are asked for, with whatever method, the figures stay as many."""
    site = host(metrics=True)
    client = site.client("")

    def ask(word: str) -> set[object]:
        for path in (f"/{word}", f"/static/{word}", f"/hooks/{word}/{word}", f"/api/{word}", f"/contacts/{word}"):
            client.get(path).close()
        client.open("/", method=word).close()
        return set(figures(site))

    assert ask("one") == ask("two") == ask("THREE")


@ONE
def test_they_are_off_unless_wanted_and_may_ask_for_a_token(host: Callable[..., Host]) -> None:
    """Off is a page that is not there, for admins too; the token is asked for exactly, and never told."""
    assert host().client().get("/metrics").status_code == 404
    site = host(metrics=True, metrics_token="right-token-0123456789")
    client = site.client("")
    for given in ("", "Bearer", "Bearer wrong", "Basic right-token-0123456789", "Bearer right-token-0123456789x", "ü"):
        answer = client.get("/metrics", headers={"Authorization": given})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "right-token" not in answer.text
    assert figures(site, Authorization="Bearer right-token-0123456789")


@ONE
def test_they_answer_without_a_database_and_in_safe_mode(host: Callable[..., Host], tmp_path: Path) -> None:
    """What the process counts is told all the same, and that the database is away."""
    site = host("funnel", metrics=True, safe_mode=True)
    assert value(figures(site), "crmhost_database_up") == 1
    away = Site(make_config(tmp_path / "home", f"sqlite:///{tmp_path}/no/where.sqlite", metrics=True), kind="test")
    answer = Client(Dispatcher(away)).get("/metrics")
    away.close()
    assert answer.status_code == 200
    assert "crmhost_database_up 0.0" in answer.text
    assert "no/where" not in answer.text


@ONE
def test_what_is_looked_at_often_is_read_from_indexes(host: Callable[..., Host]) -> None:
    """Neither figures nor the Health page read a table of jobs, events, deliveries or failures from end to end."""
    site = host(metrics=True)
    client = site.client()
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(site.site.engine, "before_cursor_execute", note)
    for path in ("/metrics", "/settings/health"):
        assert client.get(path).status_code == 200
    event.remove(site.site.engine, "before_cursor_execute", note)
    grown = ("work_job", "work_outbox", "work_delivery", "host_fault")
    asked = [(statement, parameters) for statement, parameters in seen if any(name in statement for name in grown)]
    assert {name for name in grown for statement, _ in asked if name in statement} == set(grown)
    with site.site.engine.connect() as connection:
        for statement, parameters in asked:
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                whole = any(row[3].startswith(f"SCAN {name}") for name in grown) and "INDEX" not in row[3]
                assert not whole, (row[3], statement)


def test_the_dead_are_taken_out_of_a_shared_folder(tmp_path: Path) -> None:
    """Gauges of processes that are gone go; counters stay, and so do those who live."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {
        f"gauge_liveall_{ended.pid}.db": False,
        f"gauge_livesum_{ended.pid}.db": False,
        f"counter_{ended.pid}.db": True,
        f"gauge_liveall_{os.getpid()}.db": True,
    }
    for name in names:
        (tmp_path / name).touch()
    metrics.forget_dead(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == names
