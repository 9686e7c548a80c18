"""The worker that ``crmhost run`` keeps: it runs jobs, comes back when it dies, and goes with its server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from bench import faults
from bench.load import free_port
from bench.sites import Place
from crmhost.host import beats, lifecycle
from crmhost.host.processes import certainly_dead
from crmhost.site import Site
from crmhost.work.tables import JobRow

PATIENCE = 90.0


def _until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def _workers(site: Site) -> list[str]:
    with site.engine.connect() as connection:
        return [row.id for row in beats.living(connection, site.clock()) if row.kind == "worker"]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _done(site: Site, job: int) -> bool:
    with site.engine.connect() as connection:
        return connection.scalar(select(JobRow.state).where(JobRow.id == job)) == "done"


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"], ids=["waitress", "gunicorn"])
def test_the_server_keeps_a_worker(sqlite_site: Path, tmp_path: Path, workers: str) -> None:
    """Jobs run; a worker that is killed is replaced; a server that is killed takes its worker, and gunicorn, with it."""
    shutil.copy(sqlite_site, tmp_path / "test.sqlite")
    place = Place("test", tmp_path, f"sqlite:///{tmp_path / 'test.sqlite'}")
    shutil.copytree(faults.PLUGINS, tmp_path / "plugins")
    site = place.site()
    lifecycle.enable(site, ["errand"], try_first=False, follow=0)
    site.runtime.refresh()
    port = free_port()
    arguments = ["run", "--port", str(port), "--workers", workers]
    server = faults.Process(arguments, place.environment(), tmp_path / "server.log")
    try:
        for key in ("first", "second"):
            with site.work() as work, work.begin():
                job = work.enqueue("errand.do", key=key)
            _until(lambda job=job: _done(site, job))
            # A worker may be done with its first job before its first heartbeat is written.
            _until(lambda: len(_workers(site)) == 1)
            (name,) = _workers(site)
            if key == "first":
                os.kill(int(name.split(":")[1]), signal.SIGKILL)
        server.kill()
        _until(lambda: certainly_dead(name))
        _until(lambda: not _listens(port))
    finally:
        server.end()
        site.close()
