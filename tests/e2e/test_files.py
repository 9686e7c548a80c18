"""Files in a real browser: sending in parts, a connection that breaks, and contents that would like to run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from bench import sites
from bench.sites import Place
from crmhost.api import contacts
from crmhost.host import lifecycle
from tests.e2e.conftest import violations, wider

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

HTML = b"<!doctype html><script>fetch('/files/run'); document.title = 'run'</script>"


def test_files_are_sent_and_never_run(place: Place, open_tab: Callable[..., Page]) -> None:
    """A part that gets lost is sent again by itself; a page that calls itself a picture is refused, or saved and not run."""
    site = place.site()
    lifecycle.enable(site, ["files"], try_first=False)
    with site.work() as work, work.begin():
        ann = contacts.create(work, {"first_name": "Ann"}).id
    token = sites.session_token(site)
    site.close()
    page = open_tab(place, token, forgiven=("422", "ERR_FAILED"))
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
    expect(page.locator("#toasts")).to_contain_text("Saved.")
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


def test_an_upload_is_held_outlives_a_lost_sign_in_and_goes_with_an_entry(
    place: Place, open_tab: Callable[..., Page]
) -> None:
    """Paused, nothing is sent; signed out, it waits until one signs in again; a file attached to an entry stands with it."""
    site = place.site()
    lifecycle.enable(site, ["files"], try_first=False)
    with site.work() as work, work.begin():
        ann = contacts.create(work, {"first_name": "Ann"}).id
    token, again = sites.session_token(site), sites.session_token(site)
    site.close()
    page = open_tab(place, token, forgiven=("401", "400", "ERR_FAILED"))
    page.goto(f"/contacts/{ann}?tab=files")
    held: list[Route] = []

    def hold(route: Route) -> None:
        # The second part stays under way until the test lets it go.
        later = route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0"
        held.append(route) if later and not held else route.continue_()

    page.route("**/files/uploads/**", hold)
    large = {"name": "roof.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + b"x" * 11_000_000}
    with page.expect_request(lambda request: request.headers.get("upload-offset") == str(5 * 1024 * 1024)):
        page.get_by_label("Drop files here").set_input_files([large])
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    held[0].abort()
    page.context.clear_cookies(name="crmhost_session")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("You are signed out")).to_be_visible()
    assert violations(page) == []
    page.context.add_cookies([{"name": "crmhost_session", "value": again, "url": page.url.partition("/contacts")[0]}])
    with page.expect_response(lambda answer: answer.url.endswith("/finish")) as finished:
        page.get_by_role("button", name="Resume").click()
    assert finished.value.ok
    expect(page.get_by_role("link", name="roof.pdf", exact=True)).to_be_visible()
    page.goto(f"/contacts/{ann}")
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"hi"}
    page.get_by_label("Attach files").set_input_files([note])
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    page.get_by_label("What happened").fill("Called about the roof")
    page.get_by_role("button", name="Add to the journal").click()
    entry = page.get_by_role("article").filter(has_text="Called about the roof")
    expect(entry.get_by_role("link", name="note.txt")).to_be_visible()
