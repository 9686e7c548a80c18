"""The client portal: pages of a client with many documents against those of one with few."""

from __future__ import annotations

import functools

from sqlalchemy import select

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.host import lifecycle
from crmhost.site import Site
from plugins.invoices import services as invoices
from plugins.portal import frame, sessions
from plugins.portal.models import Account
from plugins.quotes import services as quotes
from plugins.quotes import versions

from . import sites
from .report import Report, medians_ms
from .sites import Place

#: Documents of the two clients, half of them quotes and half invoices.
FEW, MANY = 10, 1_000
#: What a page of the one with many may take of the time of the other, and what is aimed at.
TIMES, FAST_MS = 2.0, 30.0
BATCH = 50
PAGES = ("/portal/", "/portal/quotes/", "/portal/invoices/", "/portal/details/")


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += measure(place)
    return failed


def measure(place: Place) -> int:
    """Fills a site, and measures its portal."""
    site = place.site("web")
    try:
        lifecycle.enable(site, ["portal", "quotes", "invoices"], try_first=False)
        site.runtime.refresh()
        few, many = (_client(site, number) for number in (FEW, MANY))
        return _pages(place, site, few, many)
    finally:
        site.close()


def _contact(site: Site, email: str) -> int:
    with site.work() as work, work.begin():
        made = contacts.create(work, {"first_name": "Ann", "email": email}).id
        work.session.add(Account(contact_id=made, created_at=work.now))
        return made


def _client(site: Site, documents: int) -> str:
    """The session of a new client who has so many documents."""
    contact = _contact(site, f"client{documents}@example.com")
    line = {"title": "Work", "quantity": "1", "unit_price": "100"}
    for start in range(0, documents // 2, BATCH):
        with site.work() as work, work.begin():
            for number in range(start, min(start + BATCH, documents // 2)):
                given = {"title": f"Quote {number}", "content": "<p>Hello</p>", "contact_id": contact, "lines": [line]}
                versions.send(work, quotes.create(work, given).id)
                invoices.issue(work, invoices.create(work, {"contact_id": contact, "lines": [line]}).id)
    return _enter(site, contact)


def _enter(site: Site, contact_id: int) -> str:
    with site.work() as work, work.begin():
        account = work.session.scalars(select(Account).where(Account.contact_id == contact_id)).one()
        return sessions.open_session(work, account, work.session.get_one(Contact, contact_id), way="link")


def _pages(place: Place, site: Site, few: str, many: str) -> int:
    report = Report(f"Pages of the portal with {FEW} and {MANY:,} documents, {place.label}")
    app = site.runtime.current().app
    assert app is not None
    browsers = []
    for visit in (few, many):
        browser = app.test_client()
        browser.set_cookie(frame.COOKIE, visit, path=frame.PATH)
        browsers.append(browser)
    for page in PAGES:
        assert all(browser.get(page).status_code == 200 for browser in browsers), page
        one, two = medians_ms(*(functools.partial(browser.get, page) for browser in browsers))
        said = f"{one:.1f} and {two:.1f} ms, {two / one:.2f} times"
        report.figure(page, said, must=two <= TIMES * one, aim=two <= FAST_MS if two <= TIMES * one else None)
    return report.failed
