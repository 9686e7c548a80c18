"""An SMTP server that takes everything at once and keeps nothing: ``python -m bench.sink`` in a process of its own.

It writes its port as the first line. Over SMTP it also answers ``VRFY count``: mails taken, distinct Message-IDs, connections so
far, and seconds between the first and the last mail.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from smtplib import SMTP

_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass
class Tally:
    """What a sink took since it was last asked."""

    mails: int = 0
    distinct: int = 0
    connections: int = 0
    seconds: float = 0.0


class Sink:
    """What the connections share."""

    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.tally = Tally()
        self.first = 0.0

    def took(self, head: bytes) -> None:
        """Counts a mail."""
        now = time.perf_counter()
        if not self.tally.mails:
            self.first = now
        self.tally.mails += 1
        self.tally.seconds = now - self.first
        found = _ID.search(head)
        self.ids.add(found[1] if found else b"")

    def read_out(self) -> str:
        """The figures; they begin anew."""
        done, count = self.tally, len(self.ids)
        self.ids, self.tally = set(), Tally()
        return f"252 {done.mails} {count} {done.connections} {done.seconds:.6f}"


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greets."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.answer("220 sink")

    def answer(self, line: str) -> None:
        """Says a line."""
        self.transport.write(f"{line}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Takes what comes in, command by command, mail by mail."""
        self.buffer += data
        while True:
            if self.data:
                end = self.buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                self.sink.took(bytes(self.buffer[: min(end, 4000)]))
                del self.buffer[: end + 5]
                self.data = False
                self.answer("250 taken")
                continue
            end = self.buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self.buffer[:end]).decode("latin-1")
            del self.buffer[: end + 2]
            self.command(line.upper())

    def command(self, line: str) -> None:
        """Answers a command."""
        if line.startswith("VRFY"):
            self.answer(self.sink.read_out())
        elif line.startswith("EHLO"):
            self.answer("250-sink\r\n250 8BITMIME")
        elif line.startswith("MAIL"):
            self.answer("250 fine")
        elif line.startswith("DATA"):
            self.data = True
            self.answer("354 go on")
        elif line.startswith("QUIT"):
            self.answer("221 bye")
            self.transport.close()
        else:
            self.answer("250 fine")


class Counted(Connection):
    """A client that is counted."""

    def command(self, line: str) -> None:
        """Counts a client at its first mail, so that who asks for the figures is none."""
        if line.startswith("MAIL") and not getattr(self, "known", False):
            self.known = True
            self.sink.tally.connections += 1
        super().command(line)


async def _serve() -> None:
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: Counted(sink), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass
class Peer:
    """A sink that runs."""

    port: int

    def read_out(self) -> Tally:
        """What it took since it was last asked."""
        with SMTP("127.0.0.1", self.port) as smtp:
            _, said = smtp.docmd("VRFY", "count")
        mails, distinct, connections, seconds = said.split()
        return Tally(int(mails), int(distinct), int(connections), float(seconds))


@contextmanager
def running() -> Iterator[Peer]:
    """A sink until the end of the ``with``."""
    process = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Peer(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(_serve())
