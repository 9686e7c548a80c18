"""Quotes in the REST API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host
from plugins.quotes import files

from .conftest import TEXT, line, visitor, write

PATH = "/api/v1/quotes"


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    """A site with quotes and the API."""
    return host("quotes", "rest_api")


def test_a_quote_is_added_sent_and_opened_by_its_link(crm: Host) -> None:
    """It has the shape of the specification; sending gives the link of the easy-access page; versions and repeats are told."""
    api, ada = crm.api(), crm.make.contact(first_name="Ada", email="ada@example.com")
    given = {
        "title": "Table",
        "contact_id": ada,
        "value": {"amount": 9_900, "currency": "EUR"},
        "valid_until": "2099-12-31",
        "lines": [line(5_000, "2")],
        "content": TEXT,
        "tags": ["VIP"],
        "external_ids": [{"source": "old", "id": "7"}],
    }
    made = api.post(PATH, json=given, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.text
    data = made.json["data"]
    assert {name: data[name] for name in ("title", "status", "valid_until", "contact_id", "tags", "value")} == {
        "title": "Table", "status": "draft", "valid_until": "2099-12-31", "contact_id": ada, "tags": ["VIP"],
        "value": {"amount": 10_000, "currency": "EUR"},
    }  # fmt: skip
    assert data["lines"][0]["quantity"] == "2"
    assert api.post(PATH, json=given, headers={"Idempotency-Key": "k1"}).json == made.json
    address = f"{PATH}/{data['id']}"
    sent = api.post(f"{address}/send", json={})
    assert sent.status_code == 200, sent.text
    assert list(sent.json) == ["link"]
    assert api.post(f"{address}/send", json={"mail": False}).json == sent.json
    token = sent.json["link"].rsplit("/", 1)[1]
    assert "Dear Ada" in visitor(crm).get(f"/quotes/d/{token}").text
    assert api.get(address).json["data"]["status"] == "sent"
    changed = api.patch(address, json={"notes": "Hi"}, headers={"If-Match": made.headers["ETag"]})
    assert changed.status_code == 412
    assert api.patch(address, json={"notes": "Hi"}).json["data"]["notes"] == "Hi"
    assert api.get(f"{PATH}?status=sent&tag=vip&count=1").json["total"] == 1
    assert api.get(f"{PATH}?status=draft").json["data"] == []
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_quotes_are_exported(crm: Host) -> None:
    """Each as a row with the columns of the list and the address of its contact; filters hold."""
    contact = crm.make.contact(email="ada@example.com")
    write(crm, contact, tags=["VIP"], title="Écharpe")
    with crm.work() as work:
        (row,) = list(files.rows(work, {"status": "draft"}))
        assert {name for name, _label in files.columns(work)} == set(row)
        assert list(files.rows(work, {"status": "sent"})) == []
    assert (row["title"], row["value"], row["contact_email"], row["tags"]) == (
        "Écharpe",
        "1250.00",
        "ada@example.com",
        "VIP",
    )


def test_what_is_wrong_is_a_problem_at_its_field(crm: Host) -> None:
    """Bad fields, filters and times are told by problem documents, never by failures."""
    api, draft = crm.api(), write(crm, content="")
    bodies = (
        {}, {"title": 7}, {"title": "x", "status": "accepted"}, {"title": "x", "contact_id": 999_999},
        {"title": "x", "colour": "red"}, {"title": "x", "lines": [{"quantity": "x"}]}, {"title": "x", "value": {"amount": "1"}},
    )  # fmt: skip
    for body in bodies:
        answer = api.post(PATH, json=body)
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), body
    for query in ("status=sold", "nonsense=1", "value_min=x", "limit=0", "sort=nonsense"):
        assert 400 <= api.get(f"{PATH}?{query}").status_code < 500, query
    assert api.post(f"{PATH}/{draft}/send", json={}).status_code == 422
    reader = crm.api("Read only")
    assert reader.post(f"{PATH}/{draft}/send", json={}).status_code == 403
    assert reader.post(PATH, json={"title": "x"}).status_code == 403
    assert reader.get(f"{PATH}/{draft}").status_code == 200
