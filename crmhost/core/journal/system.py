"""Entries that the system writes. Their text is made when they are shown, from type and data, in the reader's language."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, update

from ...work.unit import Work
from ..contacts.models import Contact
from ..rows import chunks, insert_rows
from .models import JournalEntry
from .types import contact_types


@dataclasses.dataclass(frozen=True)
class SystemEntry:
    """An entry to be written.

    :param object_id: the contact, or another record when ``object_type`` says so.
    :param type: name of a declared journal type.
    :param data: what its sentence needs, JSON-able; see :mod:`crmhost.core.journal.describe`.
    :param summary: a sentence, best a :class:`Message`, for types of plugins that no sentence is known for.
    :param comment: a longer text that belongs to it, such as that of a mail; it is shown folded.
    :param author: who did it and their user, when it is not who writes the entry: a job writes what a person wanted.
    :param at: when it happened; now by default.
    """

    object_id: int
    type: str
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    summary: str = ""
    comment: str = ""
    author: str = ""
    user_id: int | None = None
    object_type: str = "contact"
    at: dt.datetime | None = None


def write(work: Work, entries: Sequence[SystemEntry]) -> None:
    """Writes entries of the system, any number at once. They tell no event: what they speak of did.

    Types marked as contact (a mail that was sent) move the date of the last contact.
    """
    now, actor, contacting = work.now, work.actor, contact_types(work)
    insert_rows(
        work.session,
        JournalEntry,
        [
            {
                "object_type": entry.object_type,
                "object_id": entry.object_id,
                "contact_id": entry.object_id if entry.object_type == "contact" else None,
                "type": entry.type,
                "at": entry.at or now,
                "summary": entry.summary[:300],
                "comment": entry.comment,
                "outcome": "",
                "data": dict(entry.data),
                "actor_label": entry.author or actor.label,
                "user_id": entry.user_id if entry.author else actor.user_id,
                "by_system": True,
                "is_contact": entry.type in contacting,
                "pinned": False,
                "created_at": now,
            }
            for entry in entries
        ],
    )
    moments: dict[dt.datetime, list[int]] = {}
    for entry in entries:
        if entry.type in contacting and entry.object_type == "contact":
            moments.setdefault(entry.at or now, []).append(entry.object_id)
    for at, ids in moments.items():
        contacted(work, ids, at)


def contacted(work: Work, ids: Sequence[int], at: dt.datetime) -> None:
    """Moves the date of the last contact forward to ``at``, never back."""
    for some in chunks(ids):
        earlier = or_(Contact.last_contacted_at.is_(None), Contact.last_contacted_at < at)
        work.session.execute(update(Contact).where(Contact.id.in_(some), earlier).values(last_contacted_at=at))
