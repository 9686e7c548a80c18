"""Exports: whole, safe, and the same people when they are imported."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import (
    AuditEntry,
    Contact,
    ContactEmail,
    ExternalId,
    Forbidden,
    Status,
    Tag,
    Tagging,
    contacts,
    custom_fields,
    settings,
)
from crmhost.testing import Host
from plugins.csv_tools import exporting
from plugins.csv_tools.contacts_out import joined

from .conftest import Bring

Hosts = Callable[..., Host]


def text_of(host: Host, role: str = "", **filters: str) -> str:
    """The export as text."""
    with host.work(role) as work:
        return "".join(exporting.stream(work, "contacts", filters))


def records(text: str) -> list[dict[str, str]]:
    """The rows by column name."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


FIELDS: tuple[dict[str, Any], ...] = (
    {"label": "Size", "kind": "number"},
    {"label": "Colour", "kind": "text"},
    {"label": "Born", "kind": "date"},
    {"label": "Tier", "kind": "choice", "choices": ["Gold, old", "Silver"]},
    {"label": "Likes", "kind": "choices", "choices": ["Tea", 'a "b", c', "Cake"]},
    {"label": "Budget", "kind": "money", "currency": "EUR"},
    {"label": "Member", "kind": "yes_no"},
    {"label": "Site", "kind": "url"},
    {"label": "Story", "kind": "long_text"},
    {"label": "Passport", "kind": "encrypted"},
)


def with_fields(host: Host) -> Host:
    """The site with a custom field of each kind."""
    with host.work() as work, work.begin():
        for field in FIELDS:
            custom_fields.add(work, field)
    return host


PEOPLE: tuple[dict[str, Any], ...] = (
    {
        "prefix": "Dr",
        "first_name": "Zoë",
        "last_name": "Müller-Ångström",
        "emails": ["zoe@example.org", "second@example.org", "third@example.net"],
        "status": "Customer",
        "tags": ["VIP", "a, b", 'quo"te', "semi;colon"],
        "mobile_phone": "+49 30 1234567",
        "work_phone": "=1+1",
        "address1": {"line1": "1 High St", "city": "Köln", "country": "DE"},
        "address2": {"city": "Київ", "country": "UA", "postal_code": "01001"},
        "notes": "=cmd|' /C calc'!A0\nsecond line, with \"quotes\"; and more",
        "socials": {"x": "@zoe", "linkedin": "https://linkedin.example/zoe", "mastodon": "@zoe@example.social"},
        "custom": {
            "size": -43.5,
            "colour": "=blue",
            "born": "1815-12-10",
            "tier": "Gold, old",
            "likes": ["Tea", 'a "b", c'],
            "budget": {"amount": -1250, "currency": "EUR"},
            "member": False,
            "site": "https://example.com/a?b=1",
            "story": "one\n\ntwo; three",
            "passport": "P, 123",
        },
        "external_ids": [{"source": "shop", "account": "", "id": "5"}, {"source": "other", "account": "x", "id": "5"}],
        "created_at": "2024-02-29T23:59:59.123456+00:00",
        "last_contacted_at": "2025-01-01T00:00:00+00:00",
        "source": "woo",
    },
    {"first_name": "'=quoted", "last_name": "-minus", "email": "b@example.com", "status": "Upsell"},
    {"last_name": "O'Neil"},
    {"email": "only@example.com"},
    {"home_phone": "06 12 34 56 78"},
)


def everything(host: Host) -> list[dict[str, Any]]:
    """All that is stored of the contacts, without ids and times of change."""
    plain = (
        "prefix", "first_name", "last_name", "email", "home_phone", "work_phone", "mobile_phone", "address1", "address2",
        "notes", "source", "socials", "created_at", "last_contacted_at",
    )  # fmt: skip
    with host.work() as work:
        session = work.session

        def of(contact: Contact) -> dict[str, Any]:
            tags = select(Tag.name).join(Tagging, Tagging.tag_id == Tag.id).where(Tagging.object_id == contact.id)
            emails = select(ContactEmail.email).where(ContactEmail.contact_id == contact.id)
            others = select(ExternalId.source, ExternalId.account, ExternalId.external_id)
            return {
                **{name: getattr(contact, name) for name in plain},
                "custom": custom_fields.exported_texts(work, custom_fields.exported(work, "contact"), contact.custom),
                "status": session.get_one(Status, contact.status_id).name,
                "tags": sorted(session.scalars(tags)),
                "emails": list(session.scalars(emails.order_by(ContactEmail.main.desc(), ContactEmail.id))),
                "external": sorted(map(tuple, session.execute(others.where(ExternalId.object_id == contact.id)))),
            }

        return [of(contact) for contact in session.scalars(select(Contact).order_by(Contact.id))]


@pytest.mark.database("sqlite")
def test_kinds_of_profiles_that_an_admin_added(host: Hosts) -> None:
    """Each has a column of its own, that an import knows."""
    site = host("csv_tools")
    site.make.contact(first_name="Zoe", socials={"x": "zoe", "mastodon": "zoe@example.social"})
    with site.work("Admin") as work:
        with work.begin():
            settings.set_many(work, {"contacts.social_kinds": "Mastodon"})
        [importer] = [item for item in work.generation.contributions("importers") if item.kind == "contacts"]
        assert ("social_mastodon", "Mastodon") in [(field.name, field.label) for field in importer.fields(work)]
    [row] = records(text_of(site, "Admin"))
    assert (row["social_x"], row["social_mastodon"], row["socials"]) == ("zoe", "zoe@example.social", "")


def test_same_people(host: Hosts, bring: Bring) -> None:
    """Importing what was exported gives the same people, with everything that is known of them."""
    made = with_fields(host("csv_tools"))
    with made.work() as work, work.begin():
        for fields in PEOPLE:
            contacts.create(work, fields)
    before, text = everything(made), text_of(made)
    with made.work() as work, work.begin():
        for contact in list(work.session.scalars(select(Contact.id))):
            contacts.erase(work, contact)
    done = bring(made, "\ufeff" + text)
    assert done.figures == (len(PEOPLE), 0, 0, 0)
    after = everything(made)
    assert after == before
    assert [record | {"id": "", "updated_at": ""} for record in records(text_of(made))] == [
        record | {"id": "", "updated_at": ""} for record in records(text)
    ]


def test_again(host: Hosts, bring: Bring) -> None:
    """Importing an export into the site it is from changes nobody who has an address."""
    made = with_fields(host("csv_tools"))
    with made.work() as work, work.begin():
        for fields in (PEOPLE[0], PEOPLE[1], PEOPLE[3]):
            contacts.create(work, fields)
    assert bring(made, text_of(made)).figures == (0, 0, 3, 0)


def test_encrypted_text_is_for_who_may_read_it(host: Hosts) -> None:
    """Others have no column for it, and that it was taken out is written down."""
    made = with_fields(host("csv_tools"))
    with made.work() as work, work.begin():
        contacts.create(work, {"first_name": "Ada", "custom": {"passport": "P123"}})
    assert "P123" in text_of(made, "Admin")
    hidden = text_of(made, "CRM manager")
    assert "P123" not in hidden
    assert "passport" not in hidden
    with made.work("Admin") as work, work.begin():
        exporting.note(work, "contacts", {})
        exporting.note(work, "contacts", {}, ["email"])
    with made.work() as work:
        lines = work.session.scalars(select(AuditEntry.after).where(AuditEntry.action == "export.made"))
        assert [line.get("encrypted") for line in lines] == [["custom.passport"], None]


def test_formulas(host: Hosts) -> None:
    """No cell of an export begins with what a spreadsheet runs."""
    made = host("csv_tools")
    with made.work() as work, work.begin():
        for number, start in enumerate("=+-@"):
            contacts.create(work, {"first_name": f"{start}x", "notes": f"{start}y", "email": f"p{number}@example.com"})
    for row in csv.reader(io.StringIO(text_of(made), newline="")):
        assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_limits(host: Hosts) -> None:
    """A user who sees only their own contacts exports just those; whoever may not export gets nothing."""
    made = host("csv_tools")
    mine = made.make.contact(first_name="Mine")
    made.make.contact(first_name="Other")
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.work() as work, work.begin():
        contacts.assign(work, [mine], limited.user_id)
    with made.site.work(limited, generation=made.generation) as work:
        found = records("".join(exporting.stream(work, "contacts", {})))
        assert [row["first_name"] for row in found] == ["Mine"]
    with pytest.raises(Forbidden):
        text_of(made, "Read only")


def test_filters(host: Hosts) -> None:
    """An export holds what the list of the same filters and search holds, not what is in the bin."""
    made = host("csv_tools")
    made.make.contact(first_name="Ada", status="Customer", tags=["VIP"])
    made.make.contact(first_name="Adalbert", status="Lead")
    gone = made.make.contact(first_name="Gone", status="Customer")
    with made.work() as work, work.begin():
        contacts.to_bin(work, [gone])
    assert [row["first_name"] for row in records(text_of(made, status="Customer"))] == ["Ada"]
    assert [row["first_name"] for row in records(text_of(made, q="adal"))] == ["Adalbert"]
    assert [row["first_name"] for row in records(text_of(made, tag="vip"))] == ["Ada"]
    assert records(text_of(made, tag="vip", status="Lead")) == []


def test_streams(host: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first lines come before the last record is read."""
    made = host("csv_tools")
    read: list[int] = []

    def rows(_work: Any, _filters: Any) -> Iterator[dict[str, Any]]:
        for number in range(10_000):
            read.append(number)
            yield {"one": number, "two": dt.date(2026, 1, 1), "three": None}

    endless = exporting.Exporter(
        kind="x", label="X", columns=lambda _: [("one", "One"), ("two", "Two"), ("three", "3")], rows=rows
    )
    monkeypatch.setattr(exporting, "exporter_of", lambda work, kind: endless)
    with made.work() as work:
        lines = exporting.stream(work, "x", {})
        assert next(lines) == "one,two,three\r\n"
        assert next(lines).startswith("0,2026-01-01,\r\n1,")
        assert len(read) < 1000
        assert "".join(lines).endswith("9999,2026-01-01,\r\n")


@pytest.mark.parametrize(
    ("tags", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a, b", "c"], '"a, b","c"'), (["a;b"], '"a;b"')]
)
def test_joined(tags: list[str], text: str) -> None:
    """Tags stand in one cell in a form that an import takes apart."""
    from plugins.csv_tools.contacts_in import contact_fields

    assert joined(tags) == text
    assert contact_fields({"tags": joined(tags)} if tags else {}, []).get("tags", []) == tags
