"""Two people on one record: the second to save sees both versions, field by field."""

from __future__ import annotations

import html
import re

from crmhost.core.contacts import services as contacts
from crmhost.core.fields import services as custom
from crmhost.core.journal import services as journal
from crmhost.testing import Host
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE, people, stored


def hidden(page: str) -> dict[str, str]:
    """The version and the prints that a form carries."""
    found = {}
    for name in ("version", "seen"):
        field = re.search(rf'name="{name}" type="hidden" value="([^"]*)"', page)
        assert field is not None, name
        found[name] = html.unescape(field.group(1))
    return found


def choices(page: str) -> dict[str, str]:
    """Field -> which version the page begins with."""
    return dict(re.findall(r'name="keep\.(\w+)" value="(\w+)" checked', page))


def save(site: Host, contact: int, **fields: str) -> None:
    with site.work("Admin") as work, work.begin():
        contacts.update(work, contact, fields)


@ONE
def test_the_second_to_save_chooses_field_by_field(site: Host, reader: Reader) -> None:
    """Only what the other one changed is asked; what was changed by one alone is that one's to begin with."""
    [contact] = people(site, 1)
    address = f"/contacts/{contact}/edit"
    opened = hidden(reader.get(address).text)
    save(site, contact, first_name="Theirs", mobile_phone="+33 1", notes="theirs")
    mine = {"first_name": "Mine", "last_name": "Own", "emails": "ann0@example.com", "status": "1", "notes": "mine"}
    mine["mobile_phone"] = ""
    answer = reader.post(address, {**mine, **opened})
    assert answer.status_code == 409
    assert choices(answer.text) == {"first_name": "mine", "mobile_phone": "theirs", "notes": "mine"}
    assert "admin@example.com saved this meanwhile." in answer.text
    assert '<input type="hidden" name="last_name" value="Own">' in answer.text
    chosen = {"keep.first_name": "theirs", "keep.mobile_phone": "theirs", "keep.notes": "mine"}
    assert reader.post(address, {**mine, **hidden(answer.text), **chosen}).status_code == 303
    [now] = stored(site)
    assert (now.first_name, now.last_name, now.mobile_phone, now.notes) == ("Theirs", "Own", "+33 1", "mine")


@ONE
def test_a_third_version_is_asked_about_again(site: Host, reader: Reader) -> None:
    """Only what changed since the choice was shown; what was chosen then stays chosen."""
    [contact] = people(site, 1)
    address = f"/contacts/{contact}/edit"
    opened = hidden(reader.get(address).text)
    save(site, contact, first_name="Second", notes="second")
    mine = {"first_name": "Mine", "emails": "ann0@example.com", "status": "1", "notes": "mine"}
    first = reader.post(address, {**mine, **opened}).text
    save(site, contact, notes="third")
    again = reader.post(address, {**mine, **hidden(first), "keep.first_name": "theirs", "keep.notes": "mine"})
    assert again.status_code == 409
    assert choices(again.text) == {"notes": "mine"}
    assert "third" in again.text
    assert reader.post(address, {**mine, **hidden(again.text), "first_name": "Second"}).status_code == 303
    [now] = stored(site)
    assert (now.first_name, now.notes) == ("Second", "mine")


@ONE
def test_a_change_elsewhere_asks_nothing(site: Host, reader: Reader) -> None:
    """What the form does not show, or what both typed alike, is no reason to ask."""
    [contact] = people(site, 1)
    address = f"/contacts/{contact}/edit"
    opened = hidden(reader.get(address).text)
    with site.work("Admin") as work, work.begin():
        contacts.update(work, contact, {"source": "form", "first_name": "Same"})
    form = {"first_name": "Same", "emails": "ann0@example.com", "status": "1", "notes": "mine"}
    assert reader.post(address, {**form, **opened}).status_code == 303
    [now] = stored(site)
    assert (now.source, now.first_name, now.notes) == ("form", "Same", "mine")


@ONE
def test_a_line_changed_where_it_stands_asks_too(site: Host, reader: Reader) -> None:
    """Only when the other one changed that line; a change of another line passes."""
    [contact] = people(site, 1)
    address = f"/contacts/{contact}/field/notes"
    opened = hidden(reader.get(address, htmx=True).text)
    save(site, contact, mobile_phone="+33 1")
    assert reader.post(address, {**opened, "notes": "one"}, htmx=True).status_code == 200
    opened = hidden(reader.get(address, htmx=True).text)
    save(site, contact, notes="theirs")
    answer = reader.post(address, {**opened, "notes": "mine"}, htmx=True)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#field-notes"
    assert choices(answer.text) == {"notes": "mine"}
    assert (
        reader.post(address, {**hidden(answer.text), "notes": "mine", "keep.notes": "theirs"}, htmx=True).status_code
        == 200
    )
    assert stored(site)[0].notes == "theirs"


@ONE
def test_a_custom_field_changed_where_it_stands_asks_too(site: Host, reader: Reader) -> None:
    """As lines of the core do: only when the other one changed that field."""
    [contact] = people(site, 1)
    with site.work("Admin") as work, work.begin():
        key = custom.add(work, {"label": "Plan", "kind": "text"}).key
        custom.add(work, {"label": "Seat", "kind": "text"})
    address = f"/contacts/{contact}/field/custom.{key}"
    opened = hidden(reader.get(address, htmx=True).text)
    save(site, contact, **{"custom.seat": "12"})
    assert reader.post(address, {**opened, f"custom.{key}": "one"}, htmx=True).status_code == 200
    opened = hidden(reader.get(address, htmx=True).text)
    save(site, contact, **{f"custom.{key}": "theirs"})
    answer = reader.post(address, {**opened, f"custom.{key}": "mine"}, htmx=True)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == f"#field-custom-{key}"
    assert f'id="field-custom-{key}"' in answer.text
    assert "theirs" in answer.text
    again = {**hidden(answer.text), f"custom.{key}": "mine", f"keep.custom.{key}": "mine"}
    assert reader.post(address, again, htmx=True).status_code == 200
    assert stored(site)[0].custom == {key: "mine", "seat": "12"}


@ONE
def test_an_entry_of_the_journal_asks_too(site: Host, reader: Reader) -> None:
    """Type, text, outcome and time are fields like any other."""
    [contact] = people(site, 1)
    with site.work("Admin") as work, work.begin():
        entry = journal.add(work, "contact", contact, "note", summary="first").id
    address = f"/journal/{entry}"
    page = reader.get(address, htmx=True).text
    at = re.search(r'name="at"[^>]*value="([^"]+)"', page)
    assert at is not None
    with site.work("Admin") as work, work.begin():
        journal.edit(work, entry, {"summary": "theirs", "outcome": "agreed"})
    form = {"type": "note", "text": "mine", "outcome": "", "at": at.group(1)}
    answer = reader.post(address, {**form, **hidden(page)}, htmx=True)
    assert answer.status_code == 409
    assert choices(answer.text) == {"text": "mine", "outcome": "theirs"}
    chosen = {"keep.text": "mine", "keep.outcome": "theirs"}
    assert reader.post(address, {**form, **hidden(answer.text), **chosen}, htmx=True).status_code == 200
    with site.work() as work:
        now = journal.get(work, entry)
        assert (now.summary, now.outcome) == ("mine", "agreed")


@ONE
def test_secrets_are_not_written_into_the_page(site: Host, reader: Reader) -> None:
    """Who typed one types it once more; everything else is carried along."""
    with site.work("Admin") as work, work.begin():
        custom.add(work, {"key": "code", "label": "Code", "kind": "encrypted"})
    [contact] = people(site, 1)
    address = f"/contacts/{contact}/edit"
    opened = hidden(reader.get(address).text)
    save(site, contact, notes="theirs")
    form = {"first_name": "Ann", "emails": "ann0@example.com", "status": "1", "notes": "mine", "custom.code": "s3cret"}
    answer = reader.post(address, {**form, **opened})
    assert answer.status_code == 409
    assert "s3cret" not in answer.text
    assert "Type it once more" in answer.text
