"""Mails of blocks: documents checked, made clean and drawn; nothing that people write reaches the mail as markup."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crmhost.contributions import BlockField, MailBlock
from crmhost.core.mail.block_types import TYPES
from crmhost.errors import Invalid
from crmhost.mail.blocks import begin, clean, lacking, outline, to_mjml
from crmhost.mail.blocks.draw import on
from crmhost.mail.body import Body, prepare

KNOWN = {item.name: item for item in TYPES}


def cleaned(*blocks: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(clean(KNOWN, json.dumps({"blocks": blocks}), **more))
    return found


def drawn(*blocks: Mapping[str, Any], types: Mapping[str, MailBlock] = KNOWN) -> Body:
    return prepare(to_mjml(types, json.loads(clean(types, json.dumps({"blocks": blocks})))), "mjml", written=False)


def refused(document: Any) -> str:
    with pytest.raises(Invalid) as told:
        clean(KNOWN, document if isinstance(document, str) else json.dumps(document))
    return told.value.message


def test_every_block_is_drawn() -> None:
    """Each type shows what was written, placeholders stay, columns stand beside each other, both parts are made."""
    body = drawn(
        {"type": "heading", "text": 'Dear {{ contact.first_name | default: "you" }}', "level": "2", "align": "center"},
        {"type": "text", "text": "<p>Some <b>bold</b> words<br>and more</p>"},
        {"type": "picture", "src": "/storage/7?show=1", "alt": "Our <house>", "href": "https://example.org/?a=1&b=2"},
        {"type": "button", "text": "Book & pay", "href": "{{ unsubscribe.url }}"},
        {"type": "divider"},
        {"type": "spacer", "height": 40},
        {
            "type": "columns",
            "share": "1-2",
            "columns": [[{"type": "heading", "text": "Left"}], [{"type": "text", "text": "right"}]],
        },
        {"type": "html", "html": "<table><tr><td>cell</td></tr></table>"},
        {"type": "footer", "web": "https://example.org", "text": "See you"},
    )
    for part in (
        "{{ contact.first_name | default: &quot;you&quot; }}</h2>",
        "<b>bold</b>",
        'alt="Our &lt;house&gt;"',
        ' src="/storage/7?show=1"',
        'href="https://example.org/?a=1&amp;b=2"',
        'href="{{ unsubscribe.url }}"',
        "Book &amp; pay",
        "height:40px",
        "mj-column-per-33",
        ">cell</td>",
        "{{ unsubscribe.line }}",
        "{{ site.address }}",
        "prefers-color-scheme: dark",
    ):
        assert part in body.html, part
    assert body.text.startswith('Dear {{ contact.first_name | default: "you" }}')
    assert "Book & pay ({{ unsubscribe.url }})" in body.text
    assert drawn().html, "a mail without blocks is drawn too"
    assert "<img" not in drawn({"type": "picture"}).html, "a picture that was not chosen is left out"
    assert (on("#3b4fd8"), on("#ffd400")) == ("#ffffff", "#000000")


def test_what_is_wrong_is_said_of_its_block_and_field() -> None:
    """Whatever stands in the document, it is taken, made clean, or refused with a sentence that says where."""
    bad = {
        "Block 1 (Button), Address": {"type": "button", "href": "javascript:alert(1)"},
        "Block 1 (Picture), Picture": {"type": "picture", "src": "data:image/png;base64,x"},
        "Block 1 (Heading), Text": {"type": "heading", "text": "{{ never closed"},
        "Block 1 (Text), Text": {"type": "text", "text": "<p>{% if a %}open</p>"},
        "from 4 to 200": {"type": "spacer", "height": 10**30},
        "whole number": {"type": "spacer", "height": True},
        "yes or no": {"type": "footer", "address": "yes"},
        "Give a text": {"type": "heading", "text": ["x"]},
        "Choose one of": {"type": "heading", "align": "middle"},
        "no type": {"type": "hedding"},
        "with its “type”": ["heading"],
        "two columns": {"type": "columns", "columns": [[]]},
        "can't stand in a column": {"type": "columns", "columns": [[{"type": "columns", "columns": [[], []]}], []]},
        "parted": {"type": "columns", "columns": [[], []], "share": []},
        "texts, whole numbers": {"type": "gone.block", "deep": {"a": 1}},
    }
    for said, block in bad.items():
        assert said in refused({"blocks": [block]}), said
    for document in ("x", "[]", '"a"', "5", "null", "[" * 100_000, '{"blocks": {}}', "1" * 5_000):
        assert refused(document)
    assert "colour" in refused({"blocks": [], "look": {"accent": "red;}"}})
    assert "object" in refused({"blocks": [], "look": 7})
    assert "at most 200 blocks" in refused({"blocks": [{"type": "divider"}] * 201})
    assert "400,000" in refused({"blocks": [{"type": "text", "text": "x" * 400_001}]})
    (block,) = cleaned({"type": "heading", "text": " \x00a\ud800\nb ", "onclick": "x", "level": "3"})["blocks"]
    assert block == {"type": "heading", "text": "a\ufffd b", "level": "3"}
    assert cleaned({"type": "gone.block", "a\x00": "b"})["blocks"] == [{"type": "gone.block", "a": "b"}]


def test_what_is_missing_keeps_a_mail_not_a_draft() -> None:
    """Empty fields and blocks of a plugin that is off are named by their place in the mail, columns counted in."""
    document = cleaned(
        {"type": "columns", "columns": [[{"type": "picture", "src": "/storage/7?show=1"}], [{"type": "gone.block"}]]},
        {"type": "button", "text": "Go"},
    )
    said = [str(one) for one in lacking(KNOWN, document)]
    assert [one.partition(":")[0] for one in said] == [
        "Block 2 (Picture), Description",
        "Block 3 is of an extension that is off",
        "Block 4 (Button), Address",
    ]
    assert lacking(KNOWN, cleaned({"type": "text"}, {"type": "footer"})) == []
    assert outline(KNOWN, json.dumps(document)).splitlines()[-1] == "Button: Go"


def test_a_block_that_takes_a_right_may_stay_but_not_change() -> None:
    """Who may not write HTML keeps that of others, moves it, and can't add or change any."""
    before = json.dumps(cleaned({"type": "html", "html": "<b>x</b>"}))
    nobody = {"kept": before, "may": lambda _permission: False}
    assert cleaned({"type": "text"}, {"type": "html", "html": "<b>x</b>"}, **nobody)
    with pytest.raises(Invalid, match="may not add"):
        cleaned({"type": "html", "html": "<b>y</b>"}, **nobody)
    with pytest.raises(Invalid, match="may not add"):
        cleaned({"type": "html", "html": "<b>x</b>"}, may=lambda _permission: False)


def test_a_plugin_gets_values_that_may_stand_in_mjml() -> None:
    """Whatever its fields hold, its own function needs no escaping; without it, its blocks are left out."""
    quote = MailBlock(
        name="shop.offer",
        label="Offer",
        fields=(BlockField(name="what", label="What"), BlockField(name="link", label="Link", kind="address")),
        mjml=lambda values: f'<mj-button href="{values["link"]}" title="{values["what"]}">{values["what"]}</mj-button>',
    )
    block = {"type": "shop.offer", "what": '"><script>x</script><mj-raw>', "link": 'https://e.org/"><script>'}
    html = drawn(block, types={**KNOWN, "shop.offer": quote}).html
    assert "<script" not in html
    assert "&lt;script&gt;x&lt;/script&gt;&lt;mj-raw&gt;" in html
    assert "Offer" not in drawn(block).html


@pytest.mark.shared
def test_hostile_texts_stay_texts_in_every_field(shared_data: Path) -> None:
    """In each field of each type: refused with a sentence, or drawn without anything that runs, and readable as MJML."""
    folder = shared_data / "security"
    naughty = json.loads((folder / "lists" / "blns.json").read_text("utf-8"))[::3]
    attacks = [one["payload"] for one in json.loads((folder / "xss" / "dompurify_expect.json").read_text("utf-8"))[::4]]
    texts = [
        *naughty,
        *attacks,
        "]]></mj-text><mj-raw><script>x()</script>",
        "--><!--lq:0-->lq0lq",
        '"/><mj-include path="x">',
    ]
    for known in TYPES:
        for field in known.fields:
            if field.kind in ("choice", "number", "switch"):
                continue
            full = {one.name: "https://example.org" for one in known.fields if one.required}
            taken = []
            for text in texts:
                one = {**full, "type": known.name, field.name: text}
                with contextlib.suppress(Invalid):
                    taken += json.loads(clean(KNOWN, json.dumps({"blocks": [one]})))["blocks"]
            for some in (taken[place : place + 100] for place in range(0, len(taken), 100)):
                html = prepare(to_mjml(KNOWN, begin(*some)), "mjml", written=False).html.lower()
                assert "<script" not in html
                assert "<iframe" not in html
                assert html.count("</html>") == 1
