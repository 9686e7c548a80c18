"""DKIM signatures, verified by another library and by real vectors."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.errors import Invalid
from crmhost.mail.dkim import Signer, make_key, record, relaxed_body, relaxed_field
from crmhost.mail.message import Address, Attachment, Letter, Unsubscribe, as_bytes, build

KEYS = {"rsa": make_key("rsa"), "ed25519": make_key("ed25519")}


def verified(raw: bytes, pem: str) -> bool:
    """What another library says of the signature, with our record in place of the name server."""
    answer = record(pem).encode()
    return bool(
        dkim.verify(raw, dnsfunc=lambda name, timeout=5: answer if name == b"s1._domainkey.example.org." else None)
    )


def mail() -> bytes:
    return as_bytes(
        build(
            Letter(
                Address("ada@example.org", "Ada Ünal " * 12),
                tuple(Address(f"p{number}@example.org", "Somebody") for number in range(20)),
                "Grüße  mit   Abstand " * 8,
                "Text  with\t blanks \n\n\nEnd\n\n\n",
                "<p>x</p>",
                attachments=(Attachment("a.bin", bytes(range(256)) * 20),),
                message_id="<a@example.org>",
                date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                unsubscribe=Unsubscribe("https://example.org/" + "u" * 200),
            )
        )
    )


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_another_library_finds_our_signature_right(kind: Literal["rsa", "ed25519"]) -> None:
    """For a whole mail with long fields and parts; a change of a signed field, the body or an added field breaks it."""
    pem = KEYS[kind]
    signed = Signer("example.org", "s1", pem).sign(mail())
    assert verified(signed, pem)
    assert max(map(len, signed.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 300
    assert not verified(signed.replace(b"blanks", b"blankz"), pem)
    assert not verified(signed.replace(b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"), pem)
    for added in (b"Subject: Another\r\n", b"From: eve@example.org\r\n", b"Reply-To: eve@example.org\r\n"):
        assert not verified(added + signed, pem)


@given(st.binary(max_size=300), st.sampled_from([b"\r\n", b"\n", b"\r"]))
def test_any_body_is_signed(body: bytes, newline: bytes) -> None:
    """With any bytes and any kind of line ends; what comes out has CRLF alone."""
    head = newline.join([b"From: ada@example.org", b"Subject:  a", b"\tb  ", b"X: y"])
    signed = Signer("example.org", "s1", KEYS["ed25519"]).sign(head + newline * 2 + body, at=1_700_000_000)
    assert signed.count(b"\n") == signed.count(b"\r") == signed.count(b"\r\n")
    assert verified(signed, KEYS["ed25519"])


def test_canonical_forms_of_the_rfc() -> None:
    """The example of RFC 6376, 3.4.5, and empty bodies."""
    assert relaxed_field(b"A: X\r\n") + relaxed_field(b"B : Y\t\r\n\tZ  \r\n") == b"a:X\r\nb:Y Z\r\n"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n\r\n") == b""


def test_keys_and_names_are_checked() -> None:
    """What is no key or no name is refused with a sentence; passwords are not asked for."""
    for pem in ("", "nonsense", KEYS["rsa"][:200], "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"):
        with pytest.raises(Invalid):
            record(pem)
    for domain, selector in (
        ("exa mple.org", "s1"),
        ("example.org", ""),
        ("example.org;", "s"),
        ("e.org", "s\r\nBcc: x"),
    ):
        with pytest.raises(Invalid):
            Signer(domain, selector, KEYS["ed25519"])


@pytest.mark.shared
def test_real_mails_are_signed_right(shared_data: Path) -> None:
    """Mails collected for canonicalisation, with odd folding and blanks, verify with another library once signed."""
    signer = Signer("example.org", "s1", KEYS["ed25519"])
    seen = 0
    for path in sorted((shared_data / "email" / "dkim").glob("email.*")):
        raw = path.read_bytes()
        if b"\nfrom:" not in b"\n" + raw.lower() or not raw[:5].strip():
            continue
        seen += 1
        assert verified(signer.sign(raw), KEYS["ed25519"]), path.name
    assert seen > 10
