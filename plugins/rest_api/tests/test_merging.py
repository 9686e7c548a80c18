"""Merging contacts through the API."""

from __future__ import annotations

from crmhost.api import privacy
from crmhost.testing import Host

from .conftest import Client


def test_contacts_are_merged_and_the_merge_is_undone(api: Client) -> None:
    """POST merge gives the number of the merge; undoing it lists what was edited or deleted since."""
    one = api.add(first_name="Ada", email="ada@example.com")
    two = api.add(first_name="Ada", last_name="King", email="king@example.com", phones={"mobile": "7"}, notes="Old")
    for wrong, field in (
        ({}, "from"),
        ({"from": []}, "from"),
        ({"from": [one]}, "from"),
        ({"from": [two], "fields": {"email": "x@example.com"}}, "fields.email"),
        ({"from": [two], "fields": {"tags": []}}, "fields.tags"),
        ({"from": [two], "fields": {"phones": {"fax": "1"}}}, "fields.phones.fax"),
    ):
        answer = api("POST", f"/contacts/{one}/merge", wrong)
        assert answer.status_code == 422, answer.text
        assert field in str(answer.json["errors"]), answer.text
    chosen = {"email": "king@example.com", "phones": {"work": "8"}, "status": "Customer"}
    answer = api("POST", f"/contacts/{one}/merge", {"from": [two], "fields": chosen})
    assert answer.status_code == 200, answer.text
    merge = answer.json["merge_id"]
    record = api.get(f"/contacts/{one}")["data"]
    assert (record["email"], record["status"], record["last_name"]) == ("king@example.com", "Customer", "King")
    assert record["phones"] == {"home": "", "work": "8", "mobile": "7"}
    assert api("GET", f"/contacts/{two}").status_code == 404
    assert api("POST", f"/contacts/{one}/merge", {"from": [two]}).status_code == 409
    api("PATCH", f"/contacts/{one}", {"notes": "New"})
    answer = api("POST", f"/merges/{merge}/undo")
    assert answer.json == {"merge_id": merge, "stayed": [{"table": "", "field": "notes", "rows": 1, "why": "edited"}]}
    assert api.get(f"/contacts/{two}")["data"]["email"] == "king@example.com"
    assert api("POST", f"/merges/{merge}/undo", {}).status_code == 409
    assert api("POST", "/merges/99/undo", {}).status_code == 404


def test_a_person_is_exported_and_erased(api: Client, site: Host) -> None:
    """What is held is given to who may export, and erased by who may erase, from the bin too; without that it is only binned."""
    one = api.add(first_name="Ada", email="ada@example.com", tags=["VIP"])
    data = api.get(f"/contacts/{one}/personal-data")["data"]
    assert (data["contacts"][0]["tags"], data["emails"][0]["email"]) == (["VIP"], "ada@example.com")
    manager = Client(site, "Contacts manager")
    assert manager("DELETE", f"/contacts/{one}?erase=1").status_code == 403
    assert manager("DELETE", f"/contacts/{one}").status_code == 204
    assert Client(site, "Read only")("GET", f"/contacts/{one}/personal-data").status_code == 403
    assert api("DELETE", f"/contacts/{one}?erase=1", headers={"If-Match": '"1"'}).status_code == 412
    assert api("DELETE", f"/contacts/{one}?erase=1").status_code == 204
    assert api("DELETE", f"/contacts/{one}?erase=1").status_code == 404
    with site.work("Admin") as work:
        assert [receipt.contact_id for receipt in privacy.find(work, "ada@example.com")] == [one]
