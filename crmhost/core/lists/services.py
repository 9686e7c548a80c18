"""Changes of many rows: remembering them in parts, and taking them back, the last part first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, select

from ...errors import NotFound
from ...work.unit import Work
from ..keyset import valid_id
from ..rows import chunks, insert_rows, table
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


def plan(work: Work, change_id: int, ids: Sequence[int]) -> None:
    """Writes down which rows a change is to reach, in parts that :func:`do_part` does one by one."""
    rows = [
        {
            "change_id": change_id,
            "position": n,
            "ids": list(some),
            "number": 0,
            "undo": None,
            "done_at": None,
            "undone_at": None,
        }
        for n, some in enumerate(chunks(ids, PART))
    ]
    insert_rows(work.session, ListPart, rows)


def parts(work: Work, change_id: int) -> list[tuple[int, bool, int]]:
    """Position of each part, whether it is done or taken back, and how many rows changed in it."""
    known = select(ListPart.position, ListPart.done_at, ListPart.undone_at, ListPart.number)
    rows = work.session.execute(known.where(ListPart.change_id == change_id).order_by(ListPart.position))
    return [(row.position, bool(row.done_at or row.undone_at), row.number) for row in rows]


def do_part(work: Work, change_id: int, position: int, run: Callable[[Sequence[int]], tuple[int, Any]]) -> int:
    """Does one part, once; gives how many rows changed. One that was taken back before its turn is left out.

    :param run: gets ids of rows; gives how many changed, and what takes it back.
    """
    part = work.session.get(ListPart, (change_id, position), with_for_update=True, populate_existing=True)
    if part is None or part.done_at is not None or part.undone_at is not None:
        return part.number if part is not None else 0
    part.number, part.undo = run(part.ids)
    part.done_at = work.now
    work.session.flush()
    return part.number


def change_of(work: Work, change_id: object, list_id: str) -> ListChange:
    """A change that the actor made to a list.

    :raises NotFound: when there is none, also because it was too long ago.
    """
    found = work.session.get(ListChange, valid_id(change_id) or 0)
    if found is None or found.user_id != work.actor.user_id or found.list_id != list_id:
        raise NotFound("change", change_id)
    return found


def waiting(work: Work, change_id: int) -> list[int]:
    """Positions of the parts that were not taken back, the last first; also of those whose turn has not come."""
    mine = select(ListPart.position).where(ListPart.change_id == change_id, ListPart.undone_at.is_(None))
    return list(work.session.scalars(mine.order_by(ListPart.position.desc())))


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
