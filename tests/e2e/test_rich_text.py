"""Rich text in a real browser: a template written with the keyboard, looked at, sent to a real server; hostile HTML pasted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.mail import patterns
from crmhost.core.settings import services as settings
from crmhost.site import Site
from crmhost.work.runner import Runner
from tests.keyboard import loaded
from tests.peers import smtp

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
#: What is pasted by who means harm, and by office programs.
HOSTILE = """
<p onclick="window.ran = 1" style="color: red">fine<script>window.ran = 1</script></p><img src=x onerror="window.ran = 1">
<a href="javascript:window.ran=1">one</a><a href=" java&#10;script:window.ran=1">two</a><a href="data:text/html,x">three</a>
<template><img src=x onerror="window.ran = 1"></template><p class="MsoNormal"><o:p>office</o:p><b>bold</b></p>
<form action="https://example.org"><input name="nodeName"><input name="attributes"></form>
<span data-placeholder="x }} {% for a in b %} {{ y">odd</span>
<svg><style><img src=x onerror="window.ran = 1"></style></svg><math><mtext></form><form><mglyph><style></math>
<img src=x onerror="window.ran = 1"><iframe srcdoc="<script>parent.ran = 1</script>"></iframe><img src="data:image/svg+xml,x">
"""
PASTE = """([kind, data]) => {
  const transfer = new DataTransfer();
  transfer.setData(kind, data);
  const event = new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
}"""


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    """A site with one contact."""
    site = place.site()
    with site.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ann", "email": "ann@example.org"})
    yield site
    site.close()


@pytest.fixture
def page(site: Site, place: Place, open_tab: Callable[..., Page]) -> Page:
    """A tab of the admin, who may be shown two versions."""
    return open_tab(place, sites.session_token(site), forgiven=("409",))


def content(page: Page) -> str:
    """The field's value, as it would be sent."""
    return page.locator("textarea[name=content]").input_value()


def test_a_template_is_written_by_keyboard_and_arrives(site: Site, page: Page) -> None:
    """Headings, marks, lists, a link, a button, a picture and a placeholder reach both parts of the mail."""
    with smtp.server() as peer:
        with site.work() as work, work.begin():
            values = {
                "mail.transport": "smtp",
                "mail.from": "Atelier <hello@example.com>",
                "mail.smtp_host": "127.0.0.1",
                "mail.smtp_port": peer.port,
                "mail.smtp_security": "none",
            }
            settings.set_many(work, values)
        page.goto("/mail/templates/new")
        page.get_by_label("Name of the template").fill("Welcome")
        page.get_by_label("Subject").fill("Hi {{ contact.first_name }}")
        text = page.locator("[contenteditable=true]").and_(page.get_by_role("textbox", name="Content"))
        text.press("Alt+F10")
        page.get_by_role("combobox", name="Paragraph style").select_option("heading1")
        expect(text).to_be_focused()
        page.keyboard.type("Hello {{")
        page.keyboard.type("first")
        page.keyboard.press("Enter")
        expect(text.get_by_text("First name", exact=True)).to_be_visible()
        page.keyboard.press("Enter")
        page.keyboard.press("Control+b")
        page.keyboard.type("Bold")
        page.keyboard.press("Control+b")
        page.keyboard.type(" words")
        page.keyboard.press("Enter")
        page.keyboard.type("- apples")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.keyboard.press("Control+Shift+k")
        page.get_by_label("Address", exact=True).fill("example.org/a")
        page.get_by_label("Text of the link").fill("our page")
        page.get_by_role("button", name="Apply").click()
        expect(text.get_by_text("our page")).to_be_visible()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Button").click()
        page.get_by_label("Address", exact=True).fill("javascript:alert(1)")
        page.get_by_label("Text on the button").fill("Book now")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.get_by_label("Address", exact=True).fill("https://example.org/book")
        page.get_by_role("button", name="Apply").click()
        page.get_by_role("button", name="Picture").click()
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": PIXEL}
        )
        page.get_by_label("Description").fill("Our house")
        page.get_by_role("button", name="Apply").click()
        expect(text.get_by_role("img", name="Our house")).to_be_visible()
        assert "<h1>Hello {{ contact.first_name }}</h1>" in content(page)
        assert "<ul><li>apples</li></ul>" in content(page)
        # The preview follows by itself.
        frame = page.frame_locator("#mail-preview")
        expect(frame.get_by_role("heading", name="Hello Ann")).to_be_visible()
        expect(frame.get_by_role("link", name="Book now")).to_be_visible()
        page.get_by_role("button", name="Phone").click()
        assert page.locator("#mail-preview").evaluate("frame => frame.getBoundingClientRect().width") < 380
        assert violations(page) == []
        # Once: a second form on its way would save it again.
        text.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("was saved")
        expect(page.get_by_role("textbox", name="Content").get_by_text("First name", exact=True)).to_be_visible()
        page.get_by_role("button", name="Send a test to me").click()
        expect(page.locator("#toasts")).to_contain_text("on its way")
        runner = Runner(site)
        runner.until_idle()
        runner.close()
        (taken,) = peer.taken
    html, plain = taken.part("html"), taken.part("plain")
    assert "Hello Ann</h1>" in html
    assert "<strong>Bold</strong> words" in html
    assert "background-color:#3b4fd8" in html
    assert 'src="cid:picture-' in html
    assert "javascript" not in html
    assert "Hello Ann" in plain
    assert "example.org/book" in plain
    assert [part.get_content_type() for part in taken.mail.walk() if part.get_content_maintype() == "image"] == [
        "image/png"
    ]


def test_hostile_html_is_harmless_and_nothing_typed_is_lost(site: Site, page: Page) -> None:
    """What the editor can't hold is never dropped unasked, a draft comes back, and the second to save sees both versions."""
    page.goto("/mail/templates/new")
    text = page.locator("[contenteditable=true]").and_(page.get_by_role("textbox", name="Content"))
    text.click()
    page.evaluate(PASTE, ["text/html", HOSTILE])
    page.evaluate(PASTE, ["text/plain", "Dear {{ contact.last_name }}"])
    expect(text).to_contain_text("office")
    assert page.evaluate("window.ran") is None
    for word in ("script", "onerror", "iframe", "data:", "style", "<form", "class"):
        assert word not in content(page), word
    assert "{{ contact.last_name }}" in content(page)
    # The source is one key away; what was written there comes back as rich text, or stays as source.
    page.keyboard.press("Control+Alt+h")
    source = page.get_by_role("textbox", name="Content")
    source.fill("<p>Dear {{ contact.first_name }}</p>")
    page.keyboard.press("Control+Alt+h")
    expect(text.get_by_text("First name", exact=True)).to_be_visible()
    page.get_by_role("button", name="HTML source").click()
    source.fill("<table><tr><td>kept</td></tr></table>")
    page.get_by_role("button", name="HTML source").click()
    page.get_by_role("button", name="Cancel").click()
    assert content(page) == "<table><tr><td>kept</td></tr></table>"
    source.fill("<p>A draft of {{ contact.first_name }}</p>")
    page.wait_for_function("() => sessionStorage.getItem('crm-draft:mail_template.new')?.includes('A draft')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("button", name="Bring it back").click()
    expect(text).to_contain_text("A draft of First name")
    page.get_by_label("Name of the template").fill("Mine")
    page.get_by_role("button", name="Save template").click()
    expect(page.locator("#toasts")).to_contain_text("was saved")
    # Somebody else saves it while this page is open.
    with site.work() as work, work.begin():
        row = patterns.all_templates(work)[0]
        patterns.save(work, row.id, {"name": "Theirs", "kind": "rich", "content": "<p>their words</p>"})
    text.click()
    page.keyboard.type("my words")
    page.get_by_role("button", name="Save template").click()
    both = page.get_by_role("group", name="Content")
    expect(both).to_contain_text("their words")
    expect(both.get_by_role("radio", name="Yours")).to_be_checked()
    expect(both).to_contain_text("my words")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("“Theirs” was saved")
    # Another kind of text takes the words along.
    kind = page.get_by_label("Written in")
    loaded(page)
    kind.select_option("text")
    expect(source).to_have_value("A draft of {{ contact.first_name }}my words")
    kind.select_option("rich")
    expect(text.get_by_text("First name", exact=True)).to_be_visible()
    text.press("Control+a")
    page.keyboard.press("Control+b")
    kind.select_option("text")
    page.get_by_role("button", name="Cancel").click()
    expect(kind).to_have_value("rich")
    assert "<strong>" in content(page)
    kind.select_option("mjml")
    expect(source).to_have_value(re.compile("<mj-text>.*<strong>", re.DOTALL))
