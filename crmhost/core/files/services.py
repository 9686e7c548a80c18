"""Files: staging what somebody sent, keeping it, opening it, deleting it.

Two steps, because nothing goes over a network inside a transaction::

    staged = files.stage(work, upload.stream, name=upload.filename, owner="ledger")
    with work.begin():
        file = files.store(work, staged)

Whatever breaks off in between leaves an object that nobody refers to; the job ``storage.sweep`` removes it a day later. Deleting
goes the other way round: the row in the transaction, the object by a job after the commit.

Who may do what is the owner's business: the host asks its :func:`crmhost.hooks.file_access`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, BinaryIO

from sqlalchemy import delete as delete_rows
from sqlalchemy import select

from ...errors import Conflict, CrmError, Invalid, NotFound
from ...messages import Message, Plural
from ...storage import new_key
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import valid_id
from ..rows import chunks
from .models import File
from .names import clean_name
from .sniff import HEAD, sniff

__all__ = [
    "AccessDenied",
    "Staged",
    "clean_name",
    "delete",
    "get",
    "largest_size",
    "may",
    "open",
    "reader",
    "stage",
    "staged_bytes",
    "store",
    "unstage",
]

MEGABYTE = 1024 * 1024
#: How long staged bytes may wait for their row. The sweep leaves alone what is younger than a day.
PATIENCE = dt.timedelta(hours=12)
_PIECE = 256 * 1024


class AccessDenied(CrmError):
    """The plugin that owns the file says no."""

    status = 403


@dataclasses.dataclass(frozen=True)
class Staged:
    """Bytes that are in the storage and have no row yet: hand it to :func:`store`.

    :param size: in bytes.
    :param sha256: as 64 digits.
    :param media_type: as the first bytes tell.
    """

    key: str
    name: str
    size: int
    sha256: str
    media_type: str
    owner: str
    contact_id: int | None
    at: dt.datetime


def largest_size(work: Work) -> int:
    """How large a file may be, in bytes: the setting ``storage.max_size_mb``."""
    return int(work.settings.get("storage.max_size_mb")) * MEGABYTE


def stage(
    work: Work,
    source: bytes | IO[bytes] | Iterable[bytes],
    *,
    name: str,
    owner: str,
    media_type: str = "",
    contact_id: int | None = None,
    largest: int | None = None,
) -> Staged:
    """Puts bytes into the storage, a piece in memory at a time. Before the transaction: it may go over a network.

    :param source: bytes, a file open for reading, or pieces of bytes.
    :param name: as the sender calls it; path, control characters and the like are taken out.
    :param owner: id of the plugin whose ``file_access`` says who may open it; it goes when that plugin is uninstalled.
    :param media_type: what the sender says it is. The bytes decide; this only tells CSV and the like from other text.
    :param contact_id: the person whom it is about, if it is about one.
    :param largest: in bytes, instead of the site's setting; 0 for no limit.
    :raises Invalid: when it is too large; nothing is kept then.
    :raises StorageError: when the storage can't be reached or is full.
    """
    if work.writing:
        raise RuntimeError("Call files.stage() before work.begin(): nothing goes over a network inside a transaction.")
    if owner not in work.generation.by_id:
        raise ValueError(f"{owner!r} is no plugin that runs")
    limit = largest_size(work) if largest is None else largest
    # What was only read so far must not stay open while somebody's slow upload goes on.
    work.session.rollback()
    meter = _Meter(source, limit)
    key = new_key()
    work.storage.put(key, meter)
    return Staged(
        key=key,
        name=clean_name(name),
        size=meter.size,
        sha256=meter.digest.hexdigest(),
        media_type=sniff(bytes(meter.head), media_type),
        owner=owner,
        contact_id=contact_id,
        at=work.now,
    )


def staged_bytes(work: Work, keys: Sequence[str]) -> Iterator[bytes]:
    """What was staged under some keys, one behind the other, a piece in memory at a time: for what came in parts.

    Not inside a transaction: it may go over a network.

    :raises NotFound: when one of them was swept away, a day after it was staged.
    """
    if work.writing:
        raise RuntimeError("Read staged bytes before work.begin(): nothing goes over a network inside a transaction.")
    for key in keys:
        try:
            content = work.storage.get(key)
        except FileNotFoundError:
            raise NotFound("file", key) from None
        with content:
            yield from _pieces(content)


def unstage(work: Work, keys: Sequence[str]) -> None:
    """Has what was staged and is not wanted removed after the commit; what was stored meanwhile stays."""
    if keys:
        work.enqueue("storage.remove", keys=list(keys))


def store(work: Work, staged: Staged) -> File:
    """Keeps what was staged: from now on it is a file.

    :raises AccessDenied: when the actor may not add it, as the owner says.
    :raises NotFound: when the actor may not see the contact that it is about.
    :raises Conflict: when it was staged half a day ago or longer.
    """
    if work.now - staged.at > PATIENCE:
        raise Conflict("This upload took too long: send the file again.")
    values = {name: value for name, value in vars(staged).items() if name != "at"}
    file = File(**values, created_at=work.now, created_by_id=work.actor.user_id)
    if file.contact_id is not None and not _sees_contact(work, file.contact_id):
        raise NotFound("contact", file.contact_id)
    if not _may(work, file, "store"):
        raise AccessDenied("You may not add this file. Ask an admin.", plugin=file.owner)
    work.session.add(file)
    work.session.flush()
    work.audit("file.stored", *_line(file), after=_shown(file))
    return file


def get(work: Work, file_id: int) -> File:
    """What is known of a file.

    :raises NotFound: when there is none, or the actor may not open it.
    """
    file = work.session.get(File, valid_id(file_id) or 0)
    if file is None or not may(work, file, "open"):
        raise NotFound("file", file_id)
    return file


def open(work: Work, file_id: int) -> BinaryIO:  # noqa: A001  # the word of the field
    """The bytes of a file, to be read and sought in; close it. Not inside a transaction: it may go over a network.

    :raises NotFound: when there is none, or the actor may not open it.
    :raises StorageError: when the storage can't be reached.
    """
    return reader(work, file_id)()


def reader(work: Work, file_id: int) -> Callable[[], BinaryIO]:
    """What opens a file as :func:`open` does, again and again; whether the actor may is asked once."""
    key = get(work, file_id).key

    def opened() -> BinaryIO:
        if work.writing:
            raise RuntimeError("Open files outside of work.begin(): nothing goes over a network inside a transaction.")
        work.session.rollback()
        try:
            return work.storage.get(key)
        except FileNotFoundError:
            raise NotFound("file", file_id) from None

    return opened


def delete(work: Work, *file_ids: int) -> None:
    """Deletes files; numbers that are none are fine. Their bytes go after the commit.

    :raises AccessDenied: when the actor may not, as their owner says.
    """
    numbers = [number for number in map(valid_id, file_ids) if number is not None]
    for some in chunks(numbers):
        found = list(work.session.scalars(select(File).where(File.id.in_(some))))
        for file in found:
            if not may(work, file, "delete"):
                raise AccessDenied("You may not delete this file. Ask an admin.", plugin=file.owner)
        _remove(work, found)


def delete_of(work: Work, contact_id: int) -> None:
    """Deletes all files about a person who is erased, whoever owns them. For the host."""
    _remove(work, list(work.session.scalars(select(File).where(File.contact_id == contact_id))))


def forget_owner(work: Work, owner: str) -> list[str]:
    """Deletes the rows of all files of a plugin that is uninstalled; gives the keys of their objects. For the host."""
    gone = delete_rows(File).where(File.owner == owner).returning(File.key)
    return list(work.session.scalars(gone, execution_options={"synchronize_session": False}))


def may(work: Work, file: File, action: str) -> bool:
    """Whether the actor may ``open`` or ``delete`` a file."""
    if file.contact_id is not None and not _sees_contact(work, file.contact_id):
        return False
    return _may(work, file, action)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _may(work: Work, file: File, action: str) -> bool:
    """What the owner says; where it says nothing, only who brought the file. The host itself may do everything."""
    if work.actor.kind == "system":
        return True
    if file.owner not in work.generation.by_id:
        return False
    answer = work.hooks.ask(file.owner, "file_access", otherwise=False, work=work, file=file, action=action)
    if isinstance(answer, bool):
        return answer
    return work.actor.user_id is not None and file.created_by_id == work.actor.user_id


def _sees_contact(work: Work, contact_id: int) -> bool:
    return (
        work.session.scalar(work.visible(Contact).where(Contact.id == contact_id).with_only_columns(Contact.id))
        is not None
    )


def _remove(work: Work, found: Sequence[File]) -> None:
    if not found:
        return
    work.audit_many([("file.deleted", *_line(file), _shown(file), None) for file in found])
    keys = [file.key for file in found]
    ids = [file.id for file in found]
    for file in found:
        work.session.expunge(file)
    work.session.execute(delete_rows(File).where(File.id.in_(ids)), execution_options={"synchronize_session": False})
    work.enqueue("storage.remove", keys=keys)


def _line(file: File) -> tuple[str, int]:
    """What a line of the audit log stands under: the person, if it is about one, for it is cleared when that one is erased."""
    return ("file", file.id) if file.contact_id is None else ("contact", file.contact_id)


def _shown(file: File) -> dict[str, Any]:
    return {"id": file.id, "name": file.name, "size": file.size, "media_type": file.media_type, "owner": file.owner}


class _Meter:
    """The bytes of a source in pieces, measured as they pass.

    :param limit: largest number of bytes; 0 for none.
    """

    def __init__(self, source: bytes | IO[bytes] | Iterable[bytes], limit: int) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self.head = bytearray()
        self._source = source
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        for piece in _pieces(self._source):
            self.size += len(piece)
            if self._limit and self.size > self._limit:
                raise Invalid(
                    Message("The file is too large: at most %(limit)s are taken.", limit=_readable(self._limit))
                )
            self.digest.update(piece)
            if len(self.head) < HEAD:
                self.head += piece[: HEAD - len(self.head)]
            yield piece


def _pieces(source: bytes | IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
    elif (read := getattr(source, "read", None)) is not None:
        while piece := read(_PIECE):
            yield piece
    else:
        yield from source


def _readable(size: int) -> str:
    if size >= MEGABYTE:
        return Message("%(size)s MB", size=round(size / MEGABYTE))
    return Plural("%(num)s byte", "%(num)s bytes", size)
