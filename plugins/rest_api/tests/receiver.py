"""A receiver of webhooks: a real server on this machine that remembers what it got and answers as a test says."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclasses.dataclass(frozen=True)
class Got:
    """A delivery as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Receiver:
    """Listens at ``listing`` (host:port); ``status``, ``answer`` and ``headers`` are what it answers with."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.status = 200
        self.answer = b"thanks"
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(Got(self.path, dict(self.headers), body))
                self.send_response(outer.status)
                for name, value in {"Content-Length": str(len(outer.answer)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, *arguments: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listing = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.listing}/take?from=crm"

    def documents(self) -> list[Any]:
        """The bodies that came since the last call."""
        taken = [got.document for got in self.got]
        self.got.clear()
        return taken


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver for the time of a ``with``."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()
