"""What is done to chosen transactions, one or a thousand: status, tags, bin. Those that the actor may not see are left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from crmhost.api import Change, Invalid, Message, Work, custom_fields, keyset, record_fields, search, tags

from . import kinds, storing
from .models import KIND, Transaction

#: Transactions that one call takes; whoever has more calls again in a new transaction.
MOST = 1_000


def set_status(work: Work, ids: Sequence[int], status: int | str) -> int:
    """Gives transactions a status, by id or name; gives how many changed."""
    work.require("transactions.edit")
    wanted = kinds.find_status(work, status)
    changed = [one for one in _chosen(work, ids) if one.status_id != wanted.id]
    before = {one.id: {"status_id": one.status_id} for one in changed}
    _touch(work, changed, status_id=wanted.id)
    _tell(work, "transaction.updated", before, lambda _key: {"status_id": wanted.id})
    return len(changed)


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many transactions changed."""
    work.require("transactions.edit")
    add, remove = list(add), list(remove)
    for given in (add, remove):
        errors = record_fields.clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    chosen = {one.id: one for one in _chosen(work, ids)}
    changed = tags.put(work, KIND, list(chosen), add, remove)
    _touch(work, [chosen[key] for key in changed])
    before = {key: {"tags": names} for key, (names, _) in changed.items()}
    _tell(work, "transaction.updated", before, lambda key: {"tags": changed[key][1]})
    return len(changed)


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves transactions to the bin, where they count nowhere; gives how many moved."""
    work.require("transactions.delete")
    chosen = _chosen(work, ids)
    _touch(work, chosen, deleted_at=work.now)
    search.drop(work, KIND, [one.id for one in chosen])
    _tell(work, "transaction.deleted", {one.id: {"status_id": one.status_id} for one in chosen}, lambda _key: {})
    return len(chosen)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings transactions back from the bin; gives how many came back.

    :raises Conflict: when another one has the reference of one of them by now.
    """
    work.require("transactions.delete")
    chosen = _chosen(work, ids, in_bin=True)
    keys = storing.by_refs(work, [one.ref for one in chosen])
    seen: dict[str, int] = dict(keys)
    for one in chosen:
        if one.ref_key in seen:
            raise storing.taken(work, one.ref, seen[one.ref_key])
        seen[one.ref_key] = one.id
    _touch(work, chosen, deleted_at=None)
    storing.find_by(work, chosen)
    _tell(work, "transaction.restored", {one.id: {} for one in chosen}, lambda _key: {})
    return len(chosen)


def erase(work: Work, ids: Sequence[int]) -> int:
    """Removes transactions from the bin for good; gives how many went."""
    work.require("transactions.delete")
    chosen = _chosen(work, ids, in_bin=True)
    keys = [one.id for one in chosen]
    owners = ("counted_contact_id", "counted_company_id")
    before = {one.id: {"day": one.day.isoformat(), **{name: getattr(one, name) for name in owners}} for one in chosen}
    tags.put(work, KIND, keys, (), {label.name for labels in tags.of(work, KIND, keys).values() for label in labels})
    record_fields.drop_external_ids(work, KIND, keys)
    custom_fields.drop(work, KIND, keys)
    search.drop(work, KIND, keys)
    for one in chosen:
        work.session.delete(one)
    work.session.flush()
    _tell(work, "transaction.erased", before, lambda _key: {})
    return len(keys)


def empty_bin(work: Work, limit: int = 200) -> int:
    """Erases transactions whose days in the bin are over, the oldest first, at most ``limit``; gives how many went."""
    days = max(0, min(int(work.settings.get("contacts.bin_days") or 0), 36_500))
    before = work.now - dt.timedelta(days=days)
    due = select(Transaction.id).where(Transaction.deleted_at < before).order_by(Transaction.deleted_at, Transaction.id)
    return erase(work, list(work.session.scalars(due.limit(limit))))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Transaction]:
    """The transactions among these ids that the actor may see, locked in one order."""
    keys = sorted({number for number in map(keyset.valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s transactions can be changed in one step.", most=MOST))
    where: list[Any] = [Transaction.deleted_at.is_not(None) if in_bin else Transaction.deleted_at.is_(None)]
    if work.actor.only_assigned:
        where.append(Transaction.within_reach(work.actor))
    found: list[Transaction] = []
    for start in range(0, len(keys), storing.SOME):
        wanted = select(Transaction).where(Transaction.id.in_(keys[start : start + storing.SOME]), *where)
        wanted = wanted.order_by(Transaction.id).with_for_update(of=Transaction)
        found += work.session.scalars(wanted.execution_options(populate_existing=True))
    return found


def _touch(work: Work, chosen: Sequence[Transaction], **values: Any) -> None:
    """Writes values and a new version."""
    values |= {"updated_at": work.now, "version": Transaction.version + 1}
    for start in range(0, len(chosen), storing.SOME):
        mine = Transaction.id.in_([one.id for one in chosen[start : start + storing.SOME]])
        work.session.execute(
            update(Transaction).where(mine).values(values), execution_options={"synchronize_session": False}
        )
    for one in chosen:
        work.session.expire(one)


def _tell(
    work: Work, name: str, before: Mapping[int, Mapping[str, Any]], after: Callable[[int], Mapping[str, Any]]
) -> None:
    """Audits and tells one change for many transactions."""
    work.audit_many([(name, KIND, key, before[key] or None, after(key) or None) for key in before])
    for key in before:
        work.changed(Change(name, KIND, key, before[key], after(key)))


def statuses_of(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """The statuses of those among some transactions that the actor may see."""
    wanted = work.visible(Transaction).where(Transaction.id.in_(list(ids)[:MOST]))
    rows = work.session.execute(wanted.with_only_columns(Transaction.id, Transaction.status_id))
    return {row[0]: row[1] for row in rows}
