"""Reads the rows of a CSV file one by one, flat in memory. A broken row is told as such and never takes others with it."""

from __future__ import annotations

import collections
import csv
import dataclasses
import io
from collections.abc import Iterator
from typing import TextIO

from crmhost.api import Message

from .sniff import Format, Source, make_reader

#: A record that goes on for longer than this has a quotation mark that was never closed.
LONGEST_RECORD = 1000
#: Longest line in characters; a longer one is cut and told as broken.
LONGEST_LINE = 2 * 1024 * 1024
#: Most columns that are looked at.
MOST_COLUMNS = 1000

OPEN_QUOTE = (
    'A quotation mark (") opens in this row and never closes: close it, or double it if it is part of the text.'
)
TOO_LONG = "A cell of this row is longer than 131,072 characters."


@dataclasses.dataclass(slots=True)
class Record:
    """A row.

    :param row: its number as a spreadsheet shows it: the first line is 1, blank ones count, a cell of several lines does not.
    :param line: number of the line on which it begins, as a text editor shows it.
    :param problem: why it can't be used; empty when it can.
    """

    row: int
    line: int
    cells: list[str]
    problem: str = ""


class _Runaway(Exception):  # no error: the reader asks for more lines than a record may have
    """A record does not end."""


class _Lines:
    """Lines of the file, with a way back: the lines of a record that never ends are given out again, one by one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._back: collections.deque[str] = collections.deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_RECORD:
            raise _Runaway
        line = self._back.popleft() if self._back else self._stream.readline(LONGEST_LINE)
        if not line:
            if self.taken:
                raise _Runaway
            raise StopIteration
        self.taken.append(line)
        return line.replace("\0", "") if "\0" in line else line

    def keep_first(self) -> str:
        """Gives back all lines of the record but its first, which it returns."""
        self._back.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
        return self.taken[0]


class CsvTable:
    """A CSV file as a table.

    :param source: opens the file.
    """

    def __init__(self, source: Source, format_: Format) -> None:
        self._source = source
        self.format = format_
        first = next(self._raw(0), None)
        #: Columns of the file, and those of them that are read.
        self.whole_width = len(first.cells) if first else 0
        self.width = min(self.whole_width, MOST_COLUMNS)
        self._header_row = first.row if first and format_.header else 0
        names = first.cells if first and format_.header else []
        self.columns = _unique(names, self.width)

    def rows(self, after: int = 0) -> Iterator[Record]:
        """The rows below the header, those that are blank left out.

        :param after: number of the row after which to begin.
        """
        for record in self._raw(self.width):
            if (
                record.row > self._header_row
                and record.row > after
                and (record.problem or any(map(str.strip, record.cells)))
            ):
                yield record

    def _raw(self, width: int) -> Iterator[Record]:
        with self._source() as binary:
            # newline="": line ends inside quotes stay, and a lone carriage return (old Macintosh) ends a line too.
            stream = io.TextIOWrapper(binary, self.format.encoding, "replace", newline="")
            try:
                yield from self._parsed(stream, width)
            finally:
                stream.detach()

    def _parsed(self, stream: TextIO, width: int) -> Iterator[Record]:
        row = line = 0
        for _ in range(self.format.skip):
            if not stream.readline(LONGEST_LINE):
                return
            row = line = row + 1
        lines = _Lines(_without_mark(stream, first=not row))
        reader = make_reader(lines, self.format.delimiter, self.format.escape)
        while True:
            problem = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _Runaway:
                problem = OPEN_QUOTE
            except csv.Error:
                problem = TOO_LONG if len(lines.taken) == 1 else OPEN_QUOTE
            else:
                if width and len(lines.taken) > 1 and self._swallowed(lines.taken, len(cells), width):
                    problem = OPEN_QUOTE
            row += 1
            if problem:
                cells = lines.keep_first().rstrip("\r\n")[:10_000].split(self.format.delimiter)
            elif width and len(cells) > width:
                problem = self._too_wide(cells, width)
            yield Record(row, line + 1, cells, problem)
            line += len(lines.taken)
            lines.taken.clear()

    def _swallowed(self, lines: list[str], cells: int, width: int) -> bool:
        """Whether a stray quotation mark took other rows in: the record is malformed, and one of its later lines is a row."""
        return (cells > width or not self._well_formed(lines)) and any(
            len(alone) == width
            for line in lines[1:]
            for alone in make_reader([line.replace("\0", "")], self.format.delimiter, self.format.escape)
        )

    def _well_formed(self, lines: list[str]) -> bool:
        try:
            for _ in make_reader(lines, self.format.delimiter, self.format.escape, strict=True):
                pass
        except csv.Error:
            return False
        return True

    @staticmethod
    def _too_wide(cells: list[str], width: int) -> str:
        extra = [cell for cell in cells[width:] if cell.strip()]
        if not extra or width >= MOST_COLUMNS:
            del cells[width:]
            return ""
        return Message(
            "This row has %(count)s cells, the table %(width)s: put quotation marks around a cell that holds the separator.",
            count=len(cells),
            width=width,
        )


class _Unmarked(io.TextIOBase):
    """A text stream whose first line loses its byte order mark."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._first = True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        """The next line, at most ``size`` characters of it."""
        line = self._stream.readline(size if size is not None else -1)
        if self._first:
            self._first = False
            line = line.lstrip("\ufeff")
        return line


def _without_mark(stream: TextIO, *, first: bool) -> TextIO:
    return _Unmarked(stream) if first else stream  # type: ignore[return-value]


def _unique(names: list[str], width: int) -> list[str]:
    """A name for each column, no name twice: “Email”, “Email (2)”, “Column 3”."""
    found: list[str] = []
    taken: set[str] = set()
    for number in range(1, width + 1):
        name = " ".join(names[number - 1].split()) if number <= len(names) else ""
        base = name = name[:200] or f"Column {number}"
        repeat = 1
        while name.casefold() in taken:
            repeat += 1
            name = f"{base} ({repeat})"
        taken.add(name.casefold())
        found.append(name)
    return found
