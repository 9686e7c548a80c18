"""What is done to chosen contacts, one or a thousand: status, owner, tags, bin. Contacts the actor may not see are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, update

from ...errors import Conflict
from ...messages import Message
from ...work.unit import Work
from ..journal.system import SystemEntry, write
from ..records import many
from ..rows import chunks
from ..statuses import counts, history
from ..statuses import services as statuses
from . import search
from .custom import search_anew
from .fields import PHONES
from .models import Contact, ContactEmail
from .records import KIND, assignee, emails_of, may_see, owners_of_emails

MOST = many.MOST
_COLUMNS = ("id", "status_id", "assigned_to_id", "first_name", "last_name", *PHONES)


def set_status(work: Work, ids: Sequence[int], status: int | str) -> int:
    """Gives contacts a status, by id or name; gives how many changed."""
    work.require("contacts.edit")
    known = statuses.all_statuses(work)
    wanted = statuses.find(work, status, known)
    by_id = {item.id: item for item in known}
    changed = [contact for contact in _chosen(work, ids) if contact.status_id != wanted.id]
    moves = [(contact.id, contact.status_id, wanted.id) for contact in changed]
    many.write(work, Contact, [contact.id for contact in changed], status_id=wanted.id, status_since=work.now)
    if moves:
        work.audit_many(
            [("contact.status_changed", "contact", key, by_id[old].name, wanted.name) for key, old, _ in moves]
        )
    history.record(work, moves, by_id)
    return len(moves)


def assign(work: Work, ids: Sequence[int], user_id: int | str | None) -> int:
    """Assigns contacts to a user (id or e-mail), or to nobody; gives how many changed."""
    work.require("contacts.edit")
    user = assignee(work, user_id)
    chosen = {contact.id: contact.assigned_to_id for contact in _chosen(work, ids)}
    before = {key: {"assigned_to_id": old} for key, old in chosen.items() if old != user}
    many.write(work, Contact, list(before), assigned_to_id=user)
    many.tell(work, "contact.updated", KIND, before, {key: {"assigned_to_id": user} for key in before})
    return len(before)


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many contacts changed."""
    work.require("contacts.edit")
    return many.retag(work, Contact, KIND, [contact.id for contact in _chosen(work, ids)], add, remove)


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves contacts to the bin; their addresses no longer block anybody. Gives how many moved.

    :raises Vetoed: when a plugin keeps one of them.
    """
    work.require("contacts.delete")
    chosen = _chosen(work, ids)
    if not chosen:
        return 0
    keys = [contact.id for contact in chosen]
    work.hooks.call("contact_before_delete", work=work, contact_ids=keys)
    many.write(work, Contact, keys, deleted_at=work.now)
    _activate(work, keys, active=False)
    search.drop(work, KIND, keys)
    _count(work, chosen, -1)
    write(work, [SystemEntry(key, "deleted") for key in keys])
    before = {
        contact.id: {"status_id": contact.status_id, "assigned_to_id": contact.assigned_to_id} for contact in chosen
    }
    many.tell(work, "contact.deleted", KIND, before)
    return len(keys)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings contacts back from the bin with everything they had; gives how many came back.

    :raises Conflict: when another contact has one of their addresses by now.
    """
    work.require("contacts.delete")
    chosen = _chosen(work, ids, in_bin=True)
    keys = [contact.id for contact in chosen]
    emails = emails_of(work, keys)
    rows = [row for found in emails.values() for row in found]
    owners = owners_of_emails(work, [row.email_key for row in rows])
    seen: set[str] = set()
    for row in rows:
        owner = owners.get(row.email_key)
        if owner is not None or row.email_key in seen:
            raise Conflict(
                Message(
                    "Another contact has “%(email)s” by now: change it there before you restore this one.",
                    email=row.email,
                ),
                field="emails",
                other_id=owner if owner is not None and may_see(work, owner) else None,
            )
        seen.add(row.email_key)
    many.write(work, Contact, keys, deleted_at=None)
    _activate(work, keys, active=True)
    search_anew(work, keys)
    _count(work, chosen, 1)
    write(work, [SystemEntry(key, "restored") for key in keys])
    after = {
        contact.id: {"status_id": contact.status_id, "assigned_to_id": contact.assigned_to_id} for contact in chosen
    }
    many.tell(work, "contact.restored", KIND, {key: {} for key in after}, after)
    return len(keys)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Row[Any]]:
    """The contacts among these ids that the actor may see, locked in one order, so that two callers never wait crosswise."""
    where = [Contact.merged_into_id.is_(None)] if in_bin else []
    columns = [getattr(Contact, name) for name in _COLUMNS]
    return many.chosen(work, Contact, ids, *where, columns=columns, in_bin=in_bin)


def _activate(work: Work, ids: Sequence[int], *, active: bool) -> None:
    for some in chunks(ids):
        statement = update(ContactEmail).where(ContactEmail.contact_id.in_(some)).values(active=active)
        work.session.execute(statement, execution_options={"synchronize_session": False})


def _count(work: Work, contacts: Sequence[Row[Any]], sign: int) -> None:
    sums: dict[int, int] = {}
    for contact in contacts:
        sums[contact.status_id] = sums.get(contact.status_id, 0) + sign
    counts.add(work, sums)
