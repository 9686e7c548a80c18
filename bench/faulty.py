"""An SMTP server that has bad days, and keeps count: it refuses, puts off, ends connections, and reads each mail strictly.

What it says to whom is settled by the recipient's address and a seed, so that a run can be had again.
"""

from __future__ import annotations

import asyncio
import collections
import email
import email.policy
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from . import sink

#: Of a thousand recipients: refused for good, asked to come back once before and once after the text.
REFUSED, LATER, LATER_AFTER = 15, 25, 10
#: Of a thousand mails: the connection ends before the text, in the middle of it, and when it was taken but not answered.
ENDED, BROKEN, SILENT = 4, 2, 2
_ONE_OF_EACH = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_SUBJECT = re.compile(rb"^Subject: ([^\r\n]*)", re.MULTILINE)
_LONGEST_LINE = 998
_STRICT = email.policy.default.clone(raise_on_defect=True)


class Server(sink.Sink):
    """What the connections share.

    :param seed: settles who gets which answer.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.dice = random.Random(seed)
        self.seed = seed
        self.port = 0
        #: Mails that were taken by recipient, answered or not.
        self.copies: collections.Counter[str] = collections.Counter()
        #: The same by recipient and subject.
        self.by_subject: collections.Counter[tuple[str, str]] = collections.Counter()
        #: What the strict reader found: sentences.
        self.faults: list[str] = []
        #: Connections that ended when the text was on its way, so that the sender can't know.
        self.cut = 0
        #: Answers that were given, by code, but 2xx and 3xx.
        self.refusals: collections.Counter[int] = collections.Counter()
        self.asked_back: set[tuple[str, str]] = set()

    def once(self, recipient: str, where: str, share: int) -> bool:
        """Whether a recipient of so many in a thousand is sent away here: the first time only."""
        key = (recipient, where)
        if key in self.asked_back or random.Random(f"{self.seed} {key}").randrange(1000) >= share:
            return False
        self.asked_back.add(key)
        return True

    def refuses(self, recipient: str) -> bool:
        """Whether there is no such recipient."""
        return random.Random(f"{self.seed} {recipient}").randrange(1000) < REFUSED

    def happens(self, share: int) -> bool:
        """Something that comes so many times in a thousand."""
        return self.dice.randrange(1000) < share

    def keep(self, recipient: str, raw: bytes) -> None:
        """Counts a mail and reads it."""
        self.copies[recipient] += 1
        subject = _SUBJECT.search(raw)
        self.by_subject[recipient, subject[1].decode() if subject else ""] += 1
        if wrong := read(recipient, raw):
            self.faults.append(f"{recipient}: {wrong}")


def read(recipient: str, raw: bytes) -> str:
    """What is wrong with a mail, or nothing."""
    if not raw.isascii():
        return "other than ASCII"
    if _BARE.search(raw):
        return "a bare line feed or carriage return"
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        return "a line is too long"
    try:
        mail = email.message_from_bytes(raw, policy=_STRICT)
        assert isinstance(mail, EmailMessage)
        for name in _ONE_OF_EACH:
            if len(mail.get_all(name, [])) != 1:
                return f"{len(mail.get_all(name, []))} fields {name}"
        if [one.addr_spec for one in mail["To"].addresses] != [recipient]:
            return f"it is addressed to {mail['To']}"
        address = mail["List-Unsubscribe"].strip("<>")
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            if part is None or address not in part.get_content():
                return f"the {kind} part does not say how to unsubscribe"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class Connection(sink.Connection):
    """One client."""

    sink: Server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greets."""
        super().connection_made(transport)
        self.recipient = ""

    def data_received(self, data: bytes) -> None:
        """Takes what comes in, command by command, mail by mail."""
        self.buffer += data
        while not self.transport.is_closing():
            end = self.buffer.find(b"\r\n.\r\n" if self.data else b"\r\n")
            if end < 0:
                return
            got = bytes(self.buffer[:end])
            del self.buffer[: end + (5 if self.data else 2)]
            if self.data:
                self.data = False
                self.text(got.replace(b"\r\n..", b"\r\n.") + b"\r\n")
            else:
                self.command(got.decode("latin-1"))

    def text(self, raw: bytes) -> None:
        """Answers a mail."""
        server = self.sink
        if server.once(self.recipient, "text", LATER_AFTER):
            self.refuse(451, "4.3.0 come back")
        elif server.happens(BROKEN):
            self.end(cut=True)
        else:
            server.keep(self.recipient, raw)
            if server.happens(SILENT):
                self.end(cut=True)
            else:
                self.answer("250 2.0.0 taken")

    def command(self, line: str) -> None:
        """Answers a command."""
        server, verb = self.sink, line[:4].upper()
        if verb == "RCPT":
            self.recipient = line.partition("<")[2].partition(">")[0]
            if server.refuses(self.recipient):
                self.refuse(550, "5.1.1 no such user")
            elif server.once(self.recipient, "address", LATER):
                self.refuse(451, "4.7.1 come back")
            else:
                self.answer("250 fine")
        elif verb == "MAIL" and server.happens(ENDED):
            self.end()
        elif verb == "MAIL" and server.happens(ENDED):
            self.refuse(421, "4.3.2 closing")
            self.transport.close()
        else:
            super().command(line.upper())

    def refuse(self, code: int, words: str) -> None:
        """Says no."""
        self.sink.refusals[code] += 1
        self.answer(f"{code} {words}")

    def end(self, *, cut: bool = False) -> None:
        """Ends the connection without a word."""
        self.sink.cut += cut
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()


@contextmanager
def running(seed: int = 1) -> Iterator[Server]:
    """A server in a thread of its own, until the end of the ``with``."""
    server, loop = Server(seed), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    # Begun in its thread: the caller's may have a loop that runs, such as that of a browser.
    begun = asyncio.run_coroutine_threadsafe(loop.create_server(lambda: Connection(server), "127.0.0.1", 0), loop)
    listening = begun.result(30)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()
