"""Files in a real browser: sending in parts, a connection that breaks, and contents that would like to run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from bench import sites
from bench.load import Server
from bench.sites import Place
from crmhost.api import contacts
from crmhost.host import lifecycle
from tests.e2e.conftest import violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

HTML = b"<!doctype html><script>fetch('/files/run'); document.title = 'run'</script>"


def test_files_are_sent_and_never_run(
    place: Place, open_tab: Callable[..., Page], serve: Callable[..., Server]
) -> None:
    """A part that gets lost is sent again by itself; a page that calls itself a picture is refused, or saved and not run."""
    site = place.site()
    lifecycle.enable(site, ["files"], try_first=False)
    with site.work() as work, work.begin():
        ann = contacts.create(work, {"first_name": "Ann"}).id
    token = sites.session_token(site)
    site.close()
    page = open_tab(serve(place), token, forgiven=("422", "ERR_FAILED"))
    page.goto(f"/contacts/{ann}?tab=files")
    lost: list[str] = []

    def lose_second(route: Route) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0" and not lost:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/files/uploads/**", lose_second)
    large = {"name": "roof.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + b"x" * 6_000_000}
    page.get_by_label("Drop files here").set_input_files([large])
    expect(page.get_by_role("link", name="roof.pdf", exact=True)).to_be_visible()
    assert len(lost) == 1
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"hi"}
    lying = {"name": "photo.png", "mimeType": "image/png", "buffer": HTML}
    page.get_by_label("Drop files here").set_input_files([lying, note])
    expect(page.get_by_role("alert")).to_contain_text("not allowed")
    expect(page.get_by_text("Done", exact=True).first).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="note.txt", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="photo.png", exact=True)).to_have_count(0)
    assert violations(page) == []
    assert wider(page, 390) == []
    page.goto("/settings/page/files")
    page.get_by_label("Allowed types").fill("pictures, pdf, text, other")
    page.get_by_role("button", name="Save").first.click()
    page.goto(f"/contacts/{ann}?tab=files")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Drop files here").set_input_files([lying])
    page.get_by_role("link", name="photo.png", exact=True).click()
    expect(page.get_by_role("heading", name="photo.png")).to_be_visible()
    assert violations(page) == []
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download", exact=True).click()
    assert saved.value.path().read_bytes() == HTML
    assert not [url for url in asked if url.endswith("/files/run")]
    assert page.title() != "run"
