"""Reading the journal: of one record, or across the whole site, as far as the actor may see the records."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, func, not_, select, union

from ...errors import NotFound
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import encode, opaque, ordered, valid_id
from ..records import services as records
from ..text import clean_line
from .models import JournalEntry

By = Literal["all", "people", "system"]
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
