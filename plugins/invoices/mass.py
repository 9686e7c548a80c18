"""What is done to chosen invoices, one or a thousand; those that the actor may not see, or that it can't be done to, stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import (
    Change,
    CrmError,
    JobContext,
    Message,
    Work,
    records,
)

from . import paying, services
from .models import KIND, Invoice


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
    for one in gone:
        work.session.delete(one)
    work.session.flush()
    records.tell(work, "invoice.erased", KIND, {key: {} for key in keys})
    return len(keys)


def empty_bin(job: JobContext) -> dict[str, Any]:
    """The job: erases drafts that lay in the bin long enough, some in a transaction."""
    number = job.some_at_a_time(lambda work: erase(work, records.overdue(work, Invoice, 200)))
    return {"message": Message("%(number)s drafts were erased.", number=number)}


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many invoices changed."""
    work.require("invoices.edit")
    return records.retag(work, Invoice, KIND, [one.id for one in _chosen(work, ids)], add, remove)


def renewed(work: Work, ids: Sequence[int]) -> None:
    """A job changed custom fields of these."""
    records.write(work, Invoice, ids)
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
    """Of these, those that are in one of these states."""
    return records.chosen(work, Invoice, ids, *([Invoice.state.in_(states)] if states else []), in_bin=in_bin)
