"""How a file is written, found out by looking at it."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.api import Invalid
from plugins.csv_tools.reading import CsvTable
from plugins.csv_tools.sniff import ENCODINGS, Format, Source, sniff

TEXT = 'email,first_name,notes\r\na@example.com,Zoë,"two\r\nlines"\r\nb@example.com,Øle,"a, b"\r\n'
KNOWN = {"email", "first_name", "last_name", "tags"}.__contains__


def source_of(data: bytes) -> Source:
    """Opens these bytes."""
    return lambda: io.BytesIO(data)


def read(data: bytes, **chosen: object) -> tuple[Format, list[str], list[list[str]]]:
    """The format, the columns and the rows of a file."""
    source = source_of(data)
    found = sniff(source, KNOWN, **chosen)
    table = CsvTable(source, found)
    return found, table.columns, [record.cells for record in table.rows()]


@pytest.mark.parametrize(
    ("codec", "mark", "expected"),
    [
        ("utf-8", "", "utf-8"),
        ("utf-8", "\ufeff", "utf-8"),
        ("utf-16-le", "\ufeff", "utf-16-le"),
        ("utf-16-be", "\ufeff", "utf-16-be"),
        ("utf-16-le", "", "utf-16-le"),
        ("utf-16-be", "", "utf-16-be"),
        ("utf-32-le", "\ufeff", "utf-32-le"),
        ("utf-32-be", "\ufeff", "utf-32-be"),
        ("utf-32-le", "", "utf-32-le"),
        ("cp1252", "", "cp1252"),
    ],
)
def test_encodings(codec: str, mark: str, expected: str) -> None:
    """Encodings with and without byte order mark are told apart, and the mark is no part of the first column's name."""
    found, columns, rows = read((mark + TEXT).encode(codec))
    assert found == Format(expected)
    assert columns == ["email", "first_name", "notes"]
    assert rows == [["a@example.com", "Zoë", "two\r\nlines"], ["b@example.com", "Øle", "a, b"]]


def test_cyrillic_utf16() -> None:
    """Text in another script has fewer zero bytes; UTF-16 without a mark is known all the same."""
    text = "имя;почта\n" + "Оксана Шевченко;oksana@example.net\n" * 20
    found, _, rows = read(text.encode("utf-16-le"))
    assert found.encoding == "utf-16-le"
    assert rows[0] == ["Оксана Шевченко", "oksana@example.net"]


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Имя,Город\n" + "Оксана Шевченко,Киев\nИван Петров,Одесса и её окрестности\n" * 10),
        ("shift_jis", "名前,市\n" + "山田太郎,東京都千代田区\n鈴木花子,大阪府大阪市\n" * 10),
    ],
)
def test_other_scripts(codec: str, text: str) -> None:
    """Files that are mostly letters beyond ASCII are read in an encoding of their script."""
    found, columns, _ = read(text.encode(codec))
    assert text.startswith(",".join(columns))
    assert found.encoding == codec


@pytest.mark.parametrize("word", ["Élodie Giraud", "Çelik Gülşah"[:5], "Núñez", "naïve façade – “quoted” €"])
def test_western(word: str) -> None:
    """Western text is Windows-1252, whatever libraries think of a few accents."""
    _, _, rows = read(f"email,name\na@example.com,{word}\n".encode("cp1252"))
    assert rows == [["a@example.com", word]]


def test_late_accent() -> None:
    """A first accent after megabytes of plain text still decides the encoding of the file."""
    data = b"email,first_name\n" + b"a@example.com,Ann\n" * 100_000 + "z@example.com,Zoé\n".encode("cp1252")
    assert sniff(source_of(data)).encoding == "cp1252"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    """The delimiter is the one that makes a table, also when cells are full of the others."""
    rows = [["email", "first_name", "notes"], ["a@x.org", "A", "1,5; 2,5 | 3"], ["b@x.org", "B", "x; y, z"]]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    found, columns, read_rows = read(quoted.encode())
    assert found.delimiter == delimiter
    assert [columns, *read_rows] == rows


def test_decimal_commas() -> None:
    """Decimal commas don't make the comma a delimiter."""
    found, _, _ = read(b"name;price\nA;1,50\nB;2,75\nC;3,00\n")
    assert found.delimiter == ";"


def test_excel_separator_line() -> None:
    """Excel's own first line says the delimiter and is no row."""
    found, columns, rows = read(b"sep=;\r\nemail;first_name\r\na@example.com;A\r\n")
    assert found == Format(delimiter=";", skip=1)
    assert (columns, rows) == (["email", "first_name"], [["a@example.com", "A"]])


def test_escaped_quotes() -> None:
    """Quotation marks after backslashes are understood when doubled ones make no sense."""
    found, _, rows = read(b'email;notes\na@example.com;"He said \\"hi\\"; twice"\nb@example.com;""\n')
    assert found.escape == "\\"
    assert rows[0][1] == 'He said "hi"; twice'


def test_old_macintosh() -> None:
    """A file whose lines end with a carriage return alone is read."""
    _, columns, rows = read(b"email,first_name\ra@example.com,A\rb@example.com,B\r")
    assert (columns, len(rows)) == (["email", "first_name"], 2)


def test_lines_above() -> None:
    """Lines above the table are left out, also a title that is filled up with empty cells."""
    for title in ("Contacts of 2026\n\n", "Contacts of 2026,,\n,,\n"):
        found, columns, rows = read(f"{title}email,first_name,tags\na@example.com,A,x\nb@example.com,B,\n".encode())
        assert columns == ["email", "first_name", "tags"]
        assert found.skip == 2
        assert len(rows) == 2


def test_without_header() -> None:
    """A first row with an address or a number in it is a row; the columns then have numbers."""
    found, columns, rows = read(b"a@example.com,Ann,1\nb@example.com,Bob,2\n")
    assert not found.header
    assert columns == ["Column 1", "Column 2", "Column 3"]
    assert len(rows) == 2


def test_repeated_names() -> None:
    """Two columns of one name are told apart, one without a name gets a number."""
    _, columns, _ = read(b"email,Email,,email\na@example.com,b@example.com,c,d\n")
    assert columns == ["email", "Email (2)", "Column 3", "email (3)"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_no_table(data: bytes, said: str) -> None:
    """What is no CSV file is refused with a sentence that says what it is."""
    with pytest.raises(Invalid, match=said):
        sniff(source_of(data))


def test_choices() -> None:
    """What a person chose wins over the guess."""
    found, columns, rows = read("é;b\n1;2\n".encode("latin-1"), encoding="cp1251", header=False)
    assert (found.encoding, found.header) == ("cp1251", False)
    assert (len(columns), rows[0][0]) == (2, "й")


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_any_choice(encoding: str) -> None:
    """A wrong choice of the encoding gives nonsense to look at, or a sentence, and no failure."""
    with contextlib.suppress(Invalid):
        found, columns, _ = read(TEXT.encode(), encoding=encoding)
        assert found.encoding == encoding
        assert columns


@pytest.mark.parametrize("mark", ['"', "\\", "a", " ", "\x00", "ß"])
def test_odd_separator_line(mark: str) -> None:
    """A first line that announces a separator which can be none is taken for what it is: a line above the table."""
    _, columns, rows = read(f"sep={mark}\nemail,first_name\na@example.com,A\n".encode())
    assert (columns, len(rows)) == (["email", "first_name"], 1)


@given(st.binary(max_size=400))
def test_anything(data: bytes) -> None:
    """Whatever bytes come, there is a table or a sentence."""
    with contextlib.suppress(Invalid):
        found, columns, rows = read(data)
        assert found.encoding
        assert columns
        assert all(rows)
