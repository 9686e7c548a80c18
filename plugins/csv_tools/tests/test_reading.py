"""Rows of a file: broken ones are told and harm no others."""

from __future__ import annotations

import csv
import io
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.csv_tools.reading import OPEN_QUOTE, CsvTable
from plugins.csv_tools.sniff import Format

HEADER = "email,first_name,notes\n"


def rows(text: str, format_: Format | None = None, after: int = 0) -> list[tuple[int, int, list[str], str]]:
    """Number, line, cells and problem of each row."""
    table = CsvTable(lambda: io.BytesIO(text.encode("utf-8", "surrogatepass")), format_ or Format())
    return [(record.row, record.line, record.cells, record.problem) for record in table.rows(after)]


def test_numbers() -> None:
    """Rows have the number of a spreadsheet and the line of an editor; blank ones count and are left out."""
    found = rows(HEADER + '1,a,"x\ny"\n\n,,\n2,b,z\n')
    assert [(number, line) for number, line, _, _ in found] == [(2, 2), (5, 6)]


def test_after() -> None:
    """Reading goes on after any row."""
    text = HEADER + "".join(f"{number},a,b\n" for number in range(2, 12))
    assert [number for number, *_ in rows(text, after=7)] == [8, 9, 10, 11]


def test_ragged() -> None:
    """A row with fewer cells is one whose last cells are blank; one with more is told, unless the rest is blank."""
    found = rows(HEADER + "a@x.org\nb@x.org,B,n,,\nc@x.org,C,n,more\n")
    assert [cells for _, _, cells, _ in found[:2]] == [["a@x.org"], ["b@x.org", "B", "n"]]
    assert found[2][3].startswith("This row has 4 cells, the table 3")


def test_zero_bytes() -> None:
    """Zero bytes are left out."""
    assert rows(HEADER + "a\0@x.org,A\0,n\n")[0][2] == ["a@x.org", "A", "n"]


@pytest.mark.parametrize("others", [1, 40, 5000])
def test_open_quote(others: int) -> None:
    """A quotation mark that never closes costs its own row and no other."""
    text = HEADER + '1,"open,n\n' + "".join(f"{number},b,c\n" for number in range(others))
    found = rows(text)
    assert (found[0][0], found[0][3]) == (2, OPEN_QUOTE)
    assert len(found) == others + 1
    assert not any(problem for _, _, _, problem in found[1:])


def test_swallowed_rows() -> None:
    """A stray quotation mark that closes rows later, at another cell's, costs its own row and no other."""
    found = rows(HEADER + '1,"stray,n\n2,b,c\n3,"quoted",c\n4,b,c\n')
    assert [number for number, _, _, problem in found if problem] == [2]
    assert [cells[0] for _, _, cells, problem in found if not problem] == ["2", "3", "4"]


def test_long_cell() -> None:
    """A cell of megabytes costs its own row and no other."""
    found = rows(HEADER + f"1,{'x' * 3_000_000},n\n2,b,c\n")
    assert found[0][3]
    assert found[-1][2] == ["2", "b", "c"]


def test_multiline_cells_stay_whole() -> None:
    """Cells of several lines that look like rows are cells, when they are quoted well."""
    found = rows(HEADER + '1,a,"x,y,z\n2,b,c"\n')
    assert found[0][2] == ["1", "a", "x,y,z\n2,b,c"]


_CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)


@given(st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=12), st.sampled_from([",", ";", "\t"]))
def test_well_formed(written: list[tuple[str, str, str]], delimiter: str) -> None:
    """What a CSV writer wrote is read as it was, blank rows aside."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two", "three"), *written])
    found = rows(text.getvalue(), Format(delimiter=delimiter))
    assert [tuple(cells) for _, _, cells, _ in found] == [row for row in written if any(cell.strip() for cell in row)]
    assert not any(problem for _, _, _, problem in found)


@given(st.text(max_size=300))
def test_anything(text: str) -> None:
    """Whatever the file holds, each row is read or told, and the numbers rise."""
    found = rows(text)
    numbers = [number for number, *_ in found]
    assert numbers == sorted(set(numbers))
    assert all(cells or problem for _, _, cells, problem in found)


@pytest.mark.slow
def test_flat_memory() -> None:
    """A million rows take no more memory than a thousand."""

    class Endless(io.RawIOBase):
        """A file that is made while it is read."""

        def __init__(self) -> None:
            self._left = 1_000_000
            self._line = b"somebody@example.com,Some Body,a note\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            count = min(self._left, len(buffer) // len(self._line))
            buffer[: count * len(self._line)] = self._line * count
            self._left -= count
            return count * len(self._line)

    table = CsvTable(lambda: io.BufferedReader(Endless(), 256 * 1024), Format(header=False))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in table.rows()) == 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
