"""The sales dashboard in the browser."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from plugins.transactions import api as transactions
from tests.keyboard import loaded, press

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def test_from_the_figures_to_what_they_are_made_of(place: Place, open_tab: Callable[..., Page]) -> None:
    """Periods by keys, another figure in the chart, a breakdown and a part of it; a recurring fee comes off net revenue, and one
    deleted comes back; the page opens again as it was left.
    """
    site = place.site()
    with site.work() as work, work.begin():
        for days in (0, 40):
            when = work.now - dt.timedelta(days=days)
            given = {
                "name": "Order",
                "type": "Sale",
                "status": "Completed",
                "currency": "EUR",
                "date": when,
                "tags": ["Course"],
            }
            transactions.create(work, {**given, "ref": f"S-{days}", "total": f"{100 + days}.00"})
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token)
    page.goto("/")
    page.get_by_text("Analytics", exact=True).click()
    page.get_by_role("link", name="Sales dashboard").click()
    figures = page.get_by_role("region", name="Figures")
    page.get_by_role("link", name="30 days").click()
    expect(page).to_have_url(re.compile("period=30"))
    expect(figures).to_contain_text("€100.00")
    expect(page.get_by_role("heading", name="Goals")).to_be_visible()
    press(page, "[")
    expect(figures).to_contain_text("€140.00")
    press(page, "]")
    expect(page).not_to_have_url(re.compile("date="))
    loaded(page)
    page.get_by_role("group", name="Figure of the chart").get_by_role("link", name="New customers").click()
    expect(page.get_by_role("heading", name="How many bought for the first time?")).to_be_visible()
    expect(page).to_have_url(re.compile("chart=new_customers"))

    figures.get_by_role("link", name="Net revenue").first.click()
    parts = page.locator("#sales-breakdown")
    expect(parts).to_contain_text("Course")
    parts.get_by_role("link", name="Source").click()
    expect(parts).to_contain_text("manual")
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("First day").fill("2020-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".figure").first).to_contain_text("€240.00")

    page.goto("/sales-dashboard/fees/new")
    page.get_by_label("What for").fill("Rent of the shop")
    page.get_by_label("Amount").fill("12.50")
    page.get_by_label("How often").select_option("month")
    page.get_by_label("How often").press("Control+Enter")
    page.get_by_role("link", name="Rent of the shop").click()
    expect(page.get_by_text("Falls next on:")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No other fees yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Rent of the shop")).to_be_visible()
    page.goto("/sales-dashboard/")
    expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    expect(figures).to_contain_text("€87.50")
