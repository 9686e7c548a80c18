"""From a quote to its payment in a real browser, between staff and a client who has a mail, a pen and the portal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.settings import services as settings
from crmhost.core.users import services as users
from crmhost.testing import Clock, Host
from plugins.invoices import paying
from plugins.invoices.models import Invoice
from plugins.portal.frame import COOKIE
from plugins.quotes import services as quotes
from tests import clients
from tests.keyboard import loaded
from tests.peers import smtp

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

LINES = [{"title": "Oak table", "quantity": "2", "unit_price": "450"}]


@pytest.fixture
def staffed(place: Place) -> Iterator[Host]:
    """The site, whose admin wrote a quote to a contact."""
    site = Host(place.site("test"), Clock())
    with site.work() as work, work.begin():
        admin = users.find_by_email(work, sites.EMAIL)
        assert admin is not None
        contact = contacts.create(work, {"first_name": "Ann", "last_name": "Park", "email": "ann@example.com"}).id
        given = {"title": "Dining room", "content": "<p>Dear {{ contact.first_name }}</p>", "lines": LINES}
        quotes.create(work, given | {"contact_id": contact, "owner_id": admin.id})
    yield site
    site.site.close()


def test_a_quote_is_sent_signed_invoiced_and_paid(staffed: Host, place: Place, open_tab: Callable[..., Page]) -> None:
    """The mail leads to the quote, the signature to the owner's mail, the invoice into the portal, its payment to Paid."""
    with smtp.server() as peer:
        mailing = {
            "transport": "smtp",
            "from": "hello@example.com",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(peer.port),
        }
        with staffed.work() as work, work.begin():
            settings.set_many(
                work, {f"mail.{key}": value for key, value in {**mailing, "smtp_security": "none"}.items()}
            )
        staff = open_tab(place, sites.session_token(staffed.site))
        staff.goto("/contacts/1?tab=quotes")
        staff.get_by_role("link", name="Dining room").first.click()
        staff.get_by_role("link", name="Send", exact=True).click()
        expect(staff.get_by_role("button", name="Send quote")).to_be_visible()
        loaded(staff)
        staff.get_by_role("button", name="Send quote").click()
        expect(staff.get_by_role("button", name="Send quote")).to_have_count(0)
        expect(staff.locator("main")).to_contain_text("Sent")
        staffed.run_jobs()
        [letter] = peer.taken
        assert letter.recipients == ["ann@example.com"]
        link = re.search(r"http://127[^\s\"<>]+/quotes/d/[\w-]+", letter.part("html"))
        assert link

        assert staff.context.browser is not None
        context = staff.context.browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        client = context.new_page()
        with client.expect_response(re.compile("/seen$")):
            client.goto(link[0])
        expect(client.get_by_role("heading", name="Dining room")).to_be_visible()
        client.get_by_label("Your full name").fill("Ann Park")
        expect(client.locator("[data-typed]")).to_have_text("Ann Park")
        client.get_by_role("button", name="Draw it").click()
        client.get_by_role("button", name="Accept and sign").click()
        expect(client.get_by_role("alert").filter(has_text="Draw your signature first")).to_be_visible()
        pad = client.locator("canvas[data-pad]")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        client.mouse.move(box["x"] + 40, box["y"] + 80)
        client.mouse.down()
        for step in range(1, 12):
            client.mouse.move(box["x"] + 40 + step * 16, box["y"] + 80 + (30 if step % 2 else -30))
        client.mouse.up()
        assert violations(client) == []
        client.get_by_role("button", name="Accept and sign").click()
        expect(client.get_by_text("Accepted by Ann Park")).to_be_visible()
        expect(client.get_by_role("img", name="Signature of Ann Park")).to_be_visible()
        peer.taken.clear()
        staffed.run_jobs()
        assert [one.recipients for one in peer.taken] == [[sites.EMAIL]]
        assert "Dining room" in str(peer.taken[0].mail["subject"])

    staff.goto("/notifications/")
    expect(staff.locator("main")).to_contain_text("Ann Park accepted the quote “Dining room”.")
    staff.goto("/quotes/1")
    staff.get_by_role("button", name="Make invoice").click()
    expect(staff.get_by_role("button", name="Issue").first).to_be_visible()
    loaded(staff)
    staff.get_by_role("button", name="Issue").first.click()
    staff.get_by_role("dialog").get_by_role("button", name="Issue").click()
    expect(staff.get_by_role("link", name="Record payment")).to_be_visible()

    token = clients.session_token(staffed.site, 1)
    base = link[0].partition("/quotes")[0]
    context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
    client.goto(f"{base}/portal/")
    expect(client.locator("main")).to_contain_text("1 invoice is to be paid: €900.00")
    client.get_by_role("link", name="Open: 1 invoice").click()
    client.get_by_role("link", name="INV-").click()
    expect(client.locator("main")).to_contain_text("Still due")
    with staffed.work() as work, work.begin():
        paying.record_payment(work, work.session.scalars(select(Invoice.id)).one(), {})
    client.reload()
    expect(client.locator(".crm-badge", has_text="Paid")).to_be_visible()
    assert violations(client) == []
    context.close()
