"""The file of a run: kept in the database in compressed pieces, so that any process can go on with it."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import IO

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from crmhost.api import Invalid, Work

from .models import Piece
from .sniff import Source

#: Bytes of a piece before it is compressed.
PIECE = 512 * 1024


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces."""
    while piece := file.read(PIECE):
        yield piece


def put(work: Work, run_id: int, number: int, data: bytes) -> None:
    """Stores a piece; the first has the number 0."""
    work.session.execute(insert(Piece), [{"run_id": run_id, "number": number, "data": zlib.compress(data, 1)}])


def drop(work: Work, run_ids: list[int]) -> None:
    """Removes the files of runs."""
    work.session.execute(
        delete(Piece).where(Piece.run_id.in_(run_ids)), execution_options={"synchronize_session": False}
    )


def stored(session: Session, run_id: int) -> Source:
    """Opens the file of a run, again and again; a piece is in memory at a time."""
    if not session.scalar(select(func.count()).where(Piece.run_id == run_id)):
        raise Invalid("The file of this import is no longer here: upload it again.")
    return lambda: io.BufferedReader(_Pieces(session, run_id), PIECE)


class _Pieces(io.RawIOBase):
    """The pieces one after the other, as one file."""

    def __init__(self, session: Session, run_id: int) -> None:
        self._session = session
        self._run = run_id
        self._next = 0
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            wanted = select(Piece.data).where(Piece.run_id == self._run, Piece.number == self._next)
            data = self._session.scalar(wanted)
            if data is None:
                return 0
            self._left = memoryview(zlib.decompress(data))
            self._next += 1
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def digest(source: Source) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    known, size = hashlib.sha256(), 0
    with source() as file:
        for piece in pieces(file):
            known.update(piece)
            size += len(piece)
    return known.hexdigest(), size
