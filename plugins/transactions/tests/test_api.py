"""Transactions and values in the REST API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import custom_fields
from crmhost.testing import Host
from plugins.transactions.tests.conftest import Books

PATH = "/api/v1/transactions"


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    """A site with transactions and the API."""
    return host("transactions", "rest_api")


def test_a_transaction_is_added_read_changed_and_removed(crm: Host) -> None:
    """It has the shape of the specification; versions, repeats and problems are told."""
    api, ada = crm.api(), crm.make.contact()
    given = {
        "ref": "A-1",
        "name": "Order",
        "type": "sale",
        "status": "completed",
        "date": "2026-03-31",
        "total": {"amount": 12_000, "currency": "EUR"},
        "tax": {"amount": 2_000, "currency": "EUR"},
        "contact_id": ada,
        "tags": ["VIP"],
        "lines": [{"title": "Tea", "quantity": "1.5", "unit_price": {"amount": 999, "currency": "EUR"}}],
        "external_ids": [{"source": "woo", "id": "77"}],
    }
    made = api.post(PATH, json=given, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.text
    data = made.json["data"]
    assert made.headers["Location"].endswith(f"{PATH}/{data['id']}")
    assert {name: data[name] for name in ("type", "status", "date", "contact_id", "tags", "counts")} == {
        "type": "Sale", "status": "Completed", "date": "2026-03-31T12:00:00Z", "contact_id": ada, "tags": ["VIP"], "counts": True,
    }  # fmt: skip
    (line,) = data["lines"]
    assert (line["title"], line["quantity"], line["total"]) == ("Tea", "1.5", {"amount": 1_499, "currency": "EUR"})
    assert data["fee"] == {"amount": 0, "currency": "EUR"}
    assert api.post(PATH, json=given, headers={"Idempotency-Key": "k1"}).json == made.json
    address = f"{PATH}/{data['id']}"
    taken = api.post(PATH, json={**given, "ref": "a-1", "external_ids": []})
    assert (taken.status_code, taken.content_type) == (409, "application/problem+json")
    value = api.get(f"/api/v1/contacts/{ada}").json["data"]["value"]
    assert (value["total"], value["other"]) == ({"amount": 12_000, "currency": "EUR"}, [])
    changed = api.patch(address, json={"status": "Failed"}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.status_code, changed.json["data"]["status"], changed.json["data"]["counts"]) == (
        200,
        "Failed",
        False,
    )
    assert (
        api.patch(address, json={"status": "Completed"}, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    )
    assert api.get(f"/api/v1/contacts/{ada}").json["data"]["value"]["total"]["amount"] == 0
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert crm.faults() == []


def test_bad_input_is_told_by_field(crm: Host) -> None:
    """Whatever is sent, the answer names the field, and nothing is stored."""
    api, good = crm.api(), {"ref": "A", "name": "Order", "total": {"amount": 1, "currency": "EUR"}}
    money = {"amount": 100, "currency": "EUR"}
    for field, value in (
        ("ref", ""), ("ref", "x" * 121), ("name", ""), ("name", 5), ("type", "Sail"), ("status", ["x"]), ("date", "soon"),
        ("date", "0001-01-01"), ("total", {"amount": 1.5, "currency": "EUR"}), ("total", {"amount": 10**30, "currency": "EUR"}),
        ("total", {"amount": 1, "currency": "EU"}), ("total", "1.234"), ("tax", {"amount": -1, "currency": "EUR"}),
        ("fee", {"amount": 1, "currency": "USD"}), ("contact_id", 999), ("contact_id", 2**40), ("company_id", 7),
        ("invoice_id", 7), ("lines", [{"quantity": "many", "unit_price": money}]), ("lines", {}), ("tags", [5]),
        ("custom", {"none": 1}), ("external_ids", [{"id": ""}]), ("colour", "red"), ("total", [1]), ("lines", [{"total": True}]),
    ):  # fmt: skip
        answer = api.post(PATH, json={**good, field: value})
        assert answer.status_code == 422, (field, value, answer.text)
        assert any(name.startswith(field) for name in answer.json["errors"]), (field, answer.json)
    assert api.get(PATH).json["data"] == []
    for query in (
        "status=nope",
        "date_from=x",
        "total_min=x",
        "contact_id=x",
        "sort=shoe",
        "after=x",
        "colour=red",
        "limit=0",
    ):
        assert api.get(f"{PATH}?{query}").status_code == 422, query
    hostile = "<script>alert(1)</script>\x00\u202e😀' OR 1=1 --"
    made = api.post(PATH, json={**good, "name": hostile, "ref": hostile, "payment_method": hostile})
    assert made.status_code == 201
    assert "\x00" not in made.json["data"]["name"]


def test_lists_are_filtered_sorted_and_paged(crm: Host) -> None:
    """Each filter leaves what fits; pages follow one another in every order without a gap."""
    books, api, ada = Books(crm), crm.api(), crm.make.contact()
    first = books.add(100, contact_id=ada, date="2026-01-31T23:30:00Z", tags=["red"], payment_method="Card")
    second = books.add(2_000, status="Pending", date="2026-02-01", name="Tea, green")
    third = books.add(300, currency="JPY", type="Refund", date="2026-02-02", ref="JP-1")
    everything = {first, second, third}
    for query, wanted in {
        "status=pending,failed": {second}, "type=Refund": {third}, "tag=RED": {first}, f"contact_id={ada}": {first},
        "date_from=2026-02-01": {second, third}, "date_to=2026-01-31": {first}, "currency=jpy": {third}, "ref=jp-1": {third},
        "total_min=20": {second, third}, "total_max=1": {first}, "payment_method=Card": {first}, "q=green": {second},
        "q=j": {third}, "": everything,
    }.items():  # fmt: skip
        assert {row["id"] for row in api.get(f"{PATH}?{query}").json["data"]} == wanted, query
    for sort in ("date", "-date", "ref", "-name", "total", "-total", "created_at", "-updated_at"):
        seen, after = [], ""
        while True:
            page = api.get(PATH, query_string={"sort": sort, "limit": 1, "after": after}).json
            seen += [row["id"] for row in page["data"]]
            after = page["next"]
            if not after:
                break
        assert sorted(seen) == sorted(everything), sort
    assert api.get(f"{PATH}?count=1&limit=1").json["total"] == 3
    with crm.work() as work, work.begin():
        custom_fields.add(work, {"object": "transaction", "label": "Shelf", "kind": "text", "filterable": True})
    assert api.patch(f"{PATH}/{second}", json={"custom": {"shelf": "B, 2"}}).status_code == 200
    assert [row["id"] for row in api.get(f"{PATH}?custom.shelf=B, 2").json["data"]] == [second]
    wrong = api.get(f"{PATH}?statis=x&custom.shelf=1").json["errors"]
    assert wrong == {"statis": ["There is no parameter “statis”. Did you mean “status”?"]}
    assert list(api.get(f"{PATH}?custom.drawer=1").json["errors"]) == ["custom.drawer"]


def test_who_may_see_own_contacts_only_sees_their_transactions_only(crm: Host) -> None:
    """Theirs are listed, read and counted; those of others are not there; without a contact of theirs none can be added."""
    books = Books(crm)
    mine = crm.actor("Transactions manager", only_assigned=True)
    ada, ben = crm.make.contact(), crm.make.contact()
    from crmhost.api import contacts

    with crm.work() as work, work.begin():
        contacts.update(work, ada, {"assigned_to": mine.user_id})
    own, foreign, nobodys = books.add(contact_id=ada), books.add(contact_id=ben), books.add()
    api = crm.api("Transactions manager", only_assigned=True)
    assert [row["id"] for row in api.get(PATH).json["data"]] == [own]
    assert api.get(f"{PATH}?count=1").json["total"] == 1
    for number in (foreign, nobodys):
        assert api.get(f"{PATH}/{number}").status_code == 404
        assert api.patch(f"{PATH}/{number}", json={"name": "Mine"}).status_code == 404
        assert api.delete(f"{PATH}/{number}").status_code == 404
    good = {"ref": "N", "name": "New", "total": 5}
    assert api.post(PATH, json={**good, "contact_id": ben}).status_code == 422
    assert api.post(PATH, json=good).status_code == 422
    assert api.post(PATH, json={**good, "contact_id": ada}).status_code == 201
    taken = api.post(PATH, json={**good, "ref": "T2", "contact_id": ada})
    assert taken.status_code == 409
    assert "other_id" not in taken.text
    reader = crm.api("Read only")
    assert reader.get(PATH).status_code == 200
    assert reader.post(PATH, json=good).status_code == 403
