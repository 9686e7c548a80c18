"""The one way in which a contact's status is set, whatever sets it: history, counts, journal and changes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...work.unit import Change, Work
from ..journal.system import SystemEntry, write
from ..rows import insert_rows
from .counts import add
from .models import Status, StatusChange


def record(
    work: Work,
    moves: Sequence[tuple[int, int | None, int]],
    statuses: dict[int, Status],
    *,
    tell: bool = True,
) -> None:
    """Notes that contacts changed their status. The contact rows are the caller's.

    :param moves: (contact id, old status id or ``None`` for a new contact, new status id).
    :param statuses: all statuses by id, for their names.
    :param tell: whether to note the changes; ``False`` for who may have to write again and notes them afterwards.
    """
    if not moves:
        return
    now, actor = work.now, work.actor
    names = {status.id: status.name for status in statuses.values()}
    insert_rows(
        work.session,
        StatusChange,
        [
            {
                "contact_id": contact,
                "old_id": old,
                "new_id": new,
                "old_name": names.get(old, "") if old else "",
                "new_name": names.get(new, ""),
                "at": now,
                "actor_label": actor.label,
                "user_id": actor.user_id,
            }
            for contact, old, new in moves
        ],
    )
    differences = Counter(new for _, _, new in moves)
    differences.subtract(old for _, old, _ in moves if old)
    add(work, differences)
    changed = [(contact, old, new) for contact, old, new in moves if old]
    write(
        work,
        [
            SystemEntry(
                contact, "status", {"old": names.get(old, ""), "new": names.get(new, ""), "old_id": old, "new_id": new}
            )
            for contact, old, new in changed
        ],
    )
    for contact, old, new in changed if tell else ():
        work.changed(Change("contact.status_changed", "contact", contact, {"status_id": old}, {"status_id": new}))
