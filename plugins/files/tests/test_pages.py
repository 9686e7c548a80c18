"""Pages of files, and their parts of other pages."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from crmhost import demo
from crmhost.api import File, Forbidden, Invalid, NotFound, Stale, contacts, merging
from crmhost.testing import Host
from plugins.files import services
from plugins.files.models import Entry, Version
from plugins.files.resources import event_data
from plugins.files.tests.conftest import Shelf, picture


def test_a_file_is_added_shown_changed_deleted_and_restored(shelf: Shelf) -> None:
    """Without any script: the form of the tab takes several, says what is wrong, and every step can be undone."""
    crm, client = shelf.crm, shelf.crm.client()
    address = f"/files/to/contact/{shelf.ann}"
    two = [(io.BytesIO(b"one"), "one.txt"), (io.BytesIO(picture()), "two.png")]
    sent = client.post(address, data={"file": two, "kind": "Contract", "description": "<b>x</b>"})
    assert sent.status_code == 303
    tab = client.get(sent.location).text
    assert all(text in tab for text in ("one.txt", "two.png", "Contract", "&lt;b&gt;x&lt;/b&gt;"))
    assert "<b>x</b>" not in tab
    client.post(address, data={})
    assert "Choose a file first" in client.get(sent.location).text
    client.post(address, data={"file": [(io.BytesIO(b"MZ\x00\x01"), "a.txt")]})
    assert "not allowed" in client.get(sent.location).text
    page = client.get("/files/1").text
    assert "Version 1" in page
    assert client.post("/files/1/versions", data={"file": (io.BytesIO(b"two"), "one.txt")}).status_code == 303
    assert "Version 2" in client.get("/files/1").text
    assert client.post("/files/1/edit", data={"name": "", "version": "2"}).status_code == 422
    saved = client.post(
        "/files/1/edit", data={"name": "../my\x00 plan.txt", "kind": "Report", "portal": "y", "version": "2"}
    )
    assert saved.status_code == 303
    assert "my plan.txt" in client.get("/files/1").text
    assert client.post("/files/1/edit", data={"name": "b.txt", "version": "2"}).status_code in (409, 412)
    assert client.post("/files/1/delete").location.endswith("tab=files")
    assert client.get("/files/1").status_code == 404
    assert "my plan.txt" in client.get("/files/bin").text
    assert client.post("/files/1/restore").status_code == 303
    assert client.get("/files/1").status_code == 200
    assert crm.faults() == []


def test_the_list_filters_finds_and_sums(shelf: Shelf) -> None:
    """By kind, type, record, day and words; hostile arguments are answered, not failed on."""
    client, crm = shelf.crm.client(), shelf.crm
    shelf.add(b"a" * 1500, "May report.txt", kind="Report", description="of the roof")
    shelf.add(picture(), "roof.png", portal=True)
    page = client.get("/files/").text
    assert all(text in page for text in ("May report.txt", "roof.png", "Ann"))
    for query, wanted in (
        ("kind=Report", "May report"),
        ("type=pictures", "roof.png"),
        ("q=ROO", "roof.png"),
        ("portal=1", "roof.png"),
    ):
        assert wanted in client.get(f"/files/?{query}").text, query
    assert "roof.png" not in client.get("/files/?kind=Report").text
    assert "May report" not in client.get("/files/?type=pictures").text
    for query in ("type=x", "date_from=x", "sort=x", "after=x", "portal=x", "object_id=x", "q=%00", "kind=%00"):
        assert client.get(f"/files/?{query}").status_code in (200, 422), query
    assert crm.faults() == []


def test_who_may_not_see_a_record_sees_none_of_its_files(shelf: Shelf) -> None:
    """List, page, bytes, preview and palette, for somebody limited to their own contacts, and once the contact is in the bin."""
    crm = shelf.crm
    theirs = shelf.add(picture(), "secret.png")
    me = crm.actor("CRM manager", only_assigned=True)
    own = crm.make.contact(first_name="Own")
    with crm.work() as work, work.begin():
        contacts.update(work, own, {"assigned_to": me.user_id})
    mine = shelf.add(b"mine", "mine.txt", object_id=own)
    with crm.work() as work:
        numbers = [
            number for row in work.session.execute(select(Version.file_id, Version.thumbnail_id)) for number in row
        ]
        entry = services.get(work, theirs)
        hidden = [entry.file_id, entry.thumbnail_id]
    limited = crm.client("CRM manager", only_assigned=True)
    with crm.work("CRM manager", only_assigned=True) as work:
        told = {
            event: event_data(work, event, [mine, theirs])
            for event in ("file.updated", "file.erased", "contact.updated")
        }
    assert {event: None if found is None else set(found) for event, found in told.items()} == {
        "file.updated": {mine}, "file.erased": set(), "contact.updated": None,
    }  # fmt: skip
    listed = limited.get("/files/").text
    assert "mine.txt" in listed
    assert "secret.png" not in listed + limited.get("/search?q=secret").text
    assert limited.get(f"/files/{theirs}").status_code == 404
    assert limited.get(f"/files/{mine}").status_code == 200
    assert limited.post(f"/files/{theirs}/delete").status_code == 404
    for number in hidden:
        assert limited.get(f"/storage/{number}").status_code == 404
    assert len(numbers) == 4
    with crm.work("CRM manager", only_assigned=True) as work, work.begin():
        assert services.to_bin(work, [theirs]) == 0
    with crm.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        services.change(work, theirs, {"kind": "Report"})
    with crm.work() as work, work.begin():
        contacts.to_bin(work, [shelf.ann])
    assert crm.client().get(f"/files/{theirs}").status_code == 404
    assert "secret.png" not in crm.client().get("/files/").text
    assert crm.faults() == []


def test_files_follow_their_person(shelf: Shelf) -> None:
    """To the contact that a merge leaves, back when it is undone, and out of the storage when the person is erased."""
    crm = shelf.crm
    bo = crm.make.contact(first_name="Bo")
    entry = shelf.add(b"of bo", "bo.txt", object_id=bo)
    with crm.work() as work, work.begin():
        merge = merging.merge(work, shelf.ann, [bo])
    with crm.work() as work:
        assert (services.get(work, entry).object_id, services.get(work, entry).contact_id) == (shelf.ann, shelf.ann)
    assert "bo.txt" in crm.client().get(f"/contacts/{shelf.ann}?tab=files").text
    with crm.work() as work, work.begin():
        merging.undo(work, merge.id)
    with crm.work() as work:
        assert services.get(work, entry).object_id == bo
    with crm.work() as work, work.begin():
        contacts.to_bin(work, [bo])
        contacts.erase(work, bo)
    crm.run_jobs()
    assert (shelf.number(), shelf.number(Version), shelf.number(File), shelf.objects()) == (0, 0, 0, 0)
    assert crm.faults() == []


def test_files_of_a_company_and_of_an_entry_of_the_journal(host: Callable[..., Host]) -> None:
    """The tab stands on companies too; what is attached to an entry is shown with it, nobody else's file can be claimed."""
    shelf = Shelf(host("files", "companies", "transactions"))
    client = shelf.crm.client()
    with shelf.crm.work() as work, work.begin():
        company = work.service("companies").create({"name": "Acme"}, source="manual").id
    entry = shelf.add(b"terms", "terms.txt", object_type="company", object_id=company)
    assert "terms.txt" in client.get(f"/companies/{company}?tab=files").text
    made = shelf.send(client, b"notes", "notes.txt").json["id"]
    foreign = shelf.add(b"other", "foreign.txt")
    said = {"type": "note", "text": "Talked", "files.ids": f"{made},{entry},{foreign},x,,-1"}
    assert client.post(f"/journal/of/contact/{shelf.ann}", data=said).status_code in (200, 303)
    with shelf.crm.work() as work:
        attached = work.session.scalars(select(Entry.id).where(Entry.journal_id.is_not(None))).all()
    assert attached == [made]
    assert "notes.txt" in client.get(f"/contacts/{shelf.ann}").text
    assert shelf.crm.faults() == []


def test_the_bin_is_emptied_with_all_bytes(shelf: Shelf) -> None:
    """Deleting for good takes versions and previews along; what is left is nothing."""
    entry = shelf.add(picture(), "a.png")
    with shelf.crm.work() as work:
        prepared = services.stage(work, "contact", shelf.ann, b"second", name="a.txt")
        with work.begin():
            services.add_version(work, entry, prepared)
    with shelf.crm.work("CRM manager") as work, work.begin():
        with pytest.raises(Stale):
            services.change(work, entry, {"kind": "Report"}, version=1)
        with pytest.raises(Invalid):
            services.change(work, entry, {"kind": "Nonsense", "x": 1})
        assert services.to_bin(work, [entry]) == 1
        assert services.erase(work, [entry, 999]) == 1
        with pytest.raises(NotFound):
            services.get(work, entry)
    shelf.crm.run_jobs()
    with shelf.crm.work() as work:
        assert work.session.scalar(select(func.count()).select_from(File)) == 0
    assert shelf.objects() == 0


def test_demo_people_have_demo_files(shelf: Shelf) -> None:
    """A job brings them after the people; each says that it is demo; loading them again brings no more."""
    demo.load(shelf.crm.site, 100)
    shelf.crm.run_jobs()
    with shelf.crm.work() as work:
        found = list(work.session.scalars(select(Entry)))
        assert found
        assert all(entry.name.startswith("Demo ") and "Demo" in entry.description for entry in found)
    number = len(found)
    demo.load(shelf.crm.site, 100)
    shelf.crm.run_jobs()
    assert shelf.number() == number
    assert shelf.crm.faults() == []
