"""Exports: any kind of record as CSV text, as it is read, flat in memory and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmhost.api import Exporter, Invalid, Message, Work, custom_fields, texts

from .cells import SUSPECT, guard

#: Rows that are written at a time.
BATCH = 500
MARK = "\ufeff"
#: Headings of the first columns of a file with refused rows.
REFUSED = (Message("Row"), Message("Why it was refused"))
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


def kinds(work: Work) -> list[Exporter]:
    """What the actor may export."""
    return [item for item in work.generation.contributions("exporters") if work.can(item.permission)]


def exporter_of(work: Work, kind: str) -> Exporter:
    """The exporter of a kind.

    :raises Forbidden: when the actor may not export it.
    :raises Invalid: when there is none, naming the one that is nearest.
    """
    known: dict[str, Exporter] = {item.kind: item for item in work.generation.contributions("exporters")}
    if kind not in known:
        near = texts.nearest(kind, known)
        said = Message("Nothing called “%(kind)s” can be exported.", kind=kind[:60])
        raise Invalid(texts.unknown(said, near, Message("There are: %(names)s.", names=list(known))))
    work.require(known[kind].permission)
    return known[kind]


def choose_columns(work: Work, exporter: Exporter, names: Sequence[str]) -> list[str]:
    """The columns asked for in their order, all when none are.

    :raises Invalid: when one is unknown.
    """
    known = [name for name, _ in exporter.columns(work)]
    for name in names:
        if name not in known:
            near = texts.nearest(name, known)
            said = Message("There is no column “%(name)s”.", name=name[:60])
            raise Invalid(texts.unknown(said, near, Message("There are: %(names)s.", names=list(known))))
    return list(names) or known


def stream(
    work: Work,
    kind: str,
    filters: Mapping[str, str],
    *,
    columns: Sequence[str] = (),
    delimiter: str = ",",
    mark: bool = False,
    progress: Callable[[int], Any] = lambda _: None,
) -> Iterator[str]:
    """The file, some lines at a time; what is wrong with the arguments is told before the first.

    :param mark: begin with a byte order mark, by which Excel knows UTF-8.
    :param progress: called with the number of rows written so far, before each piece of the file.
    """
    exporter = exporter_of(work, kind)
    chosen = choose_columns(work, exporter, columns)
    if delimiter not in DELIMITERS:
        raise Invalid("Columns can be separated by a comma, a semicolon or a tab.")
    rows = iter(exporter.rows(work, filters))
    # The first row is read now, so that a filter that can't be understood is refused and not found in the middle of a file.
    first = next(rows, None)
    lines = (_cells(row, chosen) for row in _with(first, rows))
    head = written([chosen], delimiter)
    return _with((MARK if mark else "") + next(head), written(lines, delimiter, progress))


def file_name(work: Work, kind: str) -> str:
    """What an export of today is called."""
    return f"{kind}-{work.today.isoformat()}.csv"


def note(work: Work, kind: str, filters: Mapping[str, str], columns: Sequence[str] = ()) -> None:
    """Writes into the audit log that somebody took records out, and which encrypted fields of them.

    :param columns: those that were chosen; empty for all.
    """
    chosen = columns or [name for name, _ in exporter_of(work, kind).columns(work)]
    secret = sorted({item.name for item in custom_fields.encrypted(work)} & set(chosen))
    work.audit("export.made", kind, "", after={"filters": dict(filters), **({"encrypted": secret} if secret else {})})


def _with(first: Any, others: Iterable[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
    yield from others


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    """The cells of a row. A number is written as it is: -5 is no formula."""
    return [
        guard(value) if value and value.__class__ is str and value[0] in SUSPECT else value
        for value in map(row.get, columns)
    ]


def written(
    lines: Iterable[Sequence[Any]], delimiter: str, progress: Callable[[int], Any] = lambda _: None
) -> Iterator[str]:
    """Rows as CSV text (RFC 4180), some at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    number = 0
    for number, line in enumerate(lines, 1):
        writer.writerow(line)
        if number % BATCH == 0:
            progress(number)
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        progress(number)
        yield buffer.getvalue()


def refused(
    columns: Sequence[str], delimiter: str, rows: Iterable[Any], say: Callable[[str], str] = str
) -> Iterator[str]:
    """Rows that an import refused, as a file to correct and import again: their cells, and why they were refused.

    :param say: puts a sentence into the reader's language.
    """
    head = written([[*map(say, REFUSED), *map(guard, columns)]], delimiter)
    lines = ([row.number, " ".join(map(say, row.reasons)), *map(guard, row.cells or ())] for row in rows)
    return _with(next(head), written(lines, delimiter))
