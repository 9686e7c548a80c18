"""What a file looks like, where its columns would go, and what a person chose instead: a run while it is a draft."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Importer, ImportField, ImportPreset, Invalid, Work

from . import mapping as maps
from . import saved
from .cells import date_order
from .importing import MODES, importer_of, one_of
from .models import Run, SavedMapping
from .reading import CsvTable, Record
from .sniff import Format, Source, sniff

#: Rows that a guess and a rehearsal look at.
FIRST_ROWS = 1000
#: Words of a field that people are asked about, and how long one may be.
MOST_WORDS, LONGEST_WORD = 40, 80
#: Bytes of a file whose rows are counted while somebody waits.
COUNTED_AT_ONCE = 4 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Proposal:
    """What the file looks like and where its columns would go.

    :param counted: whether ``total`` was counted; else it is about right.
    :param origin: see :attr:`plugins.csv_tools.models.Run.origin`.
    """

    format: Format
    columns: list[str]
    mapping: list[str]
    dates: dict[str, str]
    total: int
    counted: bool
    origin: dict[str, str] = dataclasses.field(default_factory=dict)
    constants: dict[str, str] = dataclasses.field(default_factory=dict)
    renamed: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    match_by: str = ""
    mode: str = ""


def propose(work: Work, kind: str, source: Source, size: int = 0, **chosen: Any) -> Proposal:
    """Looks at a file.

    :param size: its bytes, when that is known: the rows of a large one are not counted then.
    :param chosen: parts of the format that a person chose (``encoding``, ``delimiter``, ``header``).
    :raises Invalid: when it is no CSV file.
    """
    importer = importer_of(work, kind)
    fields = importer.fields(work)
    known = maps.known_headers([*fields, *_headings(importer.presets)])
    format_ = sniff(source, known, **chosen)
    table = CsvTable(source, format_)
    counted = size <= COUNTED_AT_ONCE
    first, total = _rows(table, counted)
    if not total:
        raise Invalid("The file has a header and no rows below it.")
    if not counted and total == FIRST_ROWS:
        total = _about(first, size, format_)
    else:
        counted = True
    found = _mapped(work, importer, fields, table, first)
    dates = {**_dates(found.mapping, first, fields), **found.dates}
    return dataclasses.replace(found, format=format_, columns=table.columns, dates=dates, total=total, counted=counted)


def _rows(table: CsvTable, count: bool) -> tuple[list[Record], int]:
    first: list[Record] = []
    total = 0
    for record in table.rows():
        if total < FIRST_ROWS:
            first.append(record)
        total += 1
        if total == FIRST_ROWS and not count:
            break
    return first, total


def _about(first: Sequence[Record], size: int, format_: Format) -> int:
    """The number of rows as the first ones let expect, rounded."""
    length = sum(
        len("".join(record.cells).encode(format_.encoding, "replace")) + len(record.cells) + 1 for record in first
    )
    number = round(size * len(first) / length)
    return round(number, 2 - len(str(number)))


def count(run: Run, source: Source) -> int:
    """The number of rows of a file. Reads all of it."""
    return sum(1 for _ in CsvTable(source, Format.from_json(run.file_format)).rows())


def samples(columns: int, first: Iterable[Sequence[str]], most: int = 3) -> list[list[str]]:
    """Some different texts of each column."""
    found: list[list[str]] = [[] for _ in range(columns)]
    for cells in first:
        for texts, cell in zip(found, cells, strict=False):
            cell = " ".join(cell.split())
            if cell and len(texts) < most and cell not in texts:
                texts.append(cell)
    return found


# --- the mapping -----------------------------------------------------------------------------------------------------


def _headings(presets: Iterable[ImportPreset]) -> list[ImportField]:
    """The headings of other programs, by which a header is told from a row."""
    return [ImportField(name=name, label=name) for preset in presets for name in (*preset.signs, *preset.columns)]


def _mapped(
    work: Work, importer: Importer, fields: Sequence[ImportField], table: CsvTable, first: Sequence[Record]
) -> Proposal:
    """Where the columns go: as a saved mapping says, else as a person chose last time, else as the program is known to
    write them, else as their names say."""
    names = {field.name for field in fields}
    columns = table.columns
    empty = Proposal(table.format, columns, [], {}, 0, True)
    kept = saved.fitting(work, importer.kind, columns)
    if kept is not None:
        return _as_saved(empty, kept, names)
    last = _last(work, importer.kind, columns)
    if last is not None:
        mapping = [field if field in names else "" for field in last.mapping]
        origin = {"how": "last", "name": last.file_name}
        return dataclasses.replace(
            empty,
            mapping=mapping,
            origin=origin,
            constants=dict(last.constants),
            renamed=dict(last.renamed),
            match_by=last.match_by,
            mode=last.mode,
        )
    filled = [
        any(record.cells[index : index + 1] != [""] and record.cells[index : index + 1] for record in first)
        for index in range(table.width)
    ]
    preset = maps.recognised(columns, importer.presets)
    mapping = maps.guess(columns, filled, fields, preset.columns if preset else {})
    for field in importer.match_by[1:]:
        mapping = _without_repeated(mapping, field, first)
    if preset is None:
        return dataclasses.replace(empty, mapping=mapping)
    return dataclasses.replace(
        empty, mapping=mapping, origin={"how": "preset", "name": preset.name}, constants=dict(preset.values)
    )


def _as_saved(proposal: Proposal, kept: SavedMapping, names: Iterable[str]) -> Proposal:
    mapping = [field if field in names else "" for field in saved.applied(kept, proposal.columns)]
    return dataclasses.replace(
        proposal,
        mapping=mapping,
        dates=dict(kept.dates),
        origin={"how": "saved", "name": kept.name},
        constants=dict(kept.constants),
        renamed=dict(kept.renamed),
        match_by=kept.match_by,
        mode=kept.mode,
    )


def _without_repeated(mapping: list[str], field: str, first: Sequence[Record]) -> list[str]:
    """The mapping without a column of ids in which an id stands twice: what is not one record's own tells nobody apart."""
    if field not in mapping:
        return mapping
    index = mapping.index(field)
    ids = [record.cells[index] for record in first if record.cells[index : index + 1] not in ([], [""])]
    return mapping if len(set(ids)) == len(ids) else ["" if each == field else each for each in mapping]


def _last(work: Work, kind: str, columns: Sequence[str]) -> Run | None:
    """The newest run with the same columns that was begun."""
    wanted = select(Run).where(
        Run.kind == kind, Run.signature == maps.signature(columns), Run.state.in_(("running", "stopped", "done"))
    )
    run: Run | None = work.session.scalar(wanted.order_by(Run.id.desc()).limit(1))
    return run if run is not None and len(run.mapping) == len(columns) else None


def _dates(mapping: Sequence[str], first: Iterable[Record], fields: Sequence[ImportField]) -> dict[str, str]:
    """The order of day and month in each column of dates, told by its first rows; day first where none tells."""
    instants = {field.name for field in fields if field.kind == "instant"}
    rows = list(first)
    return {
        field: date_order(record.cells[index] for record in rows if index < len(record.cells)) or "dmy"
        for index, field in enumerate(mapping)
        if field in instants
    }


# --- what was chosen -------------------------------------------------------------------------------------------------


def settle(
    work: Work,
    run: Run,
    proposal: Proposal,
    *,
    mapping: Sequence[str] | None = None,
    dates: Mapping[str, str] | None = None,
    match_by: str = "",
    mode: str = "",
) -> None:
    """Writes down what the file looks like and what was chosen; the run is a draft then.

    :raises Invalid: when a choice is unknown.
    """
    describe(run, proposal, mapping=mapping, dates=dates)
    run.match_by = proposal.match_by or run.match_by
    run.mode = proposal.mode or run.mode or MODES[0]
    choose(work, run, match_by=match_by, mode=mode)
    run.state = "draft"
    work.session.flush()


def describe(
    run: Run, proposal: Proposal, *, mapping: Sequence[str] | None = None, dates: Mapping[str, str] | None = None
) -> None:
    """Puts what the file looks like, and where its columns go, on a run."""
    run.file_format = dataclasses.asdict(proposal.format)
    run.columns = proposal.columns
    run.mapping = list(proposal.mapping if mapping is None else mapping)
    run.origin = proposal.origin
    run.constants = proposal.constants
    run.renamed = proposal.renamed
    run.signature = maps.signature(proposal.columns)
    run.dates = _merged(proposal.dates, dates or {})
    run.total = proposal.total
    run.counted = proposal.counted


def choose(
    work: Work,
    run: Run,
    *,
    mapping: Sequence[str] | None = None,
    dates: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    renamed: Mapping[str, Mapping[str, str]] | None = None,
    match_by: str = "",
    mode: str = "",
) -> None:
    """Writes down what a person chose; what is left out stays. What a rehearsal told no longer holds then.

    :raises Invalid: when a choice is unknown.
    """
    importer = importer_of(work, run.kind)
    names = {field.name for field in importer.fields(work)}
    if mapping is not None:
        for field in filter(None, mapping):
            one_of("field", field, sorted(names))
        if len(mapping) != len(run.columns):
            raise Invalid("The columns of the file were read anew meanwhile: look at them again.")
        if list(mapping) != run.mapping:
            run.mapping, run.origin = list(mapping), {}
    if dates is not None:
        run.dates = _merged(run.dates, dates)
    if constants is not None:
        given = {field: text.strip()[:500] for field, text in constants.items() if field in names}
        run.constants = {field: text for field, text in {**run.constants, **given}.items() if text}
    if renamed is not None:
        run.renamed = {**run.renamed, **_meant(importer.fields(work), renamed)}
    run.match_by = one_of("field to match by", match_by or run.match_by or importer.match_by[0], importer.match_by)
    run.mode = one_of("mode", mode or run.mode or MODES[0], MODES)
    run.rehearsal = {}
    work.session.flush()


def _meant(fields: Iterable[ImportField], given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """What words mean, as it is kept: folded words, and only texts that a field can hold."""
    return {
        field.name: {maps.word_key(word): text for word, text in given[field.name].items() if text in field.choices}
        for field in fields
        if field.name in given
    }


def unknown_words(run: Run, fields: Iterable[ImportField], first: Iterable[Sequence[str]]) -> dict[str, dict[str, str]]:
    """Field -> word of the first rows that is none of its choices -> what it means, empty while nobody said it."""
    known = {field.name: set(map(maps.word_key, field.choices)) for field in fields if field.choices}
    places = [(index, field) for index, field in enumerate(run.mapping) if field in known]
    found: dict[str, dict[str, str]] = {}
    asked: set[tuple[str, str]] = set()
    for cells in first:
        for index, field in places:
            word = " ".join(cells[index].split()) if index < len(cells) else ""
            key = maps.word_key(word)
            if word and len(word) <= LONGEST_WORD and key not in known[field] and (field, key) not in asked:
                asked.add((field, key))
                found.setdefault(field, {})[word] = run.renamed.get(field, {}).get(key, "")
    return {field: dict(list(words.items())[:MOST_WORDS]) for field, words in found.items()}


def stamp(run: Run) -> str:
    """What is chosen for a run, as a short text: another one when anything was chosen anew."""
    chosen = [run.file_format, run.mapping, run.dates, run.constants, run.renamed, run.match_by, run.mode]
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]


def date_fields(run: Run, fields: Iterable[ImportField]) -> list[ImportField]:
    """The fields of dates to which a column goes."""
    return [field for field in fields if field.kind == "instant" and field.name in run.mapping]


def _merged(dates: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    return {**dates, **{field: order for field, order in chosen.items() if order in ("dmy", "mdy")}}
