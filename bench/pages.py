"""What pages cost: queries at few and many rows, server time at a million contacts and of lists by custom fields, the weight of a
first visit."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import event, func, select

from crmhost.core.contacts.models import Contact
from crmhost.core.fields.models import FieldValue
from crmhost.core.statuses import services as statuses
from crmhost.site import Site

from . import sites
from .fill import fill
from .load import Server, free_port
from .report import Report, median_ms, medians_ms
from .sites import Place

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser, Page

#: Contacts of the small and the large site; the large one can be cut down by CRMHOST_BENCH_CONTACTS while developing.
SMALL = 1_000
LARGE = int(os.environ.get("CRMHOST_BENCH_CONTACTS", 1_000_000))
#: Contacts of the two sites on which queries are counted.
FEW, MANY = 10, min(10_000, LARGE)
#: Most queries of a page.
QUERIES = 12
#: Most bytes of a first visit: page, style sheet, scripts, typeface and icons, as they go over the wire.
WEIGHT = 150_000
#: Pages whose server time is asked for; it may grow by so many milliseconds, or to so many times.
TIMED = ("contact", "list", "dashboard")
GROWTH_MS, GROWTH = 10.0, 2.0
FAST_MS = 50.0
#: A list by a custom field may take so many times as long as the same by a field that every contact has.
CUSTOM = 3.0


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += measure(place)
        failed += first_visit(places[0])
    return failed


def measure(place: Place) -> int:
    """Queries and server time of pages on one database, while its site grows."""
    grown(place, FEW)
    few = queries_of(place)
    grown(place, SMALL)
    small = times_of(place)
    grown(place, MANY)
    many = queries_of(place)
    grown(place, LARGE)
    return _queries(place, few, many) + _times(place, small, times_of(place)) + custom_fields(place)


def grown(place: Place, number: int) -> None:
    """Brings the site to so many contacts."""
    site = place.site()
    fill(site, number)
    site.close()


@contextlib.contextmanager
def opened(place: Place) -> Iterator[tuple[Site, FlaskClient]]:
    """The site in this process, and a browser of the admin."""
    site = place.site("web")
    try:
        app = site.runtime.current().app
        assert app is not None
        client = app.test_client()
        client.set_cookie("crmhost_session", sites.session_token(site))
        yield site, client
    finally:
        site.close()


def addresses(site: Site) -> dict[str, str]:
    """Name -> address of the pages; those of plugins only where they are."""
    with site.work() as work:
        contact = int(work.session.scalar(select(func.min(Contact.id))) or 0)
        newest = int(work.session.scalar(select(func.max(Contact.id))) or 0)
        status = statuses.find(work, "Customer").id
    found = {
        "list": "/contacts/",
        "list, 200 rows": "/contacts/?rows=200",
        "list, filtered by status": f"/contacts/?status={status}",
        "list, filtered by status and source": f"/contacts/?status={status}&source=demo",
        "list, searched": "/contacts/?q=example",
        "list, by name": "/contacts/?sort=name",
        "list, by custom fields": f"/contacts/?status={status}&custom.tier=Gold&custom.size.from=1&sort=custom.size",
        "bin": "/contacts/bin",
        "contact": f"/contacts/{(contact + newest) // 2}",
        "contact, its form": f"/contacts/{(contact + newest) // 2}/edit",
        "new contact": "/contacts/new",
        "dashboard": "/",
        "journal": "/journal/",
        "journal, calls": "/journal/?type=call",
        "funnel": "/funnel/",
        "duplicates": "/contacts/duplicates",
        "field options": "/settings/field-options/",
        "users": "/settings/users/",
        "audit": "/settings/audit",
        "jobs": "/settings/jobs/",
        "mail log": "/settings/mail/log/",
        "notifications": "/notifications/",
        "search everywhere": "/search?q=example",
    }
    rules = site.runtime.current().app
    assert rules is not None
    adapter = rules.url_map.bind("localhost")
    return {name: address for name, address in found.items() if adapter.test(address.partition("?")[0])}


# --- queries ----------------------------------------------------------------------------------------------------------


def queries_of(place: Place) -> dict[str, int]:
    """Name -> number of queries of each page, when it is not the first."""
    with opened(place) as (site, client):
        found = {}
        for name, address in addresses(site).items():
            _get(client, address)
            with counted(site) as seen:
                _get(client, address)
            found[name] = len(seen)
        return found


@contextlib.contextmanager
def counted(site: Site) -> Iterator[list[str]]:
    """The queries that are sent inside."""
    seen: list[str] = []

    def note(*told: Any) -> None:
        if str(told[2]).startswith(("SELECT", "WITH")):
            seen.append(str(told[2]))

    event.listen(site.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(site.engine, "before_cursor_execute", note)


def _queries(place: Place, few: Mapping[str, int], many: Mapping[str, int]) -> int:
    report = Report(f"Queries of a page at {FEW} and at {MANY:,} contacts, {place.label}")
    for name, before in few.items():
        after = many[name]
        report.figure(name, f"{before} and {after} (at most {QUERIES})", must=before == after <= QUERIES)
    return report.failed


# --- server time ------------------------------------------------------------------------------------------------------


def times_of(place: Place) -> dict[str, float]:
    """Name -> milliseconds of each page, in this process."""
    with opened(place) as (site, client):
        return {name: median_ms(_opener(client, address)) for name, address in addresses(site).items()}


def _times(place: Place, small: Mapping[str, float], large: Mapping[str, float]) -> int:
    report = Report(f"Server time at {SMALL:,} and {LARGE:,} contacts, {place.label} (median)")
    for name, before in small.items():
        after, allowed = large[name], max(GROWTH * before, before + GROWTH_MS)
        asked = name in TIMED
        value = f"{before:.1f} and {after:.1f} ms (allowed {allowed:.1f})"
        report.figure(name, value, must=after <= allowed if asked else None)
        if asked:
            report.figure(f"  aim for {name}", f"{after:.1f} ms (under {FAST_MS:.0f})", aim=after < FAST_MS)
    return report.failed


def _opener(client: FlaskClient, address: str) -> Callable[[], None]:
    return lambda: _get(client, address)


def _get(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status}"


# --- custom fields ---------------------------------------------------------------------------------------------------


def custom_fields(place: Place) -> int:
    """Server time of lists by custom fields against that of the same by built-in fields, measured in turn."""
    report = Report(f"Lists by custom and by built-in fields at {LARGE:,} contacts, {place.label} (median)")
    with opened(place) as (site, client):
        for name, (custom, built_in) in alike(site).items():
            before, after = medians_ms(
                _opener(client, f"/contacts/?{built_in}"), _opener(client, f"/contacts/?{custom}")
            )
            ratio = after / before
            value = f"{before:.1f} and {after:.1f} ms, {ratio:.2f} times (at most {CUSTOM:.0f})"
            report.figure(name, value, must=ratio <= CUSTOM)
            if after >= FAST_MS:
                report.figure(f"  aim for {name}", f"{after:.1f} ms (under {FAST_MS:.0f})", aim=False)
    return report.failed


def alike(site: Site) -> dict[str, tuple[str, str]]:
    """Name -> query of a list by a custom field, and of one by a built-in field that does the same."""
    with site.work() as work:
        status = statuses.find(work, "Customer").id
        number = work.session.scalar(select(func.count()).select_from(Contact)) or 0
        common = select(Contact.source).group_by(Contact.source).order_by(func.count().desc())
        source = work.session.scalar(common.limit(1))
        name = work.session.scalar(select(Contact.sort_name).where(func.length(Contact.sort_name) > 5).limit(1)) or ""
        nickname = work.session.scalar(select(FieldValue.text).where(FieldValue.text.is_not(None)).limit(1))
        days = []
        for share in (0.4, 0.7):
            at = select(Contact.created_at).where(Contact.deleted_at.is_(None)).order_by(Contact.created_at)
            days.append(work.session.scalars(at.offset(int(number * share)).limit(1)).one().date())
    some = f"created_from={days[0]}&created_to={days[1]}"
    few = f"created_from={days[0]}&created_to={days[0]}"
    size, renewal = "custom.size.from=15000&custom.size.to=30000", "custom.renewal.from=2023-01-01"
    renewal += "&custom.renewal.to=2026-04-01"
    return {
        "number, a wide range": (size, some),
        "number, a narrow range": ("custom.size.from=15000&custom.size.to=15020", few),
        "number, from": ("custom.size.from=1000", f"created_from={days[0]}"),
        "date, a wide range": (renewal, some),
        "date, one day": ("custom.renewal.from=2023-05-02&custom.renewal.to=2023-05-02", few),
        "choice that many have": ("custom.tier=Bronze", f"source={source}"),
        "text that is": (f"custom.nickname={nickname}", few),
        "text that contains": ("custom.nickname.contains=bako", f"q={quote(name[:4])}"),
        "choice and status": (f"custom.tier=Gold&status={status}", f"source={source}&status={status}"),
        "number, choice and status": (
            f"{size}&custom.tier=Gold&status={status}",
            f"{some}&source={source}&status={status}",
        ),
        "without a value": ("custom.size.empty=yes", "assigned_to=nobody"),
        "by number": ("sort=custom.size", "sort=updated_at"),
        "by number, downwards": ("sort=-custom.size", "sort=-updated_at"),
        "by date": ("sort=-custom.renewal", "sort=-last_contacted_at"),
        "by text": ("sort=custom.nickname", "sort=name"),
        "by choice": ("sort=custom.tier", "sort=status"),
        "a range, by the same number": (f"{size}&sort=custom.size", f"{some}&sort=created_at"),
        "a choice, by number": ("custom.tier=Bronze&sort=custom.size", f"source={source}&sort=updated_at"),
        "a status, by number": (f"status={status}&sort=custom.size", f"status={status}&sort=updated_at"),
        "a choice and status, by text": (
            f"custom.tier=Gold&status={status}&sort=custom.nickname",
            f"source={source}&status={status}&sort=name",
        ),
    }


# --- the first visit --------------------------------------------------------------------------------------------------


def first_visit(place: Place) -> int:
    """What a browser with an empty cache loads, and what its scripts complain of."""
    from tests.peers import browser

    report = Report(f"A first visit, {place.label}")
    with opened(place) as (site, _client):
        token, pages = sites.session_token(site), addresses(site)
    server = Server(place, free_port(), kind="waitress")
    base = f"http://127.0.0.1:{server.port}"
    cookie: Any = {"name": "crmhost_session", "value": token, "url": base}
    problems: list[str] = []
    try:
        with browser.opened() as chromium:
            for name in TIMED:
                size, files = weight(chromium, base + pages[name], cookie)
                report.figure(f"{name}, {files} files", f"{size:,} bytes (at most {WEIGHT:,})", must=size <= WEIGHT)
            for name, address in pages.items():
                problems += [f"{name}: {said}" for said in complaints(chromium, base + address, cookie)]
    finally:
        server.close()
    report.figure("errors of scripts, on all pages", str(len(problems)), must=not problems)
    for problem in problems:
        print(f"    {problem[:300]}")
    return report.failed


def weight(chromium: Browser, address: str, cookie: Any) -> tuple[int, int]:
    """Bytes over the wire of all that a browser with an empty cache fetches for a page, and the number of files."""
    with _context(chromium, cookie) as page:
        sizes: list[float] = []
        protocol = page.context.new_cdp_session(page)
        protocol.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        protocol.send("Network.enable")
        page.goto(address, wait_until="networkidle")
        return int(sum(sizes)), len(sizes)


def complaints(chromium: Browser, address: str, cookie: Any) -> list[str]:
    """What scripts and the browser complain of on a page."""
    with _context(chromium, cookie) as page:
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
        page.goto(address, wait_until="networkidle")
        return said


@contextlib.contextmanager
def _context(chromium: Browser, cookie: Any) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_cookies([cookie])
        yield context.new_page()
    finally:
        context.close()
