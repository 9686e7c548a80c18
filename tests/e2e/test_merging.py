"""Duplicates in a real browser, by keyboard alone: from the list to the merge and its undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.site import Site
from crmhost.work.runner import Runner
from tests.keyboard import press

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    """A site with two contacts that are one person."""
    site = place.site()
    with site.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ada", "last_name": "King", "email": "ada@one.example", "notes": "Tea"})
        contacts.create(work, {"first_name": "Ada", "last_name": "King", "email": "king@two.example", "tags": ["VIP"]})
    runner = Runner(site, threads=1)
    runner.until_idle()
    runner.close()
    yield site
    site.close()


@pytest.fixture
def page(site: Site, place: Place, open_tab: Callable[..., Page]) -> Page:
    """A tab of the admin."""
    return open_tab(place, sites.session_token(site))


def test_duplicates_are_merged_and_taken_apart_by_keyboard(page: Page, site: Site) -> None:
    """From the list by j and Enter to the comparison, by arrows and Ctrl+Enter to the merge, by Tab and Enter to its undo."""
    page.goto("/contacts/duplicates")
    expect(page.get_by_role("link", name="Compare and merge")).to_be_visible()
    assert violations(page) == []
    press(page, "j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Merge contacts")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("radio", name="Main e-mail: ada@one.example (Ada King)").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Main e-mail: king@two.example (Ada King)")).to_be_checked()
    press(page, "Control+Enter")
    expect(page.get_by_role("heading", name="Ada King", level=1)).to_be_visible()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("1 contact was merged into this one")
    with site.work() as work:
        one, two = work.session.query(Contact).order_by(Contact.id)
        assert (one.email, two.merged_into_id) == ("king@two.example", one.id)
    undo = toast.get_by_role("button", name="Undo")
    undo.focus()
    press(page, "Enter")
    expect(page.get_by_text("Everything is back where it was.")).to_be_visible()
    expect(page.get_by_text("This merge was undone by")).to_be_visible()
    assert violations(page) == []
    with site.work() as work:
        one, two = work.session.query(Contact).order_by(Contact.id)
        assert (one.email, two.email, two.merged_into_id) == ("ada@one.example", "king@two.example", None)
