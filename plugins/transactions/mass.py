"""What is done to chosen transactions, one or a thousand: status, tags, bin. Those that the actor may not see are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmhost.api import Work, records, search

from . import kinds, storing
from .models import KIND, Transaction

MOST = records.MOST


def set_status(work: Work, ids: Sequence[int], status: int | str) -> int:
    """Gives transactions a status, by id or name; gives how many changed."""
    work.require("transactions.edit")
    wanted = kinds.find_status(work, status)
    before = {one.id: {"status_id": one.status_id} for one in _chosen(work, ids) if one.status_id != wanted.id}
    records.write(work, Transaction, list(before), status_id=wanted.id)
    records.tell(work, "transaction.updated", KIND, before, {key: {"status_id": wanted.id} for key in before})
    return len(before)


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many transactions changed."""
    work.require("transactions.edit")
    return records.retag(work, Transaction, KIND, [one.id for one in _chosen(work, ids)], add, remove)


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves transactions to the bin, where they count nowhere; gives how many moved."""
    work.require("transactions.delete")
    before = {one.id: {"status_id": one.status_id} for one in _chosen(work, ids)}
    records.write(work, Transaction, list(before), deleted_at=work.now)
    search.drop(work, KIND, list(before))
    records.tell(work, "transaction.deleted", KIND, before)
    return len(before)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings transactions back from the bin; gives how many came back.

    :raises Conflict: when another one has the reference of one of them by now.
    """
    work.require("transactions.delete")
    chosen = _chosen(work, ids, in_bin=True)
    seen = dict(storing.by_refs(work, [one.ref for one in chosen]))
    for one in chosen:
        if one.ref_key in seen:
            raise storing.taken(work, one.ref, seen[one.ref_key])
        seen[one.ref_key] = one.id
    records.write(work, Transaction, [one.id for one in chosen], deleted_at=None)
    storing.find_by(work, chosen)
    records.tell(work, "transaction.restored", KIND, {one.id: {} for one in chosen})
    return len(chosen)


def erase(work: Work, ids: Sequence[int]) -> int:
    """Removes transactions from the bin for good; gives how many went."""
    work.require("transactions.delete")
    chosen = _chosen(work, ids, in_bin=True)
    owners = ("counted_contact_id", "counted_company_id")
    before = {one.id: {"day": one.day.isoformat(), **{name: getattr(one, name) for name in owners}} for one in chosen}
    records.forget(work, KIND, list(before))
    for one in chosen:
        work.session.delete(one)
    work.session.flush()
    records.tell(work, "transaction.erased", KIND, before)
    return len(before)


def empty_bin(work: Work, limit: int = 200) -> int:
    """Erases transactions whose days in the bin are over, the oldest first, at most ``limit``; gives how many went."""
    return erase(work, records.overdue(work, Transaction, limit))


def statuses_of(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """The statuses of those among some transactions that the actor may see."""
    wanted = work.visible(Transaction).where(Transaction.id.in_(list(ids)[:MOST]))
    rows = work.session.execute(wanted.with_only_columns(Transaction.id, Transaction.status_id))
    return {row[0]: row[1] for row in rows}


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Transaction]:
    return records.chosen(work, Transaction, ids, in_bin=in_bin)
