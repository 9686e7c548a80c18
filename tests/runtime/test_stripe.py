"""Stripe's sync whose processes are killed: after every step of a story, and in the middle of the first reading."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any

import pytest
from sqlalchemy import func, select, text

from bench.load import Start
from bench.sites import Place
from conftest import SHARED_DATA
from crmhost import config as configuration
from crmhost.api import Contact
from crmhost.host import lifecycle
from crmhost.site import Site
from crmhost.testing import Clock, Host
from plugins.stripe_sync.tests.test_account import WEBHOOK_SECRET, read, sums
from plugins.stripe_sync.tests.test_story import STORY, check
from plugins.syncs.api import connections
from plugins.syncs.models import Received
from tests.peers.stripe_account import Account
from tests.peers.woo import serving

pytestmark = [pytest.mark.slow, pytest.mark.shared, pytest.mark.database("sqlite")]


class Live(Account):
    """An account that is as it was at the step that somebody says."""

    def _answer(self, method: str, url: str, body: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        if "/happen/" not in url:
            return super()._answer(method, url, body, headers)
        step = STORY[int(url.rpartition("/")[2])]
        self.happen(step)
        self.now = step.get("created", self.now)
        return 200, {}, b"{}"


def connected(place: Place, url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Host, int]:
    """A site on disk that is connected to an account, and the connection's number."""
    monkeypatch.setenv("CRMHOST_ALLOW_PRIVATE_HOSTS", url.removeprefix("http://"))
    clock = Clock()
    site = Host(Site(configuration.load(place.environment()), kind="test", clock=clock), clock)
    lifecycle.enable(site.site, ["stripe_sync"], try_first=False)
    with site.work() as work, work.begin():
        given = {"name": "Main", "api_key": "rk_test_1", "webhook_secret": WEBHOOK_SECRET, "api_base": url}
        return site, connections.save(work, connections.source_of(work, "stripe"), given).id


def test_a_story_whose_every_step_is_killed(place: Place, forked: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is taken by a process that ends by kill -9, before, between and after its transactions: the state is the same."""
    with serving(Live()) as url:
        site, _number = connected(place, url, monkeypatch)
        log = place.home / "steps.log"
        environment = {**place.environment(), "ACCOUNT": url}
        steps = forked(["-m", "tests.runtime.stripe_steps"], environment, log)
        assert steps.wait(300) == 0, log.read_text()
        with site.site.engine.begin() as connection:
            connection.execute(text("UPDATE work_job SET lease_until = '2020-01-01 00:00:00' WHERE state = 'running'"))
        site.run_jobs()
        check(site)
        with site.work() as work:
            assert work.session.scalar(select(func.count()).where(Received.done_at.is_(None))) == 0
    site.site.close()


class Pages:
    """Plays recorded pages of charges; every other list is empty. ``kill``: a process that ends when the third page is due."""

    def __init__(self) -> None:
        known = json.loads((SHARED_DATA / "stripe/list_pagination.json").read_text("utf-8"))["pages"]
        self.pages = {
            page["request"]["query"].get("starting_after", ""): page for page in known if page["request"] != "any"
        }
        self.faults = {page["response"]["status"]: page["response"] for page in known if page["request"] == "any"}
        self.next: list[int] = []
        self.asked: list[str] = []
        self.started = threading.Event()
        self.kill = 0

    def answer(self, _method: str, url: str, _host: str, _body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """The page that was asked for, or the fault that is next."""
        if "/v1/balance_transactions/" in url:
            return 404, {}, b'{"error": {"type": "invalid_request_error"}}'
        if "/v1/charges" not in url:
            return 200, {}, b'{"object": "list", "has_more": false, "data": []}'
        after = url.partition("starting_after=")[2].partition("&")[0]
        if self.kill and after == list(self.pages)[2]:
            self.started.wait(60)
            os.kill(self.kill, signal.SIGKILL)
            self.kill = 0
            return 500, {}, b""
        if self.next:
            fault = self.faults[self.next.pop(0)]
            body = fault["body"]
            said = body if isinstance(body, str) else json.dumps(body)
            return fault["status"], fault.get("headers", {}), said.encode()
        self.asked.append(after)
        return 200, {}, json.dumps(self.pages[after]["response"]["body"]).encode()


def test_recorded_pages_with_faults(place: Place, forked: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill -9 after page two, a key that is refused for a while, busy, and a fault: each charge is there once."""
    pages = Pages()
    with serving(pages) as url:
        site, number = connected(place, url, monkeypatch)
        pages.kill = -1
        process = forked(["-m", "crmhost", "stripe", "sync"], place.environment(), place.home / "sync.log")
        pages.kill = process.pid
        pages.started.set()
        assert process.wait(60) == -signal.SIGKILL
        assert pages.asked == list(pages.pages)[:2]
        assert sum(sums(site).values()) == sum(range(101, 121))

        # The first comes at once: nobody waits for the process that is gone.
        for hours, status, said in (
            (0, 401, "refuses the key"),
            (7, 429, "asks us to wait"),
            (7, 503, "a fault just now"),
        ):
            site.clock.move(hours=hours)
            pages.next = [status] * 20
            read(site, number)
            with site.work() as work:
                assert said in connections.get(work, number).problem
            assert sum(sums(site).values()) == sum(range(101, 121))
        pages.next = []
        site.clock.move(hours=7)
        read(site, number)
        assert sums(site) == {"USD": 2825}
        # What was done stays done: the reading goes on behind the page that was taken last.
        assert pages.asked[:3] == list(pages.pages)
        read(site, number, full=True)
        assert sums(site) == {"USD": 2825}
        with site.work() as work:
            assert work.session.scalar(select(func.count()).select_from(Contact)) == 1
    site.site.close()
