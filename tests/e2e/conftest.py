"""A site that is served, a browser whose complaints fail the test, and what is asked of every page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bench.load import Server, Start, free_port
from bench.sites import Place
from tests.peers import browser

#: Milliseconds; a machine that runs other tests beside is slow at times.
PATIENCE = 20_000
#: Rules of axe that another layout can break.
LAYOUT = ["scrollable-region-focusable", "aria-hidden-focus", "button-name", "link-name"]
AXE = Axe().axe_script
#: Waits for what moves or fades to come to its end: a colour that is changing is none to measure.
SETTLED = """await Promise.allSettled(document.getAnimations()
    .filter(one => Number.isFinite(one.effect?.getComputedTiming().endTime)).map(one => one.finished));"""
#: Parts that make a page wider than its window.
WIDER = """() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [`${scrollWidth} px in ${clientWidth}`, ...[...document.querySelectorAll("body *")]
        .filter(one => one.getBoundingClientRect().right > clientWidth + 1).slice(0, 4).map(one => one.outerHTML.slice(0, 120))];
}"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    expect.set_options(timeout=PATIENCE)
    with browser.opened() as opened:
        yield opened


@pytest.fixture
def serve(forked: Start) -> Iterator[Callable[..., Server]]:
    """Serves a place until the test is over: ``serve(place)``, by one process; it takes what :class:`Server` takes."""
    running: list[Server] = []

    def start(place: Place, **settings: Any) -> Server:
        running.append(Server(place, free_port(), **{"kind": "waitress", "start": forked} | settings))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def open_tab(chromium: Browser, serve: Callable[..., Server]) -> Iterator[Callable[..., Page]]:
    """Opens a tab: ``open_tab(server)``; for a place that is not served yet, of a site with one process.

    ``token`` is that of who is signed in, ``forgiven`` what the browser may complain of (a status such as ``404`` that the
    test asks for), other keywords are those of a browser context.
    """
    tabs: list[tuple[Page, list[str], Sequence[str]]] = []

    def opened(at: Server | Place, token: str = "", *, forgiven: Sequence[str] = (), **context: Any) -> Page:
        server = serve(at) if isinstance(at, Place) else at
        base = f"http://127.0.0.1:{server.port}"
        made = chromium.new_context(**{"base_url": base, "viewport": {"width": 1280, "height": 900}} | context)
        made.set_default_timeout(PATIENCE)
        if token:
            made.add_cookies([{"name": "crmhost_session", "value": token, "url": base}])
        tab, complaints = made.new_page(), list[str]()
        listen(tab, complaints.append)
        tabs.append((tab, complaints, forgiven))
        return tab

    yield opened
    for tab, _complaints, _forgiven in tabs:
        tab.context.close()
    for _tab, complaints, forgiven in tabs:
        assert [said for said in complaints if not any(re.search(rf"\b{word}\b", said) for word in forgiven)] == []


def listen(page: Page, tell: Callable[[str], Any]) -> None:
    """Tells what the browser complains of: errors of scripts, what the policy refuses, answers that are no success."""
    page.on("console", lambda said: tell(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: tell(str(error)))


def with_axe(page: Page, function: str, given: Any) -> Any:
    """What a function in JavaScript that asks axe gives for what it is given; axe is brought to pages that lack it."""
    ask = f"(given) => 'axe' in window ? ({function})(given) : 'no axe'"
    told = page.evaluate(ask, given)
    if told == "no axe":
        page.evaluate(AXE)
        told = page.evaluate(ask, given)
    return told


def violations(page: Page, without: Sequence[str] = (), **options: Any) -> list[tuple[str, str, str]]:
    """Rules of WCAG that the page breaks, as far as axe can see: (rule, HTML, what is wrong); options are those of axe.

    :param without: selectors of parts that are left out.
    """
    # It asks frames by messages, which those that are shut off can't answer.
    options = {"resultTypes": ["violations"], "iframes": False, **options}
    context = {"exclude": [[part] for part in without]} if without else {}
    run = f"""async ([context, options]) => {{
        {SETTLED}
        return (await axe.run({{ include: [[":root"]], ...context }}, options)).violations;
    }}"""
    found = with_axe(page, run, [context, options])
    return [(rule["id"], node["html"], node.get("failureSummary", "")) for rule in found for node in rule["nodes"]]


def wider(page: Page, width: int) -> list[str]:
    """What makes the page wider than a window of this width, in pixels; empty when nothing does."""
    page.set_viewport_size({"width": width, "height": 844})
    return list(page.evaluate(WIDER))
