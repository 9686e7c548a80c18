"""What people with bad intentions send: names, types, pictures made to fill the memory."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from plugins.files import limits, services, thumbs
from plugins.files.tests.conftest import Shelf, message, picture

NAMES = [
    "../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\x.txt", "a\x00.txt", "a\r\nSet-Cookie: b=1.txt", "\u202egnp.exe",
    "con.txt", "NUL", ".htaccess", "a.txt\n", '"><script>alert(1)</script>.txt', "'; drop table files_entry; --.txt",
    "%2e%2e%2fx.txt",
    "x" * 5_000 + ".txt", "\u2215etc\u2215x.txt", "\u200b.txt", " ", ".", "..", "${7*7}{{7*7}}.txt", "\U0001f4a9.txt",
    "a/../../b.txt",
]  # fmt: skip
#: Contents that a browser would run, under the names and types that lie about them.
RUN = [
    (b"<!doctype html><script>document.title='run'</script>", "photo.png"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='document.title=1'/>", "logo.svg"),
    (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script>1</script></html>", "a.xml"),
    (b"\xef\xbb\xbf<html><script>1</script>", "a.pdf"),
    (b"   \n<ScRiPt>1</script>", "a.txt"),
    ("<script>1</script>".encode("utf-16"), "a.csv"),
    (b"alert(document.domain)", "a.js"),
    (b"GIF89a/*<svg/onload=alert(1)>*/=1;alert(1)", "a.gif"),
    (b"%PDF-1.4\n<script>alert(1)</script>", "a.html"),
]


def _bomb(side: int = 30_000) -> bytes:
    """A small PNG that unpacks to gigabytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def test_names_are_harmless(shelf: Shelf) -> None:
    """Whatever a file is called, it is kept, shown as text and sent under one clean line."""
    client = shelf.crm.client()
    for name in NAMES:
        entry = shelf.add(b"hello", name)
        with shelf.crm.work() as work:
            found = services.get(work, entry)
            kept, number = found.name, found.file_id
        assert kept.strip(". "), name
        assert not set(kept) & set('/\\\x00\r\n\u202e<>"'), name
        assert len(kept.encode()) <= 200, name
        with client.get(f"/storage/{number}?show=1") as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment"), name
    assert "<script>alert" not in client.get("/files/").text
    assert shelf.crm.faults() == []


@pytest.mark.shared
def test_a_long_list_of_hostile_names(shelf: Shelf, shared_data: Path) -> None:
    """Each string of a list that others collected is a name that an upload can begin with."""
    client = shelf.crm.client()
    names = json.loads((shared_data / "security" / "lists" / "blns.json").read_text())
    for name in names[::5]:
        assert shelf.begin(client, 5, name).status_code in (201, 409), name
    assert shelf.crm.faults() == []


def test_nothing_that_a_browser_runs_is_shown(shelf: Shelf) -> None:
    """Refused as it is set up first; allowed, it is sent as bytes to be saved, whatever its name says."""
    client = shelf.crm.client()
    assert shelf.send(client, *RUN[0]).status_code == 422
    assert "not allowed" in message(shelf.send(client, *RUN[1]))
    shelf.set(types=",".join(limits.ALL))
    for content, name in RUN:
        made = shelf.send(client, content, name)
        assert made.status_code == 200, name
        with shelf.crm.work() as work:
            number = services.get(work, made.json["id"]).file_id
        with client.get(f"/storage/{number}?show=1") as answer:
            shown = answer.headers["Content-Disposition"].startswith("inline")
            assert answer.mimetype not in ("text/html", "image/svg+xml", "application/xml", "text/javascript"), name
            assert shown is (answer.mimetype in ("image/gif", "application/pdf")), name
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert client.get(made.json["url"]).status_code == 200
    assert shelf.crm.faults() == []


def test_pictures_made_to_fill_the_memory_get_no_preview(shelf: Shelf) -> None:
    """A bomb, a broken picture and a lying one are kept as they are, without a preview; a good one has a small one."""
    assert thumbs.shrunk(_bomb(), "PNG") is None
    assert thumbs.shrunk(picture()[:200], "PNG") is None
    assert thumbs.shrunk(picture(), "JPEG") is None
    assert thumbs.shrunk(b"GIF89a/*=1;alert(1)", "GIF") is None
    small = thumbs.shrunk(picture(3000), "PNG")
    assert small is not None
    assert len(small) < 10_000
    entry = shelf.add(_bomb(), "bomb.png")
    with shelf.crm.work() as work:
        assert services.get(work, entry).thumbnail_id is None
    assert shelf.crm.client().get(f"/files/{entry}").status_code == 200
    assert shelf.crm.faults() == []
