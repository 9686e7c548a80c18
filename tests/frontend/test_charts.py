"""Charts: drawn under the policy, told in words and as a table, saved as files."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site

REVENUE = {
    "kind": "bar",
    "heading": "Month",
    "labels": ["Sep", "Oct", "Nov"],
    "series": [{"name": "Revenue", "values": [5792000, -318000, 4163200]}],
    "format": {"kind": "money", "currency": "EUR", "digits": 2},
    "running": "so far",
}


def card(spec: dict[str, Any], *, hidden: bool = False, picture: str = "") -> str:
    own = "<p data-chart-shown>A picture of the page's own</p>" if hidden else ""
    shown = "hidden" if hidden else "data-chart-shown"
    return (
        f'<section class="card" data-chart-card data-key-scope><button data-chart-table data-key="t">Table</button>'
        f'<button data-chart-download="csv">CSV</button><button data-chart-download="svg">SVG</button>'
        f'<button data-chart-download="png">PNG</button>{own}<div class="crm-chart" {shown} role="img" tabindex="0" '
        f'aria-label="Revenue" data-chart-name="Revenue 2026?" data-chart="{html.escape(json.dumps(spec))}">{picture}</div>'
        f'<div class="crm-chart-values" data-chart-values><table><tr><td>{spec["kind"]} as a table</td></tr></table></div></section>'
    )


@pytest.mark.parametrize("kind", ["bar", "line", "rows", "pie"])
def test_chart_is_drawn(site: Site, page: Page, kind: str) -> None:
    """Each kind draws its values, and again when the theme changes."""
    site.page(
        "/",
        f'{card(REVENUE | {"kind": kind, "series": [{"name": "New", "values": [3, 5, 4]}]})}<button data-theme-choice="dark">Dark</button>',
    )
    page.goto("/")
    expect(page.locator(".crm-chart svg path").first).to_be_attached()
    before = page.locator(".crm-chart svg").evaluate("svg => svg.outerHTML")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_function("before => document.querySelector('.crm-chart svg').outerHTML !== before", arg=before)


def test_values_are_shown_and_said_by_arrow_keys(site: Site, page: Page) -> None:
    """In the reader's manner, with what is still running; Escape hides them."""
    site.page("/", card(REVENUE))
    page.goto("/")
    expect(page.locator(".crm-chart svg")).to_be_visible()
    page.get_by_role("img", name="Revenue").press("ArrowRight")
    expect(page.get_by_role("status").first).to_have_text("Sep: €57,920.00")
    expect(page.locator(".crm-chart svg text", has_text="€57,920.00")).to_be_visible()
    page.get_by_role("img", name="Revenue").press("End")
    expect(page.get_by_role("status").first).to_have_text("Nov, so far: €41,632.00")
    page.get_by_role("img", name="Revenue").press("Escape")
    expect(page.locator(".crm-chart svg text", has_text="€41,632.00")).to_be_hidden()


def test_what_draws_is_fetched_once_somebody_turns_to_a_chart(site: Site, page: Page) -> None:
    """Until then the picture of the server stands there; what is pressed meanwhile counts, and the next chart stays a picture."""
    picture = '<div class="crm-picture">As the server drew it</div>'
    site.page("/", card(REVENUE, picture=picture) + card(REVENUE | {"kind": "line"}, picture=picture))
    fetched: list[str] = []
    page.on("request", lambda asked: fetched.append(asked.url))
    page.goto("/", wait_until="networkidle")
    assert not [url for url in fetched if site.files["charts.js"] in url]
    first, second = page.locator(".crm-chart").all()
    first.press("ArrowRight")
    expect(page.get_by_role("status").first).to_have_text("Sep: €57,920.00")
    expect(first.locator("svg text", has_text="€57,920.00")).to_be_visible()
    assert [url for url in fetched if site.files["charts.js"] in url]
    expect(first.get_by_text("As the server drew it")).to_have_count(0)
    expect(second.get_by_text("As the server drew it")).to_be_visible()
    second.hover()
    expect(second.locator("svg text", has_text="Oct")).to_have_count(2)


def test_table_is_one_key_away(site: Site, page: Page) -> None:
    """T shows the table of the chart with the pointer, and the chart again."""
    site.page("/", card(REVENUE) + card(REVENUE | {"kind": "line"}))
    page.goto("/")
    second = page.locator("[data-chart-card]").nth(1)
    expect(second.locator("svg")).to_be_visible()
    second.hover()
    page.keyboard.press("t")
    expect(page.get_by_text("line as a table")).to_be_visible()
    expect(page.get_by_text("bar as a table")).to_be_hidden()
    expect(second.locator(".crm-chart")).to_be_hidden()
    page.keyboard.press("t")
    expect(second.locator("svg")).to_be_visible()
    expect(page.get_by_text("line as a table")).to_be_hidden()


@pytest.mark.parametrize("hidden", [False, True])
def test_chart_is_saved(site: Site, page: Page, tmp_path: Path, hidden: bool) -> None:
    """CSV in major units, a whole SVG with its title, a PNG, each named after the chart; also of one that stands behind a
    picture of the page's own."""
    site.page("/", card(REVENUE, hidden=hidden))
    page.goto("/")
    saved = {}
    for kind in ("CSV", "SVG", "PNG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"Revenue-2026.{kind.lower()}"
        download.value.save_as(tmp_path / kind)
        saved[kind] = (tmp_path / kind).read_bytes()
    expected = ['"Month","Revenue"', '"Sep",57920', '"Oct",-3180', '"Nov",41632']
    assert saved["CSV"].decode("utf-8-sig").split("\r\n") == expected
    assert saved["SVG"].startswith(b"<svg")
    assert b"Revenue 2026?" in saved["SVG"]
    assert saved["PNG"].startswith(b"\x89PNG")
