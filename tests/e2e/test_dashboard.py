"""The dashboard in a real browser: the switch of its graph, arranging by mouse and keyboard, late boxes, a plugin's chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost import demo
from crmhost.host import lifecycle
from tests.keyboard import loaded
from tests.pointer import drop, lift, movable

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

MANIFEST = """id = "takings"
name = "Takings"
version = "1.0"
api = ">=1,<2"
summary = "A chart with a month below zero, and two boxes that wait for one another, for the tests."
author = "crmhost"
licence = "MIT"
icon = "flask"
"""
PLUGIN = """import pathlib, tempfile, time
from crmhost.api import Widget
from crmhost.hooks import hookimpl

MEET = pathlib.Path("{folder}")

def meets(mine, other):
    def render(work):
        (MEET / mine).touch()
        end = time.monotonic() + 15
        while not (MEET / other).exists():
            if time.monotonic() > end:
                return "<p>nobody came</p>"
            time.sleep(0.02)
        return f"<p>{{mine}} met {{other}}</p>"
    return render

def takings(work):
    from crmhost.web.api import Chart, ChartReceipt, ChartSeries, chart_box
    months = ["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    return chart_box(Chart(
        id="takings", title="What did we earn each month?", kind="bar", unit="money", currency="EUR", heading="Month",
        summary="One month is below zero.", labels=months, running="so far", sub="Last 12 months",
        series=[ChartSeries("Revenue", [48000, 32000, 0, 51000, 0, 0, 61000, 38000, -3200, 59000, 65000, 41000])],
        receipt=ChartReceipt(formula="Sum of transactions per month", counted=97, zone="UTC"),
        note="November is still running.",
    ))

class Plugin:
    @hookimpl
    def dashboard_widgets(self):
        return [
            Widget(id="takings", title="What did we earn each month?", render=takings, span=6, order=30),
            Widget(id="one", title="One", render=meets("one", "two"), lazy=True, order=900),
            Widget(id="two", title="Two", render=meets("two", "one"), lazy=True, order=901),
        ]
"""
SIZE = "({ clientWidth, clientHeight }) => [clientWidth, clientHeight]"
#: Where bars begin from above and how high they are, in pixels.
DRAWN = "bars => bars.map(({ y, height }) => [y.baseVal.value, height.baseVal.value])"


@pytest.fixture
def page(place: Place, open_tab: Callable[..., Page], tmp_path: Path) -> Page:
    """A tab of the admin of a site with some contacts and the plugin above."""
    folder = place.home / "plugins" / "takings"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(MANIFEST)
    (folder / "__init__.py").write_text(PLUGIN.format(folder=tmp_path))
    site = place.site()
    demo.load(site, contacts=60)
    lifecycle.enable(site, ["takings"], try_first=False)
    token = sites.session_token(site)
    site.close()
    return open_tab(place, token)


def test_charts_need_no_scripts(page: Page) -> None:
    """The dashboard fetches what draws charts only once somebody turns to one; the bars that stand there before are as high as
    their values say, on paper too, and without scripts the values stand below."""
    fetched: list[str] = []
    page.on("request", lambda asked: fetched.append(asked.url))
    page.goto("/", wait_until="networkidle")
    assert not [url for url in fetched if "/charts-" in url]
    takings = page.locator("#box-takings\\.takings")
    chart = takings.locator(".crm-chart")
    size = chart.evaluate(SIZE)
    chart.focus()
    expect(takings.locator(".crm-picture")).to_have_count(0)
    assert [url for url in fetched if "/charts-" in url]
    assert chart.evaluate(SIZE) == size

    assert page.context.browser is not None
    plain = page.context.browser.new_context(base_url=page.url, java_script_enabled=False)
    plain.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    still = plain.new_page()
    still.goto("/")
    for media in ("screen", "print"):
        still.emulate_media(media=media)  # type: ignore[arg-type]
        bars = still.locator("#box-takings\\.takings svg.bar").evaluate_all(DRAWN)
        values = [48000, 32000, 51000, 61000, 38000, -3200, 59000, 65000, 41000]
        assert [height / bars[0][1] for _top, height in bars] == pytest.approx(
            [abs(value) / 48000 for value in values], abs=0.02
        )
        ends = [top if value < 0 else top + height for (top, height), value in zip(bars, values, strict=True)]
        assert ends == pytest.approx([ends[0]] * len(values), abs=0.5)
        assert bars[0][1] > 50
    expect(still.locator("#box-takings\\.takings").get_by_role("cell", name="-€32.00")).to_be_visible()
    plain.close()


def titles(page: Page) -> list[str]:
    """The boxes in their order."""
    return page.locator(".crm-grid > .card > .card-header h2").all_inner_texts()


def test_the_dashboard_by_mouse_and_keyboard(page: Page) -> None:
    """The graph switches in place; late boxes are fetched at once, not one after the other; boxes are put in order and hidden."""
    page.goto("/")
    expect(page.get_by_text("one met two")).to_be_visible()
    expect(page.get_by_text("two met one")).to_be_visible()
    page.evaluate("document.body.dataset.same = 'yes'")
    arrivals = page.locator("#arrivals-box")
    expect(arrivals.locator("svg").first).to_be_visible()
    expect(arrivals).to_contain_text("last 12 weeks")
    arrivals.get_by_role("link", name="Month").focus()
    page.keyboard.press("Enter")
    expect(arrivals).to_contain_text("last 12 months")
    expect(arrivals.get_by_role("link", name="Month")).to_be_focused()
    arrivals.get_by_role("link", name="Year").click()
    expect(arrivals).to_contain_text("per year")
    assert page.evaluate("document.body.dataset.same") == "yes"
    takings = page.locator("#box-takings\\.takings")
    expect(takings.locator("svg text", has_text="so far")).to_be_visible()
    expect(takings).to_contain_text("November is still running.")

    page.get_by_role("link", name="Arrange").click()
    expect(page.get_by_role("link", name="Done")).to_be_visible()
    # Until then not all boxes need be there.
    loaded(page)
    before = titles(page)
    grip = page.get_by_role("button", name=f"Drag {before[1]}")
    movable(grip).focus()
    with page.expect_response("**/dashboard/arrange"):
        for key in (" ", "ArrowUp", " "):
            page.keyboard.press(key)
    assert titles(page)[:2] == [before[1], before[0]]
    with page.expect_response("**/dashboard/arrange"):
        lift(page.get_by_role("button", name=f"Drag {before[0]}"))
        goal = page.locator(".crm-grid > .card").nth(2).bounding_box()
        assert goal
        third = page.locator(".crm-grid > .card").nth(2).get_by_role("button", name=f"Drag {before[0]}")
        drop(page, goal["x"] + goal["width"] / 2, goal["y"] + 40, third)
    moved = titles(page)
    assert moved.index(before[0]) >= 2
    page.get_by_role("button", name="Hide One", exact=True).click()
    expect(page.get_by_role("heading", name="Hidden boxes")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("link", name="Arrange")).to_be_visible()
    expect(page.get_by_text("two met one")).to_be_visible()
    loaded(page)
    assert titles(page) == [title for title in moved if title != "One"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
