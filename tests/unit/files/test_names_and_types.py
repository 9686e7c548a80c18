"""What files are called and what they are: neither is believed."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.core.files.names import LONGEST, clean_name
from crmhost.core.files.sniff import HEAD, MARKUP, SHOWN, sniff

PLAIN = [
    "Quote 12.pdf",
    "Émile’s Lebenslauf – Übersicht (final).docx",
    "履歴書.pdf",
    "رزومه‌من.pdf",
    "100% off.png",
    "archive.tar.gz",
    "家👩‍👩‍👧.jpg",
]
HOSTILE = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\win.ini": "win.ini",
    "C:\\fakepath\\me.png": "me.png",
    "/": "file",
    "..": "file",
    "": "file",
    ".htaccess": "htaccess",
    "invoice\u202egpj.exe": "invoicegpj.exe",
    "a\u2066b\u2069.pdf": "ab.pdf",
    "zero\u200bwidth\ufeff.txt": "zerowidth.txt",
    "line\r\nContent-Type: text\r\n\r\n<script>": "line Content-Type_ text _script_",
    "nul\0byte.png": "nul byte.png",
    "CON": "_CON",
    "con.txt": "_con.txt",
    "LPT1 .pdf": "_LPT1 .pdf",
    "console.txt": "console.txt",
    'a"b<c>d|e?f*g:h.txt': "a_b_c_d_e_f_g_h.txt",
    "trailing. . .": "trailing",
    "\ud800lone.txt": "\ufffdlone.txt",
    "full／width＼slashes.txt": "slashes.txt",
    "tag\U000e0041s.txt": "tags.txt",
}


@pytest.mark.parametrize("name", PLAIN)
def test_names_that_people_write_stay(name: str) -> None:
    """Letters of all scripts, joiners between them, blanks, brackets and percent signs."""
    assert clean_name(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_made_harmless(name: str) -> None:
    """Paths, changes of direction, invisible and control characters, devices and reserved signs go."""
    assert clean_name(name) == HOSTILE[name]


def harmless(name: str) -> bool:
    return (
        0 < len(name.encode()) <= LONGEST
        and not set(name) & set('/\\<>:"|?*')
        and name[0] not in ". "
        and name[-1] not in ". "
        and not any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Zl", "Zp") for sign in name)
        and "\u202e" not in name
    )


@given(st.one_of(st.text(), st.text(alphabet="./\\ conCON1:\u202e\u200d%é家", max_size=500)))
def test_every_name_becomes_harmless_and_stays_so(name: str) -> None:
    """Whatever comes in, what goes out is a name for every system; cleaning it again changes nothing."""
    cleaned = clean_name(name)
    assert harmless(cleaned)
    assert clean_name(cleaned) == cleaned


def test_long_names_keep_their_ending() -> None:
    """The ending tells people what a file is."""
    assert clean_name("é" * 300 + ".pdf") == "é" * 98 + ".pdf"
    assert clean_name("a" * 300) == "a" * LONGEST
    assert clean_name("a." + "b" * 300) == "a." + "b" * (LONGEST - 2)


@pytest.mark.shared
def test_the_big_list_of_naughty_strings(shared_data: Path) -> None:
    """Every string of it makes a harmless name."""
    for name in json.loads((shared_data / "security" / "lists" / "blns.json").read_text("utf-8")):
        assert harmless(clean_name(name)), name


KINDS = [
    (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20), "image/jpeg"),
    (b"GIF89a" + bytes(20), "image/gif"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20), "image/webp"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    (b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(40), "application/zip"),
    (b"\x1f\x8b\x08\x00" + bytes(20), "application/x-gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "application/x-ole-storage"),
    (b"ID3\x03\x00\x00\x00\x00\x00\x00" + bytes(20), "audio/mpeg"),
    (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
    (b"name,email\nAda,ada@example.com\n", "text/plain"),
    ("\ufeffname;é\n".encode(), "text/plain"),
    ("name,é\n".encode("utf-16"), "text/plain"),
    (b"name;\xe9t\xe9\n", "text/plain"),
    (b"", "text/plain"),
    (b"<!DOCTYPE html><html><script>alert(1)</script>", "text/html"),
    (b"  \n<SCRIPT>alert(1)</SCRIPT>", "text/html"),
    (b"<svg onload=alert(1)>", "image/svg+xml"),
    (b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    (b'<?xml version="1.0"?><data/>', "application/xml"),
    ('<svg onload="alert(1)"/>'.encode("utf-16"), "image/svg+xml"),
    (b"\xef\xbb\xbf<html>", "text/html"),
    (bytes(range(256)), "application/octet-stream"),
]


@pytest.mark.parametrize(("head", "kind"), KINDS)
def test_the_bytes_say_what_a_file_is(head: bytes, kind: str) -> None:
    """Whatever the sender says."""
    assert sniff(head) == kind
    assert sniff(head, "image/png") == kind
    assert sniff(head, "text/html") == kind


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ({"[Content_Types].xml": "x", "_rels/.rels": "x", "word/document.xml": "x"}, "wordprocessingml.document"),
        ({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}, "spreadsheetml.sheet"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "opendocument.text"),
        ({"word/readme.txt": "x"}, "zip"),
    ],
)
def test_documents_of_office_programs_are_told_from_archives(first: dict[str, str], kind: str) -> None:
    """By the names of their first parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in first.items():
            archive.writestr(name, content)
    assert sniff(made.getvalue()).endswith(kind)


def test_only_kinds_of_plain_text_are_taken_from_the_sender() -> None:
    """CSV and calendars are text that no first byte tells apart."""
    assert sniff(b"a,b\n1,2\n", "text/csv; charset=utf-8") == "text/csv"
    assert sniff(b"BEGIN:VCALENDAR\n", "Text/Calendar") == "text/calendar"
    assert sniff(b"alert(1)", "text/javascript") == "text/plain"
    assert sniff(b"\x00\x01\x02", "text/csv") == "application/octet-stream"


@given(st.binary(max_size=64), st.sampled_from(sorted(SHOWN | MARKUP)))
def test_nothing_is_shown_for_its_sender_s_word(head: bytes, said: str) -> None:
    """What the sender says never makes a file one that a browser shows or runs."""
    assert sniff(head, said) == sniff(head)


def test_pictures_with_markup_behind_them_stay_pictures() -> None:
    """A file that is two things at once is served as the one that its beginning says."""
    assert sniff(b"GIF89a=1;/*" + b"<script>alert(1)</script>" * 10) == "image/gif"
    assert sniff(b" " * HEAD + b"<html>") == "text/plain"
