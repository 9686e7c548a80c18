"""A mail taken apart as far as reports need it: bounded, in linear time, whatever is in it.

The parser of the standard library keeps the whole mail as objects and takes time by depth; reports come from strangers, so this
one looks at ranges of the bytes, follows a few levels, and copies the beginning of each part only.
"""

from __future__ import annotations

import base64
import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header, make_header

from ...core.text import clean_line

#: Bytes of a mail that are looked at.
MOST_BYTES = 25_000_000
#: Bytes of the header, and characters of one field, of one part.
_HEADER = 131_072
_FIELD = 10_000
_FIELDS = 500
#: Bytes of one part's content.
_CONTENT = 131_072
_DEEPEST = 8
_PARTS = 60
#: Lines that begin like a boundary, looked at per part.
_TRIES = 10_000

_NAME = re.compile(rb"([!-9;-~]{1,80})[ \t]*:")
_PARAMETER = re.compile(r""";\s{0,20}([\w-]{1,40})\*?\d?\*?\s{0,5}=\s{0,5}(?:"([^"]{0,300})"|([^;\s"]{0,300}))""")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
#: What Python decodes besides charsets; some of it in quadratic time.
_NO_CHARSETS = frozenset({"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"})
_TAG = re.compile(r"<[^<>]*>")
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/h[1-6]|/li)\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(style|script|title)\b")


@dataclass(frozen=True)
class Part:
    """A leaf of the mail.

    :param type: media type in lower case.
    :param parameters: of the Content-Type, names in lower case.
    :param text: the beginning of its content, decoded, with ``\\n`` at the line ends.
    """

    type: str
    parameters: dict[str, str]
    text: str


@dataclass(frozen=True)
class Mail:
    """A mail from outside: its header fields by name in lower case (decoded, one line each) and its leaves, in their order."""

    fields: dict[str, list[str]]
    type: str
    parameters: dict[str, str]
    leaves: list[Part] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The first field of that name, empty when there is none."""
        return next(iter(self.fields.get(name, ())), "")

    def texts(self, *types: str) -> list[str]:
        """The texts of the leaves of these types."""
        return [part.text for part in self.leaves if part.type in types]


def take_apart(raw: bytes) -> Mail:
    """The mail in ``raw``; any line ends, broken or missing MIME too."""
    data = raw[:MOST_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if data.startswith((b"From ", b">From ")):
        # The line of a mailbox file.
        data = data.partition(b"\n")[2]
    fields, start = _header(data, 0, len(data))
    kind, parameters = _content_type(fields)
    mail = Mail(fields, kind, parameters)
    _leaves(data, start, len(data), fields, mail.leaves, 0)
    return mail


def _leaves(data: bytes, start: int, end: int, fields: dict[str, list[str]], found: list[Part], depth: int) -> None:
    kind, parameters = _content_type(fields)
    boundary = parameters.get("boundary", "").encode("utf-8", "replace")
    if kind.startswith("multipart/") and boundary and depth < _DEEPEST:
        some = False
        for begin, stop in _between(data, start, end, b"--" + boundary):
            if len(found) >= _PARTS:
                return
            some = True
            inner, body = _header(data, begin, stop)
            _leaves(data, body, stop, inner, found, depth + 1)
        if some:
            return
        kind = "text/plain"
    if len(found) >= _PARTS:
        return
    encoding = (fields.get("content-transfer-encoding") or [""])[0].strip().lower()
    content = _decoded(data[start : min(end, start + _CONTENT)], encoding)
    text = _characters(content, parameters.get("charset", ""))
    found.append(Part(kind, parameters, _plain(text) if kind == "text/html" else text))


def _between(data: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """The ranges between the lines that begin with the boundary; the last one may lack its end."""
    begin = -1
    # From the line end before it, so that a boundary on the first line is found too.
    place = max(start - 1, 0)
    for _ in range(_TRIES):
        at = data.find(b"\n" + boundary, place, end)
        if at < 0:
            break
        place = at + 1 + len(boundary)
        line_end = data.find(b"\n", place, end)
        line_end = end if line_end < 0 else line_end
        rest = data[place : min(line_end, place + 10)].strip()
        if rest not in {b"", b"--"}:
            continue
        if begin >= 0:
            yield begin, max(begin, at)
        begin = min(line_end + 1, end)
        place = line_end
        if rest == b"--":
            return
    if 0 <= begin < end:
        yield begin, end


def _header(data: bytes, start: int, end: int) -> tuple[dict[str, list[str]], int]:
    """The fields of the header that begins there, and where the content does."""
    if data[start : start + 1] == b"\n":
        return {}, start + 1
    stop = data.find(b"\n\n", start, end)
    stop = end if stop < 0 else stop
    fields: dict[str, list[str]] = {}
    lines: list[bytes] = []
    name = ""
    for line in data[start : min(stop, start + _HEADER)].split(b"\n"):
        if line[:1] in {b" ", b"\t"}:
            if name:
                lines.append(line.strip())
            continue
        _keep(fields, name, lines)
        match = _NAME.match(line)
        name = match[1].decode("ascii").lower() if match else ""
        lines = [line[match.end() :].strip()] if match else []
        if len(fields) > _FIELDS:
            break
    _keep(fields, name, lines)
    return fields, min(stop + 2, end)


def _keep(fields: dict[str, list[str]], name: str, lines: list[bytes]) -> None:
    if name and len(fields.setdefault(name, [])) < 20:
        fields[name].append(_words(b" ".join(lines)[:_FIELD]))


def _words(value: bytes) -> str:
    """A field's value with its encoded words read, as one line."""
    text = _characters(value, "")
    if "=?" in text and len(text) < 2_000:
        try:
            text = str(make_header(decode_header(text)))
        except (LookupError, ValueError, MessageError):
            # As it came: reports are recognised by other things too.
            return clean_line(text)
    return clean_line(text)


def _content_type(fields: dict[str, list[str]]) -> tuple[str, dict[str, str]]:
    value = (fields.get("content-type") or ["text/plain"])[0][:4_000]
    kind = value.partition(";")[0].strip().lower() or "text/plain"
    parameters: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(value):
        parameters.setdefault(name.lower(), quoted or bare)
    return kind if "/" in kind else "text/plain", parameters


def _decoded(content: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding == "base64":
        compact = _NOT_BASE64.sub(b"", content)
        compact = compact[: len(compact) - (len(compact) % 4 == 1)]
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))
    return content


def _characters(content: bytes, charset: str) -> str:
    """Text of bytes; what says no or a wrong charset is UTF-8, Japanese by its escapes, or Latin."""
    if b"\x1b$" in content or b"\x1b(" in content:
        charset = "iso-2022-jp"
    for name in (charset, "utf-8"):
        if not name or name.lower() in {"us-ascii", "ascii"}:
            continue
        try:
            if codecs.lookup(name).name in _NO_CHARSETS:
                continue
            return (
                content.decode(name, "strict" if name == "utf-8" else "replace")
                .replace("\r\n", "\n")
                .replace("\r", "\n")
            )
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def _plain(html: str) -> str:
    """The words of HTML; good enough to look for codes, addresses and phrases."""
    kept = []
    place = 0
    lower = html.lower()
    for match in _UNSEEN.finditer(lower):
        if match.start() < place:
            continue
        close = lower.find(f"</{match[1]}", match.end())
        if close < 0:
            break
        kept.append(html[place : match.start()])
        place = close
    html = "".join((*kept, html[place:]))
    text = _TAG.sub("", _BREAKS.sub("\n", html))
    for entity, sign in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&nbsp;", " "),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, sign)
    return text
