"""The journal: entries written by people, read for one record or across the whole site."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, func, not_, select, union

from ...errors import Invalid, NotFound, Stale
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts.models import Contact
from ..keyset import encode, opaque, ordered, valid_id
from ..records import services as records
from ..text import clean_json, clean_line, clean_text, nearest, unknown
from .models import JournalEntry
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

By = Literal["all", "people", "system"]
LONGEST_SUMMARY = 300
LONGEST_TEXT = 20_000
LARGEST_PAGE = 200
#: Further entries are not counted.
MOST_COUNTED = 10_000
#: Contacts of a limited user up to which their entries are looked up contact by contact.
FEW = 2_000
_CONTACT = "contact"
_KEYS = (JournalEntry.at, JournalEntry.id)


@dataclasses.dataclass(frozen=True)
class Entries:
    """A page of entries, newest first.

    :param pinned: pinned entries of the record, on the first page only; they stand among ``rows`` too.
    :param next: cursor of the next page, or ``None``; ``previous`` that of the one before, in the feed.
    """

    rows: list[JournalEntry]
    next: str | None
    pinned: list[JournalEntry] = dataclasses.field(default_factory=list)
    previous: str | None = None


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


def entries(
    work: Work, object_type: str, object_id: int, after: str | None = None, by: By = "all", limit: int = 30
) -> Entries:
    """The journal of one record, newest first.

    :param by: entries of people, of the system, or all.
    """
    work.require("journal.view")
    require_visible(work, object_type, object_id, in_bin=True)
    mine = [JournalEntry.object_type == clean_line(object_type), JournalEntry.object_id == (valid_id(object_id) or 0)]
    where = [*mine, *_by(by)]
    if after:
        return _page(work, where, after, limit)
    limit = max(1, min(limit, LARGEST_PAGE))
    keys = (JournalEntry.at.desc(), JournalEntry.id.desc())
    newest = select(JournalEntry.id).where(*where).order_by(*keys).limit(limit + 1)
    top = select(JournalEntry.id).where(*mine, JournalEntry.pinned).order_by(*keys).limit(LARGEST_PAGE)
    ids = union(*(select(part.subquery()) for part in (newest, top)))
    found = sorted(
        work.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(ids))),
        key=lambda entry: (entry.at, entry.id),
        reverse=True,
    )
    rows = [entry for entry in found if _fits(entry, by)]
    return Entries(*_cut(rows, limit), [entry for entry in found if entry.pinned])


def feed(
    work: Work,
    type: str | None = None,  # noqa: A002  # the word of the field
    user_id: int | None = None,
    from_: dt.datetime | None = None,
    to: dt.datetime | None = None,
    after: str | None = None,
    limit: int = 30,
    by: By = "all",
    before: str | None = None,
) -> Entries:
    """What happened lately across the whole site, newest first, as far as the actor may see the records.

    :param from_: not before this instant.
    :param to: before this instant.
    :param after: cursor of the page before; ``before`` of the page after.
    """
    work.require("journal.view")
    return _page(work, _told(work, type, user_id, from_, to, by), after, limit, before)


def count(
    work: Work,
    type: str | None = None,  # noqa: A002  # the word of the field
    user_id: int | None = None,
    from_: dt.datetime | None = None,
    to: dt.datetime | None = None,
    by: By = "all",
) -> int:
    """How many entries :func:`feed` has; more than :data:`MOST_COUNTED` are not counted."""
    work.require("journal.view")
    wanted = select(JournalEntry.id).where(*_told(work, type, user_id, from_, to, by))
    newest = wanted.order_by(JournalEntry.at.desc(), JournalEntry.id.desc()).limit(MOST_COUNTED)
    return int(work.session.scalar(select(func.count()).select_from(newest.subquery())) or 0)


def _told(
    work: Work,
    kind: str | None,
    user_id: int | None,
    from_: dt.datetime | None,
    to: dt.datetime | None,
    by: By,
) -> list[ColumnElement[bool]]:
    """The conditions of the feed."""
    entry = JournalEntry
    where: list[ColumnElement[bool]] = []
    if user_id is not None:
        where.append(entry.user_id == (valid_id(user_id) or 0))
    if kind:
        of_type = entry.type == clean_line(kind)
        where.append(of_type if user_id is None else opaque(of_type))
    if from_ is not None:
        where.append(entry.at >= from_)
    if to is not None:
        where.append(entry.at < to)
    lead = user_id is not None or bool(kind)
    where += [opaque(condition) if lead else condition for condition in _by(by)]
    where.append(of_seen_kinds(work))
    if work.actor.only_assigned:
        where.append(_of_my_contacts(work))
    return where


def of_seen_kinds(work: Work) -> ColumnElement[bool]:
    """Entries of kinds of records that the actor may see at all."""
    return opaque(JournalEntry.object_type.in_(records.seen_kinds(work)))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _page(
    work: Work, where: Sequence[ColumnElement[bool]], after: str | None, limit: int, before: str | None = None
) -> Entries:
    limit, wanted = min(limit, LARGEST_PAGE), select(JournalEntry).where(*where)
    found = ordered(work.session, wanted, _KEYS, "-journal", after=after, before=before, limit=limit)
    return Entries(found.rows, found.next, previous=found.previous)


def _cut(rows: list[JournalEntry], limit: int) -> tuple[list[JournalEntry], str | None]:
    """The rows of a page, and the cursor of the next if there are more."""
    more, rows = len(rows) > limit, rows[:limit]
    return rows, encode("journal", (rows[-1].at, rows[-1].id)) if more else None


def _fits(entry: JournalEntry, by: By) -> bool:
    return by == "all" or entry.by_system == (by == "system")


def _by(by: By) -> list[ColumnElement[bool]]:
    if by == "all":
        return []
    return [not_(JournalEntry.by_system) if by == "people" else and_(JournalEntry.by_system)]


def _of_my_contacts(work: Work) -> ColumnElement[bool]:
    mine = select(Contact.id).where(Contact.visible_to(work.actor))
    some = mine.limit(FEW + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    if number <= FEW:
        return JournalEntry.contact_id.in_(mine)
    return opaque(exists().where(Contact.id == JournalEntry.contact_id, Contact.visible_to(work.actor)))


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


def _visible(work: Work, contact_id: int, *, in_bin: bool) -> bool:
    number = valid_id(contact_id) or 0
    known = work.session.identity_map.get(work.session.identity_key(Contact, number))
    if known is not None and not work.writing:
        return work.can("", known) and (in_bin or known.deleted_at is None)
    wanted = select(Contact.id).where(Contact.id == number)
    if not in_bin:
        wanted = wanted.where(Contact.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Contact.within_reach(work.actor))
    return work.session.scalar(wanted) is not None


def require_visible(work: Work, object_type: str, object_id: int, *, in_bin: bool = False) -> None:
    """:raises NotFound: when the actor may not see the record whose journal it is."""
    if object_type != _CONTACT:
        records.get(work, object_type, object_id)
    elif valid_id(object_id) is None or not _visible(work, object_id, in_bin=in_bin):
        raise NotFound("contact", object_id)


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
