"""A segment from the first condition to the list of its people, in the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.api import contacts
from tests.keyboard import loaded

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def test_a_segment_from_its_conditions_to_its_people(place: Place, open_tab: Callable[..., Page]) -> None:
    """Conditions and a group are put together by keyboard and mouse, counted, previewed, saved, listed, explained."""
    site = place.site()
    with site.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ann", "status": "Customer", "tags": ["VIP"]})
        contacts.create(work, {"first_name": "Bob", "status": "Customer"})
        contacts.create(work, {"first_name": "Cid", "status": "Lead"})
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token, forgiven=["422"])
    page.goto("/segments/")
    page.get_by_role("link", name="Add segment").first.click()
    page.get_by_label("Name", exact=True).fill("Customers to call")
    count = page.locator("#segment-live")

    loaded(page)
    page.get_by_label("What condition 1 asks").select_option("status")
    page.get_by_label("Value of condition 1").select_option(label="Customer")
    expect(count).to_have_text("2 contacts match now.")
    page.get_by_role("button", name="Add group").click()
    page.get_by_label("What condition 2.1 asks").select_option("last_contacted_at")
    page.get_by_label("How condition 2.1 asks").select_option("empty")
    expect(page.get_by_label("Value of condition 2.1")).to_have_count(0)
    page.get_by_role("group", name="Group 2").get_by_role("button", name="Add condition").press("Enter")
    page.get_by_label("What condition 2.2 asks").select_option("first_name")
    page.get_by_role("textbox", name="Value of condition 2.2").press_sequentially("ann")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Customers to call")
    page.get_by_label("Contacts for whom").nth(1).select_option("all")
    expect(count).to_have_text("1 contact matches now.")

    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("alert")).to_contain_text("Look at the preview below first")
    preview = page.locator("#segment-preview")
    expect(preview).to_contain_text("Ann")
    page.get_by_role("button", name="Remove condition 2.2").click()
    expect(preview).to_have_count(0)
    page.get_by_role("button", name="Preview segment").click()
    expect(preview.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Customers to call")).to_be_visible()

    page.get_by_role("combobox", name="Contact").press_sequentially("Cid")
    page.get_by_role("option", name="Cid").click()
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("main")).to_contain_text("Cid is not in “Customers to call” now.")
    expect(page.locator("main")).to_contain_text("This contact has: Lead")
    page.goto("/segments/")
    expect(page.get_by_role("link", name="2 contacts")).to_be_visible()
    page.get_by_role("link", name="2 contacts").click()
    expect(page.locator("tbody tr")).to_have_count(2)
