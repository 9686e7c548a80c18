"""Files in the client portal: what is marked for it, and what the site asks for."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from crmhost.api import AuditEntry, contacts, notifications, settings
from crmhost.testing import Host
from plugins.files.models import Entry
from tests.clients import sign_in

from .conftest import Shelf, picture


def test_a_client_downloads_and_sends_files(host: Callable[..., Host]) -> None:
    """Marked ones of their own alone, safely; sent ones go to a place the site named, within its limits, and the owner hears."""
    shelf = Shelf(host("files", "portal"))
    site = shelf.crm
    owner = site.actor("CRM manager")
    with site.work() as work, work.begin():
        contacts.update(work, shelf.ann, {"assigned_to": owner.user_id})
        settings.set_many(work, {"portal.upload_slots": "Copy of the ID, Plan of the house"})
    bob = site.make.contact(first_name="Bob", email="bob@example.com")
    hidden = shelf.add(b"notes", "internal.txt")
    marked = shelf.add(b"What we agreed", "contract.txt", portal=True)
    theirs = shelf.add(b"of bob", "bob.txt", portal=True, object_id=bob)
    browser = sign_in(site, shelf.ann)
    assert "2 files are asked for: Copy of the ID, Plan of the house" in browser.get("/portal/").text
    page = browser.get("/portal/files/").text
    assert [name in page for name in ("contract.txt", "internal.txt", "bob.txt")] == [True, False, False]
    with browser.get(f"/portal/files/{marked}") as answer:
        assert answer.data == b"What we agreed"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype == "text/plain"
    for number in (hidden, theirs, 999):
        assert browser.get(f"/portal/files/{number}").status_code == 404
    assert browser.get("/storage/1").status_code == 302

    def send(slot: str, content: bytes, name: str = "id.png") -> Any:
        return browser.post("/portal/files/", data={"slot": slot, "file": (io.BytesIO(content), name)})

    assert send("Something else", picture(100)).status_code == 404
    assert send("Copy of the ID", b"", "").status_code == 422
    shelf.set(types="pictures")
    refused = send("Copy of the ID", b"MZ\x90\x00 not a picture", "id.png")
    assert (refused.status_code, "is-invalid" in refused.text) == (422, True)
    before = shelf.number()
    assert send("Copy of the ID", picture(100), "../../id<b>.png").status_code == 303
    assert shelf.number() == before + 1
    assert "1 file is asked for: Plan of the house" in browser.get("/portal/").text
    assert "Arrived" in browser.get("/portal/files/").text
    with site.work() as work:
        entry = work.session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1)).one()
        assert (entry.description, entry.portal, entry.object_id) == ("Copy of the ID", True, shelf.ann)
        assert "/" not in entry.name
        kinds = work.session.scalars(
            select(AuditEntry.actor_kind)
            .where(AuditEntry.action == "file.uploaded")
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).all()
        told = notifications.page(work.as_actor(owner)).rows
    assert kinds == ["client"]
    assert [row.kind for row in told] == ["files.received"]
