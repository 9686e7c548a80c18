"""Mails as bytes: their parts, their header fields, and that nothing breaks out of one."""

from __future__ import annotations

import datetime as dt
import email
import smtplib
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.errors import Invalid
from crmhost.mail import verp
from crmhost.mail.message import Address, Attachment, Letter, Mould, Unsubscribe, as_bytes, build, recipients

ANY = st.text(st.characters(exclude_categories=()), max_size=300)
NOW = dt.datetime(2026, 11, 3, 14, 5, tzinfo=dt.UTC)
ADA = Address("ada@example.org", "Ada Berg")
KEY = b"0123456789abcdef"


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "sender": ADA,
        "to": (Address("bo@example.org"),),
        "subject": "Hello",
        "text": "Hi",
        "date": NOW,
    }
    return Letter(**values | changes)


def read(raw: bytes) -> EmailMessage:
    """The mail as a reader's program sees it; bare line ends and overlong lines are no mail at all."""
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(part: Any) -> str:
    """What a part says, its line ends made plain."""
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def shown_name(raw: str) -> str:
    """A display name as programs show it: encoded words that follow each other are one (RFC 2047, 6.2)."""
    return str(make_header(decode_header(parseaddr(raw)[0])))


def sent(**changes: Any) -> EmailMessage:
    return read(as_bytes(build(letter(**changes))))


def test_a_plain_mail() -> None:
    """The fields that every mail has, and the text in seven bits."""
    raw = as_bytes(build(letter(text="Grüße\n.\nEnd " + "x" * 1200)))
    assert raw.isascii()
    message = read(raw)
    assert (message["From"], message["To"], message["Subject"]) == (
        "Ada Berg <ada@example.org>",
        "bo@example.org",
        "Hello",
    )
    assert message["Date"] == "Tue, 03 Nov 2026 14:05:00 +0000"
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == "Grüße\n.\nEnd " + "x" * 1200


def test_parts_images_and_files() -> None:
    """Text and HTML are alternatives, an image with an id stands beside the HTML, files are attached with clean names."""
    files = (
        Attachment("../../etc/Päper\r\n1.pdf", b"%PDF"),
        Attachment("logo.png", b"PNG", content_id="logo@crm"),
        Attachment("old.eml", b"From: x"),
        Attachment("n" * 300 + ".csv", b"a,b"),
    )
    message = sent(html='<p>Hi <img src="cid:logo@crm"></p>', attachments=files)
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
        *("application/pdf", "application/octet-stream", "text/csv"),
    ]
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names[:2] == ["Päper 1.pdf", "old.eml"]
    assert names[2].endswith("n.csv")
    assert len(names[2]) <= 100
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert (image["Content-ID"], image.get_content_disposition(), image.get_content()) == (
        "<logo@crm>",
        "inline",
        b"PNG",
    )


def test_bulk_mail_can_be_unsubscribed_by_one_click() -> None:
    """RFC 8058: both fields, the address whole on one line however long it is; automatic mail says so (RFC 3834)."""
    url = "https://example.org/u/" + "t" * 300
    raw = as_bytes(build(letter(unsubscribe=Unsubscribe(url, "stop@example.org"), automatic=True)))
    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:stop@example.org>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in raw
    assert read(raw)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for wrong in (
        "ftp://example.org/u",
        "https://example.org/a b",
        "https://e.org/\r\nBcc: x",
        "https://e.org/<>",
        "https://e/" + "x" * 900,
    ):
        with pytest.raises(Invalid):
            Unsubscribe(wrong)
    assert Unsubscribe("http://127.0.0.1:8000/u/x").fields()


@settings(max_examples=50)
@given(ANY, ANY, ANY)
def test_nothing_breaks_out_of_a_header(name: str, subject: str, file: str) -> None:
    """Names, subjects and files with line ends, NUL, overrides, any script and any length make no field of their own."""
    changes = {
        "to": (Address("bo@example.org", name), Address("cy@example.org", name)),
        "sender": Address("ada@example.org", name),
        "subject": subject,
        "reply_to": Address("re@example.org", subject),
        "attachments": (Attachment(file, b"x"),),
        "headers": {"X-Campaign": subject},
    }
    message = sent(**changes)
    assert message.keys() == ["From", "To", "Reply-To", "Subject", "Date", "X-Campaign", "MIME-Version", "Content-Type"]
    assert [address.addr_spec for address in message["To"].addresses] == ["bo@example.org", "cy@example.org"]
    assert len(message["From"].addresses) == 1
    assert message["Subject"] == " ".join(message["X-Campaign"].split()) or len(subject) > 60
    assert len(list(message.iter_attachments())) == 1


@pytest.mark.parametrize(
    "text", ["Übung " * 60, "x" * 500, "=?utf-8?q?Bcc?= a", "日本語" * 100, "a " * 400, "\U0001f600" * 90]
)
def test_subjects_and_names_come_out_as_they_went_in(text: str) -> None:
    """Long ones, other scripts, and what looks like an encoded word already."""
    raw = as_bytes(build(letter(subject=text, to=(Address("bo@example.org", text[:190]),))))
    assert read(raw)["Subject"] == text.strip()
    assert shown_name(email.message_from_bytes(raw)["To"]) == text[:190].strip()


def test_addresses_are_checked_and_written_for_the_wire() -> None:
    """A domain in another script goes as xn--; a mailbox in one needs SMTPUTF8; no address hides another."""
    assert Address("a@bücher.example").ascii == "a@xn--bcher-kva.example"
    assert str(Address("a@example.org", 'B "C" <d@e.org>, F')) == '"B \\"C\\" <d@e.org>, F" <a@example.org>'
    for wrong in (
        "",
        "a",
        "a@b@c.org",
        "a@example.org\r\nBcc: b@c.org",
        "a b@example.org",
        "a@example.org, b@example.org",
    ):
        with pytest.raises(Invalid):
            Address(wrong)
    anna = Address("ännchen@bücher.example", "Ännchen")
    raw = as_bytes(build(letter(to=(anna,))))
    assert anna.international
    assert "<ännchen@xn--bcher-kva.example>".encode() in raw


def test_blind_copies_are_in_the_envelope_only() -> None:
    """Each recipient stands in the envelope once, blind ones nowhere else."""
    one = letter(
        to=(ADA, Address("bo@example.org")), cc=(Address("BO@example.org"),), bcc=(Address("secret@example.org"),)
    )
    assert recipients(one) == ("ada@example.org", "bo@example.org", "secret@example.org")
    assert b"secret" not in as_bytes(build(one))


def test_fields_that_are_made_here_cant_be_given() -> None:
    """Further fields have names of their own; ids look like ids."""
    for name in ("Bcc", "Content-Type", "DKIM-Signature", "X-A: b\r\nBcc", ""):
        with pytest.raises(Invalid):
            build(letter(headers={name: "x"}))
    for wrong in ("x", "<a@b>\r\nBcc: c", "<a b@c>"):
        with pytest.raises(Invalid):
            build(letter(message_id=wrong))
    thread = tuple(f"<{number}@example.org>" for number in range(30))
    message = sent(message_id="<n@example.org>", in_reply_to=thread[-1], references=thread)
    assert (message["In-Reply-To"], message["References"].split()) == (thread[-1], list(thread[-20:]))


@settings(max_examples=25)
@given(ANY, ANY, ANY)
def test_a_mould_gives_what_building_gives(name: str, subject: str, text: str) -> None:
    """What is filled per recipient is the same mail as one built alone: same fields, same parts, same contents."""
    attachments = (Attachment("a.pdf", b"%PDF"), Attachment("l.png", b"P", content_id="l"))
    shared = letter(html="<p></p>", attachments=attachments, automatic=True, reply_to=ADA, headers={"X-A": "b"})
    to, unsubscribe, own = (
        Address("bo@example.org", name),
        Unsubscribe("https://example.org/u"),
        verp.message_id(7, KEY, "e.org"),
    )
    html = f"<p>{text}</p>"
    filled = read(Mould(shared).fill(to, subject, text, html, own, unsubscribe, NOW))
    alone = sent(
        to=(to,), subject=subject, text=text, html=html, message_id=own, unsubscribe=unsubscribe,
        attachments=attachments, automatic=True, reply_to=ADA, headers={"X-A": "b"},
    )  # fmt: skip
    kept = {name: value for name, value in filled.items() if name != "Content-Type"}
    assert kept == {name: value for name, value in alone.items() if name != "Content-Type"}
    for ours, theirs in zip(filled.walk(), alone.walk(), strict=True):
        assert ours.get_content_type() == theirs.get_content_type()
        if ours.get_content_maintype() == "text":
            assert text_of(ours) == text_of(theirs)
        elif not ours.is_multipart():
            assert ours.get_content() == theirs.get_content()


def test_a_server_takes_it_as_it_is() -> None:
    """Over a real connection: lines with a dot, the envelope by itself, a mailbox in another script."""
    got: list[EmailMessage] = []

    class Keep(Message):
        def handle_message(self, message: Any) -> None:
            got.append(message)

    class AnyPort(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = AnyPort(Keep(), hostname="127.0.0.1", port=0, enable_SMTPUTF8=True)
    controller.start()
    try:
        one = letter(
            to=(Address("ännchen@example.org"),), text=".\n..\nend", message_id=verp.message_id(5, KEY, "example.org")
        )
        with smtplib.SMTP("127.0.0.1", controller.port) as client:
            client.sendmail(verp.make(5, KEY, "example.org"), recipients(one), as_bytes(build(one)), ["SMTPUTF8"])
    finally:
        controller.stop()
    assert verp.read(got[0]["X-MailFrom"], KEY) == verp.read(got[0]["Message-ID"], KEY) == 5
    assert got[0].get_payload(decode=True).decode().split() == [".", "..", "end"]
