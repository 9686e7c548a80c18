"""What the people of companies are worth to these, when a site counts that too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import func, select

from crmhost.api import Work

from . import counting
from .converted import summed
from .models import Transaction, Value

Sums = tuple[str, Mapping[str, int]]


def of_people(work: Work, company_ids: Sequence[int]) -> Iterator[tuple[int, Sums]]:
    """(company, (currency, sums)) of what counts to the people of companies and not to the company itself already."""
    service = work.service("companies")
    if service is None:
        return
    people = list(work.session.scalars(service.contacts_of(company_ids)).unique())
    belongs = service.of_contacts(people)
    rule = counting.rule(work)
    wanted = set(company_ids)
    for start in range(0, len(people), 500):
        some = people[start : start + 500]
        owner = (Transaction.counted_contact_id, Transaction.counted_company_id)
        for (contact, own, currency), one in summed(
            work, owner, Transaction.counted_contact_id.in_(some), rule=rule
        ).items():
            sums = {"total": one.amount, "transactions": one.amount, "refunded": one.refunded, "invoiced": 0, "paid": 0}
            for company_id in wanted.intersection(belongs.get(contact, ())) - {own}:
                yield company_id, (currency, sums)
        parts = select(
            Value.object_id, Value.currency, func.sum(Value.total - Value.transactions), Value.invoiced, Value.paid
        )
        parts = parts.where(Value.object_type == "contact", Value.object_id.in_(some), Value.invoiced != 0)
        for contact, currency, more, invoiced, paid in work.session.execute(
            parts.group_by(Value.object_id, Value.currency, Value.invoiced, Value.paid)
        ):
            sums = {"total": int(more), "transactions": 0, "refunded": 0, "invoiced": int(invoiced), "paid": int(paid)}
            for company_id in wanted.intersection(belongs.get(contact, ())):
                yield company_id, (currency, sums)
