"""Reading a mailbox with returned mails over IMAP with TLS (RFC 3501, RFC 8314). No database; never call it in a transaction."""

from __future__ import annotations

import contextlib
import dataclasses
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence

from ...errors import CrmError
from ...messages import Message
from .intake import LARGEST

TIMEOUT = 30.0
#: E-mails read in one go; what is left is read the next time.
MOST = 200
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """Where returned mails lie."""

    host: str
    user: str
    password: str = dataclasses.field(repr=False)
    port: int = 993
    folder: str = "INBOX"


class Reader:
    """A mailbox, opened: gives the e-mails that were not seen, and marks one as seen once it was taken.

    :raises CrmError: when it can't be opened; the message says what the server said.
    """

    def __init__(self, mailbox: Mailbox, timeout: float = TIMEOUT) -> None:
        self._mailbox = mailbox
        try:
            self._imap = imaplib.IMAP4_SSL(
                mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=timeout
            )
        except OSError as error:
            words = getattr(error, "verify_message", "") or error.strerror or str(error)
            raise CrmError(
                Message(
                    "%(host)s:%(port)s can't be reached: %(words)s.",
                    host=mailbox.host,
                    port=str(mailbox.port),
                    words=words,
                )
            ) from error
        except imaplib.IMAP4.error as error:
            raise CrmError(
                Message("%(host)s does not speak IMAP: %(reason)s", host=mailbox.host, reason=_said(error))
            ) from error
        try:
            self._imap.login(mailbox.user, mailbox.password)
            kind, said = self._imap.select(_quoted(mailbox.folder))
            if kind != "OK":
                raise CrmError(
                    Message(
                        "The folder “%(folder)s” can't be opened: %(said)s", folder=mailbox.folder, said=_text(said)
                    )
                )
        except (imaplib.IMAP4.error, OSError) as error:
            self.close()
            raise CrmError(Message("%(host)s refuses: %(reason)s", host=mailbox.host, reason=_said(error))) from error
        except CrmError:
            self.close()
            raise

    def unseen(self) -> Iterator[tuple[str, bytes]]:
        """Pairs of the e-mail's UID and the whole e-mail; one that is too large comes as no bytes."""
        with self._talking():
            kind, found = self._imap.uid("SEARCH", "UNSEEN")
        numbers = found[0].split() if kind == "OK" and found and found[0] else []
        for number in numbers[:MOST]:
            uid = number.decode("ascii")
            yield uid, self._fetch(uid)

    def _fetch(self, uid: str) -> bytes:
        with self._talking():
            _kind, parts = self._imap.uid("FETCH", uid, "(RFC822.SIZE)")
            size = _SIZE.search(
                b" ".join(part if isinstance(part, bytes) else b"".join(part) for part in parts if part)
            )
            if size is None or int(size.group(1)) > LARGEST:
                return b""
            _kind, parts = self._imap.uid("FETCH", uid, "(BODY.PEEK[])")
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def seen(self, uid: str) -> None:
        """Marks an e-mail, so that it is not read again."""
        with self._talking():
            self._imap.uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)")

    @contextlib.contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except (imaplib.IMAP4.error, OSError) as error:
            raise CrmError(
                Message("%(host)s broke off: %(reason)s", host=self._mailbox.host, reason=_said(error))
            ) from error

    def close(self) -> None:
        """Ends the connection."""
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._imap.logout()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    first = error.args[0] if error.args else ""
    return _text([first]) if isinstance(first, (bytes, str)) else str(error)


def _text(said: Sequence[bytes | str | None]) -> str:
    parts = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in said if part]
    return " ".join(" ".join(parts).split())[:300]
