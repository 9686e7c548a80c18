"""Leads a whole file through an import, a batch a transaction. For the edges: pages and the command line."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from crmhost.api import Message, Work

from . import importing, proposing, undoing
from .models import Run
from .reading import CsvTable
from .sniff import Format, Source

#: Begins a transaction: ``work.begin`` or, in a page, ``writing``.
Begin = Callable[[], AbstractContextManager[Work]]

#: Problems that a rehearsal tells.
MOST_PROBLEMS = 1000


def proceed(
    begin: Begin,
    run: Run,
    source: Source,
    *,
    seconds: float | None = None,
    progress: Callable[[Run], Any] = lambda _: None,
) -> Run:
    """Imports the rows that are left, from where the run is.

    :param seconds: stop after about so long; the run can go on later.
    :param progress: called after each batch.
    :raises Conflict: when somebody else goes on with the run.
    """
    until = None if seconds is None else time.monotonic() + seconds
    # Plain numbers: a new transaction reads the run anew, and must find it where we left it.
    run_id, position = run.id, run.position
    rows = CsvTable(source, Format.from_json(run.file_format)).rows(after=position)
    while batch := list(itertools.islice(rows, importing.BATCH)):
        with begin() as work:
            run = importing.save_batch(work, run_id, position, batch)
            position = run.position
        progress(run)
        if until is not None and time.monotonic() > until:
            return run
    with begin() as work:
        return importing.finish(work, run_id)


def undo(begin: Begin, run: Run, *, progress: Callable[[Run], Any] = lambda _: None) -> Run:
    """Takes an import back, from where undoing came to.

    :param progress: called after each batch.
    """
    run_id = run.id
    while run.state == "undoing":
        with begin() as work:
            run = undoing.undo_batch(work, run_id)
        progress(run)
    return run


class _TakenBack(Exception):  # no error: what makes the transaction roll back
    """The rehearsal is over."""


def rehearse(
    begin: Begin,
    run: Run,
    source: Source,
    limit: int | None = proposing.FIRST_ROWS,
    *,
    progress: Callable[[int], Any] = lambda _: None,
) -> dict[str, Any]:
    """What an import would do with the first rows: everything is done and taken back.

    The same person in two batches counts as added twice.

    :param limit: number of rows; ``None`` for all.
    :param progress: called with the number of rows after each batch.
    :returns: {"rows", "whole", "added", "updated", "skipped", "refused", "remarked", "problems": [{"row", "line", "outcome",
        "reasons"}]}; ``whole``: these were all rows; ``remarked``: the number of problems, of which the first are told.
    """
    told: list[dict[str, Any]] = []
    figures: collections.Counter[str] = collections.Counter()
    remarked = 0
    for batch in _batches(run, source, limit):
        try:
            with begin() as work:
                results = importing.save_rows(work, run, batch)
                raise _TakenBack
        except _TakenBack:
            pass
        for record, result in zip(batch, results, strict=True):
            figures[result.outcome] += 1
            if importing.remarked(result):
                remarked += 1
                if len(told) < MOST_PROBLEMS:
                    reasons = list(result.reasons)
                    told.append({"row": record.row, "line": record.line, "outcome": result.outcome, "reasons": reasons})
        progress(figures.total())
    outcomes = {outcome: figures[outcome] for outcome in ("added", "updated", "skipped", "refused")}
    whole = limit is None or figures.total() < limit or (run.counted and run.total <= limit)
    return {"rows": figures.total(), "whole": whole, **outcomes, "remarked": remarked, "problems": told}


@dataclasses.dataclass
class Problem:
    """The same problem of some rows: numbers of the first ones, and how many there are. Refused rows come first."""

    outcome: str
    text: str
    rows: list[int]
    number: int


def grouped(problems: Iterable[Mapping[str, Any]], most: int = 8) -> list[Problem]:
    """What :func:`rehearse` told, each different problem once.

    :param most: rows that are named of each.
    """
    found: dict[tuple[str, str], Problem] = {}
    for item in problems:
        key = item["outcome"], Message.joined(item["reasons"] or [""])
        problem = found.setdefault(key, Problem(*key, [], 0))
        problem.number += 1
        if len(problem.rows) < most:
            problem.rows.append(item["row"])
    return sorted(found.values(), key=lambda problem: problem.outcome != "refused")


def _batches(run: Run, source: Source, limit: int | None) -> Iterator[list[Any]]:
    rows = itertools.islice(CsvTable(source, Format.from_json(run.file_format)).rows(), limit)
    while batch := list(itertools.islice(rows, 500)):
        yield batch
