"""Mails as bytes that a server takes: both parts, attachments, the right header fields, CRLF, seven bits.

Whatever a name, a subject or a file is called, it stays inside its field. Values of header fields are made by
:mod:`.headers` and stand in the mail as they are made; the standard library makes the parts.
"""

from __future__ import annotations

import binascii
import datetime as dt
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import idna

from ..core.contacts.emails import check_email
from ..core.text import clean_line, shorten
from ..errors import Invalid
from ..messages import Message
from .headers import UNFIT, listed, mailbox, own_name, unstructured

LONGEST_NAME = 200
_LONGEST_FILE_NAME = 100
_LONGEST_URL = 900

# Values stand as they were made: refolding by the library breaks long addresses into encoded words.
_POLICY = SMTP.clone(refold_source="none")
_POLICY_UTF8 = _POLICY.clone(utf8=True)

_MESSAGE_ID = re.compile(r"<[^\s<>@\x00-\x20\x7f-\U0010ffff]{1,200}@[A-Za-z0-9.\[\]:-]{1,250}>")
_URL = re.compile(r"https?://[!-;=?-~]+")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@-]{1,200}")
_OUR_OWN = frozenset(
    [
        "from",
        "sender",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "auto-submitted",
        "mime-version",
        "return-path",
        "received",
        "dkim-signature",
    ]
)


@dataclass(frozen=True)
class Address:
    """A person and an address, cleaned and checked when it is made.

    :param email: the address; a domain in another script is sent in its ASCII form.
    :param name: may be empty, else one line; control characters and overrides of the writing direction are taken out.
    :raises Invalid: it is no address.
    """

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        try:
            email = check_email(self.email)
        except ValueError as error:
            raise Invalid({"email": [str(error)]}) from error
        object.__setattr__(self, "email", email)
        object.__setattr__(self, "name", shorten(clean_line(self.name), LONGEST_NAME))

    @property
    def ascii(self) -> str:
        """The address for the envelope and the header: the domain as ``xn--``; the part before the @ as it is."""
        local, _, domain = self.email.rpartition("@")
        return self.email if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"

    @property
    def international(self) -> bool:
        """Whether only servers with SMTPUTF8 (RFC 6531) take it: letters beyond ASCII before the @."""
        return not self.email.rpartition("@")[0].isascii()

    def __str__(self) -> str:
        return mailbox(self.name, self.ascii)


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail.

    :param name: shown to the reader; folders and control characters are taken out.
    :param media_type: by the name when it is empty or none; ``application/octet-stream`` when that says nothing.
    :param content_id: given for an image that the HTML shows as ``cid:CONTENT_ID``.
    """

    name: str
    content: bytes
    media_type: str = ""
    content_id: str = ""

    def __post_init__(self) -> None:
        name = clean_line(self.name.replace("\\", "/").rpartition("/")[2]).strip(". ") or "file"
        stem, dot, ending = name.rpartition(".")
        if len(name) > _LONGEST_FILE_NAME:
            name = stem[: _LONGEST_FILE_NAME - 20] + dot + ending[:19] if dot else name[:_LONGEST_FILE_NAME]
        object.__setattr__(self, "name", name)
        kind = self.media_type.lower() or mimetypes.guess_type(name)[0] or ""
        # Messages and multiparts have rules on their inside; as a file they are bytes.
        if not _MEDIA_TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
            kind = "application/octet-stream"
        object.__setattr__(self, "media_type", kind)
        if self.content_id and not _CONTENT_ID.fullmatch(self.content_id):
            raise Invalid("The id of an inline image has letters, digits, dots and dashes.")


@dataclass(frozen=True)
class Unsubscribe:
    """How to unsubscribe by a click in the mail program: List-Unsubscribe and the one click of RFC 8058.

    :param url: individual, ASCII. A POST of ``List-Unsubscribe=One-Click`` to it unsubscribes; a GET shows a page. It should be
        https: mail programs offer the click for that only, and a site without it still has the page behind the link.
    :param mailto: an address that unsubscribes whoever writes to it, optional.
    :raises Invalid: the address of the page can't stand in a header.
    """

    url: str
    mailto: str = ""

    def __post_init__(self) -> None:
        if len(self.url) > _LONGEST_URL or not _URL.fullmatch(self.url):
            raise Invalid("The address for unsubscribing has to begin with https:// and be short, without blanks.")
        if self.mailto:
            object.__setattr__(self, "mailto", Address(self.mailto).ascii)

    def fields(self) -> list[tuple[str, str]]:
        """The header fields."""
        items = [f"<{self.url}>", *([f"<mailto:{self.mailto}>"] if self.mailto else [])]
        return [("List-Unsubscribe", listed(items)), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]


@dataclass(frozen=True)
class Letter:
    """A mail as it is to be sent.

    :param bcc: get it, and stand nowhere in it.
    :param message_id: ``<…@…>``, best of :func:`.verp.message_id`.
    :param date: with a zone; now when left out.
    :param unsubscribe: for everything that is sent to many.
    :param automatic: not written by a person just now: ``Auto-Submitted: auto-generated`` (RFC 3834), which answers nobody.
    :param in_reply_to: Message-ID of the mail that this one answers, ``references`` those of its thread.
    :param headers: further fields, free text; the ones that are made here are refused.
    """

    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    html: str = ""
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    date: dt.datetime | None = None
    unsubscribe: Unsubscribe | None = None
    automatic: bool = False
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def build(letter: Letter) -> EmailMessage:
    """The mail as an object of the standard library.

    :raises Invalid: a Message-ID or a further field that can't stand in a header.
    """
    international = any(address.international for address in (letter.sender, *letter.to, *letter.cc))
    message = EmailMessage(policy=_POLICY_UTF8 if international else _POLICY)
    for name, value in _fields(letter):
        message.set_raw(name, value)
    message.set_content(_clean(letter.text), cte="quoted-printable")
    if letter.html:
        message.add_alternative(_clean(letter.html), subtype="html", cte="quoted-printable")
    inside = [attachment for attachment in letter.attachments if attachment.content_id and letter.html]
    for attachment in inside:
        main, _, sub = attachment.media_type.partition("/")
        part = message.get_body(("html",))
        assert isinstance(part, EmailMessage)
        part.add_related(
            attachment.content,
            main,
            sub,
            cid=f"<{attachment.content_id}>",
            filename=attachment.name,
            disposition="inline",
        )
    for attachment in letter.attachments:
        if attachment not in inside:
            main, _, sub = attachment.media_type.partition("/")
            message.add_attachment(attachment.content, main, sub, filename=attachment.name)
    return message


def as_bytes(message: EmailMessage) -> bytes:
    """The mail as it goes over the wire: CRLF, seven bits unless an address is international."""
    return message.as_bytes()


def recipients(letter: Letter) -> tuple[str, ...]:
    """The envelope's recipients: to, cc and bcc, each address once."""
    addresses = (address.ascii for address in (*letter.to, *letter.cc, *letter.bcc))
    return tuple({address.casefold(): address for address in reversed(tuple(addresses))}.values())[::-1]


class Mould:
    """A mail that goes to many, built once: per recipient only what is personal is put in (about 20 times as fast).

    :param letter: with what is the same for all: sender, attachments, further fields; ``to``, ``subject``, ``text``, ``html``,
        ``message_id``, ``date`` and ``unsubscribe`` come per recipient. ``html`` has to be there if recipients get any.
    """

    def __init__(self, letter: Letter) -> None:
        text, html = "crmhost-text-goes-here", "crmhost-html-goes-here"
        shared = replace(
            letter, to=(), subject="", text=text, html=html if letter.html else "", message_id="", unsubscribe=None
        )
        raw = as_bytes(build(shared))
        head, _, rest = raw.partition(b"\r\n\r\n")
        personal = (b"date:", b"subject:", b"to:")
        kept = [line for line in re.split(rb"\r\n(?![ \t])", head) if not line.lower().startswith(personal)]
        self._head = b"\r\n".join(kept) + b"\r\n\r\n"
        self._before, _, rest = rest.partition(text.encode())
        self._between, _, self._after = rest.partition(html.encode()) if letter.html else (rest, b"", b"")
        self._html = bool(letter.html)

    def fill(
        self,
        to: Address,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        unsubscribe: Unsubscribe | None = None,
        date: dt.datetime | None = None,
    ) -> bytes:
        """The mail for one recipient, as :func:`as_bytes` gives it.

        :raises Invalid: the Message-ID can't stand in a header.
        """
        letter = Letter(to, (to,), subject, "", message_id=message_id, date=date, unsubscribe=unsubscribe)
        fields = (f"{name}: {value}\r\n" for name, value in _fields(letter) if name != "From")
        parts = [
            "".join(fields).encode("utf-8" if to.international else "ascii"),
            self._head,
            self._before,
            _quoted(text),
            self._between,
        ]
        if self._html:
            parts += (_quoted(html), self._after)
        return b"".join(parts)


def _fields(letter: Letter) -> list[tuple[str, str]]:
    fields = [("From", str(letter.sender))]
    for name, addresses in (("To", letter.to), ("Cc", letter.cc)):
        if addresses:
            fields.append((name, listed([str(address) for address in addresses])))
    if letter.reply_to:
        fields.append(("Reply-To", str(letter.reply_to)))
    fields += (("Subject", unstructured("Subject", letter.subject)), ("Date", _date(letter.date)))
    if letter.message_id:
        fields.append(("Message-ID", _checked_id(letter.message_id)))
    if letter.in_reply_to:
        fields.append(("In-Reply-To", _checked_id(letter.in_reply_to)))
    if letter.references:
        fields.append(("References", "\r\n ".join(_checked_id(one) for one in letter.references[-20:])))
    if letter.unsubscribe:
        fields += letter.unsubscribe.fields()
    if letter.automatic:
        fields.append(("Auto-Submitted", "auto-generated"))
    for name, value in letter.headers.items():
        try:
            own_name(name)
        except ValueError as error:
            raise Invalid(str(error)) from error
        if name.lower() in _OUR_OWN or name.lower().startswith("content-"):
            raise Invalid(Message("The header field “%(name)s” is made by the program. Leave it out.", name=name))
        fields.append((name, unstructured(name, value)))
    return fields


def _date(date: dt.datetime | None) -> str:
    return format_datetime((date or dt.datetime.now(dt.UTC)).astimezone(dt.UTC))


def _checked_id(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(text):
        raise Invalid(
            Message(
                "“%(text)s” is no Message-ID. It looks like <name@example.org>.", text=shorten(clean_line(text), 60)
            )
        )
    return text


def _clean(text: str) -> str:
    return UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _quoted(text: str) -> bytes:
    """Text as quoted-printable with CRLF; the last line end is in what follows."""
    # The encoder takes the kind of line end from the first one that it finds.
    lines = _clean(text).rstrip("\n").replace("\n", "\r\n").encode() + b"\r\n"
    return binascii.b2a_qp(lines, istext=True)[:-2]
