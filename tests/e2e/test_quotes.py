"""A quote in a real browser, as staff write and send it: from the contact's page to the draft of an invoice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.api import contacts, settings
from crmhost.work.runner import Runner
from plugins.quotes import services as quotes
from tests.keyboard import loaded
from tests.peers import smtp

from .conftest import violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def test_a_quote_is_written_sent_and_becomes_an_invoice(place: Place, open_tab: Callable[..., Page]) -> None:
    """A template, a placeholder of the menu, lines, a lost sign-in that loses nothing, the mail with its file, and one click."""
    site = place.site()
    with smtp.server() as peer:
        with site.work() as work, work.begin():
            ann = contacts.create(work, {"first_name": "Ann", "last_name": "Park", "email": "ann@example.org"}).id
            mail = {"transport": "smtp", "from": "Atelier <hello@example.com>", "smtp_host": "127.0.0.1"}
            mail |= {"smtp_port": peer.port, "smtp_security": "none"}  # type: ignore[dict-item]  # ports are numbers
            settings.set_many(work, {f"mail.{name}": value for name, value in mail.items()})
        page = open_tab(place, sites.session_token(site), forgiven=("401",))
        page.goto(f"/contacts/{ann}?tab=quotes")
        page.get_by_role("main").get_by_role("link", name="Add quote").first.click()
        expect(page.get_by_label("Begin with")).to_be_visible()
        loaded(page)
        page.get_by_label("Begin with").select_option(label="Services")
        page.get_by_role("button", name="Use quote builder").click()
        page.get_by_label("Title", exact=True).first.fill("Oak table")
        text = page.locator("[contenteditable=true]").and_(page.get_by_role("textbox", name="Text"))
        expect(text).to_contain_text("Thank you for your enquiry")
        text.press("Control+End")
        page.keyboard.type(" For {{")
        page.keyboard.type("first")
        page.keyboard.press("Enter")
        # What adds up comes as a script of its own, and shows this button.
        expect(page.get_by_role("button", name="Add line")).to_be_visible()
        page.get_by_role("group", name="Line 1").get_by_label("Title").fill("Table")
        page.get_by_role("group", name="Line 1").get_by_label("Quantity").fill("2")
        page.get_by_role("group", name="Line 1").get_by_label("Unit price").fill("450")
        expect(page.locator("[data-line-totals]")).to_contain_text("900.00")
        assert violations(page) == []
        page.context.clear_cookies(name="crmhost_session")
        page.get_by_role("button", name="Save quote").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        page.get_by_label("E-mail").first.fill(sites.EMAIL)
        page.get_by_label("Password", exact=True).fill(sites.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("main")).to_contain_text("Oak table")
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_role("heading", name="Oak table")).to_be_visible()
        expect(page.get_by_label("Preview", exact=True)).to_contain_text("For Ann")
        number = int(page.url.rstrip("/").rsplit("/", 1)[1].partition("?")[0])
        page.get_by_role("link", name="Files").last.click()
        terms = {"name": "Terms.txt", "mimeType": "text/plain", "buffer": b"Our terms"}
        expect(page.get_by_text("Drop files here")).to_be_visible()
        loaded(page)
        page.get_by_label("Drop files here").set_input_files([terms])
        expect(page.get_by_role("link", name="Terms.txt", exact=True)).to_be_visible()
        page.get_by_role("link", name="Send", exact=True).click()
        expect(page.get_by_text("ann@example.org")).to_be_visible()
        page.get_by_role("combobox", name="Attach files too").fill("Terms")
        page.keyboard.press("Enter")
        loaded(page)
        page.get_by_role("button", name="Send quote").click()
        expect(page.locator("#toasts")).to_contain_text("on its way")
        runner = Runner(site)
        runner.until_idle()
        (taken,) = peer.taken
        runner.close()
    assert taken.recipients == ["ann@example.org"]
    assert re.search(r"/quotes/d/[\w-]{20,}", taken.part("html"))
    assert [part.get_filename() for part in taken.mail.iter_attachments()] == [f"quote-{number}-1.pdf", "Terms.txt"]
    loaded(page)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Mark as accepted").click()
    page.get_by_role("button", name="Make invoice").click()
    expect(page.get_by_role("main")).to_contain_text("Table")
    expect(page).to_have_url(re.compile(r"/invoices/\d+"))
    with site.work() as work:
        assert quotes.get(work, number).state == "accepted"
    page.goto(f"/quotes/{number}?tab=files")
    assert violations(page) == []
    assert wider(page, 390) == []
    site.close()
