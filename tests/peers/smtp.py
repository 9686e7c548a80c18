"""A strict SMTP server on a free port of this machine: it takes what RFC 5321 allows and nothing else.

with smtp.server() as peer:
    peer.port                             peer.taken: what it took, with envelope and parsed mail
    peer.answer("RCPT", "550 5.1.1 …")    what it says to a command from now on; "" for the usual answer
    smtp.server(tls="starttls")           with a certificate of peer.authority, which a test has to trust; "tls" from the start
"""

import contextlib
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Literal

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "sender", "s3cret words"
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_LONGEST_LINE = 998


@dataclass
class Taken:
    """A mail that was taken."""

    sender: str
    recipients: list[str]
    raw: bytes
    user: str
    encrypted: bool
    #: Address and port of who brought it: the same for mails of one connection.
    client: Any = None

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed."""
        parsed = BytesParser(policy=policy.default).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        """The text of the ``plain`` or ``html`` part."""
        body = self.mail.get_body((kind,))
        assert body is not None, f"no {kind} part"
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class Peer:
    """The running server.

    :param on_data: called when a mail came over, before it is answered.
    :param cuts: whether it ends the connection when a mail came over, without an answer.
    :param once: whether it ends a connection that brings a second mail, without an answer.
    """

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    authority: trustme.CA | None = None
    on_data: Callable[[Taken], None] | None = None
    cuts: bool = False
    once: bool = False
    #: Address and port of each client that brought a mail, taken or not.
    clients: set[Any] = field(default_factory=set)
    _answers: dict[str, str] = field(default_factory=dict)

    def answer(self, command: str, said: str) -> None:
        """Says this to MAIL, RCPT or DATA from now on; an empty text is the usual answer again."""
        self._answers[command] = said

    # --- what aiosmtpd calls ------------------------------------------------------------------------------------------

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes the sender."""
        if self._answers.get("MAIL"):
            return self._answers["MAIL"]
        self.clients.add(session.peer)
        if self.once and any(taken.client == session.peer for taken in self.taken):
            assert server.transport is not None
            server.transport.abort()
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes a recipient."""
        if said := self._answers.get(f"RCPT {address}") or self._answers.get("RCPT"):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes the mail, when its lines are those of RFC 5321."""
        raw = envelope.original_content or b""
        if _BARE.search(raw):
            return "550 5.6.0 bare line feed or carriage return"
        if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
            return "550 5.6.0 line too long"
        user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
        taken = Taken(
            envelope.mail_from or "", list(envelope.rcpt_tos), raw, user, session.ssl is not None, session.peer
        )
        if self._answers.get("DATA"):
            return self._answers["DATA"]
        self.taken.append(taken)
        if self.cuts:
            assert server.transport is not None
            server.transport.abort()
        if self.on_data is not None:
            self.on_data(taken)
        return "250 2.0.0 taken as number " + str(len(self.taken))


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    fine = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fine, handled=False, auth_data=data)


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    """What a server of this machine shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this process, and those that it starts, take certificates of the authority."""
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@contextlib.contextmanager
def server(tls: Literal["", "starttls", "tls"] = "", *, sign_in: bool = False) -> Iterator[Peer]:
    """The server, until the end of the ``with``.

    :param sign_in: whether it knows :data:`USER` and :data:`PASSWORD`; with STARTTLS it insists on them.
    """
    peer = Peer(authority=trustme.CA() if tls else None)
    context = context_of(peer.authority) if peer.authority is not None else None
    named: dict[str, Any] = {"authenticator": _authenticate, "auth_required": tls == "starttls"} if sign_in else {}
    if tls == "starttls":
        named |= {"tls_context": context, "require_starttls": True}
    elif sign_in:
        # aiosmtpd knows of encryption by STARTTLS alone.
        named["auth_require_tls"] = False
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer.port = listening.getsockname()[1]
    controller = Controller(
        peer,
        hostname="127.0.0.1",
        port=peer.port,
        ssl_context=context if tls == "tls" else None,
        enable_SMTPUTF8=True,
        decode_data=False,
        **named,
    )
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()


def kill_who_sends(pid: int) -> Callable[[Taken], None]:
    """For ``on_data``: ends the process that sends, as a power cut would, when the mail is over and nothing was answered."""
    return lambda _taken: os.kill(pid, 9)
