"""A French browser is spoken to in French, from the sign-in on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost import demo
from crmhost.host import catalogue
from tests import pseudo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

#: All texts of a page that people read or hear.
TEXTS = """() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const inside = walker.currentNode.parentElement.closest("script, style, [translate=no]");
        if (!inside) found.push(walker.currentNode.data.trim());
    }
    for (const name of ["title", "aria-label", "placeholder", "alt"])
        for (const element of document.querySelectorAll(`[${name}]`)) found.push(element.getAttribute(name));
    return [document.title.split(" · ")[0], ...found].filter(Boolean);
}"""


@pytest.fixture
def page(place: Place, open_tab: Callable[..., Page]) -> Page:
    """A tab of a browser that wants French; the site has demo data."""
    site = place.site()
    demo.load(site, 40)
    site.close()
    return open_tab(place, forgiven=("422",), locale="fr-FR")


def english_only() -> set[str]:
    """Texts of the catalogues that are English, and in French nothing at all."""
    english, french = set(), set()
    for folder in pseudo.folders():
        with catalogue.path_of(folder, "fr").open("rb") as file:
            for message in read_po(file, locale="fr"):
                english |= {message.id} if isinstance(message.id, str) else set(message.id)
                french |= {message.string} if isinstance(message.string, str) else set(message.string)
    # The names of statuses, of tags and of invented people’s sources are data.
    return {text for text in english if "%" not in text} - french - {"Refused", "Customer", "Newsletter"}


def test_nothing_is_said_in_english(page: Page) -> None:
    """Signing in, the dashboard, the list, a form with an error, the settings; dates and numbers are French too."""
    wrong = english_only()
    assert "Save contact" in wrong

    def looked_at() -> None:
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        assert set(page.evaluate(TEXTS)) & wrong == set()

    page.goto("/contacts/")
    looked_at()
    page.get_by_label("E-mail").fill(sites.EMAIL)
    page.get_by_label("Mot de passe", exact=True).fill(sites.PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="Contacts", level=1)).to_be_visible()
    looked_at()
    page.get_by_role("link", name="Tableau de bord").first.click()
    expect(page.get_by_role("heading", name="Tableau de bord", level=1)).to_be_visible()
    looked_at()
    page.goto("/contacts/new")
    page.locator("main input[type=email]").first.fill("pas une adresse")
    page.get_by_role("button", name="Enregistrer le contact").click()
    expect(page.get_by_role("alert").first).to_contain_text("Pas encore enregistré")
    looked_at()
    for address in (
        "/contacts/7",
        "/settings/",
        "/settings/field-options/",
        "/extensions/",
        "/funnel/",
        "/csv-tools/import",
    ):
        page.goto(address)
        looked_at()
