"""Files of records: adding, versions, changing, bin.

Adding takes two steps, because nothing goes over a network inside a transaction::

    prepared = services.stage(work, "contact", 7, upload.stream, name=upload.filename)
    with work.begin():
        entry = services.add(work, prepared, kind="Contract")
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update

from crmhost.api import Change, Invalid, Message, NotFound, Stale, Work, files, keyset, records, search, texts

from . import access, limits, thumbs
from .models import KIND, Entry, Version

_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_FIELDS = ("name", "kind", "description", "portal")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A file whose bytes are in the storage: hand it to :func:`add` or :func:`add_version`."""

    object_type: str
    object_id: int
    staged: files.Staged
    thumbnail: files.Staged | None


def stage(
    work: Work,
    object_type: str,
    object_id: int,
    source: bytes | IO[bytes] | Iterable[bytes],
    *,
    name: str,
    media_type: str = "",
    upload_id: str = "",
) -> Prepared:
    """Puts the bytes of a file of a record into the storage, and a preview if it is a picture. Before the transaction.

    :param media_type: what the sender says; the content decides.
    :param upload_id: the upload that the bytes come from.
    :raises Invalid: when it is too large, of a type that is not allowed, or there is no room.
    :raises NotFound: when there is no such record, or the actor may not see it.
    :raises Forbidden: when the actor may not change it.
    """
    access.record_of(work, object_type, object_id, edit=True)
    person = object_id if object_type == "contact" else None
    staged = files.stage(
        work,
        source,
        name=name,
        owner="files",
        media_type=media_type,
        contact_id=person,
        largest=limits.largest(work),
    )
    limits.check_type(work, staged.media_type)
    limits.check_room(work, object_type, object_id, staged.size, upload_id=upload_id)
    return Prepared(object_type, object_id, staged, thumbs.stage(work, staged))


def add(work: Work, prepared: Prepared, *, journal_id: int | None = None, **fields: Any) -> Entry:
    """Adds a file to a record.

    :param journal_id: entry of the journal that it is attached to.
    :param fields: ``name``, ``kind``, ``description``, ``portal``; see :func:`change`.
    :raises Invalid: sentences by field.
    """
    access.record_of(work, prepared.object_type, prepared.object_id, edit=True)
    values = _checked(work, fields, "")
    staged = prepared.staged
    entry = Entry(
        object_type=prepared.object_type,
        object_id=prepared.object_id,
        contact_id=staged.contact_id,
        journal_id=journal_id,
        created_by_id=work.actor.user_id,
        created_at=work.now,
        updated_at=work.now,
        kind=values.get("kind", ""),
        description=values.get("description", ""),
        portal=values.get("portal", False),
        **_told(staged),
    )
    work.session.add(entry)
    _keep_version(work, entry, prepared, 1)
    _tell(work, "file.uploaded", entry, {}, shown(entry))
    return entry


def add_version(work: Work, entry_id: int, prepared: Prepared) -> Entry:
    """Gives a file a new version; the old ones stay."""
    entry = get(work, entry_id, edit=True)
    if (entry.object_type, entry.object_id) != (prepared.object_type, prepared.object_id):
        raise NotFound("file", entry_id)
    before = shown(entry)
    last = work.session.scalar(select(func.max(Version.number)).where(Version.entry_id == entry.id)) or 0
    for name, value in _told(prepared.staged).items():
        setattr(entry, name, value)
    _keep_version(work, entry, prepared, last + 1)
    entry.version += 1
    entry.updated_at = work.now
    _tell(work, "file.updated", entry, before, shown(entry))
    return entry


def get(work: Work, entry_id: int, *, edit: bool = False, in_bin: bool = False) -> Entry:
    """A file.

    :param edit: the actor wants to change it.
    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    :raises Forbidden: when the actor may not change its record.
    """
    work.require("files.view")
    wanted = select(Entry).where(Entry.id == (keyset.valid_id(entry_id) or 0))
    if edit and work.writing:
        wanted = wanted.with_for_update(of=Entry).execution_options(populate_existing=True)
    found: Entry | None = work.session.scalar(wanted)
    if found is None or (found.deleted_at is not None and not (in_bin and work.can("files.delete"))):
        raise NotFound("file", entry_id)
    try:
        access.record_of(work, found.object_type, found.object_id, edit=edit)
    except NotFound:
        raise NotFound("file", entry_id) from None
    return found


def change(work: Work, entry_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Entry:
    """Changes what is said of a file; fields that are not given stay.

    :param given: ``name``, ``kind`` (one of the settings, or empty), ``description``, ``portal``.
    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: sentences by field.
    """
    entry = get(work, entry_id, edit=True)
    if version is not None and version != entry.version:
        raise Stale("Somebody saved this file meanwhile: look at their changes before you save yours.")
    values = _checked(work, given, entry.kind)
    before = {name: getattr(entry, name) for name, value in values.items() if getattr(entry, name) != value}
    if before:
        for name in before:
            setattr(entry, name, values[name])
        entry.name_key = texts.fold(entry.name)[:200]
        entry.version += 1
        entry.updated_at = work.now
        _tell(work, "file.updated", entry, before, {name: values[name] for name in before})
    return entry


def versions(work: Work, entry: Entry) -> list[Version]:
    """All versions of a file that the actor is known to see, newest first."""
    return list(
        work.session.scalars(select(Version).where(Version.entry_id == entry.id).order_by(Version.number.desc()))
    )


# --- bin -------------------------------------------------------------------------------------------------------------


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves files to the bin; gives how many moved. Those that the actor may not see are left alone."""
    return _move(work, "file.deleted", _chosen(work, ids), work.now)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings files back from the bin; gives how many came back."""
    return _move(work, "file.restored", _chosen(work, ids, in_bin=True), None)


def erase(work: Work, ids: Sequence[int]) -> int:
    """Removes files from the bin for good, with all their versions; gives how many went."""
    chosen = _chosen(work, ids, in_bin=True)
    keys = [entry.id for entry in chosen]
    rows = work.session.execute(select(Version.file_id, Version.thumbnail_id).where(Version.entry_id.in_(keys)))
    gone = [number for row in rows for number in row if number is not None]
    for entry in chosen:
        _tell(work, "file.erased", entry, shown(entry), {})
        work.session.expunge(entry)
    for model, column in ((Version, Version.entry_id), (Entry, Entry.id)):
        work.session.execute(
            delete_rows(model).where(column.in_(keys)), execution_options={"synchronize_session": False}
        )
    files.delete(work, *gone)
    search.drop(work, KIND, keys)
    return len(keys)


def empty_bin(work: Work, limit: int = 200) -> int:
    """Erases files whose days in the bin are over, at most ``limit``; gives how many went."""
    return erase(work, records.overdue(work, Entry, limit))


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Has the files of records that went for good erased by the next emptying of the bin."""
    gone: dict[str, list[int]] = {}
    for change in changes:
        if change.name.endswith(".erased") and change.object_type not in (KIND, "contact"):
            gone.setdefault(change.object_type, []).append(change.object_id)
    for object_type, ids in gone.items():
        forget(work, object_type, ids)


def forget(work: Work, object_type: str, ids: Sequence[int]) -> None:
    """Has the files of records that are gone for good erased by the next emptying of the bin."""
    mine = (Entry.object_type == object_type, Entry.object_id.in_(list(ids)))
    work.session.execute(
        update(Entry).where(*mine).values(deleted_at=_LONG_AGO), execution_options={"synchronize_session": False}
    )


def forget_person(work: Work, contact_id: int) -> None:
    """Before a person is erased: their files, which go with the contact, are no longer found by their words."""
    ids = select(Entry.id).where(Entry.contact_id == contact_id)
    search.drop(work, KIND, list(work.session.scalars(ids)))


def follow_merge(work: Work, contact_ids: Sequence[int]) -> None:
    """After a merge or its undo: what moved with the contact belongs to that one."""
    moved = (Entry.object_type == "contact", Entry.contact_id.in_(list(contact_ids)))
    work.session.execute(
        update(Entry).where(*moved, Entry.object_id != Entry.contact_id).values(object_id=Entry.contact_id),
        execution_options={"synchronize_session": False},
    )


# --- helpers ---------------------------------------------------------------------------------------------------------


def shown(entry: Entry) -> dict[str, Any]:
    """What the audit log and events say of a file."""
    plain = ("name", "size", "media_type", "kind", "description", "portal", "object_type", "object_id")
    return {"id": entry.id, **{name: getattr(entry, name) for name in plain}}


def _told(staged: files.Staged) -> dict[str, Any]:
    return {
        "name": staged.name,
        "name_key": texts.fold(staged.name)[:200],
        "size": staged.size,
        "media_type": staged.media_type,
    }


def _keep_version(work: Work, entry: Entry, prepared: Prepared, number: int) -> None:
    entry.file_id = files.store(work, prepared.staged).id
    entry.thumbnail_id = None if prepared.thumbnail is None else files.store(work, prepared.thumbnail).id
    work.session.flush()
    work.session.add(
        Version(
            entry_id=entry.id,
            number=number,
            created_by_id=work.actor.user_id,
            created_at=work.now,
            **{name: getattr(entry, name) for name in ("file_id", "thumbnail_id", "name", "size", "media_type")},
        )
    )
    work.session.flush()


def _checked(work: Work, given: Mapping[str, Any], current: str) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _FIELDS:
            errors[name[:60]] = [Message("There is no field “%(name)s”.", name=name[:60])]
        elif name == "portal":
            values[name] = bool(value)
        elif name == "description":
            values[name] = texts.clean_text(str(value or ""))
            if len(values[name]) > 1000:
                errors[name] = ["Write at most 1,000 characters."]
        elif name == "kind":
            values[name] = _kind(work, str(value or ""), current, errors)
        else:
            values[name] = files.clean_name(str(value or ""))
            if not str(value or "").strip():
                errors[name] = ["Give it a name."]
    if errors:
        raise Invalid(errors)
    return values


def _kind(work: Work, value: str, current: str, errors: dict[str, list[str]]) -> str:
    known = {texts.fold(name): name for name in (*limits.kinds(work), current, "")}
    found = known.get(texts.fold(value))
    if found is None:
        said = Message("There is no kind “%(name)s”. Admins change the list in Settings > Files.", name=value[:60])
        errors["kind"] = [said]
    return found or ""


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Entry]:
    """The files among these whose records the actor may see and change, locked in one order."""
    work.require("files.delete")
    where = (
        [] if work.actor.kind == "system" else [Entry.within_reach(work.actor), Entry.object_type.in_(_editable(work))]
    )
    return records.chosen(work, Entry, ids, *where, in_bin=in_bin)


def _editable(work: Work) -> list[str]:
    return [name for name, kind in records.kinds(work).items() if work.can(kind.permission) and work.can(kind.edit)]


def _move(work: Work, name: str, chosen: Sequence[Entry], at: dt.datetime | None) -> int:
    for entry in chosen:
        entry.deleted_at = at
        entry.version += 1
        entry.updated_at = work.now
    work.session.flush()
    work.audit_many([(name, entry.object_type, entry.object_id, None, shown(entry)) for entry in chosen])
    for entry in chosen:
        work.changed(Change(name, KIND, entry.id, {}, shown(entry)))
    return len(chosen)


def _tell(work: Work, name: str, entry: Entry, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Audits a change under the record, whose history people read, and tells it."""
    if after:
        search.put(work, KIND, [(entry.id, f"{entry.name} {entry.description}")])
    work.audit(name, entry.object_type, entry.object_id, before=dict(before) or None, after=dict(after) or None)
    work.changed(Change(name, KIND, entry.id, dict(before), dict(after)))
