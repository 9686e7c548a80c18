"""Kills everything at random moments while changes with events and jobs come in, and counts what was lost or doubled."""

from __future__ import annotations

import collections
import functools
import http.client
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from crmhost.host import lifecycle
from crmhost.work.tables import Delivery, JobRow, OutboxEvent

from . import sites
from .load import Start, free_port, started
from .report import Report
from .sites import Place

PLUGINS = Path(__file__).parent / "plugins"
KILLS = 50
CHANGES = 2_000
CLIENTS = 4
#: Seconds that all may take to come to rest after the last kill.
REST = 180.0


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    chosen = ("sqlite", "postgresql") if databases == "both" else (databases,)
    return sum(faults(database) for database in chosen)


def faults(database: str, kills: int = KILLS, changes: int = CHANGES, seed: int = 1, start: Start = started) -> int:
    """Kills the web process, two workers and, with PostgreSQL, the database and the broker, in turn by chance.

    :param start: starts the processes of the site.
    """
    from tests.peers import postgres, redis

    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crmhost-faults-")))
        place = Place("SQLite", home, f"sqlite:///{home / 'bench.sqlite'}")
        environment = place.environment()
        targets: dict[str, Callable[[], None]] = {}
        if database == "postgresql":
            broker = stack.enter_context(redis.server())
            server = stack.enter_context(postgres.another())
            place = Place("PostgreSQL", home, server.create("bench"))
            server.keep("bench")
            environment = place.environment() | {"CRMHOST_BROKER_URL": broker.url}
            targets["Redis"] = lambda: (broker.kill(), broker.start())  # type: ignore[func-returns-value]
            targets["PostgreSQL"] = lambda: (server.kill(), server.start())  # type: ignore[func-returns-value]
        prepare(place)
        port = free_port()
        web = stack.enter_context(
            Process(["run", "--port", str(port), "--no-worker"], environment, place.home / "web.log", start)
        )
        workers = [
            stack.enter_context(Process(["worker"], environment, place.home / f"worker{number}.log", start))
            for number in (1, 2)
        ]
        targets.update({"web": web.restart, "first worker": workers[0].restart, "second worker": workers[1].restart})
        client = stack.enter_context(Clients(port, changes))
        killed = _kill(targets, [web, *workers], client, kills, random.Random(seed))
        client.finish()
        return _judge(place, [web, *workers], killed, changes)


def prepare(place: Place, poison: int = 2) -> None:
    """A site with the plugin that leaves traces, and some jobs that can't be done."""
    shutil.copytree(PLUGINS, place.home / "plugins", dirs_exist_ok=True)
    sites.set_up(place)
    site = place.site()
    try:
        lifecycle.enable(site, ["errand"], try_first=False, follow=0)
        site.runtime.refresh()
        with site.work() as work, work.begin():
            for number in range(poison):
                work.enqueue("errand.do", key=f"poison {number}")
    finally:
        site.close()


def _kill(
    targets: dict[str, Callable[[], None]],
    processes: list[Process],
    client: Clients,
    kills: int,
    chance: random.Random,
) -> collections.Counter[str]:
    killed: collections.Counter[str] = collections.Counter()
    names = sorted(targets)
    for number in range(kills):
        client.allow((number + 1) / kills)
        time.sleep(chance.uniform(0.05, 1.0))
        # Each once at least, then by chance.
        name = names[number] if number < len(names) else chance.choice(names)
        targets[name]()
        killed[name] += 1
        for process in processes:
            process.ensure()
    return killed


def _judge(place: Place, processes: list[Process], killed: collections.Counter[str], changes: int) -> int:
    counts = ", ".join(f"{name} {number}" for name, number in sorted(killed.items()))
    report = Report(f"{killed.total()} kills, {changes:,} changes with events and jobs, {place.label} ({counts})")
    site = place.site()
    try:
        rested = _rest(site, processes)
        with site.engine.connect() as connection:
            told = connection.execute(text("SELECT id, number FROM errand_told")).all()
            keys = list(connection.scalars(text("SELECT key FROM errand_effect")))
            jobs = dict(connection.execute(select(JobRow.state, func.count()).group_by(JobRow.state)).all())
            poison = connection.scalar(select(func.max(JobRow.failures)).where(JobRow.failures > 0))
    finally:
        site.close()
    effects = collections.Counter(key.split(":")[-1] for key in keys if key.startswith("errand:"))
    heard = collections.Counter(key.split(":")[-1] for key in keys if key.startswith("event:"))
    ids = {str(row.id) for row in told}
    report.figure("changes", f"{len(told):,} of {changes:,}", must=len({row.number for row in told}) == changes)
    report.figure("came to rest after the last kill", f"{rested:.1f} s", must=rested < REST)
    for name, found in (("jobs", effects), ("events", heard)):
        lost, doubled = len(ids - set(found)), sum(number - 1 for number in found.values())
        report.figure(f"{name} lost", str(lost), must=lost == 0)
        report.figure(
            f"effects of {name} doubled, or of nothing", f"{doubled + len(set(found) - ids)}", must=not doubled
        )
    report.figure(
        "jobs that can't be done were tried, and blocked none", f"{poison} failures, {jobs}", must=bool(poison)
    )
    return report.failed


def _rest(site: Any, processes: list[Process]) -> float:
    """Seconds until nothing is due any more, but what waits for its next attempt."""
    started = time.monotonic()
    while time.monotonic() - started < REST:
        for process in processes:
            process.ensure()
        try:
            with site.engine.connect() as connection:
                open_ = (
                    connection.scalar(select(func.count()).where(OutboxEvent.state == "new")),
                    connection.scalar(select(func.count()).where(Delivery.state == "due")),
                    connection.scalar(
                        select(func.count()).where(JobRow.state.in_(("due", "running")), JobRow.failures == 0)
                    ),
                )
        except Exception:
            open_ = (1, 1, 1)
        if not any(open_):
            break
        time.sleep(0.2)
    return time.monotonic() - started


class Process:
    """A process of the site that is killed and started again.

    :param arguments: of ``crmhost``.
    :param start: starts it.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path, start: Start = started) -> None:
        self._start = functools.partial(start, ["-m", "crmhost", *arguments], environment, log)
        self._process = self._start()

    def restart(self) -> None:
        """Kills it at once and starts it again."""
        self.kill()
        self._process = self._start()

    def kill(self) -> None:
        """Kills it at once."""
        self._process.kill()
        self._process.wait()

    def ensure(self) -> None:
        """Starts it again when it ended by itself: because the database was away when it began."""
        if self._process.poll() is not None:
            self._process = self._start()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Asks it to end and waits until it has."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, 9)
            self._process.wait()


class Clients:
    """Send changes, each again and again until it is taken; as far as they are allowed to."""

    def __init__(self, port: int, changes: int) -> None:
        self._port = port
        self._changes = changes
        self._allowed = 0
        self._next = 0
        self._turn = threading.Condition()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.allow(1.0)

    def allow(self, share: float) -> None:
        """Lets them come as far as this share of all changes."""
        with self._turn:
            self._allowed = max(self._allowed, round(self._changes * share))
            self._turn.notify_all()

    def finish(self) -> None:
        """Waits until all are sent."""
        self.allow(1.0)
        for thread in self._threads:
            thread.join(REST)

    def _send_all(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._next < self._allowed or self._next >= self._changes)
                if self._next >= self._changes:
                    self._turn.notify_all()
                    return
                number = self._next
                self._next += 1
            until = time.monotonic() + REST
            while not self._send(number) and time.monotonic() < until:
                time.sleep(0.05)

    def _send(self, number: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", f"/hooks/errand/{number}", b"")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
