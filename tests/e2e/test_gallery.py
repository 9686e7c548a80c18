"""Every component in every state breaks no rule of WCAG that axe can see: both themes, light and dark, wide and narrow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench import sites
from bench.load import Server, Start, free_port
from bench.sites import Place
from crmhost.web.gallery.routes import PAGES, TEMPLATES
from tests.pointer import movable

from .colours import COLOURLESS, unreadable
from .conftest import LAYOUT, PATIENCE, listen, violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUIET = "() => !document.querySelector('[aria-busy=true], .htmx-request')"
ADDRESSES = ("", "forms", "forms/wrong", "list", "list/empty", "parts", "record", "overlays", "charts")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_site: Path, forked: Start) -> Iterator[tuple[str, str]]:
    """Address of a site with the gallery, and the token of its admin."""
    folder = tmp_path_factory.mktemp("gallery")
    place = Place("gallery", folder, f"sqlite:///{folder}/gallery.sqlite")
    shutil.copy(sqlite_site, folder / "gallery.sqlite")
    site = place.site()
    token = sites.session_token(site)
    site.close()
    server = Server(place, free_port(), kind="waitress", settings={"CRMHOST_DEV": "1"}, start=forked)
    yield f"http://127.0.0.1:{server.port}", token
    server.close()


def opened(
    chromium: Browser, served: tuple[str, str], *, theme: str = "default", colours: str = "light", width: int = 1440
) -> Page:
    """A tab of the admin in a theme, as a preview."""
    address, token = served
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 900}, color_scheme=colours)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    cookies = {"crmhost_session": token, "crm_preview": theme}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    return context.new_page()


@pytest.mark.parametrize("theme", ["default", "almanac"])
def test_no_component_is_hard_to_use(chromium: Browser, served: tuple[str, str], theme: str) -> None:
    """axe finds nothing, in the dark and on a phone neither, no script fails, no page is wider than the window."""
    page = opened(chromium, served, theme=theme)
    wrong: list[tuple[str, ...]] = []
    known: set[str] = set()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    listen(page, lambda said: wrong.append((page.url, said)))
    for name in ADDRESSES:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"/dev/gallery/{name}")
        page.wait_for_function(QUIET)
        if name == "list":
            page.locator("[data-select]:visible").first.check()
            expect(page.locator("[data-bulk]")).to_be_visible()
        wrong += [(name, *one) for one in violations(page, rules=COLOURLESS)]
        for width in (1440, 390):
            wrong += [(name, "wider than the window", html) for html in wider(page, width)]
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
                page.evaluate("() => new Promise(requestAnimationFrame)")
                wrong += [(name, colours, str(width), *one) for one in unreadable(page, known)]
        wrong += [(name, "on a phone", *one) for one in violations(page, runOnly=LAYOUT)]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert wrong == []
    page.context.close()


def test_paper_shows_what_was_asked_for_and_nothing_else(chromium: Browser, served: tuple[str, str]) -> None:
    """In print the frame is gone, ink is black on white also in the dark, heads of tables repeat, all rows are there."""
    page = opened(chromium, served, colours="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.goto("/dev/gallery/list", wait_until="networkidle")
    for part in (".crm-side", ".crm-top", ".crm-bar", ".crm-pager", "[data-select-all]", "#toasts"):
        assert not page.locator(part).first.is_visible(), part
    expect(page.locator(".crm-table tbody tr").last).to_be_visible()
    assert page.locator("thead").evaluate("head => getComputedStyle(head).display") == "table-header-group"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.locator(".crm-table tbody td").nth(2).evaluate("cell => getComputedStyle(cell).color")
    assert ground == "rgb(255, 255, 255)"
    assert ink == "rgb(0, 0, 0)"
    page.goto("/dev/gallery/charts", wait_until="networkidle")
    expect(page.locator(".crm-chart svg").first).to_be_visible()
    assert not page.locator(".tools").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000
    page.context.close()


def test_what_is_not_wanted_does_not_move_and_forced_colours_keep_what_matters(
    chromium: Browser, served: tuple[str, str]
) -> None:
    """With reduced motion nothing is animated; with forced colours borders and the focus are there, charts keep their colours."""
    page = opened(chromium, served)
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    page.goto("/dev/gallery/charts", wait_until="networkidle")
    moving = page.evaluate("document.getAnimations().filter(one => one.playState === 'running').length")
    assert moving == 0
    four = page.locator(".crm-chart").nth(4)
    strokes = four.evaluate(
        "place => [...place.querySelectorAll('path.line')].map(path => getComputedStyle(path).stroke)"
    )
    assert len(set(strokes)) == len(strokes) == 4
    four.focus()
    expect(four.locator(".crm-picture")).to_have_count(0)
    strokes = four.evaluate(
        "place => [...place.querySelectorAll('svg path[stroke]')].map(path => path.getAttribute('stroke'))"
    )
    assert len({stroke for stroke in strokes if stroke.startswith("rgb")}) >= 4
    four.evaluate("place => place.blur()")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.context.close()


def test_every_page_of_the_gallery_is_looked_at() -> None:
    """The list of addresses has all of them, and all templates are shown."""
    folder = Path(__file__).parents[2] / "crmhost" / "web" / "templates" / TEMPLATES
    assert len(ADDRESSES) == len(PAGES)
    assert {path.stem for path in folder.glob("*.html")} == {
        "base", "cell", "signs", "forms", "list", "parts", "record", "overlays", "charts",
    }  # fmt: skip


def test_lines_are_added_put_in_order_removed_and_added_up(chromium: Browser, served: tuple[str, str]) -> None:
    """By keyboard and pointer, on a phone too; the totals follow what is typed, and a removed line comes back."""
    page = opened(chromium, served, width=390)
    page.goto("/dev/gallery/forms", wait_until="networkidle")
    editor = page.locator("[data-lines]")
    total = editor.locator(".crm-line-sums .total dd")
    expect(total).to_have_text("€1,198.79")
    editor.get_by_role("button", name="Add line").click()
    page.keyboard.type("Assembly")
    added = editor.locator("[data-id]").last
    added.get_by_label("Quantity").fill("1.5")
    added.get_by_label("Unit price").fill("100")
    expect(total).to_have_text("€1,378.79")
    expect(added.locator("[data-line-amount]")).to_have_text("€150.00")
    movable(added.get_by_role("button", name="Move this line", exact=True)).focus()
    for key in ("Space", "ArrowUp", "ArrowUp", "ArrowUp", "Space"):
        page.keyboard.press(key)
    expect(editor.get_by_label("Title").first).to_have_value("Assembly")
    editor.get_by_role("button", name="Remove this line").first.click()
    expect(total).to_have_text("€1,198.79")
    page.keyboard.press("Enter")
    expect(total).to_have_text("€1,378.79")
    editor.get_by_label("Discount on everything").fill("much")
    expect(editor.locator("[data-line-totals]")).to_contain_text("Correct what is marked")
    page.context.close()
