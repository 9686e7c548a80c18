"""Duplicates in a real browser, by keyboard alone: from the list to the merge and its undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from bench import sites
from bench.load import Server, free_port
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.site import Site
from crmhost.work.runner import Runner
from tests.peers import browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Milliseconds; a machine that runs other tests beside is slow at times.
PATIENCE = 20_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Site, Place]]:
    """A site with two contacts that are one person."""
    place = Place("merging", tmp_path, f"sqlite:///{tmp_path}/merging.sqlite")
    sites.set_up(place)
    site = place.site()
    with site.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ada", "last_name": "King", "email": "ada@one.example", "notes": "Tea"})
        contacts.create(work, {"first_name": "Ada", "last_name": "King", "email": "king@two.example", "tags": ["VIP"]})
    runner = Runner(site, threads=1)
    runner.until_idle()
    runner.close()
    yield site, place
    site.close()


@pytest.fixture
def page(site: tuple[Site, Place]) -> Iterator[Page]:
    """A signed-in page; what the browser complained of fails the test."""
    token = sites.session_token(site[0])
    server = Server(site[1], free_port(), kind="waitress")
    complaints: list[str] = []
    with browser.opened() as chromium:
        base = f"http://127.0.0.1:{server.port}"
        context = chromium.new_context(base_url=base, viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "crmhost_session", "value": token, "url": base}])
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        yield tab
        context.close()
    server.close()
    assert complaints == []


def flawless(page: Page) -> None:
    """The page has no fault that axe knows."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_duplicates_are_merged_and_taken_apart_by_keyboard(page: Page, site: tuple[Site, Place]) -> None:
    """From the list by j and Enter to the comparison, by arrows and Ctrl+Enter to the merge, by Tab and Enter to its undo."""
    page.goto("/contacts/duplicates")
    expect(page.get_by_role("link", name="Compare and merge")).to_be_visible()
    flawless(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Merge contacts")).to_be_visible()
    flawless(page)
    page.get_by_role("radio", name="Main e-mail: ada@one.example (Ada King)").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Main e-mail: king@two.example (Ada King)")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Ada King", level=1)).to_be_visible()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("1 contact was merged into this one")
    with site[0].work() as work:
        one, two = work.session.query(Contact).order_by(Contact.id)
        assert (one.email, two.merged_into_id) == ("king@two.example", one.id)
    undo = toast.get_by_role("button", name="Undo")
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything is back where it was.")).to_be_visible()
    expect(page.get_by_text("This merge was undone by")).to_be_visible()
    flawless(page)
    with site[0].work() as work:
        one, two = work.session.query(Contact).order_by(Contact.id)
        assert (one.email, two.email, two.merged_into_id) == ("ada@one.example", "king@two.example", None)
