"""A whole day with contacts by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost import demo
from crmhost.core.contacts.models import Contact
from tests.keyboard import press

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

#: What has the focus, as a screen reader names it.
NAME = """() => {
    const at = document.activeElement;
    return (at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent || "").trim();
}"""


def reach(page: Page, name: str, key: str = "Tab") -> None:
    """Presses a key until the focus is on what is called so, and can be seen there."""
    for _ in range(90):
        press(page, key)
        if re.match(rf"{re.escape(name)}\b", page.evaluate(NAME)):
            assert page.evaluate("document.activeElement.matches(':focus-visible')"), name
            return
    pytest.fail(f"{key} never came to {name}, but to {page.evaluate('document.activeElement.outerHTML')}")


def test_a_day_by_keyboard(place: Place, open_tab: Callable[..., Page]) -> None:
    """Sign in, find, add, change, write down, select, undo, filter, keep the view, sign out: no mouse."""
    site = place.site()
    demo.load(site, contacts=40)
    with site.sessions() as session:
        known = session.get_one(Contact, 5).name
    site.close()
    page = open_tab(place)
    keys, heading = page.keyboard, lambda text: page.get_by_role("heading", name=text, level=1)
    toasts = page.locator("#toasts")

    page.goto("/login")
    expect(page.get_by_label("E-mail")).to_be_focused()
    keys.type(sites.EMAIL)
    reach(page, "Password")
    keys.type(sites.PASSWORD)
    press(page, "Enter")
    expect(heading("Dashboard")).to_be_visible()

    press(page, "Control+k")
    keys.type(known)
    expect(page.get_by_role("option", name=known).first).to_be_visible()
    press(page, "Enter")
    expect(heading(known)).to_be_visible()

    press(page, "c")
    expect(heading("Add contact")).to_be_visible()
    reach(page, "First name")
    keys.type("Grace")
    reach(page, "Last name")
    keys.type("Exempel")
    press(page, "Control+Enter")
    expect(heading("Grace Exempel")).to_be_visible()
    press(page, "e")
    expect(heading("Edit Grace Exempel")).to_be_visible()
    reach(page, "Mobile phone")
    keys.type("+33 6 99 00 00 00")
    press(page, "Control+Enter")
    expect(page.locator("main")).to_contain_text("+33 6 99 00 00 00")

    reach(page, "Status: Lead")
    press(page, "Enter")
    expect(page.get_by_role("option", name="Customer")).to_be_visible()
    reach(page, "Customer", "ArrowDown")
    press(page, "Enter")
    expect(page.locator(".crm-rec .crm-status")).to_contain_text("Customer")
    press(page, "t")
    expect(page.get_by_role("dialog", name="Add a tag").locator("input:focus")).to_be_visible()
    keys.type("Fair")
    press(page, "Enter")
    expect(page.locator(".crm-rec .crm-tag")).to_contain_text("Fair")
    reach(page, "What happened")
    keys.type("Wants the price list")
    press(page, "Control+Enter")
    expect(page.locator("#journal-list")).to_contain_text("Wants the price list")

    reach(page, "More actions")
    press(page, "Enter")
    reach(page, "Delete", "ArrowDown")
    press(page, "Enter")
    expect(toasts).to_contain_text("1 contact went to the bin.")
    press(page, "u")
    expect(toasts).to_contain_text("1 contact is back.")

    press(page, "Control+k")
    keys.type(">Contacts")
    expect(page.locator(".hit[aria-selected=true]")).to_contain_text("Contacts")
    press(page, "Enter")
    expect(heading("Contacts")).to_be_visible()
    for key in ("j", "j", "k", "x", "j", "x"):
        press(page, key)
    bar = page.get_by_role("form", name="For what is selected")
    expect(bar).to_contain_text("2 selected")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(2)
    press(page, "b")
    reach(page, "Tag")
    press(page, "Enter")
    expect(page.get_by_label("Name of the tag")).to_be_focused()
    keys.type("Aardvark")
    reach(page, "Add")
    press(page, "Enter")
    expect(toasts).to_contain_text("2 contacts")
    expect(page.locator("main tbody .crm-tag", has_text="Aardvark")).to_have_count(2)

    reach(page, "Add filter")
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="Filters").get_by_role("combobox", name="Status")).to_be_visible()
    reach(page, "Status")
    keys.type("Customer")
    expect(page.locator(".ts-dropdown .option.active")).to_have_text("Customer")
    assert violations(page) == []
    press(page, "Enter")
    reach(page, "Apply")
    press(page, "Enter")
    expect(page.locator(".crm-chip")).to_contain_text("Customer")
    expect(page.locator("tbody")).to_contain_text("Grace Exempel")
    reach(page, "Save view")
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="Save view").locator("input:focus")).to_be_visible()
    keys.type("My customers")
    press(page, "Enter")
    expect(page.get_by_role("link", name="My customers")).to_have_attribute("aria-current", "page")

    reach(page, "Your account")
    press(page, "Enter")
    reach(page, "Sign out", "ArrowDown")
    press(page, "Enter")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
