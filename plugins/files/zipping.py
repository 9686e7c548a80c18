"""Several files as one ZIP, made while it is sent: a piece in memory at a time, nothing on a disk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import File, Invalid, Message, Work, keyset, records, texts

from . import limits, queries
from .models import Entry

#: Files, and bytes of them, that one ZIP holds at most.
MOST, LARGEST = 500, 4 * 1024 * limits.MEGABYTE
_PIECE = 256 * 1024
_FIRST_YEAR = 1980


@dataclasses.dataclass(frozen=True)
class Packed:
    """A file that goes into a ZIP.

    :param name: in it; no two are the same, not even on a system that knows no capitals.
    :param key: of its bytes in the storage.
    """

    name: str
    key: str
    size: int
    at: dt.datetime


def of_record(work: Work, object_type: str, object_id: int) -> list[int]:
    """The ids of the files of a record that the actor is known to see, one more than a ZIP holds at most."""
    mine = queries.of_record(object_type, object_id).with_only_columns(Entry.id).limit(MOST + 1)
    return list(work.session.scalars(mine))


def chosen(work: Work, ids: Sequence[object]) -> list[Packed]:
    """The files among these that the actor may see, in their newest version, the oldest first.

    :raises Invalid: when there is none, or they are too many or too large together.
    """
    work.require("files.view")
    keys = sorted({number for number in map(keyset.valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s files go into one ZIP: choose fewer.", most=MOST))
    wanted = select(Entry, File.key).join(File, File.id == Entry.file_id)
    rows = work.session.execute(wanted.where(Entry.id.in_(keys), Entry.deleted_at.is_(None)).order_by(Entry.id)).all()
    owners: dict[str, list[int]] = {}
    for entry, _key in rows:
        owners.setdefault(entry.object_type, []).append(entry.object_id)
    seen = records.titles(work, owners)
    found = [(entry, key) for entry, key in rows if (entry.object_type, entry.object_id) in seen]
    if not found:
        raise Invalid("Choose some files first.")
    if sum(entry.size for entry, _key in found) > LARGEST:
        most = LARGEST // limits.MEGABYTE
        raise Invalid(Message("These files are too large for one ZIP: at most %(most)s MB go into it.", most=most))
    names = unique(entry.name for entry, _key in found)
    return [
        Packed(name, key, entry.size, entry.updated_at.astimezone(work.timezone))
        for name, (entry, key) in zip(names, found, strict=True)
    ]


def unique(names: Iterable[str]) -> list[str]:
    """The names, the second of two that are the same with a number: ``a.txt``, ``a (2).txt``."""
    taken: set[str] = set()
    found = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (name, "")
        number, free = 1, name
        while texts.fold(free) in taken:
            number += 1
            free = f"{stem} ({number}){ending}"
        taken.add(texts.fold(free))
        found.append(free)
    return found


def stream(work: Work, packed: Sequence[Packed]) -> Iterator[bytes]:
    """The ZIP in pieces; a file whose bytes are gone is left out. Not inside a transaction.

    :raises StorageError: when the storage can't be reached.
    """
    work.session.rollback()
    out = _Out()
    with zipfile.ZipFile(out, "w") as archive:  # type: ignore[call-overload]  # what it writes to need not be read
        for one in packed:
            info = zipfile.ZipInfo(one.name, (max(one.at.year, _FIRST_YEAR), *one.at.timetuple()[1:6]))
            # Stored as they are: pictures and PDF files hardly get smaller.
            info.file_size = one.size
            try:
                source = work.storage.get(one.key)
            except FileNotFoundError:
                continue
            with source, archive.open(info, "w") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
                    yield out.taken()
    yield out.taken()


class _Out:
    """What is written to it is taken away at once."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, some: Any) -> int:
        """Keeps some bytes."""
        self._held += some
        return len(some)

    def flush(self) -> None:
        """Has nothing to do."""

    def taken(self) -> bytes:
        """What was written since."""
        found = bytes(self._held)
        self._held.clear()
        return found
