"""What pages of the portal ask of the database."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import event

from crmhost.api import settings
from crmhost.testing import Host
from plugins.portal import entering
from plugins.quotes import services as quotes
from plugins.quotes import versions
from tests.clients import sign_in

MOST = 12


def test_few_queries(host: Callable[..., Host]) -> None:
    """Each page of a client takes at most twelve queries, and not one more with many documents than with few."""
    site = host("portal", "companies", "quotes", "invoices", "transactions", "files")
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    with site.work() as work, work.begin():
        settings.set_many(work, {"portal.company_records": "everybody"})
        work.service("companies").create({"name": "Acme"}, source="test")
        work.service("companies").join_many([(ada, "Acme")])
    browser = sign_in(site, ada)
    seen: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))

    def counted() -> dict[str, int]:
        menu = browser.get("/portal/").text.split("portal-nav", 1)[1].split("</nav>", 1)[0]
        found = {}
        for address in [*re.findall(r'href="([^"]+)"', menu), "/portal/account"]:
            seen.clear()
            assert browser.get(address).status_code == 200
            asked = [text for text in seen if text.startswith(("SELECT", "WITH")) and "FROM host_state" not in text]
            found[address] = len(asked)
        return found

    for number in range(25):
        with site.work() as work, work.begin():
            made = quotes.create(work, {"title": f"Quote {number}", "content": "<p>Hello</p>", "contact_id": ada}).id
            versions.send(work, made)
        if number == 1:
            few = counted()
    many = counted()
    assert len(few) >= 6
    assert {address: number for address, number in many.items() if number > MOST} == {}
    assert many == few


def test_plans(host: Callable[..., Host]) -> None:
    """Who signs in, their session and what waits for staff are found by indexes."""
    site = host("portal")
    seen: list[tuple[str, object]] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append((str(told[2]), told[3])))
    browser = sign_in(site, site.make.contact(email="ada@example.com"))
    with site.work("Admin") as work:
        seen.clear()
        entering.find(work, "ada@example.com")
    browser.get("/portal/")
    if not site.site.engine.url.drivername.startswith("sqlite"):
        return
    wanted = [(text, given) for text, given in seen if "portal_" in text and text.startswith("SELECT")]
    assert len(wanted) > 2
    with site.site.engine.connect() as connection:
        for text, given in wanted:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all()
            slow = [row[3] for row in plan if row[3].startswith("SCAN portal_") and "portal_page" not in row[3]]
            assert slow == [], text
