"""``crmhost import`` and ``crmhost export``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import click

from crmhost.api import Invalid, Work

from . import batches, exporting, importing, mapping, proposing, storing, undoing
from .models import Run
from .sniff import ENCODINGS, Source

#: Refused rows that are told one by one; ``--refused FILE`` writes all.
TOLD = 20
TOLD_AS_JSON = 10_000
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_OUTCOMES = ("added", "updated", "skipped", "refused")


@click.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option(
    "--map",
    "choices",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Where a column goes (name or number); =COLUMN leaves it out.",
)
@click.option(
    "--match",
    "match_by",
    default="",
    metavar="FIELD",
    help="What tells that a row is somebody we have: email (default) or external_id.",
)
@click.option(
    "--mode",
    default="update",
    type=click.Choice(importing.MODES),
    show_default=True,
    help="What is done with those we have.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--refused",
    "refused_to",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the refused rows and the reasons here, as CSV.",
)
@click.option("--encoding", type=click.Choice(list(ENCODINGS)), help="Instead of the one that is found out.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="Instead of the one that is found out.")
@click.option("--header/--no-header", default=None, help="Whether the first row names the columns.")
@click.option(
    "--dates",
    type=click.Choice(["dmy", "mdy"]),
    help="Whether the day or the month comes first in dates such as 06-05-2026.",
)
@click.pass_obj
def import_command(
    site: Any,
    kind: str,
    file: Path,
    choices: tuple[str, ...],
    match_by: str,
    mode: str,
    dry_run: bool,
    as_json: bool,
    refused_to: Path | None,
    encoding: str | None,
    delimiter: str | None,
    header: bool | None,
    dates: str | None,
) -> None:
    """Import a CSV file.

    An import that was stopped or killed goes on where it was when the same command is run again; no row is taken twice.
    """
    chosen: dict[str, Any] = {"encoding": encoding, "delimiter": _DELIMITERS.get(delimiter or ""), "header": header}
    source: Source = lambda: file.open("rb")  # noqa: E731  # the parameters of other functions are called so too
    with site.work() as work:
        importer = importing.importer_of(work, kind)
        fields = importer.fields(work)
        proposal = proposing.propose(
            work, kind, source, **{name: value for name, value in chosen.items() if value is not None}
        )
        columns = mapping.with_choices(proposal.mapping, proposal.columns, choices, fields)
        mapping.check(columns, fields)
        orders = dict.fromkeys(proposal.dates, dates) if dates else None
        found = _prepared(work, kind, file, source, proposal, columns, orders, match_by, mode, dry_run)
        left_out = [name for name, field in zip(proposal.columns, columns, strict=True) if not field]
        if dry_run:
            _tell_rehearsal(batches.rehearse(work.begin, found, source, None), as_json)
            work.session.rollback()
            return
        if found.position and not as_json:
            click.echo(f"Going on after row {found.position:,}, where this import was stopped.", err=True)
        with _progress(found.total, found.handled, shown=not as_json) as progress:
            run = batches.proceed(work.begin, found, source, progress=progress)
        if refused_to is not None:
            _write_refused(work, run, refused_to)
        _tell(work, run, left_out, as_json)


def _prepared(
    work: Work,
    kind: str,
    file: Path,
    source: Source,
    proposal: proposing.Proposal,
    columns: list[str],
    orders: dict[str, str] | None,
    match_by: str,
    mode: str,
    dry_run: bool,
) -> Run:
    """The run to lead the file through: a new one, or the one of the same file that did not come to its end."""
    digest, size = storing.digest(source)
    known = importing.importer_of(work, kind).match_by
    matched = importing.one_of("field to match by", match_by or known[0], known)
    if dry_run:
        run = Run(kind=kind, file_name=file.name, match_by=matched, mode=mode)
        proposing.describe(run, proposal, mapping=columns, dates=orders)
        return run
    with work.begin():
        found = importing.unfinished(work, kind, digest, columns, matched, mode)
        if found is None:
            undoing.tidy(work)
            found = importing.create(work, kind, file.name, kept=False)
            found.digest, found.size = digest, size
            proposing.settle(work, found, proposal, mapping=columns, dates=orders, match_by=matched, mode=mode)
        importing.start(work, found)
    return found


@contextlib.contextmanager
def _progress(total: int, done: int, *, shown: bool) -> Iterator[Callable[[Run], None]]:
    """A bar on a terminal, else nothing."""
    if not shown or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label="Importing", show_pos=True, file=sys.stderr) as bar:
        bar.update(done)
        yield lambda run: bar.update(run.handled - bar.pos)


def _tell(work: Work, run: Run, left_out: list[str], as_json: bool) -> None:
    figures = {outcome: getattr(run, outcome) for outcome in _OUTCOMES}
    most = TOLD_AS_JSON if as_json else TOLD
    rows = importing.remarks(work, run, limit=most, outcomes=("refused",))
    noted = importing.remarks(work, run, limit=most, outcomes=("added", "updated", "skipped"))
    if as_json:
        document = {
            **figures,
            "errors": [{"row": row.number, "line": row.line, "reasons": list(row.reasons)} for row in rows],
            "remarks": [{"row": row.number, "line": row.line, "reasons": list(row.reasons)} for row in noted],
            "left_out": left_out,
            "run": run.id,
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    _say(figures)
    _say_rows("Refused", [(row.number, row.reasons) for row in rows], run.refused)
    _say_rows("Remarks", [(row.number, row.reasons) for row in noted], run.remarked)
    if left_out:
        click.echo(f"Columns left out: {', '.join(left_out)}.")


def _tell_rehearsal(told: dict[str, Any], as_json: bool) -> None:
    figures = {outcome: told[outcome] for outcome in _OUTCOMES}
    refused = [
        {"row": row["row"], "line": row["line"], "reasons": row["reasons"]}
        for row in told["problems"]
        if row["outcome"] == "refused"
    ]
    if as_json:
        click.echo(json.dumps({**figures, "errors": refused, "run": None}, ensure_ascii=False, indent=2))
        return
    click.echo("This would be done (nothing was):")
    _say(figures)
    _say_rows("Refused", [(row["row"], row["reasons"]) for row in refused[:TOLD]], figures["refused"])


def _say(figures: dict[str, int]) -> None:
    click.echo(", ".join(f"{number:,} {outcome}" for outcome, number in figures.items()) + ".")


def _say_rows(title: str, rows: list[tuple[int, list[str]]], number: int) -> None:
    if not rows:
        return
    click.echo(f"{title}:")
    for row, reasons in rows:
        click.echo(f"  row {row}: {' '.join(reasons)}")
    if number > len(rows):
        click.echo(f"  … and {number - len(rows):,} more.")


def _write_refused(work: Work, run: Run, path: Path) -> None:
    rows = importing.all_remarks(work, run, outcomes=("refused",))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(exporting.refused(run.columns, run.file_format["delimiter"], rows))


@click.command("export")
@click.argument("kind")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write to this file instead of standard output.",
)
@click.option("--segment", default="", help="Only what is in this segment.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=TEXT",
    help="A filter of the list: status=Lead, tag=VIP, created_from=2026-01-01 …",
)
@click.option("--columns", default="", metavar="NAMES", help="Comma-separated; all when left out.")
@click.option(
    "--delimiter",
    type=click.Choice([name for name in _DELIMITERS if name != "pipe"]),
    default="comma",
    show_default=True,
)
@click.option("--bom", is_flag=True, help="Begin with a byte order mark, for Excel.")
@click.pass_obj
def export_command(
    site: Any,
    kind: str,
    output: Path | None,
    segment: str,
    filters: tuple[str, ...],
    columns: str,
    delimiter: str,
    bom: bool,
) -> None:
    """Export records as CSV."""
    chosen = dict(_pair(text) for text in filters)
    if segment:
        chosen["segment"] = segment
    names = [name.strip() for name in columns.split(",") if name.strip()]
    with site.work() as work:
        lines = exporting.stream(work, kind, chosen, columns=names, delimiter=_DELIMITERS[delimiter], mark=bom)
        with work.begin():
            exporting.note(work, kind, chosen, names)
        with _opened(output) as file:
            for text in lines:
                file.write(text.encode())


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise Invalid(f"Write --filter NAME=TEXT: “{text}” has no equals sign.")
    return name.strip(), value.strip()


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes] | BinaryIO]:
    """The file, written aside and put in its place when it is whole; or standard output."""
    if path is None:
        out = sys.stdout.buffer
        yield out
        out.flush()
        return
    aside = path.with_name(f"{path.name}.part")
    try:
        with aside.open("wb") as file:
            yield file
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
