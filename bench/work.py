"""What events and jobs cost: a change with its outbox row, jobs in a second, a worker that has nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

from sqlalchemy import func, select

from crmhost.work.runner import Runner
from crmhost.work.tables import Delivery, JobRow, OutboxEvent

from . import sites
from .faults import prepare
from .report import Report, median_ms
from .sites import Place

JOBS = 4_000
CHANGES = 400
#: Seconds for which a worker is watched that has nothing to do.
IDLE = 20.0
#: Jobs in a second that are aimed at: embedded on SQLite, with PostgreSQL and Redis.
AIMS = {"SQLite": 800, "PostgreSQL": 600}


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            prepare(place, poison=0)
            failed += outbox(place) + throughput(place) + idle(place)
    return failed


def outbox(place: Place) -> int:
    """The same change with and without its event, in turn."""
    report = Report(f"A change with its event against the bare change, {place.label}")
    site = place.site()
    from plugins.errand.models import Told

    numbers = iter(range(10_000_000, 20_000_000))

    def change(*, told: bool) -> None:
        with site.work() as work, work.begin():
            row = Told(number=next(numbers))
            work.session.add(row)
            work.session.flush()
            if told:
                work.tell("errand.measured", [row.id])

    try:
        bare, with_event = [], []
        for _ in range(CHANGES // 50):
            bare.append(median_ms(lambda: change(told=False), runs=50))
            with_event.append(median_ms(lambda: change(told=True), runs=50))
    finally:
        site.close()
    share = min(bare) / min(with_event)
    shown = f"{min(bare):.2f} and {min(with_event):.2f} ms ({share:.0%} of the rate)"
    report.figure("one change, bare and with its event", shown, aim=share >= 0.7)
    return report.failed


def throughput(place: Place) -> int:
    """Jobs that each write a row of their own, in a second."""
    report = Report(f"Jobs, {place.label}")
    site = place.site()
    try:
        with site.work() as work, work.begin():
            for number in range(JOBS):
                work.enqueue("errand.do", key=f"measured:{number}")
        with ExitStack() as stack:
            rate = _embedded(site) if place.label == "SQLite" else _carried(place, site, stack)
        with site.engine.connect() as connection:
            done = connection.scalar(select(func.count()).where(JobRow.state == "done", JobRow.kind == "errand.do"))
    finally:
        site.close()
    report.figure("jobs done", f"{done:,} of {JOBS:,}", must=done == JOBS)
    how = "embedded" if place.label == "SQLite" else "one worker, by Redis"
    report.figure(f"jobs in a second, {how}", f"{rate:,.0f}", aim=rate >= AIMS[place.label])
    return report.failed


def _embedded(site: Any) -> float:
    runner = Runner(site)
    try:
        started = time.perf_counter()
        runner.until_idle()
        return JOBS / (time.perf_counter() - started)
    finally:
        runner.close()


def _carried(place: Place, site: Any, stack: ExitStack) -> float:
    from tests.peers import redis

    broker = stack.enter_context(redis.server())
    environment = place.environment() | {"CRMHOST_BROKER_URL": broker.url}
    worker = subprocess.Popen([sys.executable, "-m", "crmhost", "worker"], env=environment)
    stack.callback(_end, worker)
    left, started, first = JOBS, 0.0, JOBS
    while left:
        with site.engine.connect() as connection:
            waiting = select(func.count()).where(JobRow.kind == "errand.do", JobRow.state.in_(("due", "running")))
            left = connection.scalar(waiting) or 0
        if left < JOBS and not started:
            started, first = time.perf_counter(), left
        time.sleep(0.02)
    return first / (time.perf_counter() - started)


def idle(place: Place) -> int:
    """CPU of a worker that has nothing to do."""
    report = Report(f"A worker that has nothing to do, {place.label}")
    site = place.site()
    try:
        _until_quiet(site)
    finally:
        site.close()
    worker = subprocess.Popen([sys.executable, "-m", "crmhost", "worker"], env=place.environment())
    try:
        time.sleep(8)
        before = _cpu_seconds(worker.pid)
        time.sleep(IDLE)
        share = (_cpu_seconds(worker.pid) - before) / IDLE
    finally:
        _end(worker)
    report.figure("of one core", f"{share:.2%}", aim=share < 0.01)
    return report.failed


def _until_quiet(site: Any) -> None:
    runner = Runner(site)
    try:
        runner.until_idle()
    finally:
        runner.close()
    with site.engine.connect() as connection:
        assert not connection.scalar(select(func.count()).where(OutboxEvent.state == "new"))
        assert not connection.scalar(select(func.count()).where(Delivery.state == "due"))


def _cpu_seconds(process: int) -> float:
    done = subprocess.run(["ps", "-o", "cputimes=", "-p", str(process)], capture_output=True, text=True, check=True)
    stat = f"/proc/{process}/stat"
    if os.path.exists(stat):  # noqa: PTH110  # hundredths of a second instead of whole ones
        with open(stat) as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return float(done.stdout)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)
