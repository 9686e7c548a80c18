"""The subscriptions of all connections, for the recurring revenue of the sales dashboard."""

from __future__ import annotations

from sqlalchemy import select

from crmhost.api import Contact, Money, Work, money
from plugins.sales_dashboard.api import SubscriptionTerm

from .models import Connection, Record, Term
from .terms import monthly


def terms(work: Work) -> list[SubscriptionTerm]:
    """All terms of the subscriptions of contacts that the actor may see, in one question; days are of the site's zone."""
    wanted = (
        select(Term, Record.external_id, Record.contact_id, Record.label, Record.url, Connection.source, Connection.key)
        .join(Record, Record.id == Term.record_id)
        .join(Connection, Connection.id == Record.connection_id)
        .order_by(Term.record_id, Term.since)
    )
    if work.actor.only_assigned:
        wanted = wanted.where(Record.contact_id.in_(select(Contact.id).where(Contact.visible_to(work.actor))))
    zone = work.timezone
    found = []
    for term, external_id, contact_id, label, url, source, key in work.session.execute(wanted):
        name = f"{source}:{key}:{external_id}"
        amount = money.round_half_up(monthly(term.amount, term.unit, term.every))
        found.append(
            SubscriptionTerm(
                subscription=name,
                customer=name if contact_id is None else f"contact:{contact_id}",
                since=term.since.astimezone(zone).date(),
                until=None if term.until is None else term.until.astimezone(zone).date(),
                monthly=Money(amount, term.currency),
                label=label,
                contact_id=contact_id,
                url=url,
            )
        )
    return found
