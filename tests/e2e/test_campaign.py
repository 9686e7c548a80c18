"""A campaign in a real browser: from the template to the figures, with mails that arrive and somebody who unsubscribes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.settings import services as settings
from crmhost.site import Site
from crmhost.work.runner import Runner
from tests.keyboard import loaded
from tests.peers import smtp

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def run_jobs(site: Site) -> None:
    """What the workers of the site do."""
    runner = Runner(site, threads=1)
    try:
        runner.until_idle()
    finally:
        runner.close()


def test_a_campaign_from_the_template_to_the_figures(place: Place, open_tab: Callable[..., Page]) -> None:
    """Written in five steps, back and forth without losing a word, sent once to each; one of them unsubscribes."""
    site = place.site()
    with smtp.server() as peer, site.work() as work:
        with work.begin():
            values = {
                "transport": "smtp",
                "from": "hello@example.com",
                "smtp_host": "127.0.0.1",
                "smtp_security": "none",
            }
            settings.set_many(work, {f"mail.{key}": value for key, value in values.items()})
            settings.set_many(work, {"mail.smtp_port": str(peer.port)})
            for name in ("Ann", "Bob"):
                contacts.create(work, {"first_name": name, "email": f"{name.lower()}@example.org"})
            contacts.create(work, {"first_name": "Cem"})
        page = open_tab(place, sites.session_token(site))
        page.goto("/campaigns/")
        page.get_by_role("link", name="New campaign").last.click()
        page.get_by_role("button", name="Next: name and subject").click()
        page.get_by_label("Name of the campaign").fill("Spring")
        page.get_by_label("Subject", exact=True).fill("News for ")
        loaded(page)
        page.get_by_label("Insert personalisation").select_option(label="First name")
        expect(page.get_by_label("Subject", exact=True)).to_have_value("News for {{ contact.first_name }}")
        page.get_by_label("Subject", exact=True).press("Enter")
        expect(page.get_by_text("Everybody", exact=True)).to_be_visible()
        loaded(page)
        page.get_by_text("Everybody", exact=True).click()
        expect(page.get_by_text("people of 3 who match")).to_be_visible()
        expect(page.get_by_text("have no e-mail address")).to_be_visible()
        page.get_by_role("button", name="Name and subject").click()
        expect(page.get_by_label("Subject", exact=True)).to_have_value("News for {{ contact.first_name }}")
        page.get_by_role("button", name="Content").click()
        editor = page.locator(".ProseMirror")
        editor.click()
        page.keyboard.press("Control+Home")
        page.keyboard.type("Spring is here.")
        frame = page.frame_locator("iframe[name=mail-preview]")
        expect(frame.get_by_text("Spring is here.").first).to_be_visible()
        page.get_by_role("button", name="Next: review").click()
        expect(page.get_by_text("Unsubscribe line is there")).to_be_visible()
        loaded(page)
        page.get_by_role("button", name="Send to 2 people").click()
        page.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("Being prepared")).to_be_visible()
        address = page.url
        run_jobs(site)
        # The page looks again by itself.
        expect(page.locator(".crm-head").get_by_text("Sent", exact=True)).to_be_visible()
        assert sorted(taken.recipients[0] for taken in peer.taken) == ["ann@example.org", "bob@example.org"]
        mail = next(taken.mail for taken in peer.taken if taken.recipients == ["ann@example.org"])
        assert mail["Subject"] == "News for Ann"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        unsubscribe = mail["List-Unsubscribe"].strip("<>")
        assert page.request.get(unsubscribe).ok
        assert page.request.post(unsubscribe, form={"List-Unsubscribe": "One-Click"}).ok
        run_jobs(site)
        page.goto(f"{address}/recipients?figure=unsubscribed")
        expect(page.get_by_text("ann@example.org").first).to_be_visible()
        expect(page.get_by_text("bob@example.org")).to_have_count(0)
    site.close()
