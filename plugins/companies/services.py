"""Companies: reading one, adding, changing. What is done to many at once stands in :mod:`.mass`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from crmhost.api import (
    Change,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    User,
    Work,
    custom_fields,
    journal,
    keyset,
    record_fields,
    search,
    tags,
    texts,
)

from . import statuses
from .fields import COLUMNS, derived, document, prepare, readable
from .models import KIND, Company, CompanyStatus

#: Sources of companies that custom fields which have to be filled in are asked for.
_ASKED = ("manual", "api")


def get(work: Work, company_id: int, *, in_bin: bool = False) -> Company:
    """A company with its status and the user it is assigned to.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("companies.view")
    # Parts of one page ask for the same company.
    return work.once(
        ("companies.company", work.actor, company_id, in_bin), lambda: _one(work, company_id, in_bin=in_bin)
    )


def titles(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """Id -> name, of those that the actor may see, in the bin or not."""
    wanted = select(Company.id, Company.name).where(Company.id.in_(ids))
    if work.actor.only_assigned:
        wanted = wanted.where(Company.within_reach(work.actor))
    return {row[0]: row[1] for row in work.session.execute(wanted)}


def may_change(work: Work, company: Company, permission: str = "companies.edit") -> bool:
    """Whether the actor may do this to the company: who is limited to their own may change those alone."""
    if not work.can(permission):
        return False
    return not work.actor.only_assigned or (
        work.actor.contact_ids is None
        and company.assigned_to_id is not None
        and company.assigned_to_id == work.actor.user_id
    )


def require_change(work: Work, company: Company, permission: str = "companies.edit") -> None:
    """:raises Forbidden: when the actor may not change the company."""
    if not may_change(work, company, permission):
        raise Forbidden(permission)


def create(work: Work, fields: Mapping[str, Any], *, source: str = "manual") -> Company:
    """Adds a company.

    :param fields: see :func:`plugins.companies.fields.prepare`.
    :param source: where it came from: manual, import, api, or the id of a plugin.
    :raises Invalid: sentences by field.
    :raises Conflict: when another company has one of the ids in other systems.
    """
    work.require("companies.edit")
    values, _remarks = prepare(work, fields, None, required=source in _ASKED)
    return add(work, values, source)


def add(work: Work, values: dict[str, Any], source: str) -> Company:
    """Adds a company from fields that are prepared."""
    now, user = work.now, work.actor.user_id if work.actor.only_assigned else None
    known = statuses.all_statuses(work)
    if not known:
        raise Invalid({"status": ["This site has no company statuses yet: add one first."]})
    company = Company(
        **{name: values[name] for name in COLUMNS if values.get(name) is not None},
        **derived(values),
        status_id=values.get("status_id") or known[0].id,
        updated_at=now,
    )
    company.source = values.get("source") or texts.clean_line(source)[:60]
    company.created_at = values.get("created_at") or now
    company.assigned_to_id = values.get("assigned_to_id", user)
    work.session.add(company)
    work.session.flush()
    record_fields.add_external_ids(work, KIND, company.id, values.get("external_ids", ()))
    named = tags.put(work, KIND, [company.id], values.get("tags", ()))
    search.put(work, KIND, [(company.id, document(work, vars(company)))])
    custom_fields.write_index(work, KIND, [(company.id, company.custom, None)])
    _attach(work, company, known)
    fields_now = snapshot(company, named.get(company.id, ([], []))[1])
    journal.system(
        work, [journal.SystemEntry(company.id, "created", {"source": company.source, "why": ""}, object_type=KIND)]
    )
    work.audit("company.created", KIND, company.id, after=readable(work, fields_now))
    work.changed(Change("company.created", KIND, company.id, {}, fields_now))
    return company


def update(work: Work, company_id: int, fields: Mapping[str, Any], *, version: int | None = None) -> Company:
    """Changes a company; fields that are not given stay.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved the company since that version.
    :raises Invalid: sentences by field.
    :raises Conflict: when another company has one of the ids in other systems.
    """
    company = locked(work, company_id)
    if version is not None and version != company.version:
        raise Stale("Somebody saved this company meanwhile: look at their changes before you save yours.")
    values, _remarks = prepare(work, fields, company)
    write(work, company, values)
    return company


def locked(work: Work, company_id: int, permission: str = "companies.edit") -> Company:
    """A company that the actor may change, locked until the end of the transaction.

    :raises NotFound: when there is none, or the actor may not see it.
    :raises Forbidden: when the actor may see, but not change it.
    """
    work.require(permission)
    company = _one(work, company_id, lock=True)
    require_change(work, company, permission)
    return company


def write(work: Work, company: Company, values: Mapping[str, Any]) -> dict[str, Any]:
    """Writes prepared fields; gives what they were before, as an undo needs it; empty when nothing changed."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in COLUMNS:
        if (
            name in values
            and values[name] != getattr(company, name)
            and not (name == "created_at" and not values[name])
        ):
            before[name] = record_fields.plain(getattr(company, name))
            after[name] = record_fields.plain(values[name])
            setattr(company, name, values[name])
    if "tags" in values:
        have = [item.name for item in tags.of(work, KIND, [company.id]).get(company.id, ())]
        renamed = tags.put(work, KIND, [company.id], values["tags"], have).get(company.id)
        if renamed is not None:
            before["tags"], after["tags"] = renamed
    new = record_fields.add_external_ids(work, KIND, company.id, values.get("external_ids", ()))
    if new:
        before["external_ids"], after["external_ids"] = [], [list(key) for key in new]
    old_status, status_id = company.status_id, values.get("status_id") or company.status_id
    if not after and status_id == old_status:
        return {}
    known = statuses.all_statuses(work)
    company.version += 1
    company.updated_at = work.now
    company.status_id = status_id
    if after:
        for name, value in derived(vars(company)).items():
            setattr(company, name, value)
        search.put(work, KIND, [(company.id, document(work, vars(company)))])
        if "custom" in after:
            custom_fields.write_index(work, KIND, [(company.id, after["custom"], before["custom"])])
        was, now = readable(work, before, after), readable(work, after, before)
        work.audit("company.updated", KIND, company.id, before=was, after=now)
        work.changed(Change("company.updated", KIND, company.id, before, after))
    if status_id != old_status:
        tell_status(work, [(company.id, old_status, status_id)])
    work.session.flush()
    _attach(work, company, known)
    if status_id != old_status:
        before["status_id"] = old_status
    return before | {"new_external_ids": [list(key) for key in new]}


def tell_status(work: Work, moves: Sequence[tuple[int, int, int]]) -> None:
    """Writes down changes of status: (company, old, new) each."""
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    rows = []
    entries = []
    for company_id, old, new in moves:
        rows.append(("company.status_changed", KIND, company_id, names.get(old), names[new]))
        # The journal colours names by the statuses of contacts, so that these go without their ids.
        data = {"old": names.get(old, ""), "new": names[new]}
        entries.append(journal.SystemEntry(company_id, "status", data, object_type=KIND))
    work.audit_many(rows)
    journal.system(work, entries)
    for company_id, old, new in moves:
        work.changed(Change("company.status_changed", KIND, company_id, {"status_id": old}, {"status_id": new}))


def snapshot(company: Company, names: Sequence[str]) -> dict[str, Any]:
    """All fields of a company, JSON-able; empty ones are left out."""
    fields = {name: record_fields.plain(getattr(company, name)) for name in COLUMNS}
    fields |= {"tags": list(names), "status_id": company.status_id}
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def search_anew(work: Work, ids: Sequence[int]) -> None:
    """Renews what companies are found by; those in the bin are not found."""
    columns = [getattr(Company, name) for name in ("id", "name", "email", "main_phone", "second_phone", "custom")]
    living = select(*columns).where(Company.id.in_(ids), Company.deleted_at.is_(None))
    rows = work.session.execute(living).mappings().all()
    search.put(work, KIND, [(row["id"], document(work, dict(row))) for row in rows])


def renew(work: Work, ids: Sequence[int]) -> None:
    """What a job changed of custom fields is a change of these companies like any other."""
    values = {"updated_at": work.now, "version": Company.version + 1}
    work.session.execute(
        sql_update(Company).where(Company.id.in_(ids)).values(values), execution_options={"synchronize_session": False}
    )
    for company_id in ids:
        work.changed(Change("company.updated", KIND, company_id))


def _one(work: Work, company_id: int, *, in_bin: bool = False, lock: bool = False) -> Company:
    number = keyset.valid_id(company_id)
    if number is None:
        raise NotFound("company", company_id)
    wanted = select(Company).where(Company.id == number)
    if not in_bin:
        wanted = wanted.where(Company.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Company.within_reach(work.actor))
    wanted = wanted.options(joinedload(Company.status, innerjoin=True), joinedload(Company.assigned_to))
    if lock:
        wanted = wanted.with_for_update(of=Company).execution_options(populate_existing=True)
    company: Company | None = work.session.scalar(wanted)
    if company is None:
        raise NotFound("company", company_id)
    return company


def _attach(work: Work, company: Company, known: Sequence[CompanyStatus]) -> None:
    """Puts the status and the user beside the company, as they are when it is read."""
    user = work.session.get(User, company.assigned_to_id) if company.assigned_to_id is not None else None
    set_committed_value(company, "status", next(status for status in known if status.id == company.status_id))
    set_committed_value(company, "assigned_to", user)
