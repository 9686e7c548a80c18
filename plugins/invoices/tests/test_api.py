"""Invoices in the REST API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host

from .conftest import seen

API = "/api/v1/invoices"
LINE = {
    "title": "Work",
    "quantity": "1.5",
    "unit_price": {"amount": 10_000, "currency": "EUR"},
    "discount": "10%",
    "taxes": [{"name": "VAT", "rate": "20"}],
}


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with invoices and the API."""
    return host("invoices", "rest_api")


def test_one_is_written_read_changed_paid_and_voided(site: Host) -> None:
    """The shape of the interface, If-Match, a payment told twice with one key, deleting drafts alone."""
    api, ada = site.api(), site.make.contact()
    given = {"contact_id": ada, "lines": [LINE], "shipping": {"amount": 500, "currency": "EUR"}, "tags": ["VIP"]}
    made = api.post(API, json=given)
    assert made.status_code == 201, made.json
    data = made.json["data"]
    address = f"{API}/{data['id']}"
    assert made.headers["Location"].endswith(address)
    assert (data["status"], data["number"], data["tags"]) == ("Draft", None, ["VIP"])
    totals = {name: amount["amount"] for name, amount in data["totals"].items() if isinstance(amount, dict)}
    assert totals | {"subtotal": 13_500} == {
        "net": 15_000, "discount": 1_500, "tax": 2_700, "shipping": 500, "total": 16_700, "subtotal": 13_500,
        "document_discount": 0, "paid": 0, "credited": 0, "due": 0,
    }  # fmt: skip
    assert data["totals"]["taxes"][0]["amount"] == {"amount": 2_700, "currency": "EUR"}
    assert data["lines"][0]["quantity"] == "1.5"
    etag = made.headers["ETag"]
    changed = api.patch(address, json={"reference": "PO 7", "status": "Unpaid"}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.json
    assert (changed.json["data"]["number"], changed.json["data"]["status"]) == ("INV-0001", "Unpaid")
    assert api.patch(address, json={"reference": "x"}, headers={"If-Match": etag}).status_code == 412
    paid = {"amount": {"amount": 6_700, "currency": "EUR"}, "date": "2026-03-01", "status": "Completed"}
    for _ in range(2):
        told = api.post(f"{address}/payments", json=paid, headers={"Idempotency-Key": "one"})
        assert told.status_code == 201, told.json
    assert told.json["data"]["amount"] == paid["amount"]
    assert [one["total"]["amount"] for one in api.get(f"{address}/payments").json["data"]] == [6_700]
    assert api.get(address).json["data"]["totals"]["due"]["amount"] == 10_000
    assert api.get(address).json["data"]["status"] == "Part-paid"
    assert api.patch(address, json={"lines": [LINE, LINE]}).status_code == 422
    assert api.delete(address).status_code == 422
    assert api.patch(address, json={"status": "Void"}).json["data"]["status"] == "Void"
    draft = api.post(API, json={"contact_id": ada}).json["data"]["id"]
    assert api.delete(f"{API}/{draft}").status_code == 204
    assert api.get(f"{API}/{draft}").status_code == 404
    assert site.faults() == []


def test_lists_filter_sort_and_page(site: Host) -> None:
    """Filters, orders and cursors find what they say; what can't be understood is said at its name."""
    api, ada = site.api(), site.make.contact()
    for number in range(1, 4):
        body = {
            "contact_id": ada,
            "lines": [{**LINE, "quantity": str(number)}],
            "status": "Unpaid",
            "number": f"A{number}",
        }
        assert api.post(API, json=body).status_code == 201
    first = api.get(f"{API}?sort=-total&limit=2&count=1").json
    assert [one["number"] for one in first["data"]] == ["A3", "A2"]
    assert first["total"] == 3
    rest = api.get(f"{API}?sort=-total&limit=2&after={first['next']}").json
    assert [one["number"] for one in rest["data"]] == ["A1"]
    for query, number in {
        "number=a2": 1,
        "status=Unpaid,Paid": 3,
        f"contact_id={ada}": 3,
        "total_min=300": 1,
        "q=A1": 1,
    }.items():
        assert len(api.get(f"{API}?{query}").json["data"]) == number, query
    for query in ("nothing=1", "status=Lost", "contact_id=x", "date_from=x", "sort=x", "after=x", "total_min=x"):
        assert api.get(f"{API}?{query}").status_code == 422, query
    taken = api.post(API, json={"contact_id": ada, "lines": [LINE], "status": "Unpaid", "number": "a1"})
    assert taken.status_code == 409
    for body in (
        {"lines": [{**LINE, "quantity": "x"}]},
        {"lines": 7},
        {"status": "Lost"},
        {"contact_id": 10**12},
        {"date": "soon"},
        {"due_date": "1999-01-01"},
        {"nothing": 1},
        {"currency": "EURO"},
        {"number": "Z"},
        {"status": "Unpaid"},
    ):
        assert api.post(API, json=body).status_code == 422, body
    assert site.faults() == []


def test_who_sees_own_contacts_sees_only_their_invoices(site: Host) -> None:
    """Reading, listing, paying, changing and deleting those of others is as if they weren't there."""
    hidden = site.make.contact()
    everything = site.api()
    other = everything.post(API, json={"contact_id": hidden, "lines": [LINE], "status": "Unpaid"}).json["data"]["id"]
    limited = site.api(role="CRM manager", only_assigned=True)
    assert limited.get(API).json["data"] == []
    assert limited.get(f"{API}/{other}").status_code == 404
    assert limited.get(f"{API}/{other}/payments").status_code == 404
    assert limited.patch(f"{API}/{other}", json={"reference": "x"}).status_code == 404
    assert limited.post(f"{API}/{other}/payments", json={}).status_code == 404
    assert limited.delete(f"{API}/{other}").status_code == 404
    assert limited.post(API, json={"contact_id": hidden}).status_code == 422
    assert limited.post(API, json={"lines": [LINE]}).status_code == 422
    assert seen(site, other).reference == ""
