"""The contact list and a contact's page as somebody works with the mouse: cells, views, filters, boxes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost import demo
from tests.keyboard import loaded
from tests.pointer import drop, lift

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def test_working_with_a_list(place: Place, open_tab: Callable[..., Page]) -> None:
    """Cells are changed in place, a quick filter becomes a view, which is renamed and shared."""
    site = place.site()
    demo.load(site, contacts=40)
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token)
    page.goto("/contacts/")
    row = page.locator("tbody tr").first

    row.get_by_title("Change: Tags").click()
    dialog = page.get_by_role("dialog", name="Change")
    dialog.get_by_role("textbox", name="Tags").fill("Aardvark, Zebra")
    dialog.get_by_role("button", name="Save").click()
    expect(row.locator(".crm-tag")).to_have_text("Aardvark")
    row.get_by_title("Change: Assigned to").click()
    dialog.get_by_role("button", name=sites.EMAIL).click()
    expect(row.get_by_title("Change: Assigned to")).to_contain_text(sites.EMAIL)

    page.get_by_role("button", name="Status", exact=True).first.click()
    page.get_by_role("menuitem", name="Customer").click()
    expect(page.locator(".crm-chip")).to_contain_text("Customer")
    loaded(page)
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name of the view").fill("Buyers")
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="Buyers")).to_have_attribute("aria-current", "page")
    loaded(page)
    page.get_by_role("button", name="Edit view").click()
    page.get_by_label("Name of the view").fill("Our buyers")
    page.get_by_label("Share with everybody").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(views.get_by_role("link", name="Our buyers")).to_have_attribute("aria-current", "page")
    expect(views.get_by_title("Shared with everybody")).to_be_visible()
    expect(views.get_by_role("link", name="Buyers", exact=True)).to_have_count(0)


def test_boxes_are_dragged_between_columns(place: Place, open_tab: Callable[..., Page]) -> None:
    """With the mouse; they stay where they were put, on every contact's page, until the layout is reset."""
    site = place.site()
    demo.load(site, contacts=2)
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token)
    page.goto("/contacts/2")
    wide, side = (
        page.get_by_role("group", name=name).locator(".crm-box")
        for name in ("Boxes in the wide column", "Boxes at the side")
    )
    expect(side.first).to_be_visible()
    before = (wide.count(), side.count())
    page.goto("/contacts/1")
    first = side.first.get_attribute("data-id")
    assert first
    lift(side.first.locator("[data-grip]"))
    grip = side.first.locator("[data-grip]").bounding_box()
    assert grip
    page.mouse.move(grip["x"] - 20, grip["y"] + 10, steps=5)
    # An empty column is there while something is dragged.
    goal = page.get_by_role("group", name="Boxes in the wide column").bounding_box()
    assert goal
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        there = page.get_by_role("group", name="Boxes in the wide column").locator(f'[data-id="{first}"]')
        drop(page, goal["x"] + 60, goal["y"] + 20, there)
    page.goto("/contacts/2")
    expect(wide).to_have_count(before[0] + 1)
    expect(page.get_by_role("group", name="Boxes in the wide column").locator(f'[data-id="{first}"]')).to_be_visible()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Reset layout").click()
    expect(side).to_have_count(before[1])
    expect(side.first).to_have_attribute("data-id", first)
