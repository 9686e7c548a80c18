"""Charts: drawn under the policy, readable as a table, saved as files."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site

REVENUE = {
    "kind": "bar",
    "labels": ["Sep", "Oct", "Nov"],
    "series": [{"name": "Revenue", "values": [5792000, -318000, 4163200]}],
    "format": {"kind": "money", "currency": "EUR", "digits": 2},
    "running": "so far",
}


def card(spec: dict[str, Any]) -> str:
    return (
        f'<section class="card" data-chart-card><button data-chart-table>Table</button><button data-chart-download="csv">CSV</button>'
        f'<button data-chart-download="svg">SVG</button><button data-chart-download="png">PNG</button>'
        f'<div class="crm-chart" role="img" aria-label="Revenue" data-chart-name="Revenue 2026" data-chart="{html.escape(json.dumps(spec))}"></div></section>'
    )


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
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


def test_chart_reads_as_a_table(site: Site, page: Page) -> None:
    """The table shows the values in full, in the reader's manner, and gives way to the chart again."""
    site.page("/", card(REVENUE))
    page.goto("/")
    expect(page.locator(".crm-chart svg")).to_be_visible()
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("row", name="Oct")).to_contain_text("-€3,180.00")
    expect(page.locator(".crm-chart")).to_be_hidden()
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".crm-chart svg")).to_be_visible()


def test_chart_is_saved(site: Site, page: Page, tmp_path: Path) -> None:
    """CSV in major units, a whole SVG, a PNG, each named after the chart."""
    site.page("/", card(REVENUE))
    page.goto("/")
    expect(page.locator(".crm-chart svg")).to_be_visible()
    saved = {}
    for kind in ("CSV", "SVG", "PNG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"Revenue-2026.{kind.lower()}"
        download.value.save_as(tmp_path / kind)
        saved[kind] = (tmp_path / kind).read_bytes()
    assert saved["CSV"].decode("utf-8-sig").split("\r\n") == [',"Revenue"', '"Sep",57920', '"Oct",-3180', '"Nov",41632']
    assert saved["SVG"].startswith(b"<svg")
    assert saved["PNG"].startswith(b"\x89PNG")
