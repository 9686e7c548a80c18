"""What is done to chosen companies, one or a thousand: status, owner, tags, bin.

Those that the actor may not change are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from crmhost.api import (
    Change,
    Invalid,
    Message,
    NotFound,
    Work,
    custom_fields,
    journal,
    keyset,
    record_fields,
    records,
    search,
    tags,
)

from . import services, statuses
from .models import KIND, Company

#: Companies that one call takes; whoever has more calls again in a new transaction.
MOST = 1_000
#: Ids in one statement.
CHUNK = 500


def set_status(work: Work, ids: Sequence[int], status: int | str) -> int:
    """Gives companies a status, by id or name; gives how many changed."""
    work.require("companies.edit")
    wanted = statuses.find(work, status)
    changed = [company for company in _chosen(work, ids) if company.status_id != wanted.id]
    _touch(work, changed, status_id=wanted.id)
    services.tell_status(work, [(company.id, company.status_id, wanted.id) for company in changed])
    return len(changed)


def assign(work: Work, ids: Sequence[int], user_id: int | str | None) -> int:
    """Assigns companies to a user (id or e-mail), or to nobody; gives how many changed."""
    work.require("companies.edit")
    user = record_fields.assignee(work, user_id)
    changed = [company for company in _chosen(work, ids) if company.assigned_to_id != user]
    before = {company.id: {"assigned_to_id": company.assigned_to_id} for company in changed}
    _touch(work, changed, assigned_to_id=user)
    _tell(work, "company.updated", before, {key: {"assigned_to_id": user} for key in before})
    return len(changed)


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many companies changed."""
    work.require("companies.edit")
    add, remove = list(add), list(remove)
    for given in (add, remove):
        errors = record_fields.clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    chosen = {company.id: company for company in _chosen(work, ids)}
    changed = tags.put(work, KIND, list(chosen), add, remove)
    _touch(work, [chosen[key] for key in changed])
    before = {key: {"tags": names} for key, (names, _) in changed.items()}
    _tell(work, "company.updated", before, {key: {"tags": names} for key, (_, names) in changed.items()})
    return len(changed)


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves companies to the bin; gives how many moved. Their people stay as they are.

    :raises Vetoed: when a plugin keeps one of them.
    """
    work.require("companies.delete")
    chosen = _chosen(work, ids)
    if not chosen:
        return 0
    keys = [company.id for company in chosen]
    work.hooks.call("companies_before_delete", work=work, company_ids=keys)
    _touch(work, chosen, deleted_at=work.now)
    search.drop(work, KIND, keys)
    journal.system(work, [journal.SystemEntry(key, "deleted", object_type=KIND) for key in keys])
    before = {company.id: {"status_id": company.status_id} for company in chosen}
    _tell(work, "company.deleted", before, {key: {} for key in before})
    return len(keys)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings companies back from the bin with everything they had; gives how many came back."""
    work.require("companies.delete")
    chosen = _chosen(work, ids, in_bin=True)
    keys = [company.id for company in chosen]
    _touch(work, chosen, deleted_at=None)
    for some in _chunks(keys):
        services.search_anew(work, some)
    journal.system(work, [journal.SystemEntry(key, "restored", object_type=KIND) for key in keys])
    after = {company.id: {"status_id": company.status_id} for company in chosen}
    _tell(work, "company.restored", {key: {} for key in after}, after)
    return len(keys)


def erase(work: Work, company_id: int) -> None:
    """Removes a company of the bin for good, with what is held on it; its people stay.

    :raises NotFound: when there is no such company in the bin, or the actor may not change it.
    """
    work.require("companies.delete")
    chosen = _chosen(work, [company_id], in_bin=True)
    if not chosen:
        raise NotFound("company", company_id)
    work.hooks.call("companies_erase", work=work, company_id=company_id)
    search.drop(work, KIND, [company_id])
    custom_fields.drop(work, KIND, [company_id])
    record_fields.drop_external_ids(work, KIND, [company_id])
    records.forget(work, KIND, [company_id])
    work.session.execute(
        delete(Company).where(Company.id == company_id), execution_options={"synchronize_session": False}
    )
    work.audit("company.erased", KIND, company_id)
    work.changed(Change("company.erased", KIND, company_id))


def erase_many(work: Work, ids: Sequence[int]) -> int:
    """Removes companies of the bin for good; gives how many went."""
    work.require("companies.delete")
    chosen = _chosen(work, ids, in_bin=True)
    for company in chosen:
        erase(work, company.id)
    return len(chosen)


def empty_bin(work: Work, limit: int = 50) -> int:
    """Erases companies whose days in the bin are over, the oldest first, at most ``limit``; gives how many went."""
    days = max(0, min(int(work.settings.get("contacts.bin_days") or 0), 36_500))
    due = select(Company.id).where(Company.deleted_at < work.now - dt.timedelta(days=days))
    ids = list(work.session.scalars(due.order_by(Company.deleted_at, Company.id).limit(limit)))
    for company_id in ids:
        erase(work, company_id)
    return len(ids)


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Row[Any]]:
    """The companies among these ids that the actor may change, locked in one order, so that two never wait crosswise."""
    keys = sorted({number for number in map(keyset.valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s companies can be changed in one step.", most=MOST))
    where: list[ColumnElement[bool]] = [Company.deleted_at.is_not(None) if in_bin else Company.deleted_at.is_(None)]
    if work.actor.only_assigned:
        where.append(Company.own_of(work.actor))
    found: list[Row[Any]] = []
    for some in _chunks(keys):
        wanted = select(Company.id, Company.status_id, Company.assigned_to_id).where(Company.id.in_(some), *where)
        found += work.session.execute(wanted.order_by(Company.id).with_for_update(of=Company))
    return found


def _touch(work: Work, companies: Sequence[Row[Any]], **values: Any) -> None:
    """Writes values and a new version."""
    values |= {"updated_at": work.now, "version": Company.version + 1}
    for some in _chunks([company.id for company in companies]):
        work.session.execute(update(Company).where(Company.id.in_(some)).values(values))
    for company in companies:
        loaded = work.session.identity_map.get(work.session.identity_key(Company, company.id))
        if loaded is not None:
            work.session.expire(loaded, ["status", "assigned_to"])


def _tell(work: Work, name: str, before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]) -> None:
    """Audits and tells one change for many companies."""
    work.audit_many([(name, KIND, key, before[key] or None, after[key] or None) for key in before])
    for key in before:
        work.changed(Change(name, KIND, key, before[key], after[key]))


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
