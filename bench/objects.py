"""What pages with money on them cost at 1,000 and 1,000,000 transactions: lists, contacts, the dashboard; and a long PDF."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmhost.core.rows import chunks
from crmhost.site import Site

from . import sites
from .pages import opened
from .report import Report, median_ms, medians_ms
from .selling import MANY, SOME, buyers, fill, sold
from .sites import Place

if TYPE_CHECKING:
    from flask.testing import FlaskClient

#: Transactions of the small and the large site; the large one can be cut down by CRMHOST_BENCH_TRANSACTIONS while developing.
SMALL = 1_000
LARGE = int(os.environ.get("CRMHOST_BENCH_TRANSACTIONS", 1_000_000))
#: Pages whose server time is asked for; it may grow by so many milliseconds, or to so many times.
TIMED = ("transactions", "invoices", "quotes", "contact", "contact, transactions", "revenue", "dashboard")
GROWTH_MS, GROWTH = 10.0, 2.0
FAST_MS = 50.0
#: The page of a contact with many transactions may take so many times as long as that of one with some.
BUSY = 2.0
#: Lines of the invoice that is printed, and milliseconds that it should take.
LINES, PDF_MS = 50, 150.0


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases, names=("small", "large")) as places:
        for small, large in chunks(places, 2):
            _fill(small, SMALL)
            _fill(large, LARGE)
            with opened(small) as before, opened(large) as after:
                failed += growth(small.label, before, after) + busy(small.label, after) + paper(small.label, after[0])
    return failed


def _fill(place: Place, number: int) -> None:
    sites.set_up(place)
    with contextlib.closing(place.site()) as site:
        fill(site, number)


# --- pages ------------------------------------------------------------------------------------------------------------


def addresses(site: Site) -> dict[str, str]:
    """Name -> address of the pages."""
    some, _many = buyers(site)
    return {
        "transactions": "/transactions/",
        "transactions, how many and their sums": "/transactions/?count=1",
        "transactions, by total": "/transactions/?sort=-total",
        "transactions, found by reference": "/transactions/?q=B-1",
        "transactions of a contact": f"/transactions/?contact_id={some}",
        "invoices": "/invoices/",
        "invoices, how many and their sums": "/invoices/?count=1",
        "invoices, by what is due": "/invoices/?sort=-due",
        "quotes": "/quotes/",
        "quotes, how many and their sums": "/quotes/?count=1",
        "contacts": "/contacts/",
        "contact": f"/contacts/{some}",
        "contact, transactions": f"/contacts/{some}?tab=transactions",
        "revenue": "/dashboard/box/transactions.revenue",
        "dashboard": "/",
    }


def growth(label: str, small: tuple[Site, FlaskClient], large: tuple[Site, FlaskClient]) -> int:
    """Server time of each page on both sites, measured in turn."""
    report = Report(f"Server time at {SMALL:,} and {LARGE:,} transactions, {label} (median)")
    number = sold(large[0])
    report.figure("transactions in the end", f"{number:,}", must=number == LARGE)
    there = addresses(large[0])
    for name, address in addresses(small[0]).items():
        before, after = medians_ms(_opener(small[1], address), _opener(large[1], there[name]))
        allowed, asked = max(GROWTH * before, before + GROWTH_MS), name in TIMED
        value = f"{before:.1f} and {after:.1f} ms (allowed {allowed:.1f})"
        report.figure(name, value, must=after <= allowed if asked else None)
        if asked:
            report.figure(f"  aim for {name}", f"{after:.1f} ms (under {FAST_MS:.0f})", aim=after < FAST_MS)
    return report.failed


def busy(label: str, large: tuple[Site, FlaskClient]) -> int:
    """The page of a contact with many transactions against that of one with some, measured in turn."""
    report = Report(f"A contact with {SOME:,} and one with {MANY:,} transactions, {label} (server time, median)")
    site, client = large
    for name, tab in (("page", ""), ("transactions", "?tab=transactions"), ("invoices", "?tab=invoices")):
        some, many = medians_ms(*(_opener(client, f"/contacts/{contact}{tab}") for contact in buyers(site)))
        ratio = many / some
        value = f"{some:.1f} and {many:.1f} ms, {ratio:.2f} times (at most {BUSY:.0f})"
        report.figure(name, value, must=ratio <= BUSY)
        report.figure(f"  aim for {name}", f"{many:.1f} ms (under {FAST_MS:.0f})", aim=many < FAST_MS)
    return report.failed


def _opener(client: FlaskClient, address: str) -> Callable[[], None]:
    def opens() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status}"

    return opens


# --- paper ------------------------------------------------------------------------------------------------------------


def paper(label: str, site: Site) -> int:
    """The PDF of an invoice with many lines."""
    from plugins.invoices import papers, services

    report = Report(f"The PDF of an invoice with {LINES} lines, {label} (median)")
    lines: list[dict[str, Any]] = [
        {
            "title": f"Spare part {place}",
            "quantity": "3",
            "unit_price": "12.75",
            "taxes": [{"name": "VAT", "rate": "20"}],
        }
        for place in range(LINES)
    ]
    with site.work() as work:
        with work.begin():
            invoice = services.create(work, {"contact_id": buyers(site)[0], "lines": lines}).id
        taken = median_ms(lambda: papers.pdf(work, invoice), runs=15)
    report.figure("from the row to the last byte", f"{taken:.1f} ms (under {PDF_MS:.0f})", aim=taken < PDF_MS)
    return report.failed
