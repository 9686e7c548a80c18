"""Saving many contacts at once, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from crmhost.contributions import RowResult
from crmhost.core.contacts import bulk, search, tags
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact, ContactEmail
from crmhost.core.contacts.records import external_ids_of
from crmhost.core.journal import services as journal
from crmhost.core.statuses import services as statuses
from crmhost.core.statuses.models import StatusChange
from crmhost.errors import Forbidden, Invalid
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def save(site: Host, rows: Sequence[Mapping[str, Any]], role: str = "Admin", **options: Any) -> list[RowResult]:
    with site.work(role) as work, work.begin():
        return bulk.save_many(work, rows, **options)


def undo(site: Host, results: Sequence[RowResult]) -> list[int]:
    # What is stored between a run and its undoing is JSON.
    kept = [RowResult(**json.loads(json.dumps(vars(result)))) for result in results]
    with site.work("Admin") as work, work.begin():
        return bulk.undo_many(work, kept)


def outcomes(results: Sequence[RowResult]) -> list[str]:
    return [result.outcome for result in results]


def test_an_imported_contact_is_like_any_other(site: Host) -> None:
    """It is found, counted, tagged, has history and journal, and one event and one audit line tell of the batch."""
    rows = [
        {"first_name": f"Person {n}", "email": f"p{n}@example.com", "status": "customer", "tags": "VIP, Fair"}
        for n in range(30)
    ]
    results = save(site, rows, reason={"text": "Imported from fair.csv"})
    ids = [result.id for result in results]
    assert outcomes(results) == ["added"] * 30
    assert site.events() == [("contact.created", ids)]
    with site.work("Admin") as work:
        contact = contacts.get(work, ids[7] or 0)
        assert (contact.name, contact.status.name, contact.source, contact.version) == (
            "Person 7",
            "Customer",
            "import",
            1,
        )
        assert contact.reason["text"] == "Imported from fair.csv"
        assert search.find(work, "contact", "p7@exam") == [contact.id]
        assert [tag.name for tag in tags.of(work, "contact", [contact.id])[contact.id]] == ["Fair", "VIP"]
        assert [(entry.type, entry.data["why"]) for entry in journal.entries(work, "contact", contact.id).rows] == [
            ("imported", "Imported from fair.csv")
        ]
        assert work.session.query(StatusChange).filter_by(contact_id=contact.id).one().new_name == "Customer"
        assert statuses.counts(work)[contact.status_id] == 30
        assert work.session.query(AuditEntry).filter_by(action="contact.imported").one().after["ids"] == ids


def test_one_bad_row_never_stops_the_rest(site: Host) -> None:
    """Each row says what became of it and why."""
    rows = [
        {"email": "ok@example.com"},
        {"email": "plain"},
        {},
        {"first_name": "x" * 121},
        {"first_name": "Ann", "status": "Costumer", "address1_country": "Nowhereland", "created_at": "soon"},
        {"first_name": "\x00", "email": "ok2@example.com", "work_phone": "x" * 99},
        {"first_name": "Bob", "assigned_to": "nobody@example.com"},
    ]
    results = save(site, rows)
    assert outcomes(results) == ["added", "refused", "refused", "refused", "added", "added", "added"]
    assert "not an e-mail address" in results[1].reasons[0]
    assert "at least a first name" in results[2].reasons[0]
    assert "Did you mean “Customer”" in " ".join(results[4].reasons)
    with site.work("Admin") as work:
        assert contacts.get(work, results[4].id or 0).status.name == "Lead"
    assert "Nowhereland" in site.contact(results[4].id or 0).notes
    assert "soon" in site.contact(results[4].id or 0).notes
    assert "x" * 99 in site.contact(results[5].id or 0).notes


@pytest.mark.parametrize(
    ("mode", "outcome", "first", "last"),
    [("update", "updated", "New", "Old"), ("fill", "updated", "Old", "Old"), ("skip", "skipped", "Old", "Old")],
)
def test_what_happens_to_a_contact_that_is_there(site: Host, mode: str, outcome: str, first: str, last: str) -> None:
    """“update” writes, “fill” only into what is empty, “skip” leaves alone; empty cells never take anything away."""
    number = site.make.contact(
        first_name="Old", last_name="Old", email="a@example.com", work_phone="1", tags=["x"], status="Upsell"
    )
    row = {
        "first_name": "New",
        "last_name": "",
        "email": "A@example.com",
        "home_phone": "2",
        "tags": "x,y",
        "address1_city": "Rome",
        "status": "Lead",
    }
    results = save(site, [row], mode=mode)
    assert (outcomes(results), results[0].id) == ([outcome], number)
    contact = site.contact(number)
    assert (contact.first_name, contact.last_name, contact.work_phone) == (first, last, "1")
    with site.work("Admin") as work:
        status = contacts.get(work, number).status.name
    if mode == "skip":
        assert (contact.home_phone, contact.address1, contact.version) == ("", {}, 1)
    else:
        assert (contact.home_phone, contact.address1, contact.version) == ("2", {"city": "Rome"}, 2)
    assert status == ("Lead" if mode == "update" else "Upsell")


def test_the_same_person_twice_in_one_file_is_one_contact(site: Host) -> None:
    """In whatever case the address is written, in one batch or the next."""
    rows = [
        {"email": "dup@example.com", "first_name": "A"},
        {"email": "DUP@example.com", "first_name": "B"},
        {"email": " dup@example.com ", "home_phone": "3"},
    ]
    results = save(site, rows)
    assert outcomes(results) == ["added", "updated", "updated"]
    assert len({result.id for result in results}) == 1
    assert outcomes(save(site, rows[:1])) == ["updated"]
    assert outcomes(save(site, rows[:1])) == ["skipped"]
    contact = site.contact(results[0].id or 0)
    assert (contact.first_name, contact.home_phone, contact.version) == ("A", "3", 2)


def test_an_id_in_another_system_finds_its_contact_again(site: Host) -> None:
    """A sync never makes the same person twice, even when the address changed; two shops' customer 5 are two people."""

    def row(account: str, **fields: str) -> dict[str, Any]:
        return {**fields, "external_ids": [{"source": "shop", "account": account, "id": "5"}]}

    first = save(site, [row("a", email="a@example.com"), row("b", first_name="B")], match="external_id")
    assert outcomes(first) == ["added", "added"]
    again = save(site, [row("a", email="new@example.com")], match="external_id")
    assert (outcomes(again), again[0].id) == (["updated"], first[0].id)
    with site.work("Admin") as work:
        found = contacts.emails_of(work, [first[0].id or 0])[first[0].id or 0]
        assert [email.email for email in found] == ["new@example.com", "a@example.com"]
    mixed = save(site, [row("b", email="new@example.com")])
    assert outcomes(mixed) == ["refused"]
    assert "more than one contact" in mixed[0].reasons[0]


def test_an_id_that_lies_in_the_bin_moves_to_the_new_contact(site: Host) -> None:
    """Deleting a contact does not block the next import of the same id."""
    row = {"first_name": "A", "external_ids": [("shop", "", "7")]}
    old = save(site, [row])[0].id or 0
    with site.work("Admin") as work, work.begin():
        contacts.to_bin(work, [old])
    new = save(site, [row])[0]
    assert new.outcome == "added"
    with site.work("Admin") as work:
        assert list(external_ids_of(work, [old, new.id or 0])) == [new.id]


def test_a_limited_user_imports_into_their_own_contacts(site: Host) -> None:
    """Their rows become theirs; a row that means somebody else's contact is refused without saying whose."""
    site.make.contact(email="taken@example.com")
    with site.work("Contacts manager", only_assigned=True) as work, work.begin():
        results = bulk.save_many(work, [{"email": "mine@example.com"}, {"email": "taken@example.com"}])
        assert outcomes(results) == ["added", "refused"]
        assert results[1].id is None
    assert site.contact(results[0].id or 0).assigned_to_id is not None


def test_too_much_and_nonsense_are_refused(site: Host) -> None:
    """A step has at most a thousand rows, and mode and match are known words; readers can't import."""
    with pytest.raises(Invalid):
        save(site, [{}] * 1001)
    with pytest.raises(Invalid):
        save(site, [], mode="replace")
    with pytest.raises(Invalid):
        save(site, [], match="name")
    with pytest.raises(Forbidden):
        save(site, [], role="Read only")
    assert save(site, []) == []


# --- undo ------------------------------------------------------------------------------------------------------------


def test_undo_takes_everything_back(site: Host) -> None:
    """Added contacts go to the bin, changed ones are what they were, in the order of the steps backwards."""
    number = site.make.contact(
        first_name="Old",
        emails=["a@example.com", "b@example.com"],
        tags=["x"],
        status="Upsell",
        address1={"city": "Rome"},
    )
    one = save(
        site,
        [
            {
                "email": "a@example.com",
                "first_name": "New",
                "tags": "x,y",
                "status": "Lead",
                "address1_line1": "Main 1",
            },
            {"email": "n@example.com"},
        ],
    )
    two = save(
        site,
        [
            {"emails": ["b@example.com", "c@example.com"], "external_ids": [("shop", "", "1")]},
            {"email": "n@example.com", "last_name": "N"},
        ],
    )
    assert outcomes(one + two) == ["updated", "added", "updated", "updated"]
    assert undo(site, two) == []
    assert undo(site, one) == []
    contact = site.contact(number)
    assert (contact.first_name, contact.address1, contact.email) == ("Old", {"city": "Rome"}, "a@example.com")
    with site.work("Admin") as work:
        assert [email.email for email in contacts.emails_of(work, [number])[number]] == [
            "a@example.com",
            "b@example.com",
        ]
        assert [tag.name for tag in tags.of(work, "contact", [number])[number]] == ["x"]
        assert contacts.get(work, number).status.name == "Upsell"
        assert external_ids_of(work, [number]) == {}
        assert work.session.query(Contact).filter(Contact.deleted_at.is_(None)).count() == 1
        assert work.session.query(ContactEmail).filter_by(active=True).count() == 2
    assert outcomes(save(site, [{"email": "n@example.com"}])) == ["added"]


def test_undo_of_all_steps_at_once(site: Host) -> None:
    """The results of several steps may come in one call, in the order in which they were made."""
    rows = [{"email": "n@example.com", "first_name": "A"}, {"email": "n@example.com", "first_name": "B"}]
    steps = save(site, rows) + save(site, [{"email": "n@example.com", "first_name": "C"}])
    assert undo(site, steps) == []
    with site.work("Admin") as work:
        assert work.session.query(Contact).filter(Contact.deleted_at.is_(None)).count() == 0


def test_undo_leaves_alone_what_was_touched_since(site: Host) -> None:
    """A contact that was edited, or that somebody wrote about, is listed and stays as it is."""
    site.make.contact(first_name="Old", email="a@example.com")
    results = save(
        site,
        [
            {"email": "a@example.com", "first_name": "New"},
            {"email": "b@example.com"},
            {"email": "c@example.com"},
            {"email": "d@example.com"},
        ],
    )
    ids = [result.id or 0 for result in results]
    with site.work("Admin") as work, work.begin():
        contacts.update(work, ids[0], {"last_name": "X"})
        contacts.set_status(work, [ids[1]], "Customer")
        journal.add(work, "contact", ids[2], "note", summary="Called")
    assert undo(site, results) == ids[:3]
    assert site.contact(ids[0]).first_name == "New"
    assert site.contact(ids[3]).deleted_at is not None
    assert undo(site, results) == ids[:3]
