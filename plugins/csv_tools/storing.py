"""The file of a run: one of the host's files, so that any process can go on with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import IO

from sqlalchemy import select, update

from crmhost.api import Invalid, Work, files

from .models import Run
from .sniff import Source

PIECE = 512 * 1024


def take(work: Work, file: IO[bytes], name: str) -> files.Staged:
    """Takes a file in; before the transaction that hands it to :func:`keep`.

    :raises Invalid: when it is too large.
    """
    return files.stage(work, file, name=name, owner="csv_tools", media_type="text/csv")


def keep(work: Work, run: Run, staged: files.Staged) -> None:
    """Makes what was taken in the file of a run."""
    run.file_id = files.store(work, staged).id
    run.digest, run.size = staged.sha256, staged.size
    work.session.flush()


def drop(work: Work, run_ids: Sequence[int]) -> None:
    """Removes the files of runs."""
    mine = Run.id.in_(run_ids)
    found = [number for number in work.session.scalars(select(Run.file_id).where(mine)) if number is not None]
    work.session.execute(update(Run).where(mine).values(file_id=None))
    files.delete(work, *found)


def stored(work: Work, run_id: int) -> Source:
    """Opens the file of a run, again and again; a piece is in memory at a time.

    :raises Invalid: when it is not kept any more.
    """
    file_id = work.session.scalar(select(Run.file_id).where(Run.id == run_id))
    if file_id is None:
        raise Invalid("The file of this import is no longer here: upload it again.")
    return files.reader(work, file_id)


def digest(source: Source) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    known, size = hashlib.sha256(), 0
    with source() as file:
        while piece := file.read(PIECE):
            known.update(piece)
            size += len(piece)
    return known.hexdigest(), size
