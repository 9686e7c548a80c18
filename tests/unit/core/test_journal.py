"""The journal: entries of people and of the system, and the date of the last contact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from crmhost.core.contacts import services as contacts
from crmhost.core.journal import describe, kinds
from crmhost.core.journal import services as journal
from crmhost.core.journal.system import SystemEntry
from crmhost.errors import Forbidden, Invalid, NotFound, Stale
from crmhost.testing import Clock, Host


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def test_an_entry_holds_what_was_written(site: Host) -> None:
    """Type, time, texts and author come back, and an event is told."""
    number = site.make.contact(first_name="A")
    at = dt.datetime(2025, 5, 1, 9, tzinfo=dt.UTC)
    with site.work("Contacts manager") as work:
        with work.begin():
            made = journal.add(
                work, "contact", number, "call", summary=" Spoke\nwith A ", comment="a\r\nb", outcome="ok", at=at
            )
        entry = journal.entries(work, "contact", number, by="people").rows[0]
        assert (entry.id, entry.type, entry.summary, entry.comment, entry.outcome) == (
            made.id,
            "call",
            "Spoke with A",
            "a\nb",
            "ok",
        )
        assert (entry.at, entry.actor_label, entry.by_system) == (at, "contacts.manager@example.com", False)
    assert site.events()[-1] == ("journal.added", [made.id])


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"type": "cal"}, "type", "Did you mean “call”"),
        ({"type": "status"}, "type", "no type of entry"),
        ({"summary": " "}, "summary", "Write what happened"),
        ({"summary": "x" * 301}, "summary", "at most 300"),
        ({"comment": "x" * 20_001}, "comment", "at most 20,000"),
        ({"at": dt.datetime(3000, 1, 1, tzinfo=dt.UTC)}, "at", "future"),
        ({"at": dt.datetime(2025, 1, 1)}, "at", "date and time"),  # noqa: DTZ001  # the point of the case
    ],
)
def test_what_cant_be_written_is_told_at_its_field(
    site: Host, fields: dict[str, object], field: str, words: str
) -> None:
    """Wrong input gives sentences at the field."""
    number = site.make.contact(first_name="A")
    given: dict[str, object] = {"type": "note", "summary": "x", **fields}
    with site.work("Admin") as work, pytest.raises(Invalid) as caught, work.begin():
        journal.add(work, "contact", number, str(given.pop("type")), **given)  # type: ignore[arg-type]
    assert words in caught.value.errors[field][0]


def test_the_last_contact_follows_the_entries(site: Host) -> None:
    """Entries of types marked as contact move it; changing and removing them moves it back; notes never do."""
    number = site.make.contact(first_name="A")
    days = [dt.datetime(2025, 5, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
    with site.work("Admin") as work:
        with work.begin():
            call = journal.add(work, "contact", number, "call", summary="x", at=days[1])
            journal.add(work, "contact", number, "letter", summary="x", at=days[0])
            journal.add(work, "contact", number, "note", summary="x", at=days[2])
        assert site.contact(number).last_contacted_at == days[1]
        with work.begin():
            journal.edit(work, call.id, {"at": days[2]})
        assert site.contact(number).last_contacted_at == days[2]
        with work.begin():
            journal.edit(work, call.id, {"type": "note"})
        assert site.contact(number).last_contacted_at == days[0]
        with work.begin():
            journal.edit(work, call.id, {"type": "meeting"})
            journal.remove(work, call.id)
        assert site.contact(number).last_contacted_at == days[0]


def test_people_edit_the_list_of_types(site: Host) -> None:
    """Types are added, renamed, marked, ordered; those of the core too; names that are taken are refused."""
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work, work.begin():
        visit = kinds.add(work, "Visit", icon="map-pin")
        assert (visit.name, visit.contact, visit.icon) == ("own:visit", True, "map-pin")
        kinds.change(work, "call", "Phone call", icon="phone", contact=False)
        kinds.reorder(work, ["own:visit", "call"])
        assert [item.label for item in journal.manual_types(work)][:3] == ["Visit", "Phone call", "Note"]
        journal.add(work, "contact", number, "call", summary="Rang")
    assert site.contact(number).last_contacted_at is None
    with site.work("Admin") as work:
        for label, icon in (("phone CALL", "note"), ("", "note"), ("x" * 61, "note"), ("New", "skull")):
            with pytest.raises(Invalid), work.begin():
                kinds.add(work, label, icon=icon)
        with work.begin():
            journal.add(work, "contact", number, "own:visit", summary="Met")
    assert site.contact(number).last_contacted_at is not None
    with site.work("Contacts manager") as work, work.begin(), pytest.raises(Forbidden):
        kinds.add(work, "Mine")


def test_entries_of_a_deleted_type_get_the_one_that_was_chosen(site: Host) -> None:
    """A type with entries asks; a job moves them; one without goes at once, and can be made again."""
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        with work.begin():
            entry = journal.add(work, "contact", number, "letter", summary="Sent").id
            kinds.add(work, "Visit")
        with pytest.raises(Invalid, match="Entries have the type"), work.begin():
            kinds.remove(work, "letter")
        with work.begin():
            kinds.remove(work, "letter", "own:visit")
            kinds.remove(work, "meeting")
        assert not {"letter", "meeting"} & {item.name for item in journal.manual_types(work)}
    site.run_jobs()
    with site.work("Admin") as work, work.begin():
        assert journal.get(work, entry).type == "own:visit"
        assert kinds.add(work, "Letter").name == "own:letter"


def test_what_the_system_wrote_stays(site: Host) -> None:
    """It can be pinned, not changed nor removed."""
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        entry = journal.entries(work, "contact", number).rows[0]
        for change in (lambda: journal.edit(work, entry.id, {"summary": "x"}), lambda: journal.remove(work, entry.id)):
            with pytest.raises(Invalid, match="system wrote"), work.begin():
                change()
        with work.begin():
            journal.pin(work, entry.id)
        assert [item.id for item in journal.entries(work, "contact", number).pinned] == [entry.id]


def test_saving_over_somebody_is_refused(site: Host) -> None:
    """The second to save an entry hears of it; saving the same again changes nothing."""
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        with work.begin():
            entry = journal.add(work, "contact", number, "note", summary="x")
        with work.begin():
            journal.edit(work, entry.id, {"summary": "y"}, version=1)
            journal.edit(work, entry.id, {"summary": "y"}, version=2)
        with pytest.raises(Stale), work.begin():
            journal.edit(work, entry.id, {"summary": "z"}, version=1)
        with pytest.raises(Invalid, match="no field"), work.begin():
            journal.edit(work, entry.id, {"by_system": True})


def test_sentences_are_made_in_the_readers_language(site: Host) -> None:
    """The system's entries are stored as type and data; names are parts of their own."""
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        with work.begin():
            contacts.set_status(work, [number], "Customer")
            contacts.to_bin(work, [number])
            journal.system(work, [SystemEntry(number, "ledger.paid", {"x": 1}, "Paid 5 EUR")])
        rows = journal.entries(work, "contact", number, by="system").rows
    german = {"Status changed from %(old)s to %(new)s": "Status: %(new)s statt %(old)s"}
    texts = [describe.sentence(row, lambda text: german.get(text, text)) for row in rows]
    assert texts == ["Paid 5 EUR", "Moved to the bin", "Status: Customer statt Lead", "Added"]
    parts = describe.describe(rows[2], lambda text: german.get(text, text))
    assert [(part.text, part.kind) for part in parts] == [
        ("Status: ", "text"),
        ("Customer", "name"),
        (" statt ", "text"),
        ("Lead", "name"),
    ]
    assert parts[1].id == contacts_status(rows[2].data)


def contacts_status(data: dict[str, object]) -> object:
    return data["new_id"]


def test_the_journal_pages_from_new_to_old(site: Host, clock: Clock) -> None:
    """Every entry comes once, also when many have the same time."""
    clock.freeze(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    number = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        with work.begin():
            ids = [journal.add(work, "contact", number, "note", summary=str(n)).id for n in range(7)]
        seen: list[int] = []
        after: str | None = None
        while True:
            page = journal.entries(work, "contact", number, after, by="people", limit=3)
            seen += [entry.id for entry in page.rows]
            after = page.next
            if after is None:
                break
        assert seen == ids[::-1]
        with pytest.raises(Invalid):
            journal.entries(work, "contact", number, "nonsense")


def test_the_feed_shows_what_one_may_see(site: Host) -> None:
    """All of it to most, that of their own contacts to limited users, and filters narrow it."""
    number = site.make.contact(first_name="Other")
    with site.work("Admin") as work, work.begin():
        journal.add(work, "contact", number, "call", summary="Admin called")
    with site.work("Contacts manager", only_assigned=True) as work:
        with work.begin():
            mine = contacts.create(work, {"first_name": "Mine"}).id
            journal.add(work, "contact", mine, "note", summary="Wrote")
        assert {entry.object_id for entry in journal.feed(work).rows} == {mine}
        with pytest.raises(NotFound), work.begin():
            journal.add(work, "contact", number, "note", summary="x")
        with pytest.raises(NotFound):
            journal.entries(work, "contact", number)
    with site.work("Read only") as work:
        assert len(journal.feed(work).rows) == 4
        assert [entry.summary for entry in journal.feed(work, "call").rows] == ["Admin called"]
        assert [entry.summary for entry in journal.feed(work, by="people").rows] == ["Wrote", "Admin called"]
        assert len(journal.feed(work, by="system").rows) == 2
        admin = site.actor("Admin").user_id
        assert [entry.summary for entry in journal.feed(work, user_id=admin, by="people").rows] == ["Admin called"]
        assert [entry.summary for entry in journal.feed(work, "call", user_id=admin).rows] == ["Admin called"]
        assert journal.feed(work, from_=work.now + dt.timedelta(hours=1)).rows == []
        assert journal.feed(work, to=work.now - dt.timedelta(hours=1)).rows == []
        with pytest.raises(Forbidden), work.begin():
            journal.add(work, "contact", number, "note", summary="x")
