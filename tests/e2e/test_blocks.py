"""Mails of blocks in a real browser: begun with a layout, blocks dragged and moved by keys, saved, looked at in the dark."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from crmhost.core.contacts import services as contacts
from crmhost.core.mail import patterns
from tests.pointer import drop, lift

from .conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

#: What says so in place of the letters of a block's name.
HOSTILE = "<img src=x onerror='window.ran = 1'>"


def kinds(page: Page) -> list[str]:
    """The types of the blocks in their order, as they would be sent; those in columns in brackets."""
    document = json.loads(page.locator("textarea[name=blocks]").input_value())
    return [
        str([one["type"] for column in block["columns"] for one in column]) if "columns" in block else block["type"]
        for block in document["blocks"]
    ]


def test_a_mail_of_blocks_is_put_together_and_saved(place: Place, open_tab: Callable[..., Page]) -> None:
    """By pointer and by keys alone; each step can be undone, the preview follows, and what somebody else saved is not lost."""
    site = place.site()
    with site.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ann", "email": "ann@example.org"})
    page = open_tab(place, sites.session_token(site), forgiven=("409",))
    page.goto("/mail/templates/new")
    page.get_by_label("Name of the template").fill("May")
    page.get_by_label("Written in").select_option("blocks")
    blocks = page.get_by_role("list", name="Blocks of the mail")
    page.get_by_role("button", name="Plain letter").click()
    assert kinds(page) == ["text", "text", "footer"]
    # Dragged from the palette to the top, then by its grip to the end.
    palette = page.get_by_role("group", name="Add a block")
    palette.get_by_role("button", name="Heading").hover()
    page.mouse.down()
    first = blocks.locator("> li").first.bounding_box()
    assert first
    drop(page, first["x"] + 120, first["y"] - 4, blocks.locator("> .btn[data-add=heading]:first-child"))
    assert kinds(page) == ["heading", "text", "text", "footer"]
    panel = page.get_by_role("group", name="The chosen block")
    panel.get_by_label("Text", exact=True).fill(HOSTILE)
    expect(blocks.get_by_role("button", name=HOSTILE).first).to_be_visible()
    panel.get_by_label("Text", exact=True).fill("Dear ")
    panel.get_by_label("Insert personalisation").select_option(label="First name")
    expect(panel.get_by_label("Text", exact=True)).to_have_value("Dear {{ contact.first_name }}")
    lift(blocks.get_by_role("button", name="Move Heading"))
    last = blocks.locator("> li").last.bounding_box()
    assert last
    drop(page, last["x"] + 20, last["y"] + last["height"] - 4, blocks.locator("> li:last-child").get_by_text("Dear"))
    assert kinds(page) == ["text", "text", "footer", "heading"]
    # By keys: lifted to the top again, columns added after it, a block put into one of them.
    grip = blocks.get_by_role("button", name="Move Heading")
    grip.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert kinds(page) == ["heading", "text", "text", "footer"]
    expect(grip).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Add after it").press("Enter")
    page.get_by_role("menuitem", name="Two columns").press("Enter")
    page.get_by_role("button", name="Add to this column (Right column)").press("Enter")
    palette.get_by_role("button", name="Button").press("Enter")
    expect(blocks.get_by_text("Missing: Text on the button, Address")).to_be_visible()
    panel.get_by_label("Text on the button", exact=True).fill("Book")
    panel.get_by_label("Address", exact=True).fill("example.org/may")
    panel.get_by_label("Address", exact=True).press("Tab")
    expect(blocks.get_by_text("Missing:")).to_have_count(0)
    assert kinds(page) == ["heading", "['button']", "text", "text", "footer"]
    blocks.get_by_role("button", name="Text: {{ sender.signature }}").locator("..").locator(".pick").press(
        "Alt+ArrowUp"
    )
    page.keyboard.press("Delete")
    assert kinds(page) == ["heading", "['button']", "text", "footer"]
    page.keyboard.press("Control+z")
    assert kinds(page) == ["heading", "['button']", "text", "text", "footer"]
    assert page.evaluate("window.ran") is None
    # The preview follows, in the reader's colours too.
    page.get_by_label("Subject").fill("Hello")
    page.get_by_role("button", name="Dark").click()
    frame = page.frame_locator("#mail-preview")
    expect(frame.get_by_role("heading", name="Dear Ann")).to_have_css("color", "rgb(232, 234, 237)")
    expect(frame.get_by_role("link", name="Book")).to_have_attribute("href", "https://example.org/may")
    assert violations(page) == []
    page.get_by_role("button", name="Save template").click()
    expect(page.locator("#toasts")).to_contain_text("was saved")
    expect(blocks.get_by_text("Book", exact=True)).to_be_visible()
    # Somebody else saves meanwhile: both versions are shown, and mine is kept.
    with site.work() as work, work.begin():
        row = patterns.all_templates(work)[0]
        theirs = json.dumps({"blocks": [{"type": "heading", "text": "Their words"}]})
        patterns.save(work, row.id, {"name": "May", "kind": "blocks", "content": theirs})
    blocks.get_by_text("Book", exact=True).click()
    panel.get_by_label("Text on the button", exact=True).fill("Book now")
    page.get_by_role("button", name="Save template").click()
    both = page.get_by_role("group", name="Blocks")
    expect(both).to_contain_text("Their words")
    expect(both).to_contain_text("Book now")
    page.get_by_role("button", name="Save").click()
    expect(blocks.get_by_text("Book now", exact=True)).to_be_visible()
    # The source, to go on with.
    page.get_by_role("button", name="Source (MJML)").click()
    expect(page.get_by_role("textbox", name="MJML of this mail")).to_have_value(re.compile("<mj-button"))
    page.get_by_role("button", name="Edit as source").click()
    page.get_by_role("dialog").get_by_role("button", name="Edit as source").click()
    expect(page.get_by_role("textbox", name="Content")).to_have_value(re.compile("<mj-button"))
    expect(page.get_by_label("Written in")).to_have_value("mjml")
    site.close()
