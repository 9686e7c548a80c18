"""Every page that an admin can open, found from the URL map, and those for clients: for everybody, as narrow as a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from bench import sites
from bench.load import Server
from bench.sites import Place
from crmhost.host import lifecycle
from crmhost.testing import Clock, Host
from crmhost.web.static import digest_of
from plugins.portal.frame import COOKIE
from tests import clients, papers
from tests.filled import fill

from .addresses import pages
from .colours import COLOURLESS, unreadable
from .conftest import AXE, LAYOUT, PATIENCE, listen, violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

#: Waits until the page is whole, shortens it and brings axe, by its address, so that the browser compiles it once.
#:
#: Rows of a long list look like those before them: looking at each takes most of the time.
PREPARE = """async ([axe, patience]) => {
    const until = performance.now() + patience;
    while (document.querySelector("[aria-busy=true], .htmx-request")) {
        if (performance.now() > until) throw new Error("The page still waits for a part.");
        await new Promise(requestAnimationFrame);
    }
    document.querySelectorAll("tbody > tr:nth-child(n+13), .crm-cards > li:nth-child(n+13)").forEach((one) => one.remove());
    const script = document.createElement("script");
    script.src = axe;
    await new Promise((loaded, failed) => {
        script.onload = loaded;
        script.onerror = () => failed(new Error("The page refuses axe."));
        document.head.append(script);
    });
}"""
#: What is not shown need not be laid out anew for the next page's window.
HIDE = "() => { document.documentElement.style.display = 'none'; }"

MANIFEST = """id = "{name}"
name = "Plugin {name}"
version = "1.0"
api = ">=1,<2"
summary = "For the tests."
author = "crmhost"
licence = "MIT"
"""
PLUGIN = """from crmhost.api import Setting, Widget
from crmhost.hooks import hookimpl

class Plugin:
    @hookimpl
    def settings(self):
        return [Setting(key="{name}.word", label="Word", default="")]

    @hookimpl
    def dashboard_widgets(self):
        return [Widget(id="late", title="Late", render=lambda work: "<p>Here it is</p>", lazy=True, order=900)]
"""


def further_plugins(folder: Path) -> str:
    """Adds two plugins with what the bundled ones leave out: settings, and a box of the dashboard that comes late; gives the
    address of axe, which the first brings along.
    """
    for name in ("late", "off"):
        (folder / name).mkdir(parents=True)
        (folder / name / "plugin.toml").write_text(MANIFEST.format(name=name))
        (folder / name / "__init__.py").write_text(PLUGIN.format(name=name))
    files = folder / "late" / "static"
    files.mkdir()
    (files / "axe.js").write_text(AXE)
    return f"/static/{digest_of(files)}/late/axe.js"


def test_every_page(place: Place, serve: Callable[..., Server], open_tab: Callable[..., Page]) -> None:
    """axe finds nothing, in the light, in the dark and on a phone; no script fails; all fits 390 and 320 px."""
    axe = further_plugins(place.home / "plugins")
    site = place.site("test")
    fill(site, contacts=40)
    lifecycle.enable(site, ["late", "off"], try_first=False)
    lifecycle.disable(site, ["off"])
    token, client = sites.session_token(site), clients.session_token(site, 7)
    server = serve(place)
    addresses, missed = pages(Host(site, Clock()), server.port, token)
    addresses += [*papers.linked(site).values(), *papers.portal(site).values()]
    site.close()
    # The one needs an update that asks for more, the other an upload under way, whose state is no page.
    assert missed == ["extensions.review", "files.files_uploads.state"]
    assert len(addresses) > 60
    # A colour that is changing is none to measure.
    page = open_tab(server, token, reduced_motion="reduce")
    page.goto("/login")
    page.context.add_cookies([{"name": COOKIE, "value": client, "url": page.url}])
    wrong: list[tuple[str, ...]] = []
    known: set[int] = set()
    listen(page, lambda said: wrong.append((page.url, said)))
    for address in addresses:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(address)
        page.evaluate(PREPARE, [axe, PATIENCE])
        wrong += [(address, "light", *one) for one in violations(page, rules=COLOURLESS)]
        wrong += [(address, "light", *one) for one in unreadable(page, known)]
        page.emulate_media(color_scheme="dark")
        wrong += [(address, "dark", *one) for one in unreadable(page, known)]
        wrong += [(address, "at 390 px", one) for one in wider(page, 390)]
        wrong += [(address, "on a phone", *one) for one in violations(page, runOnly=LAYOUT)]
        wrong += [(address, "dark, on a phone", *one) for one in unreadable(page, known)]
        wrong += [(address, "at 320 px", one) for one in wider(page, 320)]
        page.evaluate(HIDE)
    assert wrong == []
