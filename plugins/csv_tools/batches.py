"""Leads a whole file through an import, a batch a transaction. For the edges: pages and the command line."""

from __future__ import annotations

import collections
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from crmhost.api import Work

from . import importing, undoing
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


def rehearse(begin: Begin, run: Run, source: Source, limit: int | None = importing.FIRST_ROWS) -> dict[str, Any]:
    """What an import would do with the first rows: everything is done and taken back.

    The same person in two batches counts as added twice.

    :param limit: number of rows; ``None`` for all.
    :returns: {"rows", "added", "updated", "skipped", "refused", "problems": [{"row", "line", "outcome", "reasons"}]}.
    """
    told: list[dict[str, Any]] = []
    figures: collections.Counter[str] = collections.Counter()
    for batch in _batches(run, source, limit):
        try:
            with begin() as work:
                results = importing.save_rows(work, run, batch)
                raise _TakenBack
        except _TakenBack:
            pass
        for record, result in zip(batch, results, strict=True):
            figures[result.outcome] += 1
            if importing.remarked(result) and len(told) < MOST_PROBLEMS:
                told.append(
                    {"row": record.row, "line": record.line, "outcome": result.outcome, "reasons": list(result.reasons)}
                )
    outcomes = {outcome: figures[outcome] for outcome in ("added", "updated", "skipped", "refused")}
    return {"rows": figures.total(), **outcomes, "problems": told}


def _batches(run: Run, source: Source, limit: int | None) -> Iterator[list[Any]]:
    rows = itertools.islice(CsvTable(source, Format.from_json(run.file_format)).rows(), limit)
    while batch := list(itertools.islice(rows, 500 if limit is None else limit)):
        yield batch
