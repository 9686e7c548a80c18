"""The contact list, its search and the funnel at 1,000 and 1,000,000 contacts; import and export."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import sites
from .fill import fill
from .report import Report, median_ms
from .sites import Place

if TYPE_CHECKING:
    from flask.testing import FlaskClient

#: Contacts of the small and the large site; the large one can be cut down by CRMHOST_BENCH_CONTACTS while developing.
SMALL = 1_000
LARGE = int(os.environ.get("CRMHOST_BENCH_CONTACTS", 1_000_000))
#: Rows of the file that is imported.
IMPORT_ROWS = 50_000


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += importing(place)
            failed += exporting(place)
    with sites.places(databases=databases) as places:
        for place in places:
            failed += growth(place)
    return failed


# --- growth ----------------------------------------------------------------------------------------------------------


def growth(place: Place) -> int:
    """Server time of pages at both sizes."""
    report = Report(f"Pages at {SMALL:,} and {LARGE:,} contacts, {place.label} (server time, median)")
    sites.set_up(place)
    _fill(place, SMALL)
    small = measure(place)
    _fill(place, LARGE)
    large = measure(place)
    site = place.site()
    with site.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM search_document").scalar() or 0
    site.close()
    report.figure("contacts in the end", f"{count:,}", must=count == LARGE)
    aims = {
        "first page": 25.0,
        "funnel": 1000.0,
        "funnel, actual": 1000.0,
        "search, three letters": 20.0 if place.label == "SQLite" else 50.0,
    }
    for name, before in small.items():
        after = large[name]
        allowed = max(2 * before, before + 8)
        # The actual funnel reads the stays of its period: of a million contacts, all of them.
        allowed = 1_000.0 if name == "funnel, actual" else allowed
        report.figure(name, f"{before:.1f} and {after:.1f} ms (allowed {allowed:.1f})", must=after <= allowed)
        if name in aims:
            report.figure(f"  aim for {name}", f"{after:.1f} ms (under {aims[name]:.0f})", aim=after < aims[name])
    return report.failed


def _fill(place: Place, number: int) -> None:
    site = place.site()
    fill(site, number)
    site.close()


def measure(place: Place) -> dict[str, float]:
    """Name -> milliseconds of each page, in this process."""
    site = place.site("web")
    try:
        app = site.runtime.current().app
        assert app is not None
        client = app.test_client()
        client.set_cookie("crmhost_session", sites.session_token(site))
        addresses = {
            "first page": "/contacts/",
            "a page in the middle, by cursor": f"/contacts/?after={_middle(site)}",
            "sorted by name": "/contacts/?sort=name",
            "filtered by status": f"/contacts/?status={_status(site)}",
            "search, three letters": "/contacts/?q=dup",
            "search, a whole name": "/contacts/?q=amelie%20dupont",
            "search, an e-mail": "/contacts/?q=dupont%40example.com",
            "a contact's page": f"/contacts/{_some_contact(site)}",
            "dashboard": "/",
            "new contacts by year": "/dashboard/arrived?per=year",
            "funnel": "/funnel/",
            "funnel, actual": "/funnel/?view=actual&from=2000-01-01",
        }
        return {name: median_ms(_opener(client, address)) for name, address in addresses.items()}
    finally:
        site.close()


def _opener(client: FlaskClient, address: str) -> Callable[[], Any]:
    def opens() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status}"

    return opens


def _middle(site: Any) -> str:
    """The cursor of the page after the contact in the middle."""
    from sqlalchemy import func, select

    from crmhost.core import keyset
    from crmhost.core.contacts.models import Contact

    with site.work() as work:
        middle = work.session.scalar(select(func.max(Contact.id))) // 2
        contact = work.session.get(Contact, middle)
        return keyset.encode("created_at", [contact.created_at, contact.id])


def _status(site: Any) -> int:
    from crmhost.core.statuses import services as statuses

    with site.work() as work:
        return statuses.find(work, "Customer").id


def _some_contact(site: Any) -> int:
    from sqlalchemy import func, select

    from crmhost.core.contacts.models import Contact

    with site.work() as work:
        return int(work.session.scalar(select(func.max(Contact.id)))) // 3


# --- import and export ------------------------------------------------------------------------------------------------


def importing(place: Place) -> int:
    """A file of contacts through the command line, with dedupe, journal, events and search."""
    aim = 4_000 if place.label == "SQLite" else 2_500
    report = Report(f"Import of {IMPORT_ROWS:,} contacts, {place.label}")
    path = place.home / "contacts.csv"
    _write_csv(path, IMPORT_ROWS)
    started = time.perf_counter()
    done = _crmhost(place, "import", "contacts", str(path), "--json")
    rate = IMPORT_ROWS / (time.perf_counter() - started)
    answer = json.loads(done.stdout)
    right = answer["added"] == IMPORT_ROWS - IMPORT_ROWS // 100
    report.figure("added, and updated by the same e-mail", f"{answer['added']:,} and {answer['updated']:,}", must=right)
    report.figure("rate, with starting the command", f"{rate:,.0f} rows/s", aim=rate >= aim)
    return report.failed


def exporting(place: Place) -> int:
    """All contacts out through the command line, and its memory against that for a tenth of them."""
    report = Report(f"Export, {place.label}")
    out = place.home / "out.csv"
    started = time.perf_counter()
    _crmhost(place, "export", "contacts", "-o", str(out))
    taken = time.perf_counter() - started
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report.figure("rows", f"{rows:,}", must=rows > 0)
    report.figure("rate, with starting the command", f"{rows / taken:,.0f} rows/s", aim=rows / taken >= 20_000)
    report.figure("most memory of a command so far", f"{peak:.0f} MiB")
    return report.failed


def _crmhost(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "crmhost", *arguments],
        env=place.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"crmhost {' '.join(arguments)}: {done.stderr[-3000:]}")
    return done


def _write_csv(path: Path, rows: int) -> None:
    """A file in which one row in a hundred repeats the e-mail of an earlier one."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["first_name", "last_name", "email", "mobile_phone", "status", "tags"])
        for number in range(rows):
            person = number - 50 if number % 100 == 99 else number
            writer.writerow([
                f"First{chance.randrange(2000)}", f"Last{chance.randrange(5000)}", f"person{person}@example.com",
                f"+33 6 {chance.randrange(10**8):08d}", chance.choice(["Lead", "Contacted", "Customer"]), "imported",
            ])  # fmt: skip
