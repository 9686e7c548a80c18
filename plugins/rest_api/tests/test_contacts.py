"""Contacts through the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from crmhost.testing import Host

from .conftest import Client

FULL: dict[str, Any] = {
    "prefix": "Dr",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phones": {"mobile": "+44 20 7946 0000"},
    "addresses": [{"line1": "12 St James's Square", "city": "London", "country": "United Kingdom"}],
    "notes": "Wrote the first program.",
    "tags": ["VIP", "Maths"],
    "status": "customer",
    "external_ids": [{"source": "shop", "account": "north", "id": "5"}],
    "socials": {"x": "https://example.com/ada"},
    "custom": {"born": 1815},
}


def test_a_contact_is_added_as_it_was_sent(api: Client) -> None:
    """POST answers 201 with the address, the version and the contact in the shape that GET gives."""
    api("POST", "/custom-fields", {"label": "Born", "kind": "number"})
    answer = api("POST", "/contacts", FULL)
    assert answer.status_code == 201
    record = answer.json["data"]
    assert answer.headers["Location"] == f"/api/v1/contacts/{record['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert record == api.get(f"/contacts/{record['id']}")["data"]
    assert record["status"] == "Customer"
    assert record["emails"] == ["ada@example.com"]
    assert record["phones"] == {"home": "", "work": "", "mobile": "+44 20 7946 0000"}
    assert record["addresses"] == [{"line1": "12 St James's Square", "city": "London", "country": "GB"}]
    assert sorted(record["tags"]) == ["Maths", "VIP"]
    assert record["external_ids"] == FULL["external_ids"]
    assert record["custom"] == {"born": 1815}
    assert record["source"] == "api"
    assert record["value"] is None
    assert record["assigned_to"] is None
    assert record["last_contacted_at"] is None
    added = dt.datetime.fromisoformat(record["created_at"])
    assert added.utcoffset() == dt.timedelta(0)
    assert record["created_at"].endswith("Z")


def test_a_change_touches_only_what_it_names(api: Client) -> None:
    """PATCH keeps fields that are left out, takes null as empty and replaces lists."""
    api("POST", "/custom-fields", {"label": "Born", "kind": "number"})
    number = api.add(**FULL)
    change = {"phones": {"work": "123"}, "tags": ["New"], "prefix": None, "addresses": [{}, {"city": "Paris"}]}
    answer = api("PATCH", f"/contacts/{number}", change)
    assert answer.status_code == 200, answer.text
    record = answer.json["data"]
    assert record["phones"] == {"home": "", "work": "123", "mobile": "+44 20 7946 0000"}
    assert record["tags"] == ["New"]
    assert record["prefix"] == ""
    assert record["addresses"] == [{}, {"city": "Paris"}]
    assert record["first_name"] == "Ada"
    assert answer.headers["ETag"] == '"2"'


def test_a_deleted_contact_is_gone_to_the_api_and_lies_in_the_bin(api: Client) -> None:
    """DELETE answers 204 and the contact answers 404 from then on, deleting again too."""
    number = api.add(first_name="Ada")
    assert api("DELETE", f"/contacts/{number}").status_code == 204
    assert api("GET", f"/contacts/{number}").status_code == 404
    assert api("DELETE", f"/contacts/{number}").status_code == 404
    assert api.host.contact(number).deleted_at is not None


REFUSED: list[tuple[Any, str, str]] = [
    ({"fist_name": "Ada"}, "fist_name", "“first_name”"),
    ({"id": 5, "first_name": "Ada"}, "id", "leave it out"),
    ({"first_name": 5}, "first_name", "text"),
    ({"first_name": "Ada", "status": "Leed"}, "status", "“Lead”"),
    ({"first_name": "Ada", "status": ["Lead"]}, "status", "name or an id"),
    ({"first_name": "Ada", "email": "nonsense"}, "email", ""),
    ({"first_name": "Ada", "assigned_to": 999}, "assigned_to", "999"),
    ({"first_name": "Ada", "tags": "VIP"}, "tags", "list"),
    ({"first_name": "Ada", "phones": {"mobil": "1"}}, "phones.mobil", "“mobile”"),
    ({"first_name": "Ada", "addresses": [{"town": "x"}]}, "addresses.0.town", "no field"),
    ({"first_name": "Ada", "addresses": [{}, {"country": "Nowhere"}]}, "addresses.1.country", "country"),
    ({"first_name": "Ada", "addresses": [{}, {}, {}]}, "addresses", "two"),
    ({"first_name": "Ada", "created_at": "yesterday"}, "created_at", "2026"),
    ({"first_name": "x" * 500}, "first_name", "120"),
    ({"first_name": "Ada", "external_ids": [{"source": "shop"}]}, "external_ids.0.id", "needed"),
    ({}, "", "at least"),
    ([], "", "object"),
]


def test_what_can_t_be_taken_is_said_field_by_field(api: Client) -> None:
    """A refusal is a problem document with sentences under the name that the client sent, and nothing is stored."""
    for document, field, part in REFUSED:
        answer = api("POST", "/contacts", document)
        assert answer.status_code == 422, answer.text
        assert answer.content_type == "application/problem+json"
        problem = answer.json
        assert problem["status"] == 422
        assert problem["title"]
        assert problem["instance"] == "/api/v1/contacts"
        assert field in problem["errors"], problem
        assert part in problem["errors"][field][0], problem
    assert api.get("/contacts?count=1")["total"] == 0


def test_an_address_that_is_taken_names_the_other_contact(api: Client) -> None:
    """A conflict answers 409 with the id of the contact that holds the value."""
    number = api.add(first_name="Ada", email="ada@example.com")
    answer = api("POST", "/contacts", {"first_name": "Bob", "email": "ADA@example.com"})
    assert answer.status_code == 409
    assert answer.json["other_id"] == number
    assert "emails" in answer.json["errors"]


def test_the_list_is_searched_filtered_sorted_and_counted(api: Client) -> None:
    """q, the filters, sort and count work alone and together."""
    ada = api.add(first_name="Ada", last_name="Lovelace", tags=["VIP"], created_at="2020-05-01")
    bob = api.add(first_name="Bob", last_name="Able", status="Customer", assigned_to=api.user_id)
    for query, wanted in {
        "": [bob, ada],
        "?q=love": [ada],
        "?q=bo": [bob],
        "?status=customer": [bob],
        "?tag=vip": [ada],
        f"?assigned_to={api.user_id}": [bob],
        "?source=api&sort=name": [bob, ada],
        "?sort=-name": [ada, bob],
        "?sort=created_at": [ada, bob],
        "?created_from=2020-05-01&created_to=2020-05-01": [ada],
        "?status=lead&tag=vip&q=ada": [ada],
        "?created_to=2019-12-31": [],
    }.items():
        page = api.get(f"/contacts{query}{'&' if query else '?'}count=1")
        assert [record["id"] for record in page["data"]] == wanted, query
        assert page["total"] == len(wanted)
        assert page["next"] is None
    assert "total" not in api.get("/contacts")


WRONG = [
    ("limt=5", "limt", "“limit”"),
    ("limit=0", "limit", "200"),
    ("limit=201", "limit", "200"),
    ("limit=many", "limit", "whole number"),
    ("after=nonsense", "", "first page"),
    ("after=bm9uc2Vuc2U", "", "first page"),
    ("sort=shoe_size", "sort", "sorted"),
    ("status=Leed", "status", "“Lead”"),
    ("tag=none", "tag", "no tag"),
    ("created_from=soon", "created_from", "2026-03-31"),
    ("not_contacted=-1", "not_contacted", "days"),
    ("count=perhaps", "count", "true or false"),
    ("in_bin=1", "in_bin", "no parameter"),
]


def test_a_parameter_that_can_t_be_taken_is_refused(api: Client) -> None:
    """A wrong or unknown parameter answers 422 and says which, never a list that ignores it."""
    for query, field, part in WRONG:
        answer = api("GET", f"/contacts?{query}")
        assert answer.status_code == 422, answer.text
        assert part in answer.json["errors"][field][0]


def test_pages_stay_right_while_contacts_are_added(api: Client) -> None:
    """Following the cursor gives each contact that was there once, whatever is added in between."""
    there = [api.add(first_name=f"Person {number}") for number in range(7)]
    seen: list[int] = []
    cursor = ""
    while True:
        page = api.get(f"/contacts?limit=2{cursor}")
        assert len(page["data"]) <= 2
        seen += [record["id"] for record in page["data"]]
        api.add(first_name="Newcomer")
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert seen == sorted(there, reverse=True)


def test_many_are_saved_at_once_with_an_answer_per_row(api: Client) -> None:
    """The bulk resource adds, updates and refuses row by row, in the order sent."""
    known = api.add(first_name="Ada", email="ada@example.com")
    rows = [
        {"first_name": "Bob", "email": "bob@example.com", "tags": ["VIP"]},
        {"email": "ADA@example.com", "last_name": "Lovelace", "phones": {"mobile": "1"}},
        {"frist_name": "Eve"},
        {"notes": "nobody"},
    ]
    answer = api("POST", "/contacts/bulk", {"contacts": rows})
    assert answer.status_code == 200, answer.text
    results = answer.json["data"]
    assert [result["row"] for result in results] == [0, 1, 2, 3]
    assert [result["outcome"] for result in results] == ["added", "updated", "refused", "refused"]
    assert results[1]["id"] == known
    assert "“first_name”" in results[2]["reasons"][0]
    assert all(result["id"] is None and result["reasons"] for result in results[2:])
    assert api.get(f"/contacts/{known}")["data"]["last_name"] == "Lovelace"
    assert api.get(f"/contacts/{results[0]['id']}")["data"]["tags"] == ["VIP"]
    again = api("POST", "/contacts/bulk", {"contacts": rows[:1], "mode": "skip"}).json["data"]
    assert again[0]["outcome"] == "skipped"


def test_a_bulk_request_that_makes_no_sense_is_refused_as_a_whole(api: Client) -> None:
    """More than a thousand rows, rows that are no objects, or an unknown mode answer 422, and nothing is taken."""
    for document, field in (
        ({}, "contacts"),
        ({"contacts": [{}] * 1001}, "contacts"),
        ({"contacts": [{"first_name": "Ada"}, "nonsense"]}, "contacts.1"),
        ({"contacts": [{"first_name": "Ada"}, None]}, "contacts.1"),
        ({"contacts": [], "mode": "overwrite"}, "mode"),
        ({"contacts": [], "match": "shoe"}, "match"),
    ):
        answer = api("POST", "/contacts/bulk", document)
        assert answer.status_code == 422
        assert field in answer.json["errors"]
    assert api.get("/contacts?count=1")["total"] == 0


def test_a_thousand_contacts_are_saved_in_one_request(api: Client) -> None:
    """The largest bulk request is taken, over several transactions."""
    rows = [{"first_name": f"Person {number}", "email": f"p{number}@example.com"} for number in range(1000)]
    results = api("POST", "/contacts/bulk", {"contacts": rows}).json["data"]
    assert {result["outcome"] for result in results} == {"added"}
    assert len({result["id"] for result in results}) == 1000
    assert api.get("/contacts?count=1&limit=1")["total"] == 1000


def test_the_journal_of_a_contact_is_written_and_read(api: Client) -> None:
    """An entry that was posted comes first; a call moves the time of the last contact; ``by`` tells people from the system."""
    number = api.add(first_name="Ada")
    entry = {"type": "call", "summary": "Talked about programs", "at": "2026-01-02"}
    answer = api("POST", f"/contacts/{number}/journal", entry)
    assert answer.status_code == 201, answer.text
    assert answer.json["data"]["at"] == "2026-01-02T12:00:00.000Z"
    assert answer.json["data"]["user_id"] == api.user_id
    assert api.get(f"/contacts/{number}")["data"]["last_contacted_at"] == "2026-01-02T12:00:00.000Z"
    people = api.get(f"/contacts/{number}/journal?by=people")["data"]
    assert [item["summary"] for item in people] == ["Talked about programs"]
    assert {item["by_system"] for item in api.get(f"/contacts/{number}/journal?by=system")["data"]} == {True}
    first = api.get(f"/contacts/{number}/journal?limit=1")
    assert len(first["data"]) == 1
    second = api.get(f"/contacts/{number}/journal?limit=1&after={first['next']}")
    assert second["data"][0]["id"] != first["data"][0]["id"]
    for wrong in ({"type": "dance", "summary": "x"}, {"summary": ""}, {"summary": "x", "at": "3000-01-01"}):
        assert api("POST", f"/contacts/{number}/journal", wrong).status_code == 422
    assert api("POST", "/contacts/99/journal", {"summary": "x"}).status_code == 404


def test_plugins_add_filters_and_the_value(notebook: Client) -> None:
    """A plugin's filter narrows the list, and what its hook says stands as the contact's value."""
    ada = notebook.add(first_name="Ada")
    notebook.add(first_name="Bob")
    page = notebook.get("/contacts?named=Ada")
    assert [record["id"] for record in page["data"]] == [ada]
    assert page["data"][0]["value"] == {"total": {"amount": ada * 100, "currency": "EUR"}}
    assert notebook.host.faults() == []


def test_a_limited_user_sees_and_changes_only_their_own(host: Callable[..., Host]) -> None:
    """What is assigned to somebody else answers 404, also to writes, and is in no list, count or feed."""
    site = host("rest_api")
    admin, limited = Client(site), Client(site, "Contacts manager", only_assigned=True)
    theirs = admin.add(first_name="Theirs", email="theirs@example.com")
    mine = limited.add(first_name="Mine")
    assert [record["id"] for record in limited.get("/contacts?count=1")["data"]] == [mine]
    assert limited.get("/contacts?count=1")["total"] == 1
    for method, path, document in (
        ("GET", f"/contacts/{theirs}", None),
        ("PATCH", f"/contacts/{theirs}", {"first_name": "x"}),
        ("DELETE", f"/contacts/{theirs}", None),
        ("GET", f"/contacts/{theirs}/journal", None),
        ("POST", f"/contacts/{theirs}/journal", {"summary": "x"}),
    ):
        assert limited(method, path, document).status_code == 404, (method, path)
    taken = limited("POST", "/contacts", {"first_name": "x", "email": "theirs@example.com"})
    assert taken.status_code == 409
    assert "other_id" not in taken.json
    assert {entry["object_id"] for entry in limited.get("/journal")["data"]} == {mine}
