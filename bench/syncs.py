"""A shop with 100,000 orders that answers at once: how fast they are taken, and how long others wait meanwhile."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import math
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import func, select

from crmhost import config
from crmhost.api import http
from crmhost.host import lifecycle
from crmhost.site import Site
from crmhost.work.unit import Work
from plugins.syncs import connections, running
from plugins.syncs.models import Received, Record

from . import sites
from .report import Report, percentile, resident_kib
from .sites import Place

ORDERS, BUYERS, PAGE = 100_000, 20_000, 100
#: Orders in a second: the first time, and when nothing changed.
FIRST, AGAIN = 500.0, 5_000.0
#: KiB that memory may grow by between the tenth and the last part of an import.
FLAT = 16 * 1024
#: Orders that are taken while others wait; seconds for which they are asked while nothing else goes on.
MEANWHILE, QUIET = 8_000, 5.0
#: Milliseconds within which 95 of 100 webhooks are answered.
PROMPT = 50.0
SECRET = "whispered"
_BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += rates(place) + answers(place)
    return failed


@dataclasses.dataclass
class Told:
    """Who is told how far it is; notes what memory is held on the way."""

    work: Work
    key: str = "bench"
    held: list[int] = dataclasses.field(default_factory=list)

    def check(self) -> None:
        """Nobody stops it."""

    def progress(self, done: int, total: int = 0, text: str = "") -> None:  # noqa: ARG002  # as jobs are told
        """Notes the memory."""
        if done >= (len(self.held) + 1) * (ORDERS // 10):
            self.held.append(resident_kib("RssAnon"))


def rates(place: Place, orders: int = ORDERS) -> int:
    """The first import, and a second reading over the same."""
    report = Report(f"{orders:,} orders of a shop that answers at once, {place.label}")
    # As a process that runs jobs holds it.
    site = place.site("worker")
    pages = _pages(orders)
    try:
        lifecycle.enable(site, ("woo_sync",), try_first=False)
        number = _connected(site, "Shop")
        first, held = _run(site, number, pages)
        with site.work() as work:
            taken = work.session.scalar(select(func.count()).where(Record.kind == "order"))
        again, _held = _run(site, number, pages)
    finally:
        site.close()
    report.figure("orders taken", f"{taken:,} of {orders:,}", must=taken == orders)
    report.figure("orders in a second, the first time", f"{orders / first:,.0f}", aim=orders / first >= FIRST)
    report.figure("orders in a second, unchanged", f"{orders / again:,.0f}", aim=orders / again >= AGAIN)
    grown = held[-1] - held[0] if len(held) > 1 else 0
    report.figure("memory grown after the first tenth", f"{grown / 1024:,.0f} MiB", must=grown <= FLAT)
    return report.failed


def _connected(site: Site, name: str) -> int:
    with site.work() as work, work.begin():
        address = f"https://shop.example.com/{name.replace(' ', '-')}"
        given = {"name": name, "url": address, "key": "k", "secret": "s", "webhook_secret": SECRET}
        return connections.save(work, connections.source_of(work, "woo"), given).id


def _webhook(site: Site, number: int) -> str:
    with site.work() as work:
        return f"/hooks/woo/{connections.get(work, number).key}"


def _run(site: Site, number: int, pages: list[bytes]) -> tuple[float, list[int]]:
    asked, http.request = http.request, _answering(pages)
    try:
        with site.work() as work:
            told = Told(work)
            started = time.perf_counter()
            running.run(told, number)
            return time.perf_counter() - started, told.held
    finally:
        http.request = asked


# --- who waits meanwhile ---------------------------------------------------------------------------------------------


def answers(place: Place, orders: int = MEANWHILE) -> int:
    """How long webhooks and pages take while nothing else goes on, while another process imports, and while this one does."""
    report = Report(f"Webhooks and pages while {orders:,} orders are taken, {place.label}")
    site = place.site("web")
    try:
        for label, importing in (
            ("nothing else goes on", _nothing),
            ("another process imports", _other),
            ("this one", _own),
        ):
            number = _connected(site, label)
            asked = _Asked(site, number)
            asked.warm_up()
            with importing(place, site, number, orders) as over:
                while not over():
                    asked.ask()
            report.figure(f"a page while {label}", _shown(asked.pages))
            prompt = percentile(asked.times, 0.95) < PROMPT
            # Processes that serve run no jobs: importing beside them in one process is worse than what happens anywhere.
            said: dict[str, bool] = {"aim" if importing is _own else "must": prompt}
            report.figure(f"a webhook while {label}", _shown(asked.times), **said)
            with site.work() as work:
                kept = work.session.scalar(select(func.count()).where(Received.connection_id == number))
            report.figure("webhooks kept", f"{kept:,} of {len(asked.times):,}", must=kept == len(asked.times))
    finally:
        site.close()
    return report.failed


class _Asked:
    """A shop that tells of a new order some twenty times a second, and somebody who looks at a page now and then."""

    def __init__(self, site: Site, connection_id: int) -> None:
        app = site.runtime.current().app
        assert app is not None
        self.client = app.test_client()
        self.client.set_cookie("crmhost_session", sites.session_token(site))
        self.address = _webhook(site, connection_id)
        self.chance = random.Random(connection_id)
        self.times: list[float] = []
        self.pages: list[float] = []

    def warm_up(self) -> None:
        """What only the first request of a process has to do."""
        assert self.client.get("/contacts/").status_code == 200
        self.client.post(self.address, data=b"webhook_id=1")

    def ask(self) -> None:
        """Tells of an order, then looks at the list of contacts every tenth time."""
        time.sleep(self.chance.uniform(0.0, 0.08))
        number = 10 * ORDERS + len(self.times)
        body = json.dumps(_order(number)).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "X-WC-Webhook-Topic": "order.created", "X-WC-Webhook-Signature": signature, "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Delivery-ID": str(number), "Content-Type": "application/json",
        }  # fmt: skip
        started = time.perf_counter()
        status = self.client.post(self.address, data=body, headers=headers).status_code
        self.times.append((time.perf_counter() - started) * 1000)
        assert status == 200, status
        if len(self.times) % 10 == 0:
            started = time.perf_counter()
            status = self.client.get("/contacts/").status_code
            self.pages.append((time.perf_counter() - started) * 1000)
            assert status == 200, status


def _shown(times: list[float]) -> str:
    return f"{percentile(times, 0.5):.1f}, 95 of 100 in {percentile(times, 0.95):.1f}, at most {max(times):.0f} ms"


@contextlib.contextmanager
def _nothing(_place: Place, _site: Site, _number: int, _orders: int) -> Iterator[Callable[[], bool]]:
    until = time.monotonic() + QUIET
    yield lambda: time.monotonic() > until


@contextlib.contextmanager
def _other(place: Place, _site: Site, number: int, orders: int) -> Iterator[Callable[[], bool]]:
    command = [sys.executable, "-m", __name__, str(number), str(orders)]
    with subprocess.Popen(command, env=place.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield lambda: process.poll() is not None
    assert process.returncode == 0


@contextlib.contextmanager
def _own(_place: Place, site: Site, number: int, orders: int) -> Iterator[Callable[[], bool]]:
    pages = _pages(orders)
    thread = threading.Thread(target=_run, args=(site, number, pages))
    thread.start()
    yield lambda: not thread.is_alive()
    thread.join()


# --- the shop --------------------------------------------------------------------------------------------------------


def _answering(pages: list[bytes]) -> Any:
    """Answers as the shop does, without a network between."""
    orders = json.loads(pages[-1])[-1]["id"]

    def request(_work: Work, _method: str, url: str, **_more: Any) -> http.Response:
        parts = urlsplit(url)
        if not parts.path.endswith("/orders"):
            headers = {"x-wp-total": "0", "x-wp-totalpages": "0"}
            return http.Response(200, headers, b"[]")
        # Each page but the first begins with the last row of the one before.
        start = int(dict(parse_qsl(parts.query)).get("offset", 0))
        headers = {"x-wp-total": str(orders), "x-wp-totalpages": str(len(pages))}
        return http.Response(200, headers, pages[math.ceil(start / (PAGE - 1))])

    return request


def _pages(orders: int) -> list[bytes]:
    return [
        json.dumps([_order(number) for number in range(start, min(start + PAGE, orders))]).encode()
        for start in range(0, orders - 1, PAGE - 1)
    ]


def _order(number: int) -> dict[str, Any]:
    buyer = number * 7919 % BUYERS
    at = (_BEGIN + dt.timedelta(minutes=number * 9)).strftime("%Y-%m-%dT%H:%M:%S")
    status = ("completed", "completed", "processing", "on-hold", "cancelled", "completed", "failed")[number % 7]
    paid = at if status in ("completed", "processing") else None
    price = f"{number % 300 + 5}.50"
    total = f"{number % 300 + 10}.49"
    return {
        "id": number + 1, "number": str(number + 1), "status": status, "currency": "EUR", "date_created_gmt": at,
        "date_modified_gmt": at, "date_paid_gmt": paid, "total": total, "total_tax": "0.00", "discount_total": "0.00",
        "shipping_total": "4.99", "customer_id": buyer if buyer % 4 == 0 else 0, "customer_note": "", "version": "9.4.2",
        "billing": {
            "first_name": f"Buyer{buyer}", "last_name": f"Number {buyer}", "company": "", "address_1": f"{buyer} High Street",
            "address_2": "", "city": "Leeds", "state": "", "postcode": "LS1 1AA", "country": "GB",
            "email": f"buyer{buyer}@example.com", "phone": "+44 20 7946 0000",
        },
        "shipping": {"first_name": "", "last_name": "", "address_1": "", "city": "", "postcode": "", "country": ""},
        "payment_method": "card", "payment_method_title": "Card", "transaction_id": f"tx-{number}", "meta_data": [],
        "line_items": [
            {
                "id": number * 2, "name": f"Product {number % 200}", "product_id": number % 200, "variation_id": 0,
                "quantity": 1, "subtotal": price, "total": price, "total_tax": "0.00", "taxes": [], "meta_data": [],
            }
        ],
        "shipping_lines": [{"id": number * 2 + 1, "method_title": "Flat", "total": "4.99"}], "fee_lines": [],
        "coupon_lines": [], "refunds": [], "tax_lines": [],
    }  # fmt: skip


if __name__ == "__main__":
    there = Site(config.load(), kind="worker")
    given = _pages(int(sys.argv[2]))
    print("ready", flush=True)
    _run(there, int(sys.argv[1]), given)
    there.close()
