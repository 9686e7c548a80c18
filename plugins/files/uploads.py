"""Uploads in parts that go on after a broken connection. Each part waits in the storage; the last one makes the file.

What must not happen inside a transaction (bytes go over a network) and what must are two steps each: :func:`stage_piece` and
:func:`keep_piece`, :func:`assemble` and :func:`finish`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from typing import IO, Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update

from crmhost.api import Conflict, Invalid, Message, NotFound, Work, files, texts

from . import access, limits, services
from .models import Entry, Piece, Upload

#: Bytes of a part as our own page sends it.
PIECE = 5 * 1024 * 1024
#: Bytes of a part at most, and at least but for the last one: nobody fills the table with single bytes.
MOST, LEAST = 16 * 1024 * 1024, 64 * 1024
#: How long an upload may take; its parts are swept away a day after they came.
LIFE = dt.timedelta(hours=20)
#: Uploads that a person may have under way.
AT_ONCE = 200
_READ = 256 * 1024


def start(
    work: Work,
    object_type: str,
    object_id: int,
    *,
    name: str,
    size: int,
    media_type: str = "",
    entry_id: int | None = None,
) -> Upload:
    """Begins an upload.

    :param size: of the whole file, in bytes.
    :param entry_id: the file that gets a new version.
    :raises Invalid: when it is too large, or there is no room.
    :raises NotFound: when there is no such record, or the actor may not see it.
    """
    access.record_of(work, object_type, object_id, edit=True)
    if entry_id is not None:
        entry = services.get(work, entry_id, edit=True)
        if (entry.object_type, entry.object_id) != (object_type, object_id):
            raise NotFound("file", entry_id)
    limits.check_size(work, size)
    limits.check_room(work, object_type, object_id, size)
    mine = select(func.count()).select_from(Upload).where(Upload.user_id == _user(work), Upload.made_id.is_(None))
    if (work.session.scalar(mine) or 0) >= AT_ONCE:
        raise Conflict("Too many uploads are under way: wait until some are done.")
    upload = Upload(
        id=secrets.token_hex(16),
        user_id=_user(work),
        object_type=object_type,
        object_id=object_id,
        entry_id=entry_id,
        name=files.clean_name(name),
        media_type=texts.clean_line(media_type)[:120],
        size=size,
        offset=0,
        created_at=work.now,
    )
    work.session.add(upload)
    work.session.flush()
    return upload


def get(work: Work, upload_id: str) -> Upload:
    """An upload of the actor's own.

    :raises NotFound: when there is none, it is somebody else's, or it took too long.
    """
    found = work.session.get(Upload, upload_id[:32])
    if found is None or found.user_id != _user(work) or work.now - found.created_at > LIFE:
        raise NotFound("upload", upload_id[:32])
    return found


def stage_piece(work: Work, upload_id: str, offset: int, source: IO[bytes], length: int) -> files.Staged:
    """Puts a part into the storage. Before the transaction.

    :param length: bytes that the sender announced.
    :raises Conflict: when it is not the part that comes next, or was cut off.
    :raises Invalid: when the part is too large or too small, or begins a file of a type that is not allowed.
    """
    upload = get(work, upload_id)
    _require_next(upload, offset)
    whole = upload.size
    if not 0 < length <= MOST or offset + length > whole:
        raise Invalid(Message("Send parts of at most %(most)s bytes, none beyond the end of the file.", most=MOST))
    if length < LEAST and offset + length != whole:
        raise Invalid(Message("Send parts of at least %(least)s bytes.", least=LEAST))
    access.record_of(work, upload.object_type, upload.object_id, edit=True)
    staged = files.stage(
        work, _exactly(source, length), name=upload.name, owner="files", media_type=upload.media_type, largest=MOST
    )
    if offset == 0:
        limits.check_type(work, staged.media_type)
    return staged


def keep_piece(work: Work, upload_id: str, offset: int, staged: files.Staged) -> int:
    """Counts a staged part to its upload; gives how many bytes have come by now.

    :raises Conflict: when another request brought this part meanwhile, as from a second tab.
    """
    get(work, upload_id)
    moved = (
        update(Upload)
        .where(Upload.id == upload_id, Upload.offset == offset, Upload.made_id.is_(None))
        .values(offset=offset + staged.size)
        .returning(Upload.id)
    )
    if work.session.execute(moved, execution_options={"synchronize_session": False}).first() is None:
        raise Conflict("This part is there already: ask where the upload stands.")
    work.session.add(Piece(upload_id=upload_id, start=offset, key=staged.key, size=staged.size))
    work.session.flush()
    return offset + staged.size


def assemble(work: Work, upload_id: str) -> services.Prepared | None:
    """Puts the parts of a complete upload together; ``None`` when it became a file already. Before the transaction.

    :raises Conflict: when parts are missing.
    :raises Invalid: when its content is not allowed.
    """
    upload = get(work, upload_id)
    if upload.made_id is not None:
        return None
    if upload.offset != upload.size:
        raise Conflict("The upload is not complete: send the rest first.")
    size = upload.size
    keys = list(work.session.scalars(select(Piece.key).where(Piece.upload_id == upload_id).order_by(Piece.start)))
    prepared = services.stage(
        work,
        upload.object_type,
        upload.object_id,
        files.staged_bytes(work, keys),
        name=upload.name,
        media_type=upload.media_type,
        upload_id=upload_id,
    )
    if prepared.staged.size != size:
        raise Conflict("Parts of this upload are gone: send the file again.")
    return prepared


def finish(work: Work, upload_id: str, prepared: services.Prepared | None, given: Mapping[str, Any]) -> Entry:
    """Makes the file of a complete upload, or gives the one that it became already.

    :param given: ``kind``, ``description``, ``portal``; a new version of a file takes none.
    """
    upload = get(work, upload_id)
    locked = select(Upload).where(Upload.id == upload.id).with_for_update().execution_options(populate_existing=True)
    upload = work.session.scalars(locked).one()
    if upload.made_id is not None or prepared is None:
        if prepared is not None:
            files.unstage(work, [one.key for one in (prepared.staged, prepared.thumbnail) if one is not None])
        return services.get(work, upload.made_id or 0)
    if upload.entry_id is not None:
        entry = services.add_version(work, upload.entry_id, prepared)
    else:
        entry = services.add(work, prepared, **given)
    upload.made_id = entry.id
    _drop_pieces(work, [upload_id])
    return entry


def cancel(work: Work, upload_id: str) -> None:
    """Ends an upload of the actor's own; what came of it goes."""
    upload = get(work, upload_id)
    _drop_pieces(work, [upload_id])
    work.session.delete(upload)
    work.session.flush()


def sweep(work: Work, limit: int = 200) -> int:
    """Removes uploads that took too long, and the record of finished ones; gives how many."""
    old = select(Upload.id).where(Upload.created_at < work.now - LIFE).order_by(Upload.created_at).limit(limit)
    ids = list(work.session.scalars(old))
    if ids:
        _drop_pieces(work, ids)
        work.session.execute(
            delete_rows(Upload).where(Upload.id.in_(ids)), execution_options={"synchronize_session": False}
        )
    return len(ids)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _user(work: Work) -> int:
    if work.actor.user_id is None:
        raise NotFound("upload", "")
    return work.actor.user_id


def _require_next(upload: Upload, offset: int) -> None:
    if upload.made_id is not None or upload.offset != offset:
        raise Conflict("This is not the part that comes next: ask where the upload stands.")


def _exactly(source: IO[bytes], length: int) -> Iterator[bytes]:
    """So many bytes of a source.

    :raises Conflict: when it ends before, as when a connection breaks.
    """
    left = length
    while left:
        try:
            some = source.read(min(left, _READ))
        except (OSError, ValueError):
            some = b""
        if not some:
            raise Conflict("The connection broke off: send this part again.")
        left -= len(some)
        yield some


def _drop_pieces(work: Work, upload_ids: list[str]) -> None:
    gone = delete_rows(Piece).where(Piece.upload_id.in_(upload_ids)).returning(Piece.key)
    files.unstage(work, list(work.session.scalars(gone, execution_options={"synchronize_session": False})))
