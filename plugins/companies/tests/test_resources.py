"""Companies in the REST API."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.testing import Host

Make = Callable[..., int]
PATH = "/api/v1/companies"


def test_a_company_from_first_to_last(crm: Host) -> None:
    """Added, repeated by its key, read, changed with its version, refused when stale, deleted."""
    api = crm.api()
    sent = {
        "name": "Acme",
        "status": "customer",
        "phones": {"main": "+1 202 555 0100"},
        "addresses": [{"city": "Leeds", "country": "GB"}],
        "tags": ["VIP"],
        "external_ids": [{"source": "shop", "id": "7"}],
    }
    made = api.post(PATH, json=sent, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201, made.text
    assert api.post(PATH, json=sent, headers={"Idempotency-Key": "one"}).json == made.json
    record = made.json["data"]
    assert (record["status"], record["phones"]["main"], record["addresses"]) == (
        "Customer",
        "+1 202 555 0100",
        [{"city": "Leeds", "country": "GB"}],
    )
    assert (record["source"], record["value"], record["tags"]) == ("api", None, ["VIP"])
    address = made.headers["Location"]
    etag = api.get(address).headers["ETag"]
    changed = api.patch(address, json={"notes": "Good"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json["data"]["notes"], changed.json["data"]["name"]) == (200, "Good", "Acme")
    assert api.patch(address, json={"notes": "Bad"}, headers={"If-Match": etag}).status_code == 412
    assert api.delete(address, headers={"If-Match": etag}).status_code == 412
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_lists_are_paged_filtered_and_counted(crm: Host, company: Make) -> None:
    """Every page once and in order, each filter narrows, and what is not understood is told by its name."""
    for number in range(5):
        company(f"Company {number}", status="Vendor" if number % 2 else "Lead", tags=["Odd"] if number % 2 else [])
    api = crm.api()
    names, after = [], ""
    while after is not None:
        page = api.get(PATH, query_string={"limit": 2, "after": after, "sort": "-name"}).json
        names += [row["name"] for row in page["data"]]
        after = page["next"]
    assert names == [f"Company {number}" for number in (4, 3, 2, 1, 0)]
    for query, total in (
        ("status=vendor", 2),
        ("tag=odd", 2),
        ("q=company 3", 1),
        ("source=manual", 5),
        ("contact_id=1", 0),
    ):
        assert api.get(f"{PATH}?count=1&{query}").json["total"] == total
    for query in ("sort=colour", "status=none", "tag=none", "after=x", "limit=0", "colour=red", "custom.none=1"):
        answer = api.get(f"{PATH}?{query}")
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), query


def test_people_and_journal_of_a_company(crm: Host, company: Make) -> None:
    """Contacts are listed, joined with a role and taken out; entries are written and read."""
    ada, acme = crm.make.contact(first_name="Ada", email="ada@example.com"), company("Acme")
    api = crm.api()
    assert api.post(f"{PATH}/{acme}/contacts", json={"contact_id": ada, "role": "CEO"}).status_code == 204
    people = api.get(f"{PATH}/{acme}/contacts").json
    assert people == {
        "data": [{"contact_id": ada, "name": "Ada", "email": "ada@example.com", "role": "CEO"}],
        "next": None,
    }
    assert api.get(f"{PATH}?contact_id={ada}").json["data"][0]["id"] == acme
    assert api.delete(f"{PATH}/{acme}/contacts/{ada}").status_code == 204
    assert api.get(f"{PATH}/{acme}/contacts").json["data"] == []
    assert api.post(f"{PATH}/{acme}/contacts", json={"contact_id": 99}).status_code == 404
    assert api.post(f"{PATH}/{acme}/journal", json={"summary": "Called", "type": "call"}).status_code == 201
    assert api.get(f"{PATH}/{acme}/journal").json["data"][0]["summary"] == "Called"
    assert api.post(f"{PATH}/99/journal", json={"summary": "Called"}).status_code == 404


def test_bad_input_is_told_by_field(crm: Host) -> None:
    """Wrong types, unknown fields and hostile texts are refused or kept as text, never a failure."""
    api = crm.api()
    for sent in (
        {},
        {"name": ""},
        {"name": 7},
        {"name": "A", "tags": "VIP"},
        {"name": "A", "colour": 1},
        {"name": "A", "email": "x"},
    ):
        assert api.post(PATH, json=sent).status_code == 422, sent
    assert api.post(PATH, json={"name": "\ud800 \x00 ok"}).status_code == 201
    assert api.patch(f"{PATH}/1", json={"name": ""}).status_code == 422


def test_permissions_hold(crm: Host, company: Make) -> None:
    """Readers read; whoever lacks a permission is refused."""
    acme = company("Acme")
    reader = crm.api("Read only")
    assert reader.get(PATH).status_code == 200
    assert reader.post(PATH, json={"name": "B"}).status_code == 403
    assert reader.patch(f"{PATH}/{acme}", json={"name": "B"}).status_code == 403
    assert reader.delete(f"{PATH}/{acme}").status_code == 403
    manager = crm.api("CRM manager")
    assert manager.post("/api/v1/company-statuses", json={"name": "Partner"}).status_code == 201
    assert [row["name"] for row in manager.get("/api/v1/company-statuses").json["data"]][-1] == "Partner"
    assert reader.post("/api/v1/company-statuses", json={"name": "Mine"}).status_code == 403
