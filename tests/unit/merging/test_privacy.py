"""Erasing people with a receipt, and exporting what is held on them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from crmhost.api import files, journal, merging, notifications
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.files.models import File
from crmhost.core.merging.models import Merge
from crmhost.core.privacy import services as privacy
from crmhost.core.privacy.models import Receipt, ReceiptHash
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry
from tests.contract.world import World
from tests.probes import ONLY


def person(world: World, **more: Any) -> int:
    """A contact with all that hangs on it; the probes are on."""
    from plugins.probe_two import services as two

    site = world.host
    made = site.make.contact(first_name="Ada", last_name="King", email=f"ada{site.make._number}@example.com", **more)
    with site.work("Admin") as work:
        staged = files.stage(work, b"secret", name="letter.txt", owner="probe_one", contact_id=made)
        with work.begin():
            files.store(work, staged)
            journal.add(work, "contact", made, "note", summary="A note")
            work.service("probe_one").give(made, 5, "told me a secret")
            two.write(work, made, "a note of two")
            two.mark(work, made, "gold")
    return made


@pytest.mark.parametrize("plugins", ["on", "off", "gone"])
def test_everything_goes_and_a_receipt_stays(host: Callable[..., Host], plugins: str) -> None:
    """What the core and plugins that are on, off or deleted hold on a person and on whom was merged into it; the receipt names
    nobody.
    """
    world = World(host(**ONLY))
    site = world.host
    site.enable("probe_one", "probe_two")
    one, two, other = (person(world) for _ in range(3))
    emails = [site.contact(number).email for number in (one, two, other)]
    if plugins == "gone":
        site = host(plugin_folders=())
    with site.work("Admin") as work, work.begin():
        merging.merge(work, one, [two])
    if plugins == "off":
        site.disable("probe_one", "probe_two")
    with pytest.raises(Conflict, match="erase that one") as refused, site.work("Admin") as work, work.begin():
        privacy.erase(work, two)
    assert refused.value.other_id == one
    with pytest.raises(Forbidden), site.work("Contacts manager") as work, work.begin():
        privacy.erase(work, one)
    with site.work("Admin") as work:
        held = privacy.holds(work, one)
    assert held["probe_one_score"] == held["probe_two_note"] == held["files_file"] == held["contacts_contact"] == 2
    with site.work("CRM manager") as work, work.begin():
        number = privacy.erase(work, one).id
    with site.work("Admin") as work:
        record = work.session.get_one(Receipt, number)
        assert (record.counts, record.contact_id, record.files) == (held, one, 2)
        assert [found.id for found in privacy.find(work, emails[0].upper())] == [number]
        assert [found.id for found in privacy.find(work, emails[1])] == [number]
        assert privacy.find(work, emails[2]) == []
        with pytest.raises(Invalid):
            privacy.find(work, "no address")
        assert work.session.scalars(select(Contact.id)).all() == [world.ada, other]
        assert work.session.scalar(select(func.count()).select_from(Merge)) == 0
        assert work.session.scalar(select(func.count()).select_from(File)) == 1
        hashes = work.session.scalars(select(ReceiptHash.address_hash)).all()
        assert len(hashes) == 2
        told = select(AuditEntry.after).where(AuditEntry.object_type == "contact", AuditEntry.object_id == str(two))
        assert set(work.session.scalars(told)) == {None}
        rows = work.session.execute(text("SELECT contact_id, text FROM probe_two_note ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [(None, ""), (None, ""), (other, "a note of two")]
        for name in ("probe_one_score", "probe_two_badge"):
            assert work.session.scalars(text(f"SELECT contact_id FROM {name}")).all() == [other]
    assert ("contact.erased", [one]) in site.events()


def test_an_archive_holds_what_is_held(host: Callable[..., Host]) -> None:
    """JSON of the core and of plugins, on or off, with the files; who asked is told, others can't open it, and it goes."""
    world = World(host(**ONLY))
    site = world.host
    site.clock.freeze()
    site.enable("probe_one", "probe_two")
    made = person(world, tags=["VIP"], notes="Likes tea", external_ids=[["shop", "", "7"]])
    site.disable("probe_two")
    with pytest.raises(Forbidden), site.work("Read only") as work, work.begin():
        privacy.request(work, made)
    with pytest.raises(NotFound), site.work("CRM manager", only_assigned=True) as work, work.begin():
        privacy.request(work, made)
    with site.work("CRM manager") as work, work.begin():
        privacy.request(work, made)
    site.run_jobs()
    [job] = site.jobs("privacy.export")
    assert (job.state, job.error) == ("done", None)
    assert job.result is not None
    url = job.result["url"]
    with site.client("CRM manager").get(url) as answer:
        assert answer.status_code == 200
        archive = zipfile.ZipFile(io.BytesIO(answer.data))
    for role in ("Contacts manager", "Read only"):
        assert site.client(role).get(url).status_code == 404
    data = json.loads(archive.read("data.json"))
    [record] = data["contacts"]
    assert (record["first_name"], record["notes"], record["tags"], record["status"]) == (
        "Ada",
        "Likes tea",
        ["VIP"],
        "Lead",
    )
    assert data["external_ids"] == [{"source": "shop", "account": "", "id": "7"}]
    assert "A note" in [entry.get("summary") for entry in data["journal"]]
    assert [row["text"] for row in data["plugins"]["probe_two"]["tables"]["probe_two_note"]] == ["a note of two"]
    assert data["plugins"]["probe_one"]["told"] == [{"scores": [{"points": 5, "remark": "told me a secret"}]}]
    [file] = data["files"]
    assert archive.read(file["path"]) == b"secret"
    with site.work("CRM manager") as work:
        [told] = notifications.page(work).rows
        assert (told.url, "Ada" in told.text) == (url, False)
        assert "contact.data_exported" in work.session.scalars(select(AuditEntry.action)).all()
    site.clock.move(days=8)
    with site.work() as work, work.begin():
        work.enqueue("privacy.tidy")
    site.run_jobs()
    assert site.client("CRM manager").get(url).status_code == 404
    with site.work("Admin") as work, work.begin():
        contacts.erase(work, made)
