"""``/custom-fields``, and custom fields of contacts: values, filters, order."""

from __future__ import annotations

from typing import Any

import pytest

from crmhost.testing import Host

from .conftest import Client


def add(api: Client, **fields: Any) -> dict[str, Any]:
    answer = api("POST", "/custom-fields", fields)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/custom-fields/{answer.json['data']['id']}"
    found: dict[str, Any] = answer.json["data"]
    return found


def test_a_field_is_added_read_changed_and_deleted(api: Client, site: Host) -> None:
    """As the outside of the program promises: object, key, label, kind, choices."""
    made = add(api, object="contact", key="tier", label="Tier", kind="choice", choices=["Gold", "Silver"])
    assert made | {"id": 0} == {
        "id": 0, "object": "contact", "key": "tier", "label": "Tier", "kind": "choice", "choices": ["Gold", "Silver"],
        "currency": None, "help": "", "section": "", "required": False, "filterable": True, "ready": True,
    }  # fmt: skip
    second = add(api, label="Shoe size", kind="Number")
    assert (second["key"], second["kind"]) == ("shoe_size", "number")
    path = f"/custom-fields/{made['id']}"
    assert api.get(path)["data"] == made
    assert [item["key"] for item in api.get("/custom-fields?count=1")["data"]] == ["tier", "shoe_size"]
    ada = api.add(first_name="Ada", custom={"tier": "silver"})
    refused = api("PATCH", path, {"choices": ["Gold"]})
    assert refused.status_code == 422
    assert refused.json["errors"]["choices"]
    changed = api("PATCH", path, {"choices": ["Gold"], "replaced": {"Silver": "Gold"}, "label": "Rank", "position": 1})
    assert (changed.json["data"]["choices"], changed.json["data"]["label"]) == (["Gold"], "Rank")
    site.run_jobs()
    assert api.get(f"/contacts/{ada}")["data"]["custom"] == {"tier": "Gold"}
    assert [item["key"] for item in api.get("/custom-fields")["data"]] == ["shoe_size", "tier"]
    assert api("DELETE", path).status_code == 204
    assert api.get(f"/contacts/{ada}")["data"]["custom"] == {}
    assert api("GET", path).status_code == 404
    assert api("POST", f"{path}/restore").status_code == 200
    assert api.get(f"/contacts/{ada}")["data"]["custom"] == {"tier": "Gold"}


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ({"kind": "text"}, "label"),
        ({"label": "It", "kind": "colour"}, "kind"),
        ({"label": "It", "kind": "text", "key": "No Key"}, "key"),
        ({"label": "It", "kind": "choice", "choices": [{}]}, "choices"),
        ({"label": "It", "kind": "text", "object": "moon"}, "object"),
    ],
)
def test_a_field_that_can_not_be_is_refused(api: Client, document: dict[str, Any], at: str) -> None:
    """At the member that is wrong."""
    answer = api("POST", "/custom-fields", document)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [at]


def test_values_are_checked_by_their_kind_and_the_others_stay(api: Client) -> None:
    """Errors name ``custom.KEY``; null takes a value away."""
    add(api, label="Size", kind="number")
    add(api, label="Budget", kind="money", currency="EUR")
    add(api, label="Code", kind="encrypted")
    answer = api("POST", "/contacts", {"first_name": "Ada", "custom": {"size": "big", "hat": 1}})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"custom.size", "custom.hat"}
    budget = {"amount": 1250, "currency": "EUR"}
    ada = api.add(first_name="Ada", custom={"size": 43.5, "budget": budget, "code": "1234"})
    custom = api.get(f"/contacts/{ada}")["data"]["custom"]
    assert custom == {"size": 43.5, "budget": budget, "code": "••••••"}
    answer = api("PATCH", f"/contacts/{ada}", {"custom": {**custom, "size": None}})
    assert answer.json["data"]["custom"] == {"budget": budget, "code": "••••••"}
    assert api("POST", f"/contacts/{ada}/custom/code/reveal").json == {"data": {"value": "1234"}}
    assert api("POST", f"/contacts/{ada}/custom/size/reveal").status_code == 404


def test_contacts_are_filtered_and_sorted_by_custom_fields(api: Client) -> None:
    """Each kind in its way; those without a value come last."""
    for label, kind, more in (
        ("Size", "number", {}),
        ("Nick", "text", {}),
        ("Born", "date", {}),
        ("Tier", "choice", {"choices": ["Silver", "Gold"]}),
        ("Likes", "choices", {"choices": ["Tea", "Cake"]}),
        ("Member", "yes_no", {}),
        ("Story", "long_text", {}),
    ):
        add(api, label=label, kind=kind, **more)
    people = {
        "ada": {"size": 37, "nick": "The Countess", "born": "1815-12-10", "tier": "Gold", "likes": ["Tea", "Cake"]},
        "bob": {
            "size": 43.5,
            "nick": "Bobby",
            "born": "1950-01-01",
            "tier": "Silver",
            "likes": ["Cake"],
            "member": True,
        },
        "cy": {"member": False},
    }
    for name, custom in people.items():
        api.add(first_name=name, custom=custom)

    def listed(query: str) -> list[str]:
        return [row["first_name"] for row in api.get(f"/contacts?{query}")["data"]]

    for query, expected in {
        "custom.size=43.5": ["bob"],
        "custom.size.from=38&custom.size.to=44": ["bob"],
        "custom.size.to=37": ["ada"],
        "custom.nick=the countess": ["ada"],
        "custom.nick.contains=ount": ["ada"],
        "custom.nick.contains=bb": ["bob"],
        "custom.born.from=1900-01-01": ["bob"],
        "custom.tier=gold": ["ada"],
        "custom.tier=gold,Silver&sort=custom.size": ["ada", "bob"],
        "custom.likes=cake&sort=-custom.size": ["bob", "ada"],
        "custom.member=no": ["cy"],
        "custom.member.empty=yes": ["ada"],
        "custom.size.empty=no&sort=custom.nick": ["bob", "ada"],
        "sort=custom.size": ["ada", "bob", "cy"],
        "sort=-custom.size": ["bob", "ada", "cy"],
        "sort=custom.born": ["ada", "bob", "cy"],
        "sort=custom.tier": ["bob", "ada", "cy"],
        "sort=custom.member": ["cy", "bob", "ada"],
        "sort=-custom.nick&q=b": ["bob"],
    }.items():
        assert listed(query) == expected, query
    for query, name in {
        "custom.hat=1": "custom.hat",
        "custom.size=big": "custom.size",
        "custom.size.near=1": "custom.size.near",
        "custom.story=x": "custom.story",
        "sort=custom.likes": "sort",
        "sort=custom.hat": "sort",
    }.items():
        answer = api("GET", f"/contacts?{query}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, [name]), query
    seen: list[str] = []
    following = ""
    while following is not None:
        page = api.get(f"/contacts?sort=custom.size&limit=1&after={following}")
        seen += [row["first_name"] for row in page["data"]]
        following = page["next"]
    assert seen == ["ada", "bob", "cy"]
    broken = api.get("/contacts?sort=custom.size&limit=1")["next"]
    assert api("GET", f"/contacts?sort=custom.nick&after={broken}").status_code == 422
