"""An IMAP server with TLS on a free port of this machine: pymap in a process of its own, behind a door that does the TLS.

with imap.server() as peer:
    peer.port                     IMAP over TLS, with a certificate of peer.authority, which a test has to trust
    peer.put(raw)                 lays an e-mail into the mailbox of USER
    peer.unseen()                 how many were not read
"""

import asyncio
import contextlib
import imaplib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass

import trustme

from tests.peers.smtp import context_of

USER, PASSWORD = "returned", "s3cret words"
_SERVE = "import sys; from pymap.main import main; sys.exit(main())"


@dataclass
class Peer:
    """The running server."""

    port: int
    plain_port: int
    authority: trustme.CA

    def put(self, raw: bytes) -> None:
        """Lays an e-mail into the mailbox."""
        with self._mailbox() as mailbox:
            assert mailbox.append("INBOX", "", "", raw)[0] == "OK"

    def unseen(self) -> int:
        """How many e-mails were not read."""
        with self._mailbox() as mailbox:
            mailbox.select("INBOX", readonly=True)
            return len(mailbox.uid("SEARCH", "UNSEEN")[1][0].split())

    @contextlib.contextmanager
    def _mailbox(self) -> Iterator[imaplib.IMAP4]:
        mailbox = imaplib.IMAP4("127.0.0.1", self.plain_port, timeout=20)
        mailbox.login(USER, PASSWORD)
        try:
            yield mailbox
        finally:
            mailbox.logout()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def server() -> Iterator[Peer]:
    """The server, until the end of the ``with``."""
    peer = Peer(_free_port(), _free_port(), trustme.CA())
    arguments = ["--no-tls", "--host", "127.0.0.1", "--port", str(peer.plain_port)]
    mailbox = ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SERVE, *arguments, *mailbox],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(peer.plain_port, process)
        with _door(peer.port, peer.plain_port, context_of(peer.authority)):
            yield peer
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    for _ in range(200):
        assert process.poll() is None, "the IMAP server ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        pause.wait(0.1)
    raise AssertionError("the IMAP server did not start")


@contextlib.contextmanager
def _door(port: int, inner: int, context: ssl.SSLContext) -> Iterator[None]:
    """Takes TLS connections and hands on what comes to the server inside."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        listening = await asyncio.start_server(
            lambda *streams: _connect(inner, *streams), "127.0.0.1", port, ssl=context
        )
        ready.set()
        await stopping.wait()
        listening.close()

    thread = threading.Thread(target=_run, args=(loop, serve()), daemon=True)
    thread.start()
    ready.wait(20)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(20)


def _run(loop: asyncio.AbstractEventLoop, main: Coroutine[None, None, None]) -> None:
    loop.run_until_complete(main)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


async def _connect(inner: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        there, back = await asyncio.open_connection("127.0.0.1", inner)
        await asyncio.gather(_hand_on(reader, back), _hand_on(there, writer))


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()
