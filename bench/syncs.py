"""A shop with 100,000 orders that answers at once: how fast they are taken, and looked over when nothing changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import func, select

from crmhost.api import http
from crmhost.host import lifecycle
from crmhost.site import Site
from crmhost.work.unit import Work
from plugins.syncs import connections, running
from plugins.syncs.models import Record

from . import sites
from .report import Report, resident_kib
from .sites import Place

ORDERS, BUYERS, PAGE = 100_000, 20_000, 100
#: Orders in a second: the first time, and when nothing changed.
FIRST, AGAIN = 500.0, 5_000.0
#: KiB that memory may grow by between the tenth and the last part of an import.
FLAT = 64 * 1024
_BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += rates(place)
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
        if done and done % (ORDERS // 10) == 0:
            self.held.append(resident_kib())


def rates(place: Place, orders: int = ORDERS) -> int:
    """The first import, and a second reading over the same."""
    report = Report(f"{orders:,} orders of a shop that answers at once, {place.label}")
    site = place.site()
    pages = _pages(orders)
    try:
        lifecycle.enable(site, ("woo_sync",), try_first=False)
        with site.work() as work, work.begin():
            given = {"name": "Shop", "url": "https://shop.example.com", "key": "k", "secret": "s"}
            number = connections.save(work, connections.source_of(work, "woo"), given).id
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
    report.figure("memory grown after the first tenth", f"{grown / 1024:,.0f} MiB", aim=grown <= FLAT)
    return report.failed


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


def _answering(pages: list[bytes]) -> Any:
    """Answers as the shop does, without a network between."""

    def request(_work: Work, _method: str, url: str, **_more: Any) -> http.Response:
        parts = urlsplit(url)
        if not parts.path.endswith("/orders"):
            headers = {"x-wp-total": "0", "x-wp-totalpages": "0"}
            return http.Response(200, headers, b"[]")
        page = int(dict(parse_qsl(parts.query))["page"])
        headers = {"x-wp-total": str(len(pages) * PAGE), "x-wp-totalpages": str(len(pages))}
        return http.Response(200, headers, pages[page - 1])

    return request


def _pages(orders: int) -> list[bytes]:
    return [
        json.dumps([_order(number) for number in range(start, min(start + PAGE, orders))]).encode()
        for start in range(0, math.ceil(orders / PAGE) * PAGE, PAGE)
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
