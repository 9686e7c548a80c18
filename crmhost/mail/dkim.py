"""DKIM signatures (RFC 6376) with RSA or Ed25519 keys (RFC 8463), relaxed/relaxed.

Canonicalisation is a page of the RFC and stands here; the signing itself is OpenSSL's, through ``cryptography``
(docs/decisions/0006-mail-libraries.md).
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from typing import Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from ..errors import Invalid
from ..messages import Message

#: Header fields that are signed where they stand (RFC 6376, 5.4.1; RFC 8058 wants both of List-Unsubscribe).
SIGNED = [
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "To",
    "Cc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
]
#: Fields that are signed once more than they stand there, so that nobody can add another one on top.
_SEALED = frozenset(
    {"from", "reply-to", "subject", "date", "to", "cc", "message-id", "content-type", "list-unsubscribe"}
)

_BARE = re.compile(rb"\r\n|\r|\n")
_BLANKS = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_NAME = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)


def make_key(kind: Literal["rsa", "ed25519"] = "rsa") -> str:
    """A new private key as PEM (PKCS 8): RSA with 2048 bits, which every receiver checks, or Ed25519, which some do."""
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode("ascii")


def record(pem: str) -> str:
    """What the TXT record of ``SELECTOR._domainkey.DOMAIN`` has to say for this private key (RFC 6376, 3.6.1).

    :raises Invalid: it is no private key that can sign.
    """
    key = _load(pem)
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode('ascii')}"
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode('ascii')}"


class Signer:
    """Signs mails for one domain.

    :param domain: the signing domain (``d=``), that of the From address or one above it, so that DMARC is content.
    :param selector: ``s=``; the record stands at ``SELECTOR._domainkey.DOMAIN``.
    :param pem: private key, as :func:`make_key` makes it.
    :raises Invalid: the key can't sign, or a name is none.
    """

    def __init__(self, domain: str, selector: str, pem: str) -> None:
        for name, value in (("domain", domain), ("selector", selector)):
            if len(value) > 253 or not _NAME.fullmatch(value):
                raise Invalid(
                    {
                        name: [
                            Message(
                                "“%(value)s” is no %(name)s for DKIM. Use letters, digits, dashes and dots.",
                                value=value[:60],
                                name=name,
                            )
                        ]
                    }
                )
        self.domain = domain
        self.selector = selector
        self._key = _load(pem)
        self._algorithm = "rsa-sha256" if isinstance(self._key, rsa.RSAPrivateKey) else "ed25519-sha256"

    def sign(self, raw: bytes, at: int | None = None) -> bytes:
        """The mail with its DKIM-Signature on top; its line ends are CRLF then.

        :param at: seconds since 1970 (``t=``), now when left out.
        """
        if raw.count(b"\n") != raw.count(b"\r\n") or raw.count(b"\r") != raw.count(b"\r\n"):
            raw = _BARE.sub(b"\r\n", raw)
        if not raw.endswith(b"\r\n"):
            # A server would add it on the way.
            raw += b"\r\n"
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = _fields(head + b"\r\n")
        names, signed = _select(fields)
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode("ascii")
        stamp = int(time.time()) if at is None else at
        unsigned = (
            f"DKIM-Signature: v=1; a={self._algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector}; t={stamp};\r\n"
            f" h={_folded(names, ':')};\r\n"
            f" bh={digest};\r\n b="
        ).encode("ascii")
        data = b"".join(signed) + relaxed_field(unsigned).removesuffix(b"\r\n")
        signature = base64.b64encode(self._sign(data)).decode("ascii")
        lines = "\r\n  ".join(signature[place : place + 72] for place in range(0, len(signature), 72))
        return unsigned + lines.encode("ascii") + b"\r\n" + raw

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        # RFC 8463, 3: what Ed25519 signs is the hash, not the data.
        return self._key.sign(hashlib.sha256(data).digest())


def relaxed_body(body: bytes) -> bytes:
    """The body in the relaxed form (RFC 6376, 3.4.4); it must be empty or end with CRLF, as all its lines do."""
    body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[: end + 2] if end else b""


def relaxed_field(field: bytes) -> bytes:
    """A header field in the relaxed form (RFC 6376, 3.4.2), with CRLF at its end."""
    name, _, value = field.partition(b":")
    value = _BLANKS.sub(b" ", _FOLD.sub(b"", value.removesuffix(b"\r\n")))
    return name.strip(b" \t").lower() + b":" + value.strip(b" ") + b"\r\n"


def _fields(head: bytes) -> dict[str, list[bytes]]:
    """Header fields by name in lower case, from the top down, each as it stands."""
    found: dict[str, list[bytes]] = {}
    field: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and field:
            field[-1] += b"\r\n" + line
            continue
        name = line.partition(b":")[0].strip().lower().decode("ascii", "replace")
        field = found.setdefault(name, [])
        field.append(line)
    return found


def _select(fields: dict[str, list[bytes]]) -> tuple[list[str], list[bytes]]:
    """The names for ``h=`` and the fields to sign: of equal ones the lowest first (RFC 6376, 5.4.2)."""
    names: list[str] = []
    signed: list[bytes] = []
    for name in SIGNED:
        present = fields.get(name.lower(), [])
        for field in reversed(present):
            names.append(name)
            signed.append(relaxed_field(field))
        if name.lower() in _SEALED:
            names.append(name)
    return names, signed


def _folded(names: list[str], between: str) -> str:
    lines = [""]
    for number, name in enumerate(names):
        part = name + (between if number < len(names) - 1 else "")
        if len(lines[-1]) + len(part) > 70:
            lines.append("")
        lines[-1] += part
    return "\r\n  ".join(lines)


def _load(pem: str) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode("ascii", "replace"), password=None)
    except (TypeError, ValueError) as error:
        raise Invalid("This is no private key in PEM form without a password. Make one, or paste it whole.") from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < 1024:
            raise Invalid("The RSA key is too short: receivers refuse keys under 1024 bits. Make one with 2048.")
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise Invalid("DKIM takes RSA and Ed25519 keys. Make one of these.")
