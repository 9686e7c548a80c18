"""One's account in a real browser: the second step set up, used, and done without by a recovery code, by keyboard too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.core.users import links
from crmhost.core.users import services as users

from .conftest import violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def check(page: Page) -> None:
    """No rule of WCAG is broken, as far as axe can see, and nothing is wider than a phone."""
    assert violations(page) == [], page.url
    assert wider(page, 390) == [], page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_second_step_in_a_browser(place: Place, open_tab: Callable[..., Page]) -> None:
    """Set up by what the page shows, asked for at the next sign-in, trusted afterwards; every page of it is in order."""
    site = place.site()
    with site.work() as work, work.begin():
        admin = users.find_by_email(work, sites.EMAIL)
        assert admin is not None
        reset = links.reset_link(work, users.create(work, "ann@example.org", "Read only").id)
    site.close()
    page = open_tab(place)
    sign_in(page)
    page.goto("/account/second-step")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("heading", name="Set it up")).to_be_visible()
    check(page)
    app = pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.get_by_label("Type the code that it shows now").fill(app.now())
    page.keyboard.press("Enter")
    expect(page.get_by_text("The second step is on.")).to_be_visible()
    shown = page.locator(".crm-codes code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_text("utf-8").split() == codes
    page.goto("/account/second-step")
    check(page)
    for path in ("/account", f"/settings/users/{admin.id}", "/settings/users/sign-in", "/account/confirm"):
        page.goto(path)
        check(page)
    sign_out(page)
    page.get_by_label("Password", exact=True).fill("shown")
    page.get_by_role("button", name="Show the password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    check(page)
    sign_in(page, step=True)
    check(page)
    page.get_by_text("The phone is not at hand?").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()
    sign_out(page)
    for path, told in (("/login/forgotten", "New password"), (f"/reset/{reset}", "New password")):
        page.goto(path)
        expect(page.get_by_role("heading", name=told)).to_be_visible()
        check(page)


def sign_in(page: Page, *, step: bool = False) -> None:
    """Gives e-mail and password; ``step``: the code is asked for then."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(sites.EMAIL)
    page.get_by_label("Password", exact=True).fill(sites.PASSWORD)
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("heading", name=re.compile("One more step" if step else "Dashboard"), level=1)
    ).to_be_visible()


def sign_out(page: Page) -> None:
    """Signs out."""
    page.context.clear_cookies(name="crmhost_session")
    page.goto("/login")
