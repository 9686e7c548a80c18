"""The list and a contact on paper: black on white, without what only a screen can use, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from tests.filled import fill

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

#: Width of a sheet of A4 between its margins of 14 mm, in CSS pixels.
SHEET = 688
#: Parts whose text is wider than they are.
CUT = """() => [...document.querySelectorAll("main *:not(.visually-hidden)")].filter(one => one.checkVisibility()
    && one.clientWidth && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
    .slice(0, 5).map(one => one.outerHTML.slice(0, 120))"""
SCREEN_ONLY = (
    ".crm-side",
    ".crm-top",
    ".crm-bar",
    ".crm-views",
    ".crm-pager",
    ".crm-bulk",
    ".crm-composer",
    ".btn",
    ".grip",
)


def test_list_and_contact_on_paper(place: Place, open_tab: Callable[..., Page]) -> None:
    """Also from a dark screen; all columns and boxes fit on the sheet."""
    site = place.site()
    fill(site, contacts=60)
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token, color_scheme="dark", viewport={"width": SHEET, "height": 900})
    for address, shown in (("/contacts/", "tbody tr"), ("/contacts/7", "#journal-list")):
        page.emulate_media(media="screen")
        page.goto(address)
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator(shown).last).to_be_visible()
        for part in SCREEN_ONLY:
            assert page.locator(f"{part} >> visible=true").count() == 0, (address, part)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (
            address
        )
        assert page.evaluate(CUT) == [], address
        assert page.get_by_text("Add", exact=True).locator("visible=true").count() == 0, address
        assert page.pdf(format="A4").startswith(b"%PDF"), address
