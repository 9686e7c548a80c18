"""What is done to chosen companies, one or a thousand: status, owner, tags, bin.

Those that the actor may not change are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, delete

from crmhost.api import (
    Change,
    NotFound,
    Work,
    journal,
    record_fields,
    records,
    search,
)

from . import services, statuses
from .models import KIND, Company


def set_status(work: Work, ids: Sequence[int], status: int | str) -> int:
    """Gives companies a status, by id or name; gives how many changed."""
    work.require("companies.edit")
    wanted = statuses.find(work, status)
    changed = [company for company in _chosen(work, ids) if company.status_id != wanted.id]
    records.write(work, Company, [company.id for company in changed], status_id=wanted.id)
    services.tell_status(work, [(company.id, company.status_id, wanted.id) for company in changed])
    return len(changed)


def assign(work: Work, ids: Sequence[int], user_id: int | str | None) -> int:
    """Assigns companies to a user (id or e-mail), or to nobody; gives how many changed."""
    work.require("companies.edit")
    user = record_fields.assignee(work, user_id)
    chosen = {company.id: company.assigned_to_id for company in _chosen(work, ids)}
    before = {key: {"assigned_to_id": old} for key, old in chosen.items() if old != user}
    records.write(work, Company, list(before), assigned_to_id=user)
    records.tell(work, "company.updated", KIND, before, {key: {"assigned_to_id": user} for key in before})
    return len(before)


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many companies changed."""
    work.require("companies.edit")
    return records.retag(work, Company, KIND, [company.id for company in _chosen(work, ids)], add, remove)


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
    records.write(work, Company, keys, deleted_at=work.now)
    search.drop(work, KIND, keys)
    journal.system(work, [journal.SystemEntry(key, "deleted", object_type=KIND) for key in keys])
    before = {company.id: {"status_id": company.status_id} for company in chosen}
    records.tell(work, "company.deleted", KIND, before)
    return len(keys)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings companies back from the bin with everything they had; gives how many came back."""
    work.require("companies.delete")
    chosen = _chosen(work, ids, in_bin=True)
    keys = [company.id for company in chosen]
    records.write(work, Company, keys, deleted_at=None)
    services.search_anew(work, keys)
    journal.system(work, [journal.SystemEntry(key, "restored", object_type=KIND) for key in keys])
    after = {company.id: {"status_id": company.status_id} for company in chosen}
    records.tell(work, "company.restored", KIND, {key: {} for key in after}, after)
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
    ids = records.overdue(work, Company, limit)
    for company_id in ids:
        erase(work, company_id)
    return len(ids)


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Row[Any]]:
    """The companies among these ids that the actor may change."""
    columns = (Company.id, Company.status_id, Company.assigned_to_id)
    return records.chosen(work, Company, ids, columns=columns, in_bin=in_bin, reach=Company.own_of(work.actor))
