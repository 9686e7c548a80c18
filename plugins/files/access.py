"""Who may see, change and open which file: the record that it belongs to decides, besides the permissions of this plugin."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from crmhost.api import CrmError, File, Work, records

from .models import Entry, Version


def record_of(work: Work, object_type: str, object_id: int, *, edit: bool = False) -> Any:
    """The record that files belong to.

    :param edit: the actor wants to add or change one.
    :raises NotFound: when there is none, or the actor may not see it.
    :raises Forbidden: when the actor may not change it, or may not see or change files.
    """
    work.require("files.view")
    found = records.get(work, object_type, object_id)
    if edit:
        work.require("files.edit")
        work.require(records.kind_of(work, object_type).edit, found)
    return found


def may_edit(work: Work, object_type: str, record: Any) -> bool:
    """Whether the actor may add and change files of a record that they see."""
    kind = records.kinds(work).get(object_type)
    return kind is not None and work.can("files.edit") and work.can(kind.edit, record)


def may(work: Work, file: File, action: str) -> bool | None:
    """Answers the host's question about the bytes of a file, see :func:`crmhost.hooks.file_access`."""
    if action == "store":
        return work.can("files.edit")
    if action == "delete":
        # Asked by our own services alone, which look at the record before.
        return work.can("files.delete")
    mine = select(Version.entry_id).where(or_(Version.file_id == file.id, Version.thumbnail_id == file.id))
    entry = work.session.scalar(select(Entry).where(Entry.id.in_(mine)))
    if entry is None:
        return None
    if not work.can("files.view") or (entry.deleted_at is not None and not work.can("files.delete")):
        return False
    try:
        record_of(work, entry.object_type, entry.object_id)
    except CrmError:
        return False
    return True
