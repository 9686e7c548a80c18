"""Contacts: adding, changing, finding again, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts import tags
from crmhost.core.contacts.models import Contact, ExternalId
from crmhost.core.contacts.records import external_ids_of
from crmhost.core.fields import services as custom_fields
from crmhost.core.journal import services as journal
from crmhost.core.statuses import services as statuses
from crmhost.errors import Conflict, Invalid, NotFound, Stale
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def test_a_contact_is_stored_as_it_was_given(site: Host) -> None:
    """Names, addresses, phones, tags and ids in other systems come back as they were typed."""
    with site.work("Admin") as work, work.begin():
        made = contacts.create(
            work,
            {
                "first_name": "  Émile ",
                "last_name": "Żuławski",
                "emails": ["Emile@Example.com", "second@example.org"],
                "mobile_phone": "+48 (22) 123-45-67",
                "address1": {"line1": "Main street 1", "city": "Łódź", "country": "poland"},
                "tags": ["VIP", "Newsletter"],
                "status": "customer",
                "external_ids": [{"source": "shop", "account": "a", "id": 5}],
                "socials": {"x": "@emile"},
                "created_at": "2024-02-03",
            },
            source="form",
            reason="Signed up at the fair",
        )
        number = made.id
    with site.work("Admin") as work:
        contact = contacts.get(work, number)
        assert (contact.first_name, contact.last_name, contact.name) == ("Émile", "Żuławski", "Émile Żuławski")
        assert contact.email == "Emile@example.com"
        assert [row.email for row in contacts.emails_of(work, [number])[number]] == [
            "Emile@example.com",
            "second@example.org",
        ]
        assert contact.address1 == {"line1": "Main street 1", "city": "Łódź", "country": "PL"}
        assert [tag.name for tag in tags.of(work, "contact", [number])[number]] == ["Newsletter", "VIP"]
        assert contact.status.name == "Customer"
        assert contact.sort_name == "zulawski emile"
        assert contact.source == "form"
        assert contact.reason["text"] == "Signed up at the fair"
        assert contact.created_at == dt.datetime(2024, 2, 3, 12, tzinfo=dt.UTC)
        rows = external_ids_of(work, [number])[number]
        assert [(row.source, row.account, row.external_id) for row in rows] == [("shop", "a", "5")]
        assert contact.version == 1


def test_one_way_to_tell_a_person_is_enough(site: Host) -> None:
    """A first name, a last name, an e-mail or a phone alone makes a contact; without any there is none."""
    with site.work("Admin") as work:
        for field in ("first_name", "last_name", "work_phone", "home_phone", "mobile_phone"):
            with work.begin():
                assert contacts.create(work, {field: "x 1"}).name == "x 1"
        with work.begin():
            assert contacts.create(work, {"email": "a@example.com"}).name == "a@example.com"
        nobody: list[dict[str, object]] = [{}, {"notes": "somebody"}, {"first_name": " \x00 "}, {"emails": [""]}]
        for fields in nobody:
            with pytest.raises(Invalid, match="at least a first name"), work.begin():
                contacts.create(work, fields)


def test_a_new_contact_has_the_default_status(site: Host) -> None:
    """The first status, or the one in the settings."""
    from crmhost.core.settings import services as settings

    with site.work("Admin") as work, work.begin():
        assert contacts.create(work, {"first_name": "A"}).status.name == "Lead"
        settings.set_many(work, {"statuses.default": "contacted"})
        assert contacts.create(work, {"first_name": "B"}).status.name == "Contacted"


WRONG: list[tuple[str, object, str]] = [
    ("first_name", "x" * 121, "at most 120 characters, this has 121"),
    ("email", "not an address", "not an e-mail address"),
    ("email", "a@" + "x" * 300 + ".com", "too long"),
    ("notes", "x" * 100_001, "too long"),
    ("status", "Costumer", "Did you mean “Customer”"),
    ("assigned_to", "nobody@example.com", "no active user"),
    ("address1_country", "Germny", "Did you mean “Germany”"),
    ("created_at", "3rd of May", "is not a date"),
    ("created_at", "3026-01-01", "in the future"),
    ("tags", ["x" * 81], "at most 80"),
    ("tags", [7], "list of names"),
    ("external_ids", ["shop"], "needs a source"),
    ("address1", "Main street", "as an object"),
    ("socials", [1], "names and addresses"),
    ("custom", {"a": float("nan")}, "can't be stored"),
    ("first_name", {"a": 1}, "must be text"),
    ("flavour", "sweet", "no field “flavour”"),
]


def test_what_cant_be_taken_is_told_at_its_field(site: Host) -> None:
    """Wrong input gives sentences at the field, and nothing is stored."""
    with site.work("Admin") as work:
        for field, value, words in WRONG:
            with pytest.raises(Invalid) as caught, work.begin():
                contacts.create(work, {"last_name": "Lee", field: value})
            assert words in " ".join(caught.value.errors[field])
        assert work.session.query(Contact).count() == 0


HOSTILE = [
    "a\x00b",
    "a\ud800b",
    "\u202eevil\u2066",
    "'; DROP TABLE contacts_contact; --",
    "<script>alert(1)</script>",
    "%_\\",
    "😀" * 20,
    "\uffff",
    "𝕏" * 120,
    "ﷺ" * 100,
]


def test_hostile_text_does_no_harm(site: Host) -> None:
    """NUL, lone surrogates, direction overrides, SQL and markup are stored as harmless text and found again."""
    with site.work("Admin") as work:
        with work.begin():
            custom_fields.add(work, {"label": "Nick", "kind": "text"})
        for text in HOSTILE:
            given = {"first_name": text, "last_name": "Lee", "notes": text, "custom": {"nick": text}}
            with work.begin():
                number = contacts.create(work, {**given, "address1": {"city": text}, "tags": [text[:4]]}).id
            stored = contacts.get(work, number)
            assert not set(stored.first_name) & set("\x00\u202e\u2066")
            stored.notes.encode()


def test_a_phone_never_refuses_a_person(site: Host) -> None:
    """However odd a phone is, the contact is stored, and what does not fit stands in the notes."""
    with site.work("Admin") as work, work.begin():
        for phone in ("call me maybe", "１２３", "x" * 500, "+", "\x00", "00 00", 123, {"a": 1}):
            contact = contacts.create(work, {"first_name": "A", "work_phone": phone})
            assert len(contact.work_phone) <= 60
            assert not isinstance(phone, str) or len(phone) <= 60 or phone in contact.notes


# --- e-mail ----------------------------------------------------------------------------------------------------------


def test_an_address_belongs_to_one_contact(site: Host) -> None:
    """All addresses of all contacts are unique, without regard to case; the refusal names the other contact."""
    with site.work("Admin") as work:
        with work.begin():
            first = contacts.create(work, {"emails": ["ann@example.com", "other@example.com"]}).id
            second = contacts.create(work, {"email": "b@example.com"}).id
        for email in (
            "ann@example.com",
            "ANN@EXAMPLE.COM",
            " Ann@Example.com ",
            "other@example.com",
            "OTHER@example.com",
        ):
            with pytest.raises(Conflict) as caught, work.begin():
                contacts.create(work, {"first_name": "B", "email": email})
            assert (caught.value.field, caught.value.other_id) == ("emails", first)
            with pytest.raises(Conflict), work.begin():
                contacts.update(work, second, {"emails": ["b@example.com", email]})


def test_who_may_not_see_the_other_is_not_told_who_it_is(site: Host) -> None:
    """A limited user hears that the address is taken, not by whom."""
    site.make.contact(email="ann@example.com")
    with site.work("Contacts manager", only_assigned=True) as work, pytest.raises(Conflict) as caught, work.begin():
        contacts.create(work, {"email": "ann@example.com"})
    assert caught.value.other_id is None


def test_the_bin_blocks_no_address(site: Host) -> None:
    """A deleted contact's address can be used again; then the deleted one can't come back with it."""
    with site.work("Admin") as work:
        with work.begin():
            old = contacts.create(work, {"email": "ann@example.com"}).id
            contacts.to_bin(work, [old])
        with work.begin():
            new = contacts.create(work, {"email": "Ann@example.com"}).id
        with pytest.raises(Conflict) as caught, work.begin():
            contacts.restore(work, [old])
        assert caught.value.other_id == new
        with work.begin():
            contacts.update(work, new, {"email": "ann2@example.com"})
            assert contacts.restore(work, [old]) == 1


def test_a_new_main_address_keeps_the_others(site: Host) -> None:
    """Changing only “email” replaces the main address; an empty one makes the next the main one."""
    with site.work("Admin") as work, work.begin():
        number = contacts.create(work, {"emails": ["a@example.com", "b@example.com"]}).id
        contacts.update(work, number, {"email": "c@example.com"})
        assert [row.email for row in contacts.emails_of(work, [number])[number]] == ["c@example.com", "b@example.com"]
        contacts.update(work, number, {"email": ""})
        assert contacts.get(work, number).email == "b@example.com"
        assert [(row.email, row.main) for row in contacts.emails_of(work, [number])[number]] == [
            ("b@example.com", True)
        ]


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_change_is_versioned_audited_and_told_once(site: Host) -> None:
    """The version grows, the audit log holds old and new, one event is told; saving the same again does nothing."""
    number = site.make.contact(first_name="Ann", email="ann@example.com")
    told = len(site.events())
    for _ in range(2):
        with site.work("Admin") as work, work.begin():
            contacts.update(work, number, {"first_name": "Anna", "tags": ["x"], "address1_city": "Rome"})
    assert site.contact(number).version == 2
    assert site.contact(number).address1 == {"city": "Rome"}
    assert site.events()[told:] == [("contact.updated", [number])]
    with site.work() as work:
        line = work.session.query(AuditEntry).filter_by(action="contact.updated").one()
        assert line.before == {"first_name": "Ann", "address1": {}, "tags": []}
        assert line.after == {"first_name": "Anna", "address1": {"city": "Rome"}, "tags": ["x"]}
        assert line.actor_label == "admin@example.com"


def test_saving_over_somebody_is_refused(site: Host) -> None:
    """The second to save a version hears of it; without a version the last one wins."""
    number = site.make.contact(first_name="Ann")
    with site.work("Admin") as work:
        with work.begin():
            contacts.update(work, number, {"first_name": "B"}, version=1)
        with pytest.raises(Stale), work.begin():
            contacts.update(work, number, {"first_name": "C"}, version=1)
        with work.begin():
            contacts.update(work, number, {"first_name": "D"})
    assert site.contact(number).first_name == "D"


def test_a_contact_keeps_something_to_be_told_by(site: Host) -> None:
    """The last name, e-mail or phone can't be taken away."""
    number = site.make.contact(email="ann@example.com")
    with site.work("Admin") as work, pytest.raises(Invalid, match="at least"), work.begin():
        contacts.update(work, number, {"emails": []})


def test_an_id_in_another_system_belongs_to_one_contact(site: Host) -> None:
    """Two shops' customer 5 are two people; the same shop's customer 5 is one; the bin gives it up."""
    with site.work("Admin") as work:
        with work.begin():
            one = contacts.create(
                work, {"first_name": "A", "external_ids": [{"source": "shop", "account": "a", "id": "5"}]}
            ).id
            contacts.create(work, {"first_name": "B", "external_ids": [{"source": "shop", "account": "b", "id": "5"}]})
        with pytest.raises(Conflict) as caught, work.begin():
            contacts.create(work, {"first_name": "C", "external_ids": [{"source": "shop", "account": "a", "id": "5"}]})
        assert caught.value.other_id == one
        with work.begin():
            contacts.to_bin(work, [one])
            new = contacts.create(
                work, {"first_name": "D", "external_ids": [{"source": "shop", "account": "a", "id": "5"}]}
            ).id
        assert work.session.query(ExternalId).filter_by(account="a").one().object_id == new


def test_there_is_no_such_contact(site: Host) -> None:
    """Whatever stands for an id from outside gives a clear answer."""
    with site.work("Admin") as work:
        for number in (0, -1, 10**30, "1; DROP", None, 999_999, True):
            with pytest.raises(NotFound):
                contacts.get(work, number)  # type: ignore[arg-type]


# --- bin and erasing -------------------------------------------------------------------------------------------------


def test_restoring_brings_back_everything(site: Host) -> None:
    """After the bin a contact has its status, tags, addresses and journal, and is found again."""
    from crmhost.core.contacts import search

    with site.work("Admin") as work:
        with work.begin():
            number = contacts.create(
                work, {"first_name": "Zoltan", "email": "z@example.com", "tags": ["VIP"], "status": "Upsell"}
            ).id
        with work.begin():
            assert contacts.to_bin(work, [number, 12345]) == 1
        assert search.find(work, "contact", "zoltan") == []
        with pytest.raises(NotFound):
            contacts.get(work, number)
        assert contacts.get(work, number, in_bin=True).deleted_at is not None
        assert sum(statuses.counts(work).values()) == 0
        with work.begin():
            assert contacts.restore(work, [number]) == 1
        assert search.find(work, "contact", "zoltan") == [number]
        assert contacts.get(work, number).status.name == "Upsell"
        assert [tag.name for tag in tags.of(work, "contact", [number])[number]] == ["VIP"]
        assert sum(statuses.counts(work).values()) == 1
        types = [entry.type for entry in journal.entries(work, "contact", number).rows]
        assert types == ["restored", "deleted", "created"]


def test_erasing_leaves_no_name(site: Host) -> None:
    """After erasing, no table holds anything of the person; the audit log has a line with the number only."""
    from sqlalchemy import text

    from crmhost.db import metadata

    with site.work("Admin") as work:
        with work.begin():
            number = contacts.create(work, {"first_name": "Zoltan", "email": "zoltan@example.com", "tags": ["VIP"]}).id
            journal.add(work, "contact", number, "note", summary="Zoltan called")
            contacts.update(work, number, {"last_name": "Zoltanovich"})
        with work.begin():
            contacts.erase(work, number)
        for table in metadata.tables:
            if not table.startswith(("contacts_", "statuses_", "journal_", "audit_", "work_", "search_")):
                continue
            rows = work.session.execute(text(f'SELECT * FROM "{table}"')).all()
            assert not [row for row in rows if "oltan" in str(row)], table
        assert work.session.query(AuditEntry).filter_by(action="contact.erased").one().object_id == str(number)
        assert sum(statuses.counts(work).values()) == 0


def test_a_plugin_can_keep_a_contact(site: Host) -> None:
    """A veto leaves the contact where it was."""
    from crmhost.errors import Vetoed
    from crmhost.hooks import hookimpl
    from crmhost.host.hookcall import HookCaller

    class Keeper:
        @hookimpl
        def contact_before_delete(self, contact_ids: list[int]) -> None:
            raise Vetoed("It has an open invoice.", plugin="keeper")

        @hookimpl
        def contact_prepare(self, value: dict[str, object], contact_id: int | None) -> dict[str, object]:
            return {**value, "last_name": str(value.get("last_name", "")).upper(), "notes": "x"}

    number = site.make.contact(first_name="Ann")
    with site.work("Admin") as work:
        work.hooks = HookCaller([("keeper", Keeper())])
        with pytest.raises(Vetoed, match="open invoice"), work.begin():
            contacts.to_bin(work, [number])
        with work.begin():
            contacts.update(work, number, {"last_name": "Lee"})
    assert site.contact(number).deleted_at is None
    assert (site.contact(number).last_name, site.contact(number).notes) == ("LEE", "x")
