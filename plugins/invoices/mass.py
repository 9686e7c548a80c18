"""What is done to chosen invoices, one or a thousand; those that the actor may not see, or that it can't be done to, stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select, update

from crmhost.api import (
    Change,
    CrmError,
    Invalid,
    JobContext,
    Message,
    Work,
    custom_fields,
    keyset,
    record_fields,
    records,
    search,
    tags,
)

from . import paying, services
from .models import KIND, Invoice

#: Invoices that one call takes.
MOST = 1_000
SOME = 500


def issue(work: Work, ids: Sequence[int]) -> tuple[int, str]:
    """Gives drafts their numbers, in the order of their dates; gives how many, and what the first refused one lacks."""
    drafts = sorted(_chosen(work, ids, ("draft",)), key=lambda one: (one.date, one.id))
    return _each(work, drafts, lambda one: services.issue(work, one.id))


def mark_paid(work: Work, ids: Sequence[int]) -> tuple[int, str]:
    """Marks what is due as paid; gives how many invoices, and why the first refused one was."""
    work.require("invoices.pay")
    return _each(work, _chosen(work, ids, paying.OWED), lambda one: paying.mark_paid(work, one.id))


def void(work: Work, ids: Sequence[int], reason: str) -> tuple[int, str]:
    """Voids issued invoices; gives how many, and why the first refused one was."""
    work.require("invoices.void")
    found = _chosen(work, ids, (*paying.OWED, "paid"))
    return _each(work, found, lambda one: services.void(work, one.id, reason))


def delete(work: Work, ids: Sequence[int]) -> int:
    """Puts drafts into the bin; gives how many."""
    work.require("invoices.delete")
    drafts = [one.id for one in _chosen(work, ids, ("draft",))]
    services.delete(work, drafts)
    return len(drafts)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Takes drafts out of the bin; gives how many."""
    work.require("invoices.delete")
    return services.restore(work, [one.id for one in _chosen(work, ids, in_bin=True)])


def erase(work: Work, ids: Sequence[int]) -> int:
    """Removes drafts from the bin for good; gives how many."""
    work.require("invoices.delete")
    gone = _chosen(work, ids, ("draft",), in_bin=True)
    keys = [one.id for one in gone]
    records.forget(work, KIND, keys)
    record_fields.drop_external_ids(work, KIND, keys)
    custom_fields.drop(work, KIND, keys)
    search.drop(work, KIND, keys)
    for one in gone:
        work.session.delete(one)
    work.session.flush()
    work.audit_many([("invoice.erased", KIND, key, None, None) for key in keys])
    for key in keys:
        work.changed(Change("invoice.erased", KIND, key, {}, {}))
    return len(keys)


def empty_bin(job: JobContext) -> dict[str, Any]:
    """The job: erases drafts that lay in the bin long enough, some in a transaction."""
    done = 0
    days = max(0, min(int(job.work.settings.get("contacts.bin_days") or 0), 36_500))
    due = select(Invoice.id).where(Invoice.deleted_at < job.work.now - dt.timedelta(days=days))
    while True:
        job.check()
        with job.work.begin():
            gone = erase(job.work, list(job.work.session.scalars(due.order_by(Invoice.deleted_at).limit(200))))
        if not gone:
            return {"message": Message("%(number)s drafts were erased.", number=done)}
        done += gone


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many invoices changed."""
    work.require("invoices.edit")
    add, remove = list(add), list(remove)
    for given in (add, remove):
        errors = record_fields.clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    chosen = {one.id: one for one in _chosen(work, ids)}
    changed = tags.put(work, KIND, list(chosen), add, remove)
    for key in changed:
        chosen[key].version += 1
        chosen[key].updated_at = work.now
    work.session.flush()
    told = [("invoice.updated", KIND, key, {"tags": old}, {"tags": new}) for key, (old, new) in changed.items()]
    work.audit_many(told)
    for name, kind, key, before, after in told:
        work.changed(Change(name, kind, key, before, after))
    return len(changed)


def renewed(work: Work, ids: Sequence[int]) -> None:
    """A job changed custom fields of these."""
    touched = {"version": Invoice.version + 1, "updated_at": work.now}
    wanted = update(Invoice).where(Invoice.id.in_(ids)).values(touched)
    work.session.execute(wanted, execution_options={"synchronize_session": False})
    for key in ids:
        work.changed(Change("invoice.updated", KIND, key))


def searched_anew(work: Work, ids: Sequence[int]) -> None:
    """Other texts of these are to be found from now on."""
    live = select(Invoice).where(Invoice.id.in_(ids), Invoice.deleted_at.is_(None))
    for one in work.session.scalars(live):
        services.find_by(work, one)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _each(work: Work, found: Sequence[Invoice], do: Callable[[Invoice], object]) -> tuple[int, str]:
    done, said = 0, ""
    for one in found:
        try:
            with work.part():
                do(one)
            done += 1
        except CrmError as error:
            said = said or str(error)
    return done, said


def _chosen(work: Work, ids: Sequence[int], states: Sequence[str] = (), *, in_bin: bool = False) -> list[Invoice]:
    """The invoices among these ids that the actor may see and that are in one of these states, locked in one order."""
    keys = sorted({number for number in map(keyset.valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s invoices can be changed in one step.", most=MOST))
    where: list[Any] = [Invoice.deleted_at.is_not(None) if in_bin else Invoice.deleted_at.is_(None)]
    if states:
        where.append(Invoice.state.in_(states))
    if work.actor.only_assigned:
        where.append(Invoice.within_reach(work.actor))
    found: list[Invoice] = []
    for start in range(0, len(keys), SOME):
        wanted = select(Invoice).where(Invoice.id.in_(keys[start : start + SOME]), *where).order_by(Invoice.id)
        found += work.session.scalars(wanted.with_for_update().execution_options(populate_existing=True))
    return found
