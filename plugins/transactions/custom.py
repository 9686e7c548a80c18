"""Transactions whose texts changed otherwise than by their own form: custom fields by a job, people who are erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from crmhost.api import Change, JobContext, Message, Work, custom_fields, records

from . import mass, storing
from .models import KIND, Transaction


def renewed(work: Work, ids: Sequence[int]) -> None:
    """A job changed custom fields of these."""
    records.write(work, Transaction, ids)
    for key in ids:
        work.changed(Change("transaction.updated", KIND, key))


def searched_anew(work: Work, ids: Sequence[int]) -> None:
    """Other texts of these are to be found from now on."""
    live = select(Transaction).where(Transaction.id.in_(ids), Transaction.deleted_at.is_(None))
    storing.find_by(work, list(work.session.scalars(live)))


def forget_person(work: Work, contact_id: int) -> None:
    """Takes what says something about a person out of their transactions. The sums stay, as the law on books wants it: reference,
    day, amounts and lines, without a name."""
    whose = or_(Transaction.contact_id == contact_id, Transaction.counted_contact_id == contact_id)
    rows = list(work.session.scalars(select(Transaction).where(whose)))
    custom_fields.drop(work, KIND, [one.id for one in rows])
    for one in rows:
        one.name, one.name_key, one.description, one.custom = "", "", "", {}
        one.version += 1
    work.session.flush()
    storing.find_by(work, [one for one in rows if one.deleted_at is None])


def empty_bin(job: JobContext) -> dict[str, Any]:
    """The job: erases what lay in the bin long enough, some in a transaction."""
    return {"message": Message("%(number)s transactions were erased.", number=job.some_at_a_time(mass.empty_bin))}
