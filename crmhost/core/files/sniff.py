"""What a file is, told by its first bytes; its name and what the sender says are never proof."""

from __future__ import annotations

import codecs
import re

#: Bytes that are looked at.
HEAD = 8192
UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"

#: What a browser may show inside the site: pictures without scripts, and PDF. These signatures alone decide it.
_SHOWN = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBPVP8", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-[12]\.\d"), "application/pdf"),
)
SHOWN = frozenset(name for _, name in _SHOWN)

#: Containers, by what the first of their parts are called; the library takes one for the other.
_ZIP, _ZIPPED = b"PK\x03\x04", "application/zip"
_PARTS = (
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
#: The old formats of Word, Excel and Outlook, which only a look far into the file tells apart.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

#: What a browser would run scripts of, by what stands anywhere in text that begins with ``<``.
_MARKUP = (
    (re.compile(r"<svg[\s>/:]", re.IGNORECASE), "image/svg+xml"),
    (re.compile(r"<\?xml\b(?!.*<html)", re.IGNORECASE | re.DOTALL), "application/xml"),
    (re.compile(r"<", re.IGNORECASE), "text/html"),
)
MARKUP = frozenset(name for _, name in _MARKUP)

#: Kinds of plain text that only the sender can tell apart; none is anything that a browser runs.
TEXTS = frozenset(
    {PLAIN, "text/csv", "text/tab-separated-values", "text/calendar", "text/vcard", "message/rfc822",
     "application/json"}
)  # fmt: skip

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Shortest signature that is believed: shorter ones are found in anything.
_SURE = 3


def sniff(head: bytes, said: str = "") -> str:
    """The media type of a file.

    :param head: its first bytes, at least :data:`HEAD` of them where there are so many.
    :param said: what the sender says it is; believed only between kinds of plain text.
    """
    head = head[:HEAD]
    for signature, name in _SHOWN:
        if signature.match(head):
            return name
    text = _text(head)
    if text is None:
        return _binary(head)
    if text.lstrip().startswith("<"):
        return next(name for mark, name in _MARKUP if mark.search(text))
    said = said.partition(";")[0].strip().lower()
    return said if said in TEXTS else PLAIN


def _text(head: bytes) -> str | None:
    """The beginning as text, or ``None`` when it is none."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head.removeprefix(mark).decode(encoding, "replace")
    try:
        # The last character may be cut.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    return None if _CONTROLS.search(text) else text


def _binary(head: bytes) -> str:
    if head.startswith(_ZIP):
        office = b"[Content_Types].xml" in head or head[30:].startswith(b"mimetype")
        return next((name for part, name in _PARTS if office and part in head), _ZIPPED)
    if head.startswith(_OLE):
        return "application/x-ole-storage"
    # Here and not at the top: it reads its table of signatures when it is imported.
    import puremagic

    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    for match in found:
        name = str(match.mime_type or "").lower()
        # What may be shown or run was looked for above: a looser signature must not bring it back.
        if len(match.byte_match) >= _SURE and re.fullmatch(r"[\w.+-]+/[\w.+-]+", name) and name not in SHOWN | MARKUP:
            return name
    return UNKNOWN
