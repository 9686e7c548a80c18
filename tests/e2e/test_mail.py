"""A mail to a contact in a real browser: begun with a template, looked at in its frame, sent with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from bench import sites
from bench.load import Server, free_port
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.mail import patterns
from crmhost.core.mail.models import MailMessage
from tests.peers import browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def violations(page: Page, path: str) -> list[tuple[str, list[str]]]:
    """Rules of WCAG that a page breaks, as far as axe can see."""
    page.goto(path)
    found = Axe().run(page).response["violations"]
    return [(f"{path}: {rule['id']}", [node["html"] for node in rule["nodes"]]) for rule in found]


def test_a_mail_is_looked_at_and_sent(tmp_path: Path) -> None:
    """The frame shows it filled in, runs nothing in it, and what was typed stays when it is looked at."""
    place = Place("mail", tmp_path, f"sqlite:///{tmp_path}/mail.sqlite")
    sites.set_up(place)
    site = place.site()
    hostile = '<p onclick="x()">Dear ##CONTACT-FNAME##<script>parent.document.title = "mine"</script></p>'
    with site.work() as work, work.begin():
        contact = contacts.create(work, {"first_name": "Ann", "email": "ann@example.org"}).id
        patterns.save(
            work,
            None,
            {"name": "Welcome", "kind": "html", "subject": "Hi {{ contact.first_name }}", "content": hostile},
        )
    token = sites.session_token(site)
    server = Server(place, free_port(), kind="waitress")
    try:
        with browser.opened() as chromium:
            base = f"http://127.0.0.1:{server.port}"
            context = chromium.new_context(base_url=base)
            context.set_default_timeout(20_000)
            context.add_cookies([{"name": "crmhost_session", "value": token, "url": base}])
            page = context.new_page()
            complaints: list[str] = []
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
            page.goto(f"/contacts/{contact}")
            page.get_by_role("link", name="Send e-mail").click()
            page.get_by_label("Begin with").select_option(label="Welcome")
            expect(page.get_by_label("Subject")).to_have_value("Hi {{ contact.first_name }}")
            page.get_by_label("Subject").fill("Hello {{ contact.first_name }}")
            page.get_by_role("button", name="Preview").click()
            frame = page.frame_locator("iframe[name=mail-preview]")
            expect(frame.get_by_text("Dear Ann").first).to_be_visible()
            expect(frame.get_by_text("Hello Ann")).to_be_visible()
            assert page.title().startswith("E-mail to Ann")
            page.get_by_label("Attachments").set_input_files(
                {"name": "a.txt", "mimeType": "text/plain", "buffer": b"one"}
            )
            page.get_by_role("button", name="Send e-mail").click()
            expect(page.locator("#toasts")).to_contain_text("Mails stay on this site")
            assert complaints == []
            for path in (
                "/settings/mail/",
                "/settings/mail/returned",
                "/settings/mail/accounts/new",
                "/mail/templates/1",
            ):
                assert violations(page, path) == []
            for path in ("/settings/mail/log/", "/settings/mail/log/1", f"/contacts/{contact}/mail?template=1"):
                assert violations(page, path) == []
            context.close()
    finally:
        server.close()
    with site.sessions() as session:
        sent = session.scalars(select(MailMessage)).one()
    assert sent.subject == "Hello Ann"
    assert "script" not in sent.html
    assert [item["name"] for item in sent.attachments] == ["a.txt"]
    site.close()
