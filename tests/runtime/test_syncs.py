"""A first import of a shop whose worker is killed in the middle."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from bench import faults
from bench.load import Start
from bench.sites import Place
from crmhost.host import lifecycle
from crmhost.site import Site
from plugins.syncs import connections
from tests.peers import woo
from tests.peers.woo import KEY, SECRET, Shop

ORDERS = 600
PATIENCE = 90.0


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
@pytest.mark.database("sqlite")
def test_a_killed_import_goes_on(place: Place, forked: Start) -> None:
    """The worker is killed with -9 while pages are taken; another one goes on, and every order is there once."""
    shop = Shop()
    for number in range(ORDERS):
        shop.order("1.00", "completed", f"b{number % 40}@example.com")
    with woo.serving(shop) as url:
        environment = place.environment() | {"CRMHOST_ALLOW_PRIVATE_HOSTS": url.removeprefix("http://")}
        site, log = place.site(), place.home / "worker.log"
        try:
            lifecycle.enable(site, ["woo_sync"], try_first=False)
            with site.work() as work, work.begin():
                given = {"name": "Shop", "url": url, "key": KEY, "secret": SECRET}
                source = connections.source_of(work, "woo")
                one = connections.save(work, source, given, unreachable=True)
                work.enqueue("syncs.run", connection_id=one.id)
            taken = "SELECT count(*) FROM syncs_record WHERE kind = 'order'"
            with faults.Process(["worker"], environment, log, forked) as worker:
                at = _until(site, taken, 100)
                worker.kill()
            assert at < ORDERS, "it was too quick to be killed in the middle"
            with site.engine.begin() as connection:
                # Nobody has to wait until the dead worker's lease is over.
                connection.execute(
                    text("UPDATE work_job SET lease_until = '2020-01-01 00:00:00' WHERE state = 'running'")
                )
            with faults.Process(["worker"], environment, log, forked):
                _until(site, "SELECT count(*) FROM work_job WHERE kind = 'syncs.run' AND state = 'done'", 1)
            with site.engine.connect() as connection:
                assert connection.scalar(text(taken)) == ORDERS
                sums = connection.execute(text("SELECT count(*), sum(total) FROM transactions_transaction")).one()
                assert tuple(sums) == (ORDERS, ORDERS * 100)
        finally:
            site.close()
