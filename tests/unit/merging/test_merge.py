"""Merging contacts: what the one that stays gets, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.core.contacts import queries, tags
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact, ContactEmail
from crmhost.core.fields import services as fields
from crmhost.core.files.models import File
from crmhost.core.journal import services as journal
from crmhost.core.journal.models import JournalEntry
from crmhost.core.mail.models import MailMessage
from crmhost.core.merging import services as merging
from crmhost.core.statuses import counts
from crmhost.core.statuses.models import StatusChange
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry


def emails(site: Host, contact_id: int) -> list[tuple[str, bool]]:
    with site.site.sessions() as session:
        found = select(ContactEmail).where(ContactEmail.contact_id == contact_id).order_by(ContactEmail.email)
        return [(row.email, row.main) for row in session.scalars(found)]


def merge(site: Host, winner: int, *losers: int, role: str = "Admin", **chosen: Any) -> int:
    with site.work(role) as work, work.begin():
        return merging.merge(work, winner, losers, chosen).id


def undo(site: Host, merge_id: int, **options: Any) -> list[dict[str, Any]]:
    with site.work("Admin") as work, work.begin():
        return merging.undo(work, merge_id, **options).stayed


def test_the_one_that_stays_gets_everything(host: Callable[..., Host]) -> None:
    """Addresses, phones, tags, notes, ids, histories, files and mails of both; the other leads to it."""
    site = host()
    old = site.make.contact(
        first_name="Ada",
        email="ada@example.com",
        mobile_phone="1",
        notes="Likes tea",
        tags=["A"],
        created_at="2020-01-02",
    )
    new = site.make.contact(
        first_name="Ada",
        last_name="Lovelace",
        emails=["al@example.com", "countess@example.com"],
        mobile_phone="2",
        work_phone="3",
        notes="Likes numbers",
        tags=["B"],
        external_ids=[["woo", "shop", "5"]],
        socials={"x": "ada"},
        status="Customer",
        address1={"city": "London"},
    )
    with site.work("Admin") as work, work.begin():
        journal.add(work, "contact", old, "call", summary="Rang", at=work.now)
        file = File(key="k", name="a.txt", size=1, sha256="0", media_type="text/plain", owner="x", contact_id=old)
        mail = MailMessage(contact_id=old, to_email="a@b.c", email_key="a@b.c", subject="Hi", created_at=work.now)
        file.created_at = work.now
        work.session.add_all([file, mail])
    merged = merge(site, new, old)
    one, gone = site.contact(new), site.contact(old)
    assert emails(site, new) == [("ada@example.com", False), ("al@example.com", True), ("countess@example.com", False)]
    assert emails(site, old) == []
    assert (one.email, one.mobile_phone, one.work_phone, one.first_name) == ("al@example.com", "2", "3", "Ada")
    assert one.notes == "Likes numbers\n\nLikes tea"
    assert (one.created_at, one.last_contacted_at) == (gone.created_at, gone.last_contacted_at)
    assert (gone.merged_into_id, gone.deleted_at is None) == (new, False)
    with site.work("Admin") as work:
        assert [tag.name for tag in tags.of(work, "contact", [new])[new]] == ["A", "B"]
        assert len(contacts.external_ids_of(work, [new])[new]) == 1
        assert sum(counts.kept(work).values()) == 1
        assert [row.id for row in queries.page(work, queries.ListQuery(q="ada@example")).rows] == [new]
        assert [row.id for row in queries.page(work, queries.ListQuery()).rows] == [new]
        assert queries.page(work, queries.ListQuery(filters={"in_bin": "1"})).rows == []
        for model in (JournalEntry, StatusChange, File, MailMessage):
            assert set(work.session.scalars(select(model.contact_id))) == {new}, model
        said = work.session.scalars(select(JournalEntry.data).where(JournalEntry.type == "merged")).all()
        assert [item["name"] for item in said] == ["Ada"]
        assert "contact.merged" in work.session.scalars(select(AuditEntry.action)).all()
    assert [name for name, _ in site.events()][-3:] == ["contact.updated", "contact.merged", "contact.deleted"]
    assert undo(site, merged) == []
    assert emails(site, old) == [("ada@example.com", True)]
    assert [name for name, _ in site.events()][-3:] == ["contact.updated", "contact.unmerged", "contact.restored"]


def test_values_are_chosen(host: Callable[..., Host]) -> None:
    """A chosen name, main address, status and owner count; what nobody has is refused at its field."""
    site = host()
    boss = site.actor("CRM manager").user_id
    one = site.make.contact(first_name="Ada", last_name="Byron", email="byron@example.com")
    two = site.make.contact(first_name="Ada", last_name="Lovelace", email="love@example.com", status="Customer")
    with pytest.raises(Invalid) as refused:
        merge(site, one, two, email="nobody@example.com")
    assert list(refused.value.errors) == ["email"]
    with pytest.raises(Invalid) as refused:
        merge(site, one, two, tags=["A"], emails=[])
    assert set(refused.value.errors) == {"tags", "emails"}
    with pytest.raises(Invalid, match="no status"):
        merge(site, one, two, status="None such")
    chosen = {"last_name": "Lovelace", "email": "LOVE@example.com", "status": "customer", "assigned_to": boss}
    made = merge(site, one, two, **chosen)
    found = site.contact(one)
    assert (found.last_name, found.email, found.assigned_to_id) == ("Lovelace", "love@example.com", boss)
    assert emails(site, one) == [("byron@example.com", False), ("love@example.com", True)]
    with site.work("Admin") as work:
        assert work.session.get_one(Contact, one).status_id == work.session.get_one(Contact, two).status_id
        assert list(counts.kept(work).values()).count(1) == 1
    assert undo(site, made) == []
    found = site.contact(one)
    assert (found.last_name, found.email, found.assigned_to_id) == ("Byron", "byron@example.com", None)
    with site.work("Admin") as work:
        assert sorted(amount for amount in counts.kept(work).values() if amount) == [1, 1]


def test_values_are_taken_from_one_of_them(host: Callable[..., Host]) -> None:
    """By contact, as the comparison sends it: columns, profiles, custom fields, main address and status of the one named."""
    site = host()
    with site.work("Admin") as work, work.begin():
        fields.add(work, {"label": "Size", "kind": "number", "filterable": True})
    one = site.make.contact(first_name="Ada", email="a@example.com", custom={"size": 40}, socials={"x": "one"})
    two = site.make.contact(
        first_name="Eve", email="b@example.com", custom={"size": 50}, socials={"x": "two"}, status="Customer"
    )
    names = ("first_name", "email", "custom.size", "social_x", "status", "assigned_to")
    for wrong in ({"first_name": 99}, {"emails": two}, {"version": two}, {"social_": two}):
        with pytest.raises(Invalid) as refused, site.work("Admin") as work, work.begin():
            merging.merge(work, one, [two], take=wrong)
        assert list(refused.value.errors) == list(wrong)
    with site.work("Admin") as work, work.begin():
        made = merging.merge(work, one, [two], take=dict.fromkeys(names, two)).id
    found = site.contact(one)
    assert (found.first_name, found.email, found.custom, found.socials) == (
        "Eve",
        "b@example.com",
        {"size": 50},
        {"x": "two"},
    )
    assert found.status_id == site.contact(two).status_id
    filtered = queries.ListQuery(filters={"custom.size": "50"})
    with site.work("Admin") as work:
        assert [row.id for row in queries.page(work, filtered).rows] == [one]
    assert undo(site, made) == []
    with site.work("Admin") as work:
        assert [row.id for row in queries.page(work, filtered).rows] == [two]


def test_what_can_not_be_merged(host: Callable[..., Host]) -> None:
    """Oneself, nobody, too many, somebody unknown, in the bin, merged already, or another's contact: each has its sentence."""
    site = host()
    ids = [site.make.contact() for _ in range(13)]
    with site.work("Admin") as work, work.begin():
        contacts.to_bin(work, [ids[12]])
    for losers, error, words in (
        ([ids[0]], Invalid, "into itself"),
        ([], Invalid, "at least one"),
        (ids[1:12], Invalid, "At most 10"),
        ([999], NotFound, "no contact"),
        (["x"], NotFound, "no contact"),
        ([ids[12]], Conflict, "in the bin"),
    ):
        with pytest.raises(error, match=words):
            merge(site, ids[0], *losers)
    merge(site, ids[0], ids[1])
    with pytest.raises(Conflict, match="merged into another") as refused:
        merge(site, ids[2], ids[1])
    assert refused.value.other_id == ids[0]
    with pytest.raises(Conflict, match="merged into another"):
        merge(site, ids[1], ids[2])
    for role in ("Read only", "Quotes manager"):
        with pytest.raises(Forbidden):
            merge(site, ids[0], ids[2], role=role)
    with site.work("CRM manager", only_assigned=True) as work:
        with work.begin():
            mine = contacts.create(work, {"first_name": "Mine"}).id
        with pytest.raises(NotFound), work.begin():
            merging.merge(work, mine, [ids[2]])
        with pytest.raises(NotFound), work.begin():
            merging.undo(work, 1)
    assert site.contact(ids[2]).deleted_at is None


def test_undo_has_its_limits(host: Callable[..., Host]) -> None:
    """A merge is undone once, in its time, while the contact that stayed is there; a chain is undone from its end."""
    site = host()
    site.clock.freeze()
    a, b, c = (site.make.contact() for _ in range(3))
    first, second = merge(site, a, b), 0
    second = merge(site, c, a)
    with pytest.raises(Conflict, match="itself merged"):
        undo(site, first)
    assert undo(site, second) == []
    with site.work("Admin") as work, work.begin():
        contacts.to_bin(work, [a])
    with pytest.raises(Conflict, match="in the bin"):
        undo(site, first)
    with site.work("Admin") as work, work.begin():
        contacts.restore(work, [a])
    site.clock.move(days=31)
    with pytest.raises(Conflict, match="is over"):
        undo(site, first)
    site.clock.move(days=-2)
    assert undo(site, first) == []
    with pytest.raises(Conflict, match="undone already"):
        undo(site, first)
    with pytest.raises(NotFound):
        undo(site, 99)


def test_what_was_edited_since_stays(host: Callable[..., Host]) -> None:
    """An undo lists rows and fields that were edited or deleted since, and leaves them; asked to, it takes edited rows along."""
    site = host()
    for edited in (False, True):
        one = site.make.contact(first_name="Ada", last_name="King")
        two = site.make.contact(first_name="Ada", email=f"{edited}@example.com", notes="Old", mobile_phone="7")
        with site.work("Admin") as work, work.begin():
            entries = [journal.add(work, "contact", two, "note", summary=str(number)).id for number in range(3)]
        made = merge(site, one, two)
        with site.work("Admin") as work, work.begin():
            journal.edit(work, entries[0], {"summary": "Edited"})
            journal.remove(work, entries[2])
            contacts.update(work, one, {"notes": "New", "emails": []})
        stayed = undo(site, made, edited=edited)
        found = {item.get("table", item.get("field")): (item["rows"], item["why"]) for item in stayed}
        expected = {"contacts_email": (1, "gone"), "notes": (1, "edited")}
        assert found.items() >= expected.items()
        counted = {(item.get("table"), item["why"]): item["rows"] for item in stayed}
        assert counted.get(("journal_entry", "gone")) == 1
        assert counted.get(("journal_entry", "edited")) == (None if edited else 1)
        with site.work("Admin") as work:
            owners = [work.session.get_one(JournalEntry, number).object_id for number in entries[:2]]
        assert owners == [two if edited else one, two]
        assert (site.contact(one).notes, site.contact(one).mobile_phone, site.contact(two).email) == ("New", "", "")


@pytest.mark.database("sqlite")
def test_one_address_less_is_no_trouble(host: Callable[..., Host]) -> None:
    """Where neither has an address or a name in common, nothing is made up: names are not mixed, blanks are filled."""
    site = host()
    one = site.make.contact(first_name="Ada", mobile_phone="1", address1={"city": "Paris"})
    two = site.make.contact(first_name="Bob", last_name="Smith", home_phone="2", address1={"city": "Rome"})
    merge(site, one, two)
    found = site.contact(one)
    assert (found.first_name, found.last_name, found.home_phone) == ("Ada", "", "2")
    assert (found.address1, found.address2) == ({"city": "Paris"}, {"city": "Rome"})
