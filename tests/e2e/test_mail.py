"""A mail to a contact in a real browser: begun with a template, looked at in its frame, sent with a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.mail import patterns
from crmhost.core.mail.models import MailMessage
from tests.keyboard import loaded

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def test_a_mail_is_looked_at_and_sent(place: Place, open_tab: Callable[..., Page]) -> None:
    """The frame shows it filled in, runs nothing in it, and what was typed stays when it is looked at."""
    site = place.site()
    hostile = '<p onclick="x()">Dear ##CONTACT-FNAME##<script>parent.document.title = "mine"</script></p>'
    with site.work() as work, work.begin():
        contact = contacts.create(work, {"first_name": "Ann", "email": "ann@example.org"}).id
        patterns.save(
            work,
            None,
            {"name": "Welcome", "kind": "html", "subject": "Hi {{ contact.first_name }}", "content": hostile},
        )
    page = open_tab(place, sites.session_token(site))
    page.goto(f"/contacts/{contact}")
    page.get_by_role("link", name="Send e-mail").click()
    expect(page.get_by_label("Begin with")).to_be_visible()
    loaded(page)
    page.get_by_label("Begin with").select_option(label="Welcome")
    expect(page.get_by_label("Subject")).to_have_value("Hi {{ contact.first_name }}")
    page.get_by_label("Subject").fill("Hello {{ contact.first_name }}")
    page.get_by_role("button", name="Preview").click()
    frame = page.frame_locator("iframe[name=mail-preview]")
    expect(frame.get_by_text("Dear Ann").first).to_be_visible()
    expect(frame.get_by_text("Hello Ann")).to_be_visible()
    assert page.title().startswith("E-mail to Ann")
    page.get_by_label("Attachments").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"one"})
    page.get_by_role("button", name="Send e-mail").click()
    expect(page.locator("#toasts")).to_contain_text("Mails stay on this site")
    page.goto(f"/contacts/{contact}/mail?template=1")
    assert violations(page) == []
    with site.sessions() as session:
        sent = session.scalars(select(MailMessage)).one()
    assert sent.subject == "Hello Ann"
    assert "script" not in sent.html
    assert [item["name"] for item in sent.attachments] == ["a.txt"]
    site.close()
