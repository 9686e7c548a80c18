"""Pages of duplicates, merges, erasing and exports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from crmhost.core.contacts import bulk
from crmhost.core.contacts import services as contacts
from crmhost.testing import PASSWORD, Clock, Host
from tests.unit.web.conftest import Reader


@pytest.fixture
def pair(site: Host) -> tuple[int, int]:
    """Two contacts that share a name and a phone."""
    one = site.make.contact(
        first_name="Ada", last_name="King", email="ada@one.example", mobile_phone="+44 20 7946 0958"
    )
    two = site.make.contact(first_name="Ada", last_name="King", email="king@two.example", mobile_phone="020 7946 0958")
    site.run_jobs()
    return one, two


def form_of(text: str) -> dict[str, str]:
    """What the comparison would send as it is shown."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    fields |= dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', text))
    fields.pop("csrf_token", None)
    return fields


def test_from_duplicates_to_a_merge_and_back(site: Host, reader: Reader, pair: tuple[int, int]) -> None:
    """The list leads to the comparison, that to the merge, its toast and its page to the undo."""
    one, two = pair
    page = reader.get("/contacts/duplicates").text
    assert page.count("Compare and merge") == 1
    assert "Same phone" in page
    assert "Same name" in page
    assert "Compare and merge" in reader.get("/contacts/duplicates?kind=phone").text
    compare = reader.get(f"/contacts/duplicates/compare?ids={one},{two}").text
    fields = form_of(compare)
    assert fields["keep"] == fields["field.email"] == str(one)
    assert "field.first_name" not in fields
    fields |= {"keep": str(two), "field.email": str(one), "field.mobile_phone": str(one)}
    answer = reader.post("/contacts/duplicates/compare", fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/contacts/{two}")
    assert "merged into this one" in reader.toasts()
    kept = site.contact(two)
    assert (kept.email, kept.mobile_phone) == ("ada@one.example", "+44 20 7946 0958")
    assert reader.get(f"/contacts/{one}").headers["Location"] == f"/contacts/{two}"
    journal = reader.get(f"/contacts/{two}").text
    [address] = set(re.findall(r'href="(/contacts/merges/\d+)"', journal))
    details = reader.get(address).text
    assert "Undo this merge" in details
    assert "Journal entries" in details
    with site.work("Admin") as work, work.begin():
        contacts.update(work, two, {"mobile_phone": "112"})
    assert reader.post(f"{address}/undo").status_code == 303
    undone = reader.get(address).text
    assert "was undone by" in undone
    assert "Mobile phone" in undone
    assert "Undo this merge" not in undone
    reader.post(f"{address}/undo")
    assert "undone already" in reader.toasts()
    assert site.contact(one).email == "ada@one.example"
    assert site.contact(two).mobile_phone == "112"


def test_what_changed_meanwhile_is_shown_again(site: Host, reader: Reader, pair: tuple[int, int]) -> None:
    """A comparison that is out of date is refused with what holds now; wrong choices and numbers get a sentence, never a 5xx."""
    one, two = pair
    fields = form_of(reader.get(f"/contacts/duplicates/compare?ids={one},{two}").text)
    with site.work("Admin") as work, work.begin():
        contacts.update(work, two, {"last_name": "Lovelace"})
    answer = reader.post("/contacts/duplicates/compare", fields)
    assert answer.status_code == 409
    assert "Somebody changed one of them" in answer.text
    assert "Lovelace" in answer.text
    fields = form_of(answer.text)
    assert reader.post("/contacts/duplicates/compare", {**fields, "field.email": "999"}).status_code == 422
    assert reader.post("/contacts/duplicates/compare", {**fields, "field.email": "x"}).status_code == 422
    for ids in ("", "1", "1,1", "x,y", ",".join(map(str, range(1, 20)))):
        assert reader.get(f"/contacts/duplicates/compare?ids={ids}").status_code == 422, ids
    assert reader.get(f"/contacts/duplicates/compare?ids={one},999").status_code == 404
    assert reader.get("/contacts/merges/1").status_code == 404
    assert reader.post("/contacts/merges/1/undo").status_code == 404
    assert reader.post("/contacts/duplicates/compare", fields).status_code == 303
    assert reader.get(f"/contacts/duplicates/compare?ids={one},{two}").status_code == 404
    assert reader.get("/contacts/duplicates?after=x").status_code == 422
    assert reader.get("/contacts/duplicates?kind=x").status_code == 200


def test_people_are_told_apart(reader: Reader, pair: tuple[int, int]) -> None:
    """They are no longer listed; Undo lists them again. A form hints at who shares a name, and a contact's page finds them."""
    one, two = pair
    reader.post("/contacts/duplicates/apart", {"ids": [one, two]})
    toast = reader.toasts()
    assert "No duplicates" in reader.get("/contacts/duplicates").text
    [undo] = re.findall(r'action="(/contacts/duplicates/together[^"]*)"', toast)
    reader.post(undo)
    assert "Compare and merge" in reader.get("/contacts/duplicates").text
    hint = reader.get("/contacts/duplicates/alike?first_name=ada&last_name=king", htmx=True).text
    assert f'href="/contacts/{one}"' in hint
    assert f'href="/contacts/{two}"' in hint
    assert reader.get("/contacts/duplicates/alike?first_name=ada", htmx=True).text.strip() == ""
    found = reader.get(f"/contacts/{one}/merge").text
    assert f"ids={one},{two}" in found.replace("%2C", ",")
    found = reader.get(f"/contacts/{one}/merge?q=king@two").text
    assert f"ids={one},{two}" in found.replace("%2C", ",")


def test_selected_contacts_are_merged(reader: Reader, pair: tuple[int, int]) -> None:
    """The list's action leads to the comparison of 2 to 10 contacts; of one or a hundred it says what to do."""
    answer = reader.post("/contacts/bulk", {"do": "merge", "ids": list(pair)})
    assert answer.headers["Location"].replace("%2C", ",") == f"/contacts/duplicates/compare?ids={pair[0]},{pair[1]}"
    reader.post("/contacts/bulk", {"do": "merge", "ids": [pair[0]]})
    assert "Select 2 to 10" in reader.toasts()


def test_who_may_not_sees_nothing(site: Host, pair: tuple[int, int]) -> None:
    """Without the permission there is neither page nor action, and others' contacts are neither compared nor erased."""
    one, two = pair
    reader = Reader(site, "Read only")
    for address in (f"/contacts/duplicates/compare?ids={one},{two}", "/contacts/duplicates", f"/contacts/{one}/erase"):
        assert reader.get(address).status_code == 403
    assert "Erase for good" not in reader.get(f"/contacts/{one}").text
    limited = Reader(site, "CRM manager", only_assigned=True)
    assert limited.get(f"/contacts/duplicates/compare?ids={one},{two}").status_code == 404
    assert limited.get(f"/contacts/{one}/erase").status_code == 404
    assert limited.post(f"/contacts/{one}/export-data").status_code == 404
    assert limited.get("/contacts/duplicates/alike?first_name=ada&last_name=king").text.strip() == ""


def test_a_person_is_erased_with_a_receipt(site: Host, reader: Reader, clock: Clock, pair: tuple[int, int]) -> None:
    """The page asks for the password and names the person and what goes; afterwards the receipt is there, to be found by the
    address and printed.
    """
    one, _ = pair
    address = f"/contacts/{one}/erase"
    clock.move(minutes=31)
    assert reader.get(address).headers["Location"] == f"/account/confirm?next={address}"
    clock.move(hours=3)
    assert reader.post(address).status_code == 403
    assert reader.get(f"/contacts/{one}").status_code == 200
    assert reader.post("/account/confirm", {"password": PASSWORD, "next": address}).headers["Location"] == address
    page = reader.get(address).text
    assert "Erase Ada King for good" in page
    assert "Journal entries" in page
    answer = reader.post(address)
    receipt = reader.get(answer.headers["Location"]).text
    assert "data-print" in receipt
    assert "Ada" not in receipt.partition("<main")[2]
    assert reader.get(f"/contacts/{one}").status_code == 404
    found = reader.post("/settings/erased", {"email": "ADA@one.example"})
    assert "Yes: a person with this address was erased" in found.text
    assert "nobody with this address" in reader.post("/settings/erased", {"email": "x@example.com"}).text
    assert reader.post("/settings/erased", {"email": "no address"}).status_code == 422
    assert reader.get("/settings/erased/99").status_code == 404


def test_an_export_is_asked_for(site: Host, reader: Reader, pair: tuple[int, int]) -> None:
    """It leads to the job, whose result is the archive."""
    job = reader.post(f"/contacts/{pair[0]}/export-data").headers["Location"]
    site.run_jobs()
    [address] = set(re.findall(r'href="(/storage/\d+)"', reader.get(job).text))
    with reader.get(address) as archive:
        assert archive.headers["Content-Type"].startswith("application/zip")


def test_the_list_asks_as_little_of_many(host: Callable[..., Host]) -> None:
    """The page of duplicates takes as many queries for twenty groups as for two, at most twelve."""
    site = host()
    reader = Reader(site)
    numbers = []
    for groups in (2, 20):
        rows = [
            {"first_name": "Ann", "last_name": f"Nr {groups} {n // 2}", "email": f"a{groups}.{n}@example.com"}
            for n in range(2 * groups)
        ]
        with site.work("Admin") as work, work.begin():
            bulk.save_many(work, rows)
        site.run_jobs()
        reader.get("/contacts/duplicates")
        seen: list[str] = []

        def note(*arguments: Any, seen: list[str] = seen) -> None:
            if not arguments[2].startswith(("BEGIN", "ROLLBACK")):
                seen.append(arguments[2])

        event.listen(site.site.engine, "before_cursor_execute", note)
        assert reader.get("/contacts/duplicates").text.count("Compare and merge") == min(groups, 20)
        event.remove(site.site.engine, "before_cursor_execute", note)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1] <= 12, seen
