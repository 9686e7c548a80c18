"""The sales dashboard at 10,000 and 1,000,000 transactions over five years: its pages, and what saving one costs with it."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import random
import statistics
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmhost.core.rows import chunks, insert_rows
from crmhost.host import lifecycle
from crmhost.site import Site

from . import fill as filling
from . import selling, sites
from .pages import opened
from .report import Report, median_ms, medians_ms
from .sites import Place

if TYPE_CHECKING:
    from flask.testing import FlaskClient

#: Transactions of the small and the large site; the large one can be cut down by CRMHOST_BENCH_TRANSACTIONS while developing.
SMALL = 10_000
LARGE = int(os.environ.get("CRMHOST_BENCH_TRANSACTIONS", 1_000_000))
DAYS, PRODUCTS = 1_826, 200
#: Times that a page may take at the large number, with milliseconds that are no growth; that saving may take with the plugin.
GROWTH, SAME_MS, SAVING = 2.0, 10.0, 1.3
#: Turns of saving with and without the plugin, and saves of a turn that count.
_TURNS, _SAVES = 9, 30
_METRICS = (
    "gross_revenue", "net_revenue", "discounts", "fees", "average_revenue_per_customer", "new_customers", "total_customers",
)  # fmt: skip


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases, names=("small", "large")) as places:
        for small, large in chunks(places, 2):
            for place, number in ((small, SMALL), (large, LARGE)):
                sites.set_up(place)
                with contextlib.closing(place.site()) as site:
                    fill(site, number)
            with opened(small) as before, opened(large) as after:
                failed += pages(small.label, before, after)
            failed += saving(large)
    return failed


def fill(site: Site, number: int) -> None:
    """Brings an empty site to so many transactions over five years, with lines, tags and countries."""
    from plugins.sales_dashboard import summing
    from plugins.transactions.models import Line, Transaction

    selling.DAYS = DAYS
    selling.fill(site, number)
    dice = random.Random(2)
    with site.work() as work:
        ids = list(work.session.execute(select(Transaction.id, Transaction.total).order_by(Transaction.id)))
        for some in chunks(ids, selling.BATCH):
            with work.begin():
                insert_rows(work.session, Line, [_line(key, total, dice) for key, total in some])
    filling.analyse(site)
    with site.work() as work:
        summing.make_anew(work)
    filling.analyse(site)


def _line(key: int, total: int, dice: random.Random) -> dict[str, Any]:
    title = f"Product {dice.randrange(PRODUCTS)}"
    return {"transaction_id": key, "position": 0, "title": title, "quantity": "1", "unit_price": total, "total": total}


def pages(label: str, small: tuple[Site, FlaskClient], large: tuple[Site, FlaskClient]) -> int:
    """Server time of each page on both sites, measured in turn."""
    report = Report(f"The sales dashboard at {SMALL:,} and {LARGE:,} transactions, {label} (median)")
    for name, address, aim in addresses():
        before, after = medians_ms(_opener(small[1], address), _opener(large[1], address), runs=9, warm_up=2)
        allowed = max(GROWTH * before, before + SAME_MS)
        report.figure(name, f"{before:.1f} and {after:.1f} ms (allowed {allowed:.1f})", must=after <= allowed)
        report.figure(f"  aim for {name}", f"{after:.1f} ms (under {aim})", aim=after < aim)
    return report.failed


def addresses() -> list[tuple[str, str, int]]:
    """Name, address and milliseconds that are aimed at."""
    today = dt.datetime.now(dt.UTC).date()
    since = f"period=custom&from={today - dt.timedelta(days=DAYS)}&to={today}"
    found = [(f"overview, {words}", f"/sales-dashboard/?{period}", aim) for words, period, aim in (
        ("90 days", "period=90", 50), ("a year", f"period=custom&from={today - dt.timedelta(days=364)}&to={today}", 50),
        ("five years", since, 300),
    )]  # fmt: skip
    return found + [(name, f"/sales-dashboard/metrics/{name}?period=90", 100) for name in _METRICS]


def _opener(client: FlaskClient, address: str) -> Callable[[], None]:
    def opens() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status}"

    return opens


def saving(place: Place) -> int:
    """One transaction saved with the plugin on, and off: short turns of each, as a machine is not equally fast all the time."""
    report = Report(f"Saving one of {LARGE:,} transactions, {place.label} (median)")
    took: dict[bool, list[float]] = {True: [], False: []}
    ratios, numbers = [], itertools.count(1)
    for turn in range(_TURNS):
        for on in (True, False) if turn % 2 else (False, True):
            with contextlib.closing(place.site()) as site:
                if on:
                    lifecycle.enable(site, ("sales_dashboard",), try_first=False)
                else:
                    lifecycle.disable(site, ("sales_dashboard",))
            with contextlib.closing(place.site()) as site:
                took[on].append(median_ms(_saver(site, turn, numbers), runs=_SAVES, warm_up=10))
        ratios.append(took[True][-1] / took[False][-1])
    ratio = statistics.median(ratios)
    value = f"{statistics.median(took[False]):.1f} and {statistics.median(took[True]):.1f} ms, {ratio:.2f} times"
    report.figure("without and with the dashboard", value, must=ratio <= SAVING)
    report.figure("  of single turns", f"{min(ratios):.2f} to {max(ratios):.2f} times")
    return report.failed


def _saver(site: Site, turn: int, numbers: Iterator[int]) -> Callable[[], None]:
    """Saves another sale each time; in one turn the same ones whether the plugin is on or off."""
    from plugins.transactions import services

    dice = random.Random(turn)

    def save() -> None:
        contact, back = dice.randrange(1, selling.CONTACTS - 10), dt.timedelta(days=dice.randrange(30))
        with site.work() as work, work.begin():
            given = {
                "ref": f"S-{next(numbers)}",
                "name": "Order",
                "date": (work.now - back).isoformat(),
                "contact_id": contact,
            }
            services.create(work, {**given, "total": "10.00", "status": "Completed"})

    return save
