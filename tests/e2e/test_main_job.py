"""The main job in a real browser: from a file to the funnel, which is switched off and on while somebody else clicks."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.load import Load, Server, Start
from bench.sites import Place
from tests.keyboard import press

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def server(place: Place, serve: Callable[..., Server]) -> Server:
    """The site, served by two processes."""
    return serve(place, kind="gunicorn")


@pytest.fixture
def page(server: Server, open_tab: Callable[..., Page]) -> Page:
    """A tab in which nobody is signed in; the tests ask for a page that is gone, and lose a sign-in.

    It is asked for behind the server, so it is closed before the place goes: boxes that still load would fail then.
    """
    return open_tab(server, forgiven=("404", "401"))


def write_csv(path: Path, rows: int) -> Path:
    """A file as another program writes it: semicolons, its own headings."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["First Name", "Last Name", "E-mail", "Mobile Phone", "Status"])
        for number in range(rows):
            status = "Customer" if number % 4 == 0 else "Lead"
            writer.writerow([f"Ada{number}", "Exempel", f"ada{number}@example.com", "+33 6 99 00 00 00", status])
        writer.writerow(["Broken", "Row", "not an address", "", "Lead"])
    return path


def sign_in(page: Page) -> None:
    """Signs in as the admin."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(sites.EMAIL)
    page.get_by_label("Password", exact=True).fill(sites.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


def test_from_a_file_to_the_funnel_and_back(
    page: Page, place: Place, server: Server, forked: Start, tmp_path: Path
) -> None:
    """Forty people from a file stand in the list and on the funnel; the funnel goes and comes back, and nothing hiccups."""
    sign_in(page)

    page.goto("/csv-tools/import")
    page.get_by_label("Drop a CSV file here").set_input_files(write_csv(tmp_path / "people.csv", 40))
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("button", name="Next: who is here already").click()
    page.get_by_role("button", name="Next: check the rows").click()
    expect(page.locator("main")).to_contain_text("not an e-mail address")
    page.get_by_role("button", name="Import 41 rows").click()
    expect(page.get_by_text("You may close this page")).to_be_visible()
    # The page finds out by itself that the job has ended.
    working = forked(["-m", "crmhost", "jobs", "run", "--until-idle"], place.environment(), tmp_path / "jobs.log")
    assert working.wait(120) == 0, (tmp_path / "jobs.log").read_text()
    expect(page.locator("main")).to_contain_text("not an address")

    page.goto("/contacts/?q=ada1")
    expect(page.locator("main")).to_contain_text("Ada1 Exempel")
    page.goto("/funnel/")
    expect(page.get_by_role("row", name="Lead").first).to_contain_text("40")

    site = place.site()
    token = sites.session_token(site)
    site.close()
    clicking = Load(server.port, f"crmhost_session={token}", (("/contacts/", (200,)), ("/", (200,))), rate=10).start()
    try:
        page.goto("/extensions/")
        page.get_by_role("switch", name="Sales funnel on").click()
        expect(page.get_by_text("Enable Sales funnel")).to_be_attached()
        page.goto("/")
        expect(page.get_by_role("heading", name="Where do contacts stop?")).to_have_count(0)
        page.goto("/extensions/")
        page.get_by_role("link", name="Enable Sales funnel").click()
        page.get_by_role("button", name="Agree and enable").click()
        expect(page.get_by_role("switch", name="Sales funnel on")).to_be_attached()
        page.goto("/")
        expect(page.get_by_role("heading", name="Where do contacts stop?")).to_be_visible()
    finally:
        answers = clicking.stop()
    assert answers.failures == [], server.output()


@pytest.mark.database("sqlite")
def test_a_contact_by_keyboard_and_a_lost_sign_in(page: Page, place: Place) -> None:
    """A contact is added without the mouse; a form sent after the sign-in was lost keeps what was typed."""
    sign_in(page)
    press(page, "c")
    page.wait_for_url("**/contacts/new")
    page.get_by_label("First name").fill("Grace")
    page.get_by_label("Last name").fill("Exempel")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Grace Exempel")).to_be_visible()

    page.goto("/contacts/new")
    page.get_by_label("First name").fill("Not lost")
    page.context.clear_cookies(name="crmhost_session")
    page.keyboard.press("Control+Enter")
    # The form that is sent has a field of this name, too.
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").first.fill(sites.EMAIL)
    page.get_by_label("Password", exact=True).fill(sites.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main")).to_contain_text("Not lost")
