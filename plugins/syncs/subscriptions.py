"""The subscriptions of all connections, for the recurring revenue of the sales dashboard."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, Money, Work, money
from plugins.sales_dashboard.api import SubscriptionTerm

from .models import Connection, Record, Term
from .terms import monthly

_TERM: tuple[Any, ...] = (Term.since, Term.until, Term.currency, Term.amount, Term.unit, Term.every)
_RECORD: tuple[Any, ...] = (Record.connection_id, Record.external_id, Record.contact_id, Record.label, Record.url)


def terms(work: Work) -> list[SubscriptionTerm]:
    """All terms of the subscriptions of contacts that the actor may see, in two questions; days are of the site's zone."""
    # Columns instead of objects: there are as many rows as subscriptions, at every look.
    wanted = select(*_RECORD, *_TERM).join(Record, Record.id == Term.record_id).order_by(Term.record_id, Term.since)
    if work.actor.only_assigned:
        wanted = wanted.where(Record.contact_id.in_(select(Contact.id).where(Contact.visible_to(work.actor))))
    sources = {
        connection_id: f"{source}:{key}"
        for connection_id, source, key in work.session.execute(select(Connection.id, Connection.source, Connection.key))
    }
    zone = work.timezone

    def day(moment: dt.datetime) -> dt.date:
        return moment.astimezone(zone).date()

    @functools.cache
    def brought(currency: str, amount: int, unit: str, every: int) -> Money:
        return Money(money.round_half_up(monthly(amount, unit, every)), currency)

    found = []
    for connection_id, external_id, contact_id, label, url, since, until, *price in work.session.execute(wanted):
        name = f"{sources[connection_id]}:{external_id}"
        found.append(
            SubscriptionTerm(
                name,
                name if contact_id is None else f"contact:{contact_id}",
                day(since),
                brought(*price),
                None if until is None else day(until),
                label,
                contact_id,
                url,
            )
        )
    return found
