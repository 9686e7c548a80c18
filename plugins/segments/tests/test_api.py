"""Segments by the REST API: the shapes, preview, members, explanation, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    return host("segments", "transactions", "rest_api", "csv_tools")


def test_a_segment_by_the_api(crm: Host) -> None:
    """Previewed, made without a preview, read, listed with its people, explained, exported, changed, deleted."""
    ann = crm.make.contact(first_name="Ann", status="Customer", tags=["VIP"])
    bob = crm.make.contact(first_name="Bob", status="Customer")
    api = crm.api()
    worth = {"type": "total_value", "operator": "gt", "value": {"amount": 5, "currency": "EUR"}}
    document = {
        "name": "Customers",
        "match": "all",
        "conditions": [
            {"type": "status", "operator": "equals", "value": "customer"},
            {"match": "any", "conditions": [{"type": "tag", "operator": "has", "value": "VIP"}, worth]},
        ],
    }  # fmt: skip
    found = api.post("/api/v1/segments/preview", json=document).get_json()
    assert (found["count"], [one["id"] for one in found["sample"]]) == (1, [ann])
    made = api.post("/api/v1/segments", json=document)
    assert made.status_code == 201
    where, segment = made.headers["Location"], made.get_json()["data"]
    assert segment["conditions"] == [{**document["conditions"][0], "value": "Customer"}, document["conditions"][1]]
    assert (segment["count"], segment["problem"]) == (1, "")
    assert [one["name"] for one in api.get("/api/v1/segments?count=1").get_json()["data"]] == ["Customers"]
    people = api.get(f"{where}/contacts?count=1").get_json()
    assert ([one["first_name"] for one in people["data"]], people["total"]) == (["Ann"], 1)
    assert [one["id"] for one in api.get("/api/v1/contacts?segment=customers").get_json()["data"]] == [ann]
    told = api.get(f"{where}/explain?contact={bob}").get_json()["data"]
    assert told["in"] is False
    status, group = told["conditions"]
    assert (status["holds"], status["has"]) == (True, "Customer")
    assert [(item["holds"], item["has"]) for item in group["conditions"]] == [(False, None), (False, None)]
    assert api.get(f"{where}/explain?contact=999").status_code == 404
    assert "Ann" in crm.cli("export", "contacts", "--segment", str(segment["id"])).output
    changed = api.patch(where, json={"match": "any"}, headers={"If-Match": made.headers["ETag"]})
    assert changed.get_json()["data"]["count"] == 2
    assert api.patch(where, json={"name": "X"}, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    refused = api.post("/api/v1/segments", json={"name": "All", "conditions": []})
    assert (refused.status_code, next(iter(refused.get_json()["errors"]))) == (422, "conditions")
    kinds = {item["type"]: item for item in api.get("/api/v1/segments/conditions").get_json()["data"]}
    assert "in_next_days" in kinds["created_at"]["operators"]
    assert api.delete(where).status_code == 204
    assert api.get(where).status_code == 404
