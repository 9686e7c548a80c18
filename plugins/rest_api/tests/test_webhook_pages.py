"""Settings > Webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from crmhost.testing import Host

from .conftest import Client
from .receiver import listening

PAGE = "/api-tokens/webhooks/"
FIELDS = {"url": "https://hooks.example/take", "events": ["contact.created", "journal.*"], "label": "Newsletter"}


@pytest.mark.database("sqlite")
def test_a_webhook_s_life_in_pages(host: Callable[..., Host]) -> None:
    """Added with its secret shown once, tried out, seen in the log, paused, resumed, sent again, deleted."""
    with listening() as receiver:
        site = host("rest_api", allow_private_hosts=(receiver.listing,))
        browser = site.client("CRM manager")
        assert "No webhooks yet" in browser.get(PAGE).text
        made = browser.post(f"{PAGE}new", data={**FIELDS, "url": receiver.url})
        assert made.status_code == 200
        secret = re.search(r"whsec_[\w-]{40,}", made.text)
        assert secret is not None
        listed = browser.get(PAGE).text
        assert "Newsletter" in listed
        (place,) = set(re.findall(rf'href="({PAGE}\d+)"', listed))
        shown = browser.get(place).text
        assert secret[0] not in shown
        assert "Nothing was sent yet" in shown

        receiver.status, receiver.answer = 500, b"<script>alert(1)</script>"
        assert browser.post(f"{place}/do", data={"do": "test"}).status_code == 303
        site.run_jobs()
        page = browser.get(place).text
        assert "webhook.test" in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
        assert "Failing since" in page
        replay = re.search(rf'action="({place}/deliveries/\d+/replay)"', page)
        assert replay is not None
        receiver.status = 200
        assert browser.post(replay[1]).status_code == 303
        site.run_jobs()
        assert "Delivered" in browser.get(f"{place}?state=delivered").text
        assert len({got.document["id"] for got in receiver.got}) == 1
        assert len(receiver.got) == 2

        browser.post(f"{place}/do", data={"do": "pause"})
        assert "Paused" in browser.get(place).text
        browser.post(f"{place}/do", data={"do": "resume"})
        assert "Paused" not in browser.get(place).text
        renewed = re.search(r"whsec_[\w-]{40,}", browser.post(f"{place}/do", data={"do": "secret"}).text)
        assert renewed is not None
        assert renewed[0] != secret[0]
        assert browser.post(f"{place}/do", data={"do": "replay"}).status_code == 303
        assert browser.post(f"{place}/do", data={"do": "nonsense"}).status_code == 303
        assert browser.post(f"{place}/do", data={"do": "delete"}).headers["Location"] == PAGE
        assert browser.get(place).status_code == 404
        assert site.faults() == []


@pytest.mark.database("sqlite")
def test_forms_keep_what_was_typed_and_say_what_to_do(host: Callable[..., Host]) -> None:
    """A private address or no event comes back with the field marked; a good change is kept; an own event stays chosen."""
    site = host("rest_api")
    browser = site.client()
    refused = browser.post(f"{PAGE}new", data={**FIELDS, "url": "http://10.0.0.1/x", "events": []})
    assert refused.status_code == 422
    assert refused.text.count('aria-invalid="true"') == 2
    assert "http://10.0.0.1/x" in refused.text
    assert "CRMHOST_ALLOW_PRIVATE_HOSTS" in refused.text
    assert "Newsletter" in refused.text
    browser.post(f"{PAGE}new", data=FIELDS)
    api = Client(site)
    (webhook,) = api.get("/webhooks")["data"]
    assert webhook["events"] == FIELDS["events"]
    api("PATCH", f"/webhooks/{webhook['id']}", {"events": ["invoice.paid", "contact.*"]})
    edit = f"{PAGE}{webhook['id']}/edit"
    form = browser.get(edit).text
    assert re.search(r'<option selected value="invoice.paid">', form)
    assert "whsec_" not in form
    saved = browser.post(edit, data={**FIELDS, "events": ["invoice.paid"], "label": ""})
    assert saved.status_code == 303
    (webhook,) = api.get("/webhooks")["data"]
    assert (webhook["events"], webhook["label"]) == (["invoice.paid"], "")


@pytest.mark.database("sqlite")
def test_the_pages_are_for_who_holds_the_permission(host: Callable[..., Host]) -> None:
    """Others do not find them in the menu and are refused; somebody else's webhook is not found."""
    site = host("rest_api")
    number = Client(site)("POST", "/webhooks", {"url": FIELDS["url"], "events": ["*"]}).json["data"]["id"]
    reader, manager = site.client("Read only"), site.client("CRM manager")
    assert PAGE not in reader.get("/").text
    assert PAGE in manager.get("/").text
    for path in ("", "new", f"{number}", f"{number}/edit"):
        assert reader.get(PAGE + path).status_code == 403
        assert site.client("").get(PAGE + path).status_code == 302
    assert manager.get(f"{PAGE}{number}").status_code == 404
    assert manager.post(f"{PAGE}{number}/do", data={"do": "delete"}).status_code == 404
    manager.forges = True  # type: ignore[attr-defined]
    assert manager.post(f"{PAGE}new", data=FIELDS).status_code == 400
