"""Journal, settings, field options, users, roles, account and audit, as people use them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crmhost.contributions import Setting
from crmhost.core.journal import services as journal
from crmhost.core.settings import services as settings
from crmhost.core.statuses import services as statuses
from crmhost.core.users import services as users
from crmhost.errors import Invalid
from crmhost.testing import PASSWORD, Host
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")


def entries(site: Host, contact: int) -> list[Any]:
    with site.work() as work:
        return [row for row in journal.entries(work, "contact", contact).rows if not row.by_system]


# --- journal ---------------------------------------------------------------------------------------------------------


def test_an_entry_is_written_changed_pinned_removed_and_brought_back(site: Host, reader: Reader) -> None:
    """Each step answers a fragment with the panel, and a plain form with the way back."""
    contact = site.make.contact(first_name="Ann")
    answer = reader.post(
        f"/journal/of/contact/{contact}", {"type": "call", "text": "Spoke <b>long</b>", "outcome": "yes"}, htmx=True
    )
    assert 'id="journal"' in answer.text
    assert "Spoke &lt;b&gt;long" in answer.text
    assert reader.post(f"/journal/of/contact/{contact}", {"type": "note", "text": "a\nb"}).status_code == 303
    note, call = entries(site, contact)
    assert (call.summary, call.comment, call.outcome, call.type) == ("Spoke <b>long</b>", "", "yes", "call")
    assert (note.summary, note.comment) == ("", "a\nb")
    assert site.contact(contact).last_contacted_at is not None
    form = reader.get(f"/journal/{call.id}", htmx=True).text
    version = re.search(r'name="version" type="hidden" value="(\d+)"', form)
    assert version is not None
    changed = {"type": "meeting", "text": "Met", "outcome": "", "at": "2026-01-05T10:30", "version": version.group(1)}
    assert "Met" in reader.post(f"/journal/{call.id}", changed, htmx=True).text
    answer = reader.post(f"/journal/{call.id}", {**changed, "text": "", "version": "2"}, htmx=True)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == f"#entry-{call.id}"
    assert f"entry-{call.id}-pinned" in reader.post(f"/journal/{call.id}/pin", {"pinned": "1"}, htmx=True).text
    answer = reader.post(f"/journal/{call.id}/remove", htmx=True)
    assert "crm:toast" in answer.headers["HX-Trigger"]
    assert len(entries(site, contact)) == 1
    undo = re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    assert undo is not None
    reader.post(undo.group(1))
    assert sorted(entry.summary for entry in entries(site, contact)) == ["", "Met"]
    assert reader.post("/journal/bring-back?kept=forged").status_code == 422


@ONE
def test_what_can_not_be_taken_stays_in_the_composer(site: Host, reader: Reader) -> None:
    """With the reason beside it."""
    contact = site.make.contact(first_name="Ann")
    future = {"type": "note", "text": "Kept words", "at": "2999-01-01T10:00"}
    answer = reader.post(f"/journal/of/contact/{contact}", future, htmx=True)
    assert answer.status_code == 422
    assert "Kept words</textarea>" in answer.text
    assert "future" in answer.text
    answer = reader.post(f"/journal/of/contact/{contact}", {"type": "bogus", "text": "x", "at": "soon"}, htmx=True)
    assert answer.status_code == 422


@ONE
def test_the_feed_is_filtered_and_names_the_contacts(site: Host, reader: Reader) -> None:
    """By type, user and day; who may not read the journal gets 403."""
    contact = site.make.contact(first_name="Ann", last_name="Lee")
    with site.work("Admin") as work, work.begin():
        journal.add(work, "contact", contact, "call", summary="About the boat")
    page = reader.get("/journal/").text
    assert "Ann Lee" in page
    assert "About the boat" in page
    assert "About the boat" not in reader.get("/journal/?type=note").text
    assert "About the boat" in reader.get("/journal/?type=call&by=people&user=1").text
    assert "Nothing matches" in reader.get("/journal/?from=2999-01-01").text
    assert reader.get("/journal/?from=never&user=x&by=nobody&after=").status_code == 200
    assert reader.get("/journal/?after=nonsense").status_code == 422
    part = reader.get(f"/journal/of/contact/{contact}?by=system", htmx=True).text
    assert "Added" in part
    assert "About the boat" not in part


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_checked_stored_and_told(site: Host, reader: Reader) -> None:
    """A wrong value keeps the rest of what was typed; secrets are never shown again."""

    def even(work: object, value: Any) -> Any:
        if value % 2:
            raise Invalid("Give an even number.")
        return value

    declared = dict(site.generation.declared)
    extra = (
        Setting(plugin="journal", key="journal.size", label="Size", kind="integer", default=2, validate=even),
        Setting(plugin="journal", key="journal.key", label="Key", kind="secret"),
        Setting(plugin="journal", key="journal.on", label="On", kind="boolean", default=True),
        Setting(
            plugin="journal",
            key="journal.one",
            label="One",
            kind="choice",
            default="a",
            choices=[("a", "A"), ("b", "B")],
        ),
        Setting(plugin="journal", key="journal.hidden", label="Not here", hidden=True),
    )
    declared["settings"] = (*declared["settings"], *extra)
    site.generation.declared = declared
    site.generation.settings.update({item.key: item for item in extra})
    path = "/settings/page/journal"
    page = reader.get(path).text
    assert "Size" in page
    assert "Not here" not in page
    answer = reader.post(path, {"journal.size": "3", "journal.key": "s3cret", "journal.one": "b"})
    assert answer.status_code == 422
    assert "Give an even number" in answer.text
    assert '<option selected value="b">' in answer.text
    assert "s3cret" not in answer.text
    answer = reader.post(path, {"journal.size": "4", "journal.key": "s3cret", "journal.one": "b"})
    assert answer.status_code == 303
    with site.work() as work:
        got = {key: settings.get(work, key) for key in ("journal.size", "journal.key", "journal.on", "journal.one")}
    assert got == {"journal.size": 4, "journal.key": "s3cret", "journal.on": False, "journal.one": "b"}
    page = reader.get(path).text
    assert "s3cret" not in page
    assert "Stored; type to replace it" in page
    reader.post(path, {"journal.size": "4", "journal.key": "", "journal.one": "b"})
    with site.work() as work:
        assert settings.get(work, "journal.key") == "s3cret"
    assert "Nothing was changed" in reader.toasts()
    assert reader.post(path, {"journal.size": "4", "journal.one": "forged"}).status_code == 422
    assert reader.get("/settings/page/nothing").status_code == 404
    assert "s3cret" not in reader.get("/settings/audit").text


@ONE
def test_the_zone_of_the_site_decides_days_and_times(site: Host, reader: Reader) -> None:
    """Chosen from a list; pages show instants in it at once."""
    form = {
        "site.name": "Atelier",
        "site.currency": "EUR",
        "site.timezone": "Asia/Tokyo",
        "site.date_format": "dd.MM.yyyy",
    }
    assert reader.post("/settings/", {**form, "site.language": "en", "contacts.bin_days": "30"}).status_code == 303
    contact = site.make.contact(first_name="Ann")
    instant = site.contact(contact).created_at
    from zoneinfo import ZoneInfo

    there = instant.astimezone(ZoneInfo("Asia/Tokyo"))
    page = reader.get(f"/contacts/{contact}").text
    assert there.strftime("%d.%m.%Y") in page
    assert there.strftime("%H:%M") in page
    assert "Atelier" in page


# --- field options ---------------------------------------------------------------------------------------------------


def test_statuses_are_added_renamed_ordered_and_deleted_with_an_heir(site: Host, reader: Reader) -> None:
    """The page tells what is refused where it was typed."""
    base = "/settings/field-options/statuses"
    assert reader.post(base, {"name": "Prospect", "hue": "teal"}).status_code == 303
    answer = reader.post(base, {"name": "prospect"})
    assert answer.status_code == 422
    assert "already" in answer.text
    with site.work() as work:
        ids = {status.name: status.id for status in statuses.all_statuses(work)}
    reader.post(f"{base}/{ids['Prospect']}", {"name": "Suspect", "hue": "red"})
    order = [ids["Prospect"], *[number for name, number in ids.items() if name != "Prospect"]]
    assert reader.post(f"{base}/order", {"order": order}, htmx=True).status_code == 204
    contact = site.make.contact(first_name="Ann", status="Suspect")
    assert reader.post(f"{base}/{ids['Prospect']}/delete").status_code == 422
    reader.post(f"{base}/{ids['Prospect']}/delete", {"heir": ids["Customer"]})
    assert "1 contact got another status" in reader.toasts()
    assert site.contact(contact).status_id == ids["Customer"]
    answer = reader.post(f"{base}/text", {"statuses": "Lead"})
    assert answer.status_code == 422
    assert ">Lead</textarea>" in answer.text
    reader.post(f"{base}/text", {"statuses": "Customer, Lead, Contacted, Won"})
    with site.work() as work:
        assert [status.name for status in statuses.all_statuses(work)] == ["Customer", "Lead", "Contacted", "Won"]
    assert Reader(site, "Read only").post(base, {"name": "X"}).status_code == 403


@ONE
def test_tags_are_renamed_merged_and_deleted(site: Host, reader: Reader) -> None:
    """In one place, for everything that carries them."""
    contact = site.make.contact(first_name="Ann", tags=["A", "B", "C"])
    page = reader.get("/settings/field-options/").text
    ids = dict(zip("ABC", map(int, re.findall(r'id="tag-(\d+)"', page)), strict=True))
    base = "/settings/field-options/tags"
    reader.post(f"{base}/{ids['A']}", {"name": "Alpha", "hue": "red"})
    assert reader.post(f"{base}/{ids['B']}", {"name": "alpha"}).status_code == 422
    reader.post(f"{base}/{ids['B']}/merge", {"winner": ids["A"]})
    reader.post(f"{base}/{ids['C']}/delete")
    page = reader.get(f"/contacts/{contact}").text
    assert re.findall(r"Remove the tag (\w+)", page) == ["Alpha"]
    assert reader.post(f"{base}/{ids['A']}/merge", {"winner": "x"}).status_code in (400, 422)


# --- users -----------------------------------------------------------------------------------------------------------


def test_a_user_is_invited_and_chooses_a_password(site: Host, reader: Reader) -> None:
    """The link is shown once, works once, and signs in."""
    with site.work() as work:
        role = users.find_role(work, "Read only").id
    answer = reader.post("/settings/users/new", {"email": "New@example.com", "name": "New", "role": role})
    link = re.search(r"http://localhost(/invitation/[\w-]+)", answer.text)
    assert link is not None
    stranger = Reader(site, "")
    assert "new@example.com" in stranger.get(link.group(1)).text.lower()
    answer = stranger.post(link.group(1), {"password": PASSWORD, "again": "other"})
    assert answer.status_code == 422
    assert stranger.post(link.group(1), {"password": "short", "again": "short"}).status_code == 422
    assert stranger.post(link.group(1), {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert stranger.get("/contacts/").status_code == 200
    assert Reader(site, "").get(link.group(1)).status_code == 404
    assert reader.post("/settings/users/new", {"email": "new@example.com", "role": role}).status_code == 422


def test_permissions_show_where_they_come_from(site: Host, reader: Reader) -> None:
    """Given and taken ones on top of the role; disabling signs out at once, and can be undone."""
    user = site.make.user("Read only", "reader@example.com")
    theirs = Reader(site, "")
    theirs.post("/login", {"email": "reader@example.com", "password": PASSWORD})
    assert theirs.get("/contacts/new").status_code == 403
    with site.work() as work:
        role = users.find_role(work, "Read only").id
    form = {"name": "Rita", "role": role, "permission.contacts.edit": "given", "permission.journal.view": "taken"}
    assert reader.post(f"/settings/users/{user}", form).status_code == 303
    page = reader.get(f"/settings/users/{user}").text
    assert page.count("selected>Given to this user") == 1
    assert page.count("selected>Taken from this user") == 1
    assert theirs.get("/contacts/new").status_code == 200
    assert theirs.get("/journal/").status_code == 403
    reader.post(f"/settings/users/{user}/switch", {"do": "disable"})
    assert "Undo" in reader.toasts()
    assert theirs.get("/contacts/").status_code == 302
    reader.post(f"/settings/users/{user}/switch")
    theirs.post("/login", {"email": "reader@example.com", "password": PASSWORD})
    assert theirs.get("/contacts/").status_code == 200


@ONE
def test_the_last_admin_can_not_be_lost(site: Host, reader: Reader) -> None:
    """Neither by another role nor by disabling oneself."""
    with site.work() as work:
        me = users.find_by_email(work, "admin@example.com")
        role = users.find_role(work, "Read only").id
    assert me is not None
    answer = reader.post(f"/settings/users/{me.id}", {"name": "A", "role": role})
    assert answer.status_code == 422
    assert "last admin" in answer.text
    assert reader.post(f"/settings/users/{me.id}/switch", {"do": "disable"}).status_code == 409


@ONE
def test_roles_are_made_changed_and_deleted(site: Host, reader: Reader) -> None:
    """Admin is locked; a role in use can't go."""
    assert (
        reader.post("/settings/users/roles/new", {"name": "Helper", "permission": ["contacts.view"]}).status_code == 303
    )
    assert reader.post("/settings/users/roles/new", {"name": "helper"}).status_code == 422
    with site.work() as work:
        helper = users.find_role(work, "Helper").id
        admin = users.find_role(work, "Admin").id
    reader.post(f"/settings/users/roles/{helper}", {"name": "Helper", "permission": ["contacts.view", "journal.view"]})
    with site.work() as work:
        assert users.find_role(work, "Helper").permissions == ["contacts.view", "journal.view"]
    assert reader.post(f"/settings/users/roles/{admin}", {"name": "Boss"}).status_code == 422
    assert reader.post(f"/settings/users/roles/{admin}/delete").status_code == 409
    assert reader.post(f"/settings/users/roles/{helper}/delete").status_code == 303
    assert reader.get("/settings/users/roles/999").status_code == 404


def test_ones_own_account(site: Host) -> None:
    """Password, language and the sessions of other browsers."""
    reader, elsewhere = Reader(site, "Contacts manager"), Reader(site, "Contacts manager")
    page = reader.get("/account").text
    assert "This one" in page
    reader.post("/account/sessions")
    assert "1 other browser was signed out" in reader.toasts()
    assert elsewhere.get("/contacts/").status_code == 302
    new = "another good password"
    assert reader.post("/account/password", {"current": "wrong", "password": new, "again": new}).status_code == 422
    assert reader.post("/account/password", {"current": PASSWORD, "password": new, "again": "x"}).status_code == 422
    assert reader.post("/account/password", {"current": PASSWORD, "password": new, "again": new}).status_code == 303
    assert reader.get("/contacts/").status_code == 200
    assert reader.post("/account/language", {"language": "xx"}).status_code == 303


@ONE
def test_the_audit_log_says_who_changed_what(site: Host, reader: Reader) -> None:
    """Of one record, of one kind, of one user; only for those who may."""
    contact = site.make.contact(first_name="Ann")
    reader.post(f"/contacts/{contact}/field/first_name", {"first_name": "Anna"})
    page = reader.get(f"/settings/audit?object_type=contact&object_id={contact}").text
    assert "Contact updated" in page
    assert "Ann → Anna" in page
    assert "Contact updated" not in reader.get("/settings/audit?action=user.").text
    assert reader.get("/settings/audit?user=abc&from=x&to=y&after=").status_code == 200
    assert reader.get("/settings/audit?after=nonsense").status_code == 422
    assert Reader(site, "Read only").get("/settings/audit").status_code == 403
