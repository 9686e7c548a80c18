"""The client portal: pages of a client with many documents against those of one with few, and many clients at once."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import http.client
import os
import re
import threading
import time
from urllib.parse import urlencode

from sqlalchemy import select, update

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.host import lifecycle
from crmhost.site import Site
from crmhost.work.unit import Work
from plugins.invoices import services as invoices
from plugins.portal import frame, sessions
from plugins.portal.models import Account, PortalSession
from plugins.quotes import services as quotes
from plugins.quotes import versions

from . import sites
from .load import Answers, Server, free_port
from .report import Report, medians_ms
from .sites import Place

#: Documents of the two clients, half of them quotes and half invoices.
FEW, MANY = 10, 1_000
#: What a page of the one with many may take of the time of the other, and what is aimed at.
TIMES, FAST_MS = 2.0, 30.0
BATCH = 50
PAGES = ("/portal/", "/portal/quotes/", "/portal/invoices/", "/portal/details/")
#: Clients who come at once, and the seconds that each waits for an answer.
CROWD, PATIENCE = 200, 60.0
_LINE = {"title": "Work", "quantity": "1", "unit_price": "100"}
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


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
        failed = _pages(place, site, few, many)
        return failed + sum(_crowded(place, site, kind) for kind in ("whole", "gunicorn"))
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
    for start in range(0, documents // 2, BATCH):
        with site.work() as work, work.begin():
            for number in range(start, min(start + BATCH, documents // 2)):
                _papers(work, contact, f"Quote {number}")
    return _enter(site, contact)


def _papers(work: Work, contact: int, title: str) -> tuple[int, int]:
    """A quote and an invoice that a contact got; gives their numbers."""
    given = {"title": title, "content": "<p>Hello</p>", "contact_id": contact, "lines": [_LINE]}
    quote = quotes.create(work, given).id
    versions.send(work, quote)
    invoice = invoices.create(work, {"contact_id": contact, "lines": [_LINE]}).id
    invoices.issue(work, invoice)
    return quote, invoice


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


# --- many at once -----------------------------------------------------------------------------------------------------


def _crowded(place: Place, site: Site, kind: str) -> int:
    """Has many clients ask a server of its own at once: their pages, a document of each kind, and that they were seen."""
    what = {"whole": "one process and a worker, as crmhost run starts", "gunicorn": "gunicorn, 2 workers"}[kind]
    visits = _crowd(site, kind)
    report = Report(f"{CROWD} clients at once, {place.label}, {what}; load of the machine {os.getloadavg()[0]:.1f}")
    answers = Answers()
    server = Server(place, free_port(), kind=kind)
    try:
        together = threading.Barrier(CROWD)
        clients = [Visitor(server.port, *visit, together, answers) for visit in visits]
        for client in clients:
            client.start()
        started = time.perf_counter()
        for client in clients:
            client.join()
        taken = time.perf_counter() - started
        # As browsers do, each keeps its connection: one that is done must not have to go for the next to be heard.
        for client in clients:
            client.connection.close()
    finally:
        server.close()
    count = len(answers.times)
    report.figure("errors", f"{len(answers.failures)} of {count:,} requests", must=not answers.failures and count > 0)
    for failure, times in collections.Counter(answers.failures).most_common(5):
        print(f"    {times} times {failure}")
    report.figure("p50 and p99", f"{answers.p50:,.0f} and {answers.p99:,.0f} ms")
    report.figure("answered", f"{count / taken:.0f} requests a second, {taken:.0f} s in all")
    return report.failed


def _crowd(site: Site, name: str) -> list[tuple[str, int, int]]:
    """New clients who signed in some minutes ago: session, quote and invoice of each. None has a password."""
    made = []
    for start in range(0, CROWD, BATCH):
        with site.work() as work, work.begin():
            for number in range(start, min(start + BATCH, CROWD)):
                contact = contacts.create(work, {"first_name": "Ann", "email": f"{name}{number}@example.com"})
                account = Account(contact_id=contact.id, created_at=work.now)
                work.session.add(account)
                work.session.flush()
                papers = _papers(work, contact.id, f"Quote {number}")
                made.append((sessions.open_session(work, account, contact, way="link"), *papers))
            # So that their visits are written down, as they are once a minute.
            work.session.execute(update(PortalSession).values(seen_at=work.now - dt.timedelta(minutes=5)))
    return made


class Visitor(threading.Thread):
    """A client who begins when all are there, and asks for one thing after the other on one connection.

    :param answers: of all clients; a status that is not right, and whatever the connection raises, is a failure.
    """

    def __init__(
        self, port: int, token: str, quote: int, invoice: int, together: threading.Barrier, answers: Answers
    ) -> None:
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies = {frame.COOKIE: token}
        self.form = ""
        self.steps = [
            ("GET", "/portal/"), ("POST", "/portal/seen"), ("GET", "/portal/quotes/"), ("GET", f"/portal/quotes/{quote}"),
            ("POST", f"/portal/quotes/{quote}/seen"), ("GET", "/portal/invoices/"), ("GET", f"/portal/invoices/{invoice}"),
            ("GET", "/portal/details/"),
        ]  # fmt: skip
        self.together = together
        self.answers = answers

    def run(self) -> None:
        """Asks."""
        self.together.wait()
        for method, path in self.steps:
            started = time.perf_counter()
            problem = self._one(method, path)
            # Appending to a list is whole in itself.
            self.answers.times.append((time.perf_counter() - started) * 1000)
            if problem:
                self.answers.failures.append(f"{method} {re.sub(r'[0-9]+', 'N', path)}: {problem}")

    def _one(self, method: str, path: str) -> str:
        for again in (False, True):
            kept = self.connection.sock is not None
            try:
                answer, text = self._ask(method, path)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                self.connection.close()
                # A kept connection that the server closed while idle is reopened, as every browser does.
                if again or not kept:
                    return type(error).__name__
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                return type(error).__name__
            else:
                right = 200 if method == "GET" else 204
                return "" if answer.status == right else f"{answer.status} {text[:60]}"
        return ""

    def _ask(self, method: str, path: str) -> tuple[http.client.HTTPResponse, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, self.form if method == "POST" else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = _TOKEN.search(text)
        if found:
            self.form = urlencode({"csrf_token": found[1]})
        return answer, text
