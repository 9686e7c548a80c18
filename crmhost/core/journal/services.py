"""The journal: entries written by people. Reading many stands in :mod:`.reading`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from ...errors import Invalid, NotFound, Stale
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts.models import Contact
from ..keyset import valid_id
from ..text import clean_json, clean_line, clean_text, nearest, unknown
from .models import JournalEntry
from .reading import Entries, count, entries, feed, of_seen_kinds, require_visible
from .system import SystemEntry, contacted
from .system import write as system
from .types import manual_types, types

__all__ = [
    "Entries",
    "SystemEntry",
    "add",
    "count",
    "edit",
    "entries",
    "feed",
    "get",
    "manual_types",
    "of_seen_kinds",
    "pin",
    "remove",
    "require_visible",
    "system",
    "types",
]

LONGEST_SUMMARY = 300
LONGEST_TEXT = 20_000
_CONTACT = "contact"


def add(
    work: Work,
    object_type: str,
    object_id: int,
    type: str,  # noqa: A002  # the word of the field
    *,
    summary: str,
    comment: str = "",
    outcome: str = "",
    at: dt.datetime | None = None,
    pinned: bool = False,
    data: Mapping[str, Any] | None = None,
    extra: Mapping[str, str] | None = None,
) -> JournalEntry:
    """Writes an entry on a record's page; a type marked as contact moves the date of the last contact.

    :param object_type: “contact”, or the name of a plugin's :class:`crmhost.api.RecordKind`.
    :param type: name of a type that people may choose.
    :param at: when it happened; now by default.
    :param extra: what stands in the fields that plugins put into the form: ``PLUGIN.name`` -> text; see the hook
        ``journal_entry_added``.
    :raises Invalid: sentences by field.
    :raises NotFound: when the actor may not see the record.
    """
    work.require("journal.edit")
    require_visible(work, object_type, object_id)
    values = _checked(work, {"type": type, "summary": summary, "comment": comment, "outcome": outcome, "at": at})
    entry = JournalEntry(
        **values,
        object_type=object_type,
        object_id=object_id,
        contact_id=object_id if object_type == _CONTACT else None,
        data=clean_json(dict(data or {})),
        pinned=pinned,
        by_system=False,
        is_contact=types(work)[values["type"]].contact,
        actor_label=work.actor.label,
        user_id=work.actor.user_id,
        created_at=work.now,
    )
    work.session.add(entry)
    work.session.flush()
    if entry.is_contact and entry.contact_id is not None:
        contacted(work, [entry.contact_id], entry.at)
    _audit(work, "journal.added", entry, after=_shown(entry))
    work.changed(Change("journal.added", "journal", entry.id, {}, _shown(entry)))
    work.hooks.call("journal_entry_added", work=work, entry=entry, values=dict(extra or {}))
    return entry


def edit(work: Work, entry_id: int, fields: Mapping[str, Any], *, version: int | None = None) -> JournalEntry:
    """Changes an entry that a person wrote: type, summary, comment, outcome, at.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved the entry since that version.
    :raises Invalid: sentences by field, or when the system wrote it.
    """
    work.require("journal.edit")
    entry = _one(work, entry_id, lock=True)
    _require_written(entry)
    if version is not None and version != entry.version:
        raise Stale("Somebody saved this entry meanwhile: look at their changes before you save yours.")
    now = {name: getattr(entry, name) for name in ("type", "summary", "comment", "outcome", "at")}
    unknown = sorted(set(fields) - set(now))
    if unknown:
        raise Invalid(
            {unknown[0]: [Message("An entry has no field “%(unknown)s”.", unknown=clean_line(unknown[0])[:60])]}
        )
    values = _checked(work, now | dict(fields), had=entry.type)
    if values == now:
        return entry
    before = _shown(entry)
    for name, value in values.items():
        setattr(entry, name, value)
    known = types(work).get(entry.type)
    entry.is_contact = known.contact if known is not None else entry.is_contact
    entry.version += 1
    work.session.flush()
    _recompute(work, entry)
    _audit(work, "journal.updated", entry, before=before, after=_shown(entry))
    work.changed(Change("journal.updated", "journal", entry.id, before, _shown(entry)))
    return entry


def pin(work: Work, entry_id: int, pinned: bool = True) -> JournalEntry:
    """Pins an entry to the top of its record's journal, or takes it down."""
    work.require("journal.edit")
    entry = _one(work, entry_id, lock=True)
    if entry.pinned != pinned:
        entry.pinned = pinned
        entry.version += 1
        work.session.flush()
        _audit(work, "journal.pinned" if pinned else "journal.unpinned", entry, after={"id": entry.id})
    return entry


def remove(work: Work, entry_id: int) -> None:
    """Deletes an entry that a person wrote."""
    work.require("journal.edit")
    entry = _one(work, entry_id, lock=True)
    _require_written(entry)
    shown = _shown(entry)
    work.session.delete(entry)
    work.session.flush()
    _recompute(work, entry)
    _audit(work, "journal.deleted", entry, before=shown)
    work.changed(Change("journal.deleted", "journal", entry_id, shown, {}))


def get(work: Work, entry_id: int) -> JournalEntry:
    """An entry.

    :raises NotFound: when there is none, or the actor may not see its record.
    """
    work.require("journal.view")
    return _one(work, entry_id)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _one(work: Work, entry_id: int, *, lock: bool = False) -> JournalEntry:
    number = valid_id(entry_id)
    wanted = select(JournalEntry).where(JournalEntry.id == (number or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    entry = work.session.scalar(wanted)
    if entry is None:
        raise NotFound("journal entry", entry_id)
    try:
        require_visible(work, entry.object_type, entry.object_id, in_bin=True)
    except NotFound:
        raise NotFound("journal entry", entry_id) from None
    return entry


def _require_written(entry: JournalEntry) -> None:
    if entry.by_system:
        raise Invalid("The system wrote this entry: it can't be changed.")


def _checked(work: Work, values: Mapping[str, Any], *, had: str = "") -> dict[str, Any]:
    """The fields of an entry as they are stored.

    :param had: type that the entry had; it may keep it, even if its plugin is off.
    """
    errors: dict[str, list[str]] = {}
    kind, manual = str(values["type"]), manual_types(work)
    if kind != had and kind not in (item.name for item in manual):
        near = nearest(kind, [item.name for item in manual])
        errors["type"] = [unknown(Message("There is no type of entry “%(kind)s”.", kind=kind[:80]), near)]
    texts = {"summary": clean_line(str(values["summary"] or ""))}
    texts |= {name: clean_text(str(values[name] or "")) for name in ("comment", "outcome")}
    if not any(texts.values()):
        errors["summary"] = ["Write what happened."]
    for name, text in texts.items():
        longest = LONGEST_SUMMARY if name == "summary" else LONGEST_TEXT
        if len(text) > longest:
            errors[name] = [
                Message(
                    "This is too long: at most %(longest)s characters, this has %(count)s.",
                    longest=longest,
                    count=len(text),
                )
            ]
    at = values["at"] or work.now
    if not isinstance(at, dt.datetime) or at.tzinfo is None:
        errors["at"] = ["Give the date and time."]
    elif not dt.datetime(1900, 1, 1, tzinfo=dt.UTC) <= at <= work.now + dt.timedelta(days=1):
        errors["at"] = ["The journal holds what happened: the date can't lie in the future, nor before 1900."]
    if errors:
        raise Invalid(errors)
    return {"type": kind, **texts, "at": at.astimezone(dt.UTC)}


def _shown(entry: JournalEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "type": entry.type,
        "summary": entry.summary,
        "at": entry.at.isoformat(),
    }


def _audit(work: Work, action: str, entry: JournalEntry, *, before: Any = None, after: Any = None) -> None:
    """The line stands under the record that the entry is about, and is cleared when that one is erased."""
    work.audit(action, entry.object_type, entry.object_id, before=before, after=after)


def _recompute(work: Work, entry: JournalEntry) -> None:
    """Sets the date of the last contact anew, after an entry of the contact changed or went."""
    if entry.contact_id is None:
        return
    newest = select(func.max(JournalEntry.at)).where(
        JournalEntry.contact_id == entry.contact_id, JournalEntry.is_contact
    )
    contact = work.session.get_one(Contact, entry.contact_id, with_for_update=True)
    contact.last_contacted_at = work.session.scalar(newest)
    work.session.flush()
