"""Sending a file of 2 GB in parts while connections break and the server is killed: time, memory, and whether it is the same."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crmhost.api import contacts
from crmhost.host import lifecycle

from . import sites
from .load import Server, free_port
from .report import Report
from .sites import Place

#: MiB of the file. Can be cut down by CRMHOST_BENCH_MEGABYTES while developing.
MEGABYTES = int(os.environ.get("CRMHOST_BENCH_MEGABYTES", 2048))
PART = 5 * 1024 * 1024
#: MiB that the server may take more than before the first part.
SLACK = 120
#: After so many parts a connection breaks in the middle of one.
_BREAK_EVERY = 50


class Sender:
    """A client of the uploads of one server, signed in.

    :param token: of the sign-in.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {"Cookie": f"crmhost_session={token}", "Tus-Resumable": "1.0.0"}
        page, cookies = self._page("/files/")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, page[:500]
        self.headers |= {"X-CSRFToken": found[1], "Cookie": "; ".join([self.headers["Cookie"], *cookies])}

    def _page(self, path: str) -> tuple[str, list[str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
            return answer.read().decode(), cookies
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Sends one request; gives status, headers (in lower case) and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {**self.headers, **given})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        finally:
            connection.close()

    def begin(self, contact_id: int, name: str, size: int) -> str:
        """Begins an upload for a contact; gives the path of it."""
        said = {"filename": name, "object_type": "contact", "object_id": contact_id}
        coded = ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in said.items())
        status, headers, body = self.ask("POST", "/files/uploads/", Upload_Length=str(size), Upload_Metadata=coded)
        assert status == 201, body
        return headers["location"]

    def part(self, where: str, offset: int, content: bytes) -> int:
        """Sends a part; gives how many bytes are there by then."""
        kind = "application/offset+octet-stream"
        status, headers, body = self.ask("PATCH", where, content, Upload_Offset=str(offset), Content_Type=kind)
        assert status == 204, (status, body)
        return int(headers["upload-offset"])

    def broken_part(self, where: str, offset: int, content: bytes) -> None:
        """Sends half of a part, and breaks the connection."""
        lines = [
            f"PATCH {where} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        lines += [f"Upload-Offset: {offset}", "Content-Type: application/offset+octet-stream"]
        lines += [f"Content-Length: {len(content)}", "", ""]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode() + content[: len(content) // 2])

    def stands(self, where: str) -> int:
        """How many bytes are there."""
        status, headers, _body = self.ask("HEAD", where)
        assert status == 200, status
        return int(headers["upload-offset"])

    def begun_to_finish(self, where: str) -> None:
        """Asks for the file to be made, and waits for no answer."""
        lines = [f"POST {where}/finish HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0", "Connection: close"]
        lines += [*(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode())

    def finish(self, where: str) -> dict[str, Any]:
        """Makes the file; gives what is said of it."""
        status, _headers, body = self.ask("POST", f"{where}/finish")
        assert status == 200, body
        made: dict[str, Any] = json.loads(body)
        return made

    def digest(self, path: str) -> str:
        """SHA-256 of what is downloaded, read in pieces."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            whole = hashlib.sha256()
            while piece := answer.read(1 << 20):
                whole.update(piece)
            return whole.hexdigest()
        finally:
            connection.close()


def prepared(place: Place) -> tuple[str, int]:
    """Makes a site take files; gives the token of a sign-in, and a contact."""
    site = place.site()
    try:
        lifecycle.enable(site, ["files"], try_first=False)
        with site.work() as work, work.begin():
            contact_id: int = contacts.create(work, {"first_name": "Ann"}).id
        return sites.session_token(site), contact_id
    finally:
        site.close()


class _Watch(threading.Thread):
    """Looks at the memory of a process, in MiB, as long as it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self.first = self.now()
        self.peak = self.first
        self.start()

    def now(self) -> float:
        """What it holds now."""
        found = re.search(r"VmRSS:\s+(\d+)", self._status.read_text())
        return int(found[1]) / 1024 if found else 0.0

    def run(self) -> None:
        """Looks until it is gone."""
        while True:
            try:
                self.peak = max(self.peak, self.now())
            except OSError:
                return
            time.sleep(0.05)


def main(databases: str = "sqlite") -> int:
    """Runs the measurement; gives the number of figures that must hold and don't."""
    with sites.places(databases="sqlite" if databases == "both" else databases) as places:
        return sum(measure(place) for place in places)


def measure(place: Place) -> int:
    """One file: broken off every fifty parts, the server killed before the last step, read again."""
    report = Report(f"Upload of {MEGABYTES:,} MiB in parts of 5 MiB, {place.label}")
    sites.set_up(place)
    token, contact_id = prepared(place)
    server = Server(place, free_port(), kind="waitress")
    watch = _Watch(server.process.pid)
    sender = Sender(server.port, token)
    size, seed = MEGABYTES * 1024 * 1024, os.urandom(PART)
    whole = hashlib.sha256()
    where = sender.begin(contact_id, "large.bin", size)
    # A signature of PNG lets it in whatever the bytes behind it are.
    started, offset, broken = time.monotonic(), 0, 0
    while offset < size:
        content = _content(seed, offset, size)
        number = offset // PART
        if number % _BREAK_EVERY == _BREAK_EVERY - 1:
            broken += 1
            sender.broken_part(where, offset, content)
            assert _until(lambda there=offset: sender.stands(where) == there)  # type: ignore[misc]
        offset = sender.part(where, offset, content)
        whole.update(content)
    sent = time.monotonic() - started
    server.kill()
    peaks = [watch.peak - watch.first]
    server = Server(place, free_port(), kind="waitress")
    watch, sender = _Watch(server.process.pid), Sender(server.port, token)
    assert sender.stands(where) == size
    started = time.monotonic()
    made = sender.finish(where)
    joined = time.monotonic() - started
    peaks.append(watch.peak - watch.first)
    started = time.monotonic()
    page = sender.ask("GET", made["url"])[2].decode()
    found = re.search(r'href="(/storage/\d+)"', page)
    assert found
    same = sender.digest(found[1]) == whole.hexdigest()
    read = time.monotonic() - started
    peaks.append(watch.peak - watch.first)
    server.close()
    for name, seconds in (("sent", sent), ("put together after kill -9", joined), ("read again", read)):
        report.figure(name, f"{seconds:.1f} s, {MEGABYTES / seconds:,.0f} MiB/s")
    report.figure("connections broken in the middle of a part", str(broken))
    said = ", ".join(f"{peak:.0f}" for peak in peaks)
    report.figure("memory above that at rest: sending, joining, reading", f"{said} MiB", must=max(peaks) <= SLACK)
    report.figure("SHA-256 of what is read is that of what was sent", str(same), must=same)
    return report.failed


def _content(seed: bytes, offset: int, size: int) -> bytes:
    """A part that is like no other, without keeping the file."""
    length = min(PART, size - offset)
    mark = b"\x89PNG\r\n\x1a\n" + offset.to_bytes(8, "big")
    return (mark + seed[len(mark) :])[:length]


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
