"""An upload whose connection breaks, and whose server is killed, into a storage on another machine."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from bench import uploads
from bench.load import Server, Start, free_port
from bench.sites import Place
from tests.peers import s3

from .test_stopping import until

PART = 256 * 1024


def _objects(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")])


@pytest.mark.slow
@pytest.mark.database("sqlite")
def test_an_upload_survives_broken_connections_and_a_killed_server(place: Place, forked: Start, tmp_path: Path) -> None:
    """Half a part counts for nothing; killed while the file is made, it is made once, the same bytes; deleted, it is gone."""
    folder = tmp_path / "s3"
    folder.mkdir()
    token, contact_id = uploads.prepared(place)
    with s3.server(folder) as peer:
        bucket = peer.bucket("uploads")
        settings = {**s3.KEYS, "CRMHOST_STORAGE_URL": peer.url("uploads", "site")}
        _send(place, settings, token, contact_id, forked)
        # What was put together when the server died, and no row names, waits for the sweep, which takes what is a day old.
        assert _objects(bucket) <= 1


def _send(place: Place, settings: dict[str, str], token: str, contact_id: int, forked: Start) -> None:
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(251)) * 4_000
    server = Server(place, free_port(), kind="waitress", settings=settings, start=forked)
    sender = uploads.Sender(server.port, token)
    where = sender.begin(contact_id, "roof.png", len(content))
    assert sender.part(where, 0, content[:PART]) == PART
    sender.broken_part(where, PART, content[PART : 2 * PART])
    assert until(lambda: sender.stands(where) == PART)
    for start in range(PART, len(content), PART):
        there = sender.part(where, start, content[start : start + PART])
    assert there == len(content)
    sender.begun_to_finish(where)
    server.kill()
    server = Server(place, free_port(), kind="waitress", settings=settings, start=forked)
    try:
        sender = uploads.Sender(server.port, token)
        assert sender.stands(where) == len(content)
        made = sender.finish(where)
        assert sender.finish(where) == made
        page = sender.ask("GET", made["url"])[2].decode()
        number = re.search(r'href="(/storage/\d+)"', page)
        assert number
        assert sender.digest(number[1]) == hashlib.sha256(content).hexdigest()
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert sender.ask("POST", f"/files/{made['id']}/delete", **form)[0] == 303
        erased = f"do=erase&ids={made['id']}&ids={made['id'] + 1}".encode()
        assert sender.ask("POST", "/files/bin", erased, **form)[0] == 303
        assert sender.ask("GET", number[1])[0] == 404
    finally:
        server.close()
    log = place.home / "jobs.log"
    working = forked(["-m", "crmhost", "jobs", "run", "--until-idle"], {**place.environment(), **settings}, log)
    assert working.wait(120) == 0, log.read_text()
