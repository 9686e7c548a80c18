"""Custom fields: definitions, values of every kind, and what stands in the index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.core.contacts import bulk, queries
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.fields import services as fields
from crmhost.core.fields.kinds import MASK
from crmhost.core.fields.models import FieldValue
from crmhost.core.mail import patterns
from crmhost.core.mail import services as mail
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry
from crmhost.work.unit import Work


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def add(site: Host, label: str, kind: str = "text", **more: Any) -> int:
    with site.work("Admin") as work, work.begin():
        return fields.add(work, {"label": label, "kind": kind, **more}).id


def shown(site: Host, contact_id: int) -> dict[str, Any]:
    with site.work("Admin") as work:
        return fields.shown(work, "contact", contacts.get(work, contact_id).custom)


def index(work: Work, field_id: int) -> list[tuple[int, Any]]:
    rows = work.session.scalars(select(FieldValue).where(FieldValue.field_id == field_id).order_by(FieldValue.id))
    return [
        (row.object_id, next((part for part in (row.text, row.number, row.instant) if part is not None), None))
        for row in rows
    ]


def test_a_contact_holds_values_of_every_kind(site: Host) -> None:
    """Given by their names, shown by the API, indexed where lists can filter, and taken away one by one."""
    size = add(site, "Shoe size", "number")
    tier = add(site, "Tier", "choice", choices=["Gold", "Silver"])
    add(site, "Interests", "several choices", choices=["Tea", "Cake"])
    add(site, "Born", "date")
    add(site, "Budget", "money", currency="JPY")
    add(site, "Story", "long text")
    given = {
        "shoe_size": "43",
        "tier": "silver",
        "interests": ["cake", "tea"],
        "born": "1815-12-10",
        "budget": "500",
        "story": "a\nb",
    }
    ada = site.make.contact(first_name="Ada", custom=given)
    assert shown(site, ada) == {
        "shoe_size": 43,
        "tier": "Silver",
        "interests": ["Tea", "Cake"],
        "born": "1815-12-10",
        "budget": {"amount": 500, "currency": "JPY"},
        "story": "a\nb",
    }
    with site.work("Admin") as work:
        assert index(work, size) == [(ada, 43.0)]
        assert index(work, tier) == [(ada, "silver")]
        with work.begin():
            contacts.update(work, ada, {"custom.shoe_size": "", "custom": {"tier": "Gold"}})
        assert (index(work, size), index(work, tier)) == ([], [(ada, "gold")])
    assert {"shoe_size", "tier"} & set(shown(site, ada)) == {"tier"}
    assert shown(site, ada)["tier"] == "Gold"
    with site.work("Admin") as work, work.begin():
        contacts.to_bin(work, [ada])
        contacts.erase(work, ada)
        assert index(work, tier) == []


def test_what_a_contact_can_not_hold_is_said_at_the_field(site: Host) -> None:
    """Unknown fields name the nearest; nothing is stored."""
    add(site, "Shoe size", "number")
    add(site, "Source of heat", required=True)
    with site.work("Admin") as work:
        with pytest.raises(Invalid) as caught, work.begin():
            contacts.create(work, {"first_name": "Ada", "custom": {"shoe_siz": 1}, "custom.shoe_size": "big"})
        assert set(caught.value.errors) == {"custom.shoe_siz", "custom.shoe_size", "custom.source_of_heat"}
        assert "Did you mean “shoe_size”?" in caught.value.errors["custom.shoe_siz"][0]
        with work.begin():
            ada = contacts.create(work, {"first_name": "Ada"}, source="woo").id
            contacts.update(work, ada, {"last_name": "Lovelace"})
        with pytest.raises(Invalid, match="Fill in “Source of heat”"), work.begin():
            contacts.update(work, ada, {"custom.source_of_heat": ""})


def test_imports_put_what_does_not_fit_into_the_notes(site: Host) -> None:
    """The row is taken, and its remark says so; it can be undone."""
    size = add(site, "Shoe size", "number")
    ada = site.make.contact(email="ada@example.com", custom={"shoe_size": 40})
    rows = [
        {"email": "ada@example.com", "custom": {"shoe_size": 41}},
        {"email": "bob@example.com", "custom.shoe_size": "large", "custom": {"hat": "7"}},
    ]
    with site.work("Admin") as work:
        with work.begin():
            results = bulk.save_many(work, rows)
        assert "put into the notes" in results[1].reasons[0]
        bob = work.session.get_one(Contact, results[1].id)
        assert (bob.custom, bob.notes) == ({}, "hat: 7\nShoe size: large")
        assert index(work, size) == [(ada, 41.0)]
        with work.begin():
            bulk.undo_many(work, results)
        assert index(work, size) == [(ada, 40.0)]
    assert shown(site, ada) == {"shoe_size": 40}


def test_encrypted_text_is_masked_and_reading_it_is_written_down(site: Host) -> None:
    """In the column, the API's shape, the audit log; only who may reads it; what is masked may be sent back."""
    number = add(site, "Passport", "encrypted")
    ada = site.make.contact(first_name="Ada", custom={"passport": "P123456"})
    with site.work("Admin") as work:
        stored = dict(contacts.get(work, ada).custom)
        assert "P123456" not in str(stored)
        assert fields.shown(work, "contact", stored) == {"passport": MASK}
        with work.begin():
            contacts.update(work, ada, {"custom": {"passport": MASK}, "last_name": "Lovelace"})
            contacts.update(work, ada, {"custom.passport": "P123456"})
        assert contacts.get(work, ada).custom == stored
        with work.begin():
            assert fields.reveal(work, "contact", ada, "passport", stored) == "P123456"
        log = work.session.scalars(select(AuditEntry).where(AuditEntry.object_type == "contact")).all()
        assert "P123456" not in str([(row.before, row.after) for row in log])
        assert log[-1].action == "field.revealed"
        assert index(work, number) == []
    with site.work("CRM manager") as work, pytest.raises(Forbidden), work.begin():
        fields.reveal(work, "contact", ada, "passport", stored)


def test_the_audit_log_says_which_custom_field_changed(site: Host) -> None:
    """One by one, choices by their names."""
    add(site, "Tier", "choice", choices=["Gold", "Silver"])
    add(site, "Nick")
    ada = site.make.contact(first_name="Ada", custom={"tier": "Gold", "nick": "A"})
    with site.work("Admin") as work:
        with work.begin():
            contacts.update(work, ada, {"custom.tier": "Silver"})
        line = work.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert line is not None
        assert (line.before, line.after) == ({"custom.tier": "Gold"}, {"custom.tier": "Silver"})


# --- definitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"label": "", "kind": "text"}, "label"),
        ({"label": "x" * 81, "kind": "text"}, "label"),
        ({"label": "Taken", "kind": "text"}, "label"),
        ({"label": "It", "kind": "colour"}, "kind"),
        ({"label": "It", "kind": "text", "key": "Shoe Size"}, "key"),
        ({"label": "It", "kind": "text", "key": "taken"}, "key"),
        ({"label": "It", "kind": "choice"}, "choices"),
        ({"label": "It", "kind": "choice", "choices": ["A", "a"]}, "choices"),
        ({"label": "It", "kind": "choice", "choices": "\n"}, "choices"),
        ({"label": "It", "kind": "choice", "choices": [None]}, "choices"),
        ({"label": "It", "kind": "money", "currency": "XXZ"}, "currency"),
        ({"label": "It", "kind": "text", "object": "planet"}, "object"),
    ],
)
def test_a_field_that_can_not_be_is_refused(site: Host, given: dict[str, Any], at: str) -> None:
    """At the field that is wrong."""
    add(site, "taken")
    with site.work("Admin") as work, pytest.raises(Invalid) as caught, work.begin():
        fields.add(work, given)
    assert list(caught.value.errors) == [at]


def test_only_who_may_changes_fields(site: Host) -> None:
    """A contacts manager fills them in, and no more."""
    with site.work("Contacts manager") as work, pytest.raises(Forbidden), work.begin():
        fields.add(work, {"label": "It", "kind": "text"})


def test_a_field_is_renamed_ordered_and_keeps_its_key(site: Host) -> None:
    """Names and order are the site's; key and kind stay."""
    first, second = add(site, "Shoe size"), add(site, "Äge")
    with site.work("Admin") as work:
        assert [item.key for item in fields.definitions(work, "contact")] == ["shoe_size", "age"]
        with work.begin():
            fields.reorder(work, "contact", [second])
            fields.change(work, first, {"label": "Size", "help": "EU"})
        found = fields.definitions(work, "contact")
        assert [(item.key, item.label) for item in found] == [("age", "Äge"), ("shoe_size", "Size")]
        for change in ({"kind": "number"}, {"key": "size"}, {"label": "age"}):
            with pytest.raises(Invalid), work.begin():
                fields.change(work, first, change)


def test_a_choice_in_use_needs_another_or_stays_on_its_records(site: Host) -> None:
    """Renaming keeps it; deleting asks; replacing moves the contacts; keeping no longer offers it."""
    tier = add(site, "Tier", "choice", choices=["Gold", "Silver", "Bronze"])
    ada = site.make.contact(first_name="Ada", custom={"tier": "Gold"})
    bob = site.make.contact(first_name="Bob", custom={"tier": "Silver"})
    renamed = [{"key": "gold", "label": "Platinum"}, {"key": "silver", "label": "Silver"}]
    with site.work("Admin") as work:
        with work.begin():
            fields.change(work, tier, {"choices": renamed})
        with pytest.raises(Invalid, match="Records have “Silver”"), work.begin():
            fields.change(work, tier, {"choices": renamed[:1]})
        with work.begin():
            fields.change(work, tier, {"choices": ["Platinum"], "replaced": {"Silver": "Platinum"}})
    site.run_jobs()
    assert (shown(site, ada), shown(site, bob)) == ({"tier": "Platinum"}, {"tier": "Platinum"})
    assert site.contact(bob).version == 2
    with site.work("Admin") as work:
        with work.begin():
            fields.change(work, tier, {"choices": ["Tin"], "replaced": {"Platinum": "keep"}})
        item = fields.get(work, tier)
        assert [choice.label for choice in item.offered] == ["Tin"]
        with pytest.raises(Invalid), work.begin():
            fields.change(work, tier, {"choices": []})
    assert shown(site, ada) == {"tier": "Platinum"}


def test_a_deleted_field_comes_back_with_its_values_or_is_erased(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile nothing shows it and its key stays taken."""
    size = add(site, "Shoe size", "number")
    ada = site.make.contact(first_name="Ada", custom={"shoe_size": 43})
    with site.work("Admin") as work:
        assert fields.count_values(work, size) == 1
        with work.begin():
            fields.delete(work, size)
        assert shown(site, ada) == {}
        with pytest.raises(NotFound):
            fields.get(work, size)
        with pytest.raises(Invalid, match="still holds the key"), work.begin():
            fields.add(work, {"label": "Shoe size", "kind": "text", "key": "shoe_size"})
        with work.begin():
            fields.restore(work, size)
    assert shown(site, ada) == {"shoe_size": 43}
    with site.work("Admin") as work:
        assert index(work, size) == [(ada, 43.0)]
        with work.begin():
            fields.delete(work, size)
            fields.erase(work, size)
        with pytest.raises(Conflict), work.begin():
            fields.restore(work, size)
    site.run_jobs()
    assert site.contact(ada).custom == {}
    with site.work("Admin") as work:
        assert index(work, size) == []
        assert fields.deleted(work, "contact") == []


def test_values_of_a_deleted_field_go_after_thirty_days(site: Host) -> None:
    """Not before, and not when it was restored."""
    size, nick = add(site, "Shoe size", "number"), add(site, "Nick")
    ada = site.make.contact(first_name="Ada", custom={"shoe_size": 43, "nick": "A"})
    site.clock.freeze()
    with site.work("Admin") as work, work.begin():
        fields.delete(work, size)
        fields.delete(work, nick)
        fields.restore(work, nick)
    site.clock.move(days=29)
    site.run_jobs()
    assert set(site.contact(ada).custom) == {"shoe_size", "nick"}
    site.clock.move(days=2)
    site.run_jobs()
    assert set(site.contact(ada).custom) == {"nick"}


def test_the_index_is_written_by_a_job_where_there_are_many(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches, begun again where it was stopped; until then lists can't use the field."""
    from crmhost.core.fields import scans

    monkeypatch.setattr(scans, "BATCH", 2)
    size = add(site, "Shoe size", "number", filterable=False)
    ids = [site.make.contact(first_name=f"P{n}", custom={"shoe_size": n}) for n in range(5)]
    with site.work("Admin") as work:
        assert (index(work, size), fields.count_values(work, size)) == ([], 5)
        with work.begin():
            assert not fields.change(work, size, {"filterable": True}).ready
    site.run_jobs()
    with site.work("Admin") as work:
        assert fields.get(work, size).ready
        assert index(work, size) == [(key, float(n)) for n, key in enumerate(ids)]
        with work.begin():
            fields.change(work, size, {"filterable": False})
    site.run_jobs()
    with site.work("Admin") as work:
        assert index(work, size) == []


def test_values_of_several_records_are_merged(site: Host) -> None:
    """The winner's stand, empty ones are filled, several choices are put together."""
    add(site, "Nick")
    add(site, "Interests", "choices", choices=["Tea", "Cake", "Wine"])
    with site.work("Admin") as work:
        found = fields.merged(
            work, "contact", [{"interests": ["wine"]}, {"nick": "A", "interests": ["tea"]}, {"nick": "B"}, None]
        )
    assert found == {"nick": "A", "interests": ["tea", "wine"]}


def test_contacts_are_found_by_texts_that_lists_can_filter_by(site: Host) -> None:
    """From the moment a field can be filtered by, until it no longer can; after the bin too."""
    number = add(site, "Nick", filterable=False)
    add(site, "Badge", "text")
    ada = site.make.contact(first_name="Ada", custom={"nick": "Countess", "badge": "X-4711"})

    def found(q: str) -> list[int]:
        with site.work("Admin") as work:
            return [contact.id for contact in queries.page(work, queries.ListQuery(q=q)).rows]

    assert (found("4711"), found("countess")) == ([ada], [])
    with site.work("Admin") as work, work.begin():
        fields.change(work, number, {"filterable": True})
        contacts.to_bin(work, [ada])
        contacts.restore(work, [ada])
    assert found("countess ada") == [ada]
    with site.work("Admin") as work, work.begin():
        fields.change(work, number, {"filterable": False})
    assert found("countess") == []


def test_mails_hold_custom_fields(site: Host) -> None:
    """In both writings, listed among the placeholders; empty ones are empty, unknown ones hold the mail back."""
    add(site, "Shoe size", "number")
    add(site, "Budget", "money", currency="EUR")
    add(site, "Tier", "choice", choices=["Gold"])
    add(site, "Passport", "encrypted")
    ada = site.make.contact(
        first_name="Ada", custom={"shoe_size": 43, "budget": "12.5", "tier": "Gold", "passport": "P1"}
    )
    text = "##CUSTOM_SHOE_SIZE## {{ contact.custom.budget }} {{ contact.custom.tier }}[{{ contact.custom.passport }}]"
    with site.work("Admin") as work:
        paths = [item.path for item in mail.catalogue(work)]
        assert "contact.custom.tier" in paths
        assert "contact.custom.passport" not in paths
        written = mail.write(work, mail.compose(work, "text", "Hello", text), contacts.get(work, ada))
        assert "43 12.50 EUR Gold[]" in written.text
        template = {"name": "A", "subject": "S", "kind": "text", "content": "{{ contact.custom.hat }}"}
        with pytest.raises(Invalid, match=r"contact\.custom\.hat"), work.begin():
            patterns.save(work, None, template)
