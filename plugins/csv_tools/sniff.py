"""Finds out how a CSV file is written: encoding, delimiter, escapes, the lines above the header, whether there is a header.

A guess is shown to the person and can be changed; nothing here is more than a proposal.
"""

from __future__ import annotations

import codecs
import collections
import csv
import dataclasses
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from crmhost.api import Invalid, Message

#: Opens the file anew, at its beginning.
Source = Callable[[], BinaryIO]
#: Says whether a text is the name of a column that is known.
Known = Callable[[str], bool]

#: Delimiters that are tried, the more common first.
DELIMITERS = (",", ";", "\t", "|")
#: Encodings that a person may choose: Python's name -> what people call it.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": Message("Western (Windows-1252)"),
    "latin-1": Message("Western (Latin-1)"),
    "utf-16-le": Message("UTF-16 (little-endian)"),
    "utf-16-be": Message("UTF-16 (big-endian)"),
    "utf-32-le": Message("UTF-32 (little-endian)"),
    "utf-32-be": Message("UTF-32 (big-endian)"),
    "cp1250": Message("Central European (Windows-1250)"),
    "cp1251": Message("Cyrillic (Windows-1251)"),
    "koi8_r": Message("Cyrillic (KOI8-R)"),
    "cp1253": Message("Greek (Windows-1253)"),
    "cp1254": Message("Turkish (Windows-1254)"),
    "cp1255": Message("Hebrew (Windows-1255)"),
    "cp1256": Message("Arabic (Windows-1256)"),
    "mac_roman": Message("Western (old Macintosh)"),
    "shift_jis": Message("Japanese (Shift JIS)"),
    "gb18030": Message("Chinese (GB 18030)"),
    "big5": Message("Chinese (Big5)"),
    "euc_kr": Message("Korean (EUC-KR)"),
}

_HEAD = 64 * 1024
_CHUNK = 1024 * 1024
_SAMPLE_RECORDS = 200
_MOST_ABOVE = 20
_SIGNATURES = {
    b"PK\x03\x04": Message("an Excel or OpenDocument workbook (or a ZIP archive)"),
    b"\xd0\xcf\x11\xe0": Message("an old Excel workbook"),
    b"%PDF": Message("a PDF"),
    b"\x1f\x8b": Message("a compressed file"),
    b"\x89PNG": Message("a picture"),
    b"\xff\xd8\xff": Message("a picture"),
}
# Letters beyond ASCII make up less than this share of the letters of Western languages.
_WESTERN_SHARE = 0.4
_OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "shift_jis", "gb18030", "big5", "euc_kr"]
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_DATA = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[+(]?\d[\d\s().:,/T+-]*Z?")
_SEP_LINE = re.compile(r'"?sep=([^\w"\\ ])"?', re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Format:
    """How a file is written.

    :param encoding: Python's name.
    :param escape: ``\\`` when a quotation mark inside quotation marks is written so, else empty: it is doubled.
    :param skip: lines above the header (or above the first row) that are no part of the table.
    :param header: whether the first row names the columns.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    escape: str = ""
    skip: int = 0
    header: bool = True

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Format:
        """From what :func:`dataclasses.asdict` gave."""
        return cls(**values)


def sniff(source: Source, known: Known = lambda _: False, **chosen: Any) -> Format:
    """The format of a file.

    :param known: recognises names of columns: tells a header from a row, and breaks ties between delimiters.
    :param chosen: parts of the format that a person chose (``encoding``, ``delimiter``, ``header``); the rest is guessed.
    :raises Invalid: when it is empty or no text at all.
    """
    encoding = chosen.get("encoding") or find_encoding(source)
    text, whole = _sample(source, encoding)
    if not text.strip("\ufeff\r\n\t ,;|\0"):
        raise Invalid("The file is empty: there is no row to read in it.")
    delimiter = chosen.get("delimiter") or ""
    skip = 0
    announced = _SEP_LINE.fullmatch(text.split("\n", 1)[0].strip("\r\ufeff "))
    if announced:
        delimiter = delimiter or announced.group(1)
        text = text.split("\n", 1)[1] if "\n" in text else ""
        skip = 1
    delimiter, escape = _dialect(text, delimiter, whole, known)
    above, header = _header(_records(text, delimiter, escape, whole), known)
    wanted = chosen.get("header")
    return Format(encoding, delimiter, escape, skip + above, header if wanted is None else bool(wanted))


# --- encoding --------------------------------------------------------------------------------------------------------


def find_encoding(source: Source) -> str:
    """The encoding: a byte order mark, else zero bytes of UTF-16 and UTF-32, else UTF-8 when all of it is, else one of 8 bits.

    :raises Invalid: when the file is no text.
    """
    with source() as file:
        head = file.read(_HEAD)
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise Invalid(
                Message(
                    "This is %(what)s, not a CSV file. Save the table as “CSV UTF-8” and choose that file.", what=what
                )
            )
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return encoding
    wide = _wide(head)
    if wide:
        return wide
    return "utf-8" if _is_utf8(source) else _eight_bits(head)


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of delimiters, digits and line ends stand."""
    zeros = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) / 4 or 1
    if sum(zeros) < 0.02 * len(head):
        return ""
    if all(zeros[place] > 0.9 * quarter for place in (1, 2, 3)) and not zeros[0]:
        return "utf-32-le"
    if all(zeros[place] > 0.9 * quarter for place in (0, 1, 2)) and not zeros[3]:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    for encoding, here, there in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if here > 0.05 * quarter and there <= 0.02 * here and _keeps_lines(head, encoding):
            return encoding
    return ""


def _keeps_lines(head: bytes, encoding: str) -> bool:
    """Whether line ends are line ends in this encoding; a few stray zero bytes in plain text don't make it UTF-16."""
    text = head.decode(encoding, "replace")
    return 2 * (text.count("\n") + text.count("\r")) >= head.count(b"\n") + head.count(b"\r")


def _is_utf8(source: Source) -> bool:
    """Whether the whole file is UTF-8; some broken bytes in much that is UTF-8 don't make it something else."""
    good = bad = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with source() as file:
        while chunk := file.read(_CHUNK):
            if chunk.isascii():
                continue
            text = decoder.decode(chunk)
            broken = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
            bad += max(broken, 0)
            good += sum(map(str.isalpha, text)) - sum(map(str.isascii, filter(str.isalpha, text)))
    return not bad or good > 20 * bad


def _eight_bits(head: bytes) -> str:
    if b"\r" in head and b"\n" not in head:
        return "mac_roman"
    high = sum(byte >= 0x80 for byte in head)
    letters = high + sum(map(chr(0).__ne__, filter(str.isalpha, head.decode("ascii", "ignore"))))
    if high > _WESTERN_SHARE * letters:
        # Asked only here: for Western text the library prefers encodings that nobody uses (French read as cp775).
        from charset_normalizer import from_bytes

        best = from_bytes(head, cp_isolation=_OTHER_SCRIPTS).best()
        if best is not None and best.encoding in ENCODINGS:
            return best.encoding
    return "latin-1" if any(byte in head for byte in _UNDEFINED_IN_CP1252) else "cp1252"


def _sample(source: Source, encoding: str) -> tuple[str, bool]:
    """The beginning of the file as text, and whether that is all of it."""
    with source() as file:
        raw = file.read(_HEAD)
        whole = not file.read(1)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(raw, whole)
    text = text.lstrip("\ufeff").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return text, whole


# --- delimiter and header --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Sampled:
    """A record of the sample and the number of lines above it."""

    cells: list[str]
    above: int


def _records(text: str, delimiter: str, escape: str, whole: bool) -> list[_Sampled]:
    return list(_parse(text, delimiter, escape, whole))


def _parse(text: str, delimiter: str, escape: str, whole: bool) -> Iterator[_Sampled]:
    reader = make_reader(io.StringIO(text, newline=""), delimiter, escape)
    found: list[_Sampled] = []
    above = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(_Sampled(cells, above))
            above = reader.line_num
            if len(found) > _SAMPLE_RECORDS:
                break
    except csv.Error:
        # A field longer than the limit: a quotation mark that never closes. What was read before it has to do.
        pass
    else:
        if not whole and len(found) > 1 and len(found) <= _SAMPLE_RECORDS:
            found.pop()
    return iter(found)


def make_reader(lines: Iterable[str], delimiter: str, escape: str, *, strict: bool = False) -> Any:
    """Python's reader for this way of writing."""
    return csv.reader(lines, delimiter=delimiter, escapechar=escape or None, doublequote=not escape, strict=strict)


def _dialect(text: str, delimiter: str, whole: bool, known: Known) -> tuple[str, str]:
    """The delimiter and the escape; a backslash only where quotation marks behind backslashes make more sense so."""
    found: list[tuple[int, str, str]] = []
    for escape in ("", "\\") if '\\"' in text else ("",):
        scores = {mark: _score(_records(text, mark, escape, whole), known) for mark in DELIMITERS}
        each = delimiter or max(scores, key=scores.__getitem__)
        found.append((_errors(text, each, escape), escape, each))
    _, escape, each = min(found)
    return each, escape


def _errors(text: str, delimiter: str, escape: str) -> int:
    """How often the text breaks the rules of this way of writing."""
    reader = make_reader(io.StringIO(text, newline=""), delimiter, escape, strict=True)
    count = 0
    while True:
        try:
            next(reader)
        except StopIteration:
            return count
        except csv.Error:
            count += 1


def _score(records: list[_Sampled], known: Known) -> float:
    """How much a delimiter makes a table of the sample: rows of the same width, many columns, names that are known."""
    if not records:
        return 0.0
    widths = collections.Counter(len(record.cells) for record in records)
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    if width < 2:
        # The header alone may be wide enough, when the rows that follow are all broken.
        return 0.01 * (len(records[0].cells) > 1)
    recognised = max((sum(map(known, record.cells)) for record in records[:_MOST_ABOVE]), default=0)
    return (count / len(records)) ** 3 * math.log2(width) + 0.25 * recognised


def _header(records: list[_Sampled], known: Known) -> tuple[int, bool]:
    """Lines above the table, and whether its first row is a header."""
    if not records:
        return 0, True
    widths = collections.Counter(len(record.cells) for record in records)
    width = max(widths.items(), key=lambda pair: (pair[1], pair[0]))[0]
    first = next((record for record in records[:_MOST_ABOVE] if len(record.cells) >= width), records[0])
    if not any(map(known, first.cells)):
        # A title filled up with empty cells stands above the header in many reports.
        named = next((record for record in records[:_MOST_ABOVE] if sum(map(known, record.cells)) > 1), None)
        if named is not None and len(named.cells) >= width and sum(map(bool, first.cells)) == 1:
            first = named
    filled = [cell.strip() for cell in first.cells if cell.strip()]
    header = any(map(known, filled)) or not any(_DATA.fullmatch(cell) for cell in filled)
    return first.above, header
