"""What scripts put on the page breaks no rule of WCAG that axe can see, light and dark."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Site

BODY = """<main><h1>Trial</h1><button class="btn crm-search" data-palette="/search">Search everything</button>
<button class="btn" data-keys>Keys</button><button class="btn" data-confirm="Delete Amélie?" data-confirm-detail="Her journal goes too."
data-confirm-tone="danger" data-confirm-word="Amélie">Delete</button><button class="btn" hx-post="/archive" hx-swap="none">Archive</button>
<button class="btn" popovertarget="m" aria-haspopup="menu">Menu</button><div class="crm-pop" id="m" popover role="menu" aria-label="Things to do">
<button class="item" role="menuitem">Alpha</button><a class="item" role="menuitem" href="/b">Beta</a></div>
<label class="form-label" for="tags">Tags</label><select id="tags" name="tags" multiple data-choices><option value="1" selected>VIP</option><option value="2">Press</option></select>
<label class="form-label" for="country">Country</label><select id="country" name="country" data-choices><option value="fr">France</option></select></main>"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", ["palette", "keys", "question", "notice", "menu", "choices"])
def test_part_is_accessible(site: Site, page: Page, part: str, theme: str) -> None:
    """Each part, opened, has no violation."""
    site.page("/", BODY, html=f'data-bs-theme="{theme}"')
    site.answer("/search", lambda: '<div class="group">Contacts</div><a class="hit" href="/c/1">Amélie</a>')
    site.answer(
        "/archive", lambda: ("", 200, {"HX-Trigger": json.dumps({"crm:toast": {"text": "Archived", "undo": "/u"}})})
    )
    # A colour that is changing is none to measure.
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    expect(page.locator(".ts-control")).to_have_count(2)
    if part == "palette":
        page.get_by_role("button", name="Search everything").click()
        expect(page.locator(".hit")).to_be_visible()
    elif part in ("keys", "question"):
        page.get_by_role("button", name="Keys" if part == "keys" else "Delete").click()
        expect(page.get_by_role("dialog")).to_be_visible()
    elif part == "notice":
        page.get_by_role("button", name="Archive").click()
        expect(page.get_by_text("Archived")).to_be_visible()
    elif part == "menu":
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("menuitem", name="Alpha")).to_be_visible()
    else:
        page.locator(".ts-control").first.click()
        expect(page.locator(".ts-dropdown .option")).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
