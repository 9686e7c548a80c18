"""What people with bad intentions type into the forms of quotes: kept as text, never run, never an error of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmhost.testing import Host

from .conftest import sent, visitor, write

OWN = [
    '"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "{% for a in (1..999999) %}x{% endfor %}",
    "##NOPE##", "{{ contact.first_name | append: contact }}", "\x00\x01\x7f\x1b", "\u202e\u2066\ufeff\ufffd", "x" * 100_000,
    "'; drop table quotes_quote; --", "-1e999", "NaN", "9" * 400, "0x10", "1,2,3.4.5", "٣", "2026-02-30", "0000-00-00",
    "<svg><style><img src=x onerror=alert(1)>", "javascript:alert(1)", "=cmd|' /C calc'!A0", "\r\nSet-Cookie: a=b",
    "../../etc/passwd",
]  # fmt: skip
#: Fields of the form that take text, and those of a line.
FIELDS = (
    "title",
    "contact",
    "company",
    "owner",
    "language",
    "date",
    "valid_until",
    "currency",
    "value",
    "content",
    "tags",
    "notes",
)
CELLS = ("title", "quantity", "unit_price", "discount", "text")
#: What may stand in no page: it would have come through as markup.
RUN = re.compile(r"<script>alert|<img[^>]* onerror=|href=[\"']?javascript:", re.IGNORECASE)


def _looked_at(client: Any, address: str) -> str:
    page = client.get(address)
    assert page.status_code < 500, (address, page.status_code)
    assert not RUN.search(page.text), address
    return str(page.text)


def _tried(site: Host, strings: list[str]) -> None:
    """Each string in every field at once, and in each by itself where it is long or odd; then all pages that show it."""
    client = site.client()
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    for string in strings:
        good = {"title": "Table", "contact": str(ada), "currency": "EUR", "content": "<p>Hi</p>", "lines-sent": "1"}
        everywhere = good | dict.fromkeys(FIELDS, string) | {f"lines-a-{name}": string for name in CELLS}
        answer = client.post("/quotes/new", data=everywhere)
        assert answer.status_code in (303, 422), string[:80]
        assert not RUN.search(answer.text), string[:80]
        free = {"title": string or "x", "notes": string, "content": f"<p>{string}</p>", "tags": string[:60]}
        line = {
            "lines-a-title": string or "x",
            "lines-a-quantity": "1",
            "lines-a-unit_price": "5",
            "lines-a-text": string,
        }
        answer = client.post("/quotes/new", data=good | free | line)
        assert answer.status_code in (303, 422), string[:80]
        if answer.status_code == 303:
            _looked_at(client, answer.location)
            _looked_at(client, f"{answer.location}/preview")
            _looked_at(client, f"{answer.location}/edit")
            mail = {"subject": string, "content": f"<p>{string}</p>"}
            assert client.post(f"{answer.location}/send", data=mail).status_code in (303, 422), string[:80]
        else:
            typed = re.search(r'name="title"[^>]* value="([^"]*)"', answer.text)
            assert typed is not None, string[:80]
        template = {"name": string, "title": string, "content": f"<p>{string}</p>"}
        assert client.post("/quotes/templates/new", data=template).status_code in (303, 422), string[:80]
    for address in ("/quotes/", "/quotes/templates", f"/contacts/{ada}?tab=quotes", "/quotes/?q=script", "/quotes/new"):
        _looked_at(client, address)
    assert site.faults() == []


def test_hostile_strings_are_text_in_every_form(site: Host) -> None:
    """Of a quote and its lines, a template, the mail; and what a client types; the typed title comes back with an error."""
    _tried(site, OWN)
    number, token, digest = sent(site, write(site, title=OWN[0], content=f"<p>{OWN[1]} {OWN[18]}</p>"))
    client, staff = visitor(site), site.client()
    assert not RUN.search(client.get(f"/quotes/d/{token}").text)
    for string in OWN[:20]:
        for action in ("accept", "decline"):
            answer = client.post(
                f"/quotes/d/{token}/{action}", data={"digest": string, "name": string, "reason": string}
            )
            assert answer.status_code in (409, 422), string[:80]
            assert not RUN.search(answer.text), string[:80]
        for address in (
            f"/quotes/{number}?tab={string[:50]}",
            f"/quotes/?sort={string[:50]}",
            f"/quotes/new?template={string[:50]}",
        ):
            assert staff.get(address.replace("\r\n", "%0d%0a").replace("\x00", "%00")).status_code < 500, address
    client.post(f"/quotes/d/{token}/decline", data={"digest": digest, "reason": OWN[0]})
    _looked_at(staff, f"/quotes/{number}")
    assert site.faults() == []


@pytest.mark.shared
@pytest.mark.database("sqlite")
def test_lists_that_others_collected(host: Callable[..., Host], shared_data: Path) -> None:
    """Naughty strings, and HTML that got through other sanitisers: neither is an error nor is run."""
    folder = shared_data / "security"
    strings = json.loads((folder / "lists" / "blns.json").read_text())[::24]
    payloads = [item["payload"] for item in json.loads((folder / "xss" / "dompurify_expect.json").read_text())][::12]
    _tried(host("quotes"), [*strings, *payloads])
