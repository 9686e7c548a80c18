"""Whatever is typed into the forms of invoices: an answer that is no fault of ours, the text kept, and nothing of it run."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmhost.api import custom_fields
from crmhost.testing import Host
from plugins.invoices import papers, sending

from .conftest import Write
from .test_pages import FORM

pytestmark = [pytest.mark.shared, pytest.mark.database("sqlite")]
#: Text fields, whose text stands in the form again when another one is wrong -> how many strings go into each at once.
TEXTS = {"reference": 1, "lines-0-title": 1, "custom.project": 1, "notes": 15, "terms": 15, "lines-0-text": 15}
#: Fields that are no texts: what is odd there is refused.
OTHERS = ("lines-0-quantity", "lines-0-unit_price", "lines-0-discount", "lines-0-tax", "date", "due_date", "currency",
          "language", "customer", "version", "lines-sent", "shipping", "discount")  # fmt: skip


def payloads(folder: Path) -> list[str]:
    """Strings that break things, as a field of a form has them."""
    naughty = json.loads((folder / "security" / "lists" / "blns.json").read_text("utf-8"))
    scripts = json.loads((folder / "security" / "xss" / "dompurify_expect.json").read_text("utf-8"))
    found = [*naughty, *(one["payload"] for one in scripts)]
    return [text.replace("\r\n", "\n") for text in found if text.strip() and len(text) < 2_000]


def shows(page: str, text: str) -> bool:
    """Whether a page holds markup of a text as it was typed."""
    return "<" in text and len(text) > 8 and text in page


def test_forms_take_hostile_texts(host: Callable[..., Host], write: Write, shared_data: Path) -> None:
    """Every string of two lists, in every field in turn: on the pages, on paper, under the link, in lists and mails."""
    site = host("invoices")
    with site.work() as work, work.begin():
        custom_fields.add(work, {"object": "invoice", "label": "Project", "kind": "text"})
    client, ada = site.client(), site.make.contact()
    texts = payloads(shared_data)
    assert len(texts) > 500
    guest = site.client("")
    waiting, round_ = list(texts), 0
    while waiting:
        typed = {name: [waiting.pop() for _ in range(number) if waiting] for name, number in TEXTS.items()}
        form: dict[str, Any] = {**FORM, "customer": f"contact:{ada}"}
        form |= {name: "\n".join(some)[: 100 if name == "reference" else None] for name, some in typed.items()}
        odd, round_ = OTHERS[round_ % len(OTHERS)], round_ + 1
        wrong = client.post("/invoices/new", data={**form, odd: typed["reference"][0], "currency": "EURO"})
        assert wrong.status_code == 422, (odd, typed)
        kept = html.unescape(wrong.text)
        answer = client.post("/invoices/new", data=form)
        assert answer.status_code in (303, 422), typed
        pages = [wrong.text]
        if answer.status_code == 303:
            with site.work() as work:
                pages += [client.get(answer.location).text, papers.html(work, int(answer.location.rpartition("/")[2]))]
        for name, some in typed.items():
            for text in some:
                assert name not in ("notes", "terms") or text.strip()[:40] in kept, (name, text)
                assert not [page for page in pages if shows(page, text)], (name, text)
    invoice = write(site, contact=ada, notes=texts[-1], terms=texts[-2], reference=texts[-3][:100])
    with site.work() as work, work.begin():
        path = sending.link(work, invoice).partition("/invoices")[2]
    shared = guest.get(f"/invoices{path}").text
    assert not any(shows(shared, text) for text in texts[-3:])
    for start in range(0, len(texts), 150):
        for address, name in (("payment", "amount"), ("payment", "ref"), ("send", "text"), ("attach", "transaction")):
            answer = client.post(f"/invoices/{invoice}/{address}", data={name: texts[start]})
            assert answer.status_code in (303, 400, 404, 422), (address, name, texts[start])
            assert not shows(answer.text, texts[start])
        for address in ("/invoices/", f"/invoices/statement/contact/{ada}"):
            for name in ("q", "tag", "date_from", "total_min", "invoices_open"):
                answer = client.get(address, query_string={name: texts[start]})
                assert answer.status_code in (200, 302, 400, 422), (address, name, texts[start])
                assert not shows(answer.text, texts[start])
