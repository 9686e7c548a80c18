"""Notes, and what probe two makes of the scores of probe one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from crmhost.api import Status, Vetoed, Work, contacts

from .models import Badge, Note, Place


def write(work: Work, contact_id: int, text: str) -> Note:
    """Writes a note on a contact."""
    note = Note(contact_id=contacts.get(work, contact_id).id, text=text)
    work.session.add(note)
    work.session.flush()
    return note


def mark(work: Work, contact_id: int, name: str) -> None:
    """Gives a contact its badge."""
    work.session.add(Badge(contact_id=contact_id, name=name))
    work.session.flush()


def enlist(work: Work, contact_id: int, name: str) -> None:
    """Puts a contact on a list."""
    work.session.add(Place(contact_id=contact_id, list=name, at=work.now, more={"n": 1} if name == "all" else None))
    work.session.flush()


def count(work: Work) -> int:
    """Number of notes."""
    return work.session.scalar(select(func.count()).select_from(Note)) or 0


def notes_of(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """Number of notes of each contact."""
    counted = select(Note.contact_id, func.count()).where(Note.contact_id.in_(ids)).group_by(Note.contact_id)
    return dict.fromkeys(ids, 0) | {int(key or 0): number for key, number in work.session.execute(counted)}


def points_of(work: Work, contact_id: int) -> int | None:
    """Points that probe one gave to a contact; ``None`` while it is off."""
    scores = work.service("probe_one")
    return None if scores is None else int(scores.total(contact_id))


def names(work: Work) -> Sequence[str]:
    """First names of contacts with a note, by the relationship to the core."""
    noted = select(Note).where(Note.contact_id.is_not(None)).order_by(Note.id)
    return [note.contact.first_name for note in work.session.scalars(noted) if note.contact is not None]


def keep_status(work: Work, status_id: int) -> None:
    """:raises Vetoed: for the status that is called “Probed”."""
    status = work.session.get(Status, status_id)
    if status is not None and status.name == "Probed":
        raise Vetoed("The status “Probed” stays.", plugin="probe_two")
