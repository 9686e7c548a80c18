"""Uploads in parts: going on, limits, other people's, leftovers."""

from __future__ import annotations

import io
import threading
from typing import Any

from crmhost.testing import Clock
from plugins.files import services
from plugins.files.models import Piece, Upload, Version
from plugins.files.tests.conftest import PART, Shelf, message, picture


class Breaking(io.BytesIO):
    """A connection that breaks when half of a part has come."""

    def readinto(self, buffer: Any) -> int:
        if self.tell() >= PART // 2:
            raise OSError("reset by peer")
        return super().readinto(memoryview(buffer)[: PART // 2])


def test_an_upload_goes_on_where_the_connection_broke(shelf: Shelf) -> None:
    """Half a part counts for nothing, the rest comes later, what arrives is what was sent, and no part stays behind."""
    client, content = shelf.crm.client(), bytes(range(256)) * 1024
    content = b"%PDF-1.7\n" + content[9:]
    begun = shelf.begin(client, len(content), "report.pdf")
    assert (begun.status_code, begun.headers["Tus-Resumable"]) == (201, "1.0.0")
    where = begun.location
    assert shelf.part(client, where, 0, content[:PART]).headers["Upload-Offset"] == str(PART)
    broken = shelf.part(client, where, PART, b"", input_stream=Breaking(content[PART : 2 * PART]), content_length=PART)
    assert broken.status_code in (400, 409)
    stands = client.head(where)
    assert (stands.headers["Upload-Offset"], stands.headers["Upload-Length"]) == (str(PART), str(len(content)))
    assert client.post(f"{where}/finish").status_code == 409
    assert shelf.part(client, where, 0, content[:PART]).status_code == 409
    for start in range(PART, len(content), PART):
        assert shelf.part(client, where, start, content[start : start + PART]).status_code == 204
    made = client.post(f"{where}/finish", data={"kind": "report", "description": "Of May", "portal": "1"})
    assert made.status_code == 200, made.text
    assert client.post(f"{where}/finish").json == made.json
    with shelf.crm.work() as work:
        entry = services.get(work, made.json["id"])
        assert (entry.name, entry.kind, entry.media_type, entry.portal) == (
            "report.pdf",
            "Report",
            "application/pdf",
            True,
        )
    assert shelf.bytes_of(made.json["id"]) == content
    shelf.crm.run_jobs()
    assert (shelf.number(Piece), shelf.objects()) == (0, 1)
    assert any(name == "file.uploaded" for name, _ids in shelf.crm.events())
    assert shelf.crm.faults() == []


def test_two_tabs_send_one_upload(shelf: Shelf) -> None:
    """Of two requests with one part, one counts."""
    client, content = shelf.crm.client(), b"x" * (2 * PART)
    where = shelf.begin(client, len(content)).location
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(shelf.part(shelf.crm.client(), where, 0, content[:PART]).status_code)
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) in ([204, 409], [204, 404])
    assert client.head(where).headers["Upload-Offset"] == str(PART)


def test_an_upload_is_its_owners(shelf: Shelf) -> None:
    """Nobody else reads, continues, finishes or ends it; who may not change files or the contact begins none."""
    mine, other = shelf.crm.client(), shelf.crm.client("CRM manager")
    where = shelf.begin(mine, 5).location
    answers = [
        other.head(where),
        shelf.part(other, where, 0, b"hello"),
        other.post(f"{where}/finish"),
        other.delete(where),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert shelf.begin(shelf.crm.client("Read only"), 5).status_code == 403
    limited = shelf.crm.client("CRM manager", only_assigned=True)
    assert shelf.begin(limited, 5).status_code == 404
    assert shelf.crm.client("").head(where).status_code in (302, 401)
    assert shelf.part(mine, where, 0, b"hello").status_code == 204
    entry = mine.post(f"{where}/finish").json["id"]
    second = shelf.crm.make.contact(first_name="Bo")
    assert shelf.begin(mine, 5, object_id=second, entry_id=entry).status_code == 404
    for bad in ({"object_type": "nothing"}, {"object_id": 99_999}, {"object_id": "../1"}, {"object_type": ""}):
        assert shelf.begin(mine, 5, **bad).status_code == 404, bad
    assert shelf.crm.faults() == []


def test_limits_are_said_before_anything_is_sent(shelf: Shelf) -> None:
    """Size, room of the site and of a record, and the type at the first part; parts of senseless sizes are refused."""
    client = shelf.crm.client()
    shelf.set(max_size_mb="1", record_quota_mb="2")
    assert "at most 1 MB" in message(shelf.begin(client, 1024 * 1024 + 1))
    assert shelf.begin(client, 1024 * 1024).status_code == 201
    assert shelf.begin(client, 1024 * 1024).status_code == 201
    assert "no room left here" in message(shelf.begin(client, 1024))
    second = shelf.crm.make.contact(first_name="Bo")
    shelf.set(quota_mb="3")
    assert shelf.begin(client, 1024 * 1024, object_id=second).status_code == 201
    assert "no room left" in message(shelf.begin(client, 1, object_id=second))
    shelf.set(quota_mb="0", record_quota_mb="0")
    shelf.set(types="pictures")
    where = shelf.begin(client, 5, "photo.png").location
    refused = shelf.part(client, where, 0, b"MZ\x00\x01\x02")
    assert (refused.status_code, "not allowed" in message(refused)) == (422, True)
    where = shelf.begin(client, 3 * PART, "photo.png").location
    png = picture() + bytes(3 * PART)
    assert shelf.part(client, where, 0, png[:100]).status_code == 422
    assert shelf.part(client, where, 0, png[: 4 * PART]).status_code == 422
    headers: dict[str, Any] = {"Upload-Offset": "-1", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(where, data=b"x", headers=headers).status_code == 422
    assert client.patch(where, data=b"x", headers={"Upload-Offset": "0"}).status_code == 415
    assert client.post("/files/uploads/").status_code == 422
    bad = {"Upload-Length": "5", "Upload-Metadata": "filename %%%"}
    assert client.post("/files/uploads/", headers=bad).status_code == 422
    assert shelf.crm.faults() == []


def test_what_nobody_finishes_is_swept(shelf: Shelf, clock: Clock) -> None:
    """Ended or forgotten, the parts of an upload go; one that took too long has to begin anew."""
    clock.freeze()
    client = shelf.crm.client()
    ended, forgotten = (shelf.begin(client, 2 * PART).location for _ in range(2))
    for where in (ended, forgotten):
        assert shelf.part(client, where, 0, b"x" * PART).status_code == 204
    assert client.delete(ended).status_code == 204
    shelf.crm.run_jobs()
    assert (shelf.number(Upload), shelf.objects()) == (1, 1)
    clock.move(hours=21)
    assert shelf.crm.client().head(forgotten).status_code == 404
    shelf.crm.run_jobs()
    assert (shelf.number(Upload), shelf.number(Piece), shelf.objects()) == (0, 0, 0)


def test_a_new_version_keeps_the_old_ones(shelf: Shelf) -> None:
    """The newest is what the file is; each stays to be downloaded, and pictures have a preview."""
    client = shelf.crm.client()
    entry = shelf.send(client, b"first", "plan.txt").json["id"]
    again = shelf.send(client, picture(), "plan.png", entry_id=entry)
    assert again.json["id"] == entry
    with shelf.crm.work() as work:
        found = services.get(work, entry)
        kept = services.versions(work, found)
        assert [(one.number, one.name, one.media_type) for one in kept] == [
            (2, "plan.png", "image/png"),
            (1, "plan.txt", "text/plain"),
        ]
        assert found.thumbnail_id is not None
        first, preview = kept[1].file_id, found.thumbnail_id
    with client.get(f"/storage/{first}") as answer:
        assert answer.data == b"first"
    with client.get(f"/storage/{preview}?show=1") as answer:
        assert (answer.mimetype, answer.data[8:12]) == ("image/webp", b"WEBP")
    assert shelf.number(Version) == 2
    assert shelf.crm.faults() == []
