"""Changes of many rows: remembering them in parts, and taking them back, the last part first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, select

from ...errors import NotFound
from ...work.unit import Work
from ..keyset import valid_id
from ..rows import chunks, table
from ..users.preferences import own_id
from .models import ListChange, ListPart

#: Rows that are changed in one transaction.
PART = 1_000
#: How long a change can be taken back.
KEEP = dt.timedelta(days=30)


def begin(work: Work, list_id: str, action: str) -> int:
    """Notes that the actor is about to change rows of a list; gives the number of the change."""
    change = ListChange(user_id=own_id(work), list_id=list_id[:80], action=action[:80], created_at=work.now)
    work.session.add(change)
    work.session.flush()
    return change.id


def add_part(work: Work, change_id: int, position: int, ids: Sequence[int], number: int, undo: Any) -> None:
    """Keeps what was done to some rows, in the transaction in which it was done.

    :param undo: JSON-able; what takes it back.
    """
    part = ListPart(change_id=change_id, position=position, ids=list(ids), number=number, undo=undo, done_at=work.now)
    work.session.add(part)
    work.session.flush()


def change_of(work: Work, change_id: object, list_id: str) -> ListChange:
    """A change that the actor made to a list.

    :raises NotFound: when there is none, also because it was too long ago.
    """
    found = work.session.get(ListChange, valid_id(change_id) or 0)
    if found is None or found.user_id != work.actor.user_id or found.list_id != list_id:
        raise NotFound("change", change_id)
    return found


def waiting(work: Work, change_id: int) -> list[int]:
    """Positions of the parts that were done and not taken back, the last first."""
    mine = select(ListPart.position).where(ListPart.change_id == change_id, ListPart.done_at.is_not(None))
    rows = mine.where(ListPart.undone_at.is_(None)).order_by(ListPart.position.desc())
    return list(work.session.scalars(rows))


def take_back(work: Work, change_id: int, position: int, undo: Callable[[Work, Any], int]) -> int:
    """Takes one part back; gives how many rows became what they were. A part that was taken back meanwhile gives 0."""
    part = work.session.get(ListPart, (change_id, position), with_for_update=True, populate_existing=True)
    if part is None or part.undone_at is not None:
        return 0
    part.undone_at = work.now
    work.session.flush()
    return undo(work, part.undo) if part.undo is not None else 0


def prune(work: Work, limit: int = 20) -> int:
    """Deletes changes that are older than :data:`KEEP`, at most ``limit``; says how many."""
    old = select(ListChange.id).where(ListChange.created_at < work.now - KEEP).order_by(ListChange.created_at)
    ids = work.session.scalars(old.limit(limit)).all()
    for some in chunks(ids):
        work.session.execute(delete(table(ListPart)).where(ListPart.change_id.in_(some)))
        work.session.execute(delete(table(ListChange)).where(ListChange.id.in_(some)))
    return len(ids)
