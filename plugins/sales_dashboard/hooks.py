"""Hooks of the sales dashboard, for extensions that know of sales what transactions don't tell."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from crmhost.api import Money
from crmhost.hooks import hookspec


@dataclasses.dataclass(frozen=True, slots=True)
class SubscriptionTerm:
    """A time in which a subscription brings the same.

    :param subscription: its id, unique among all sources, such as ``stripe:acct:sub_1``; ``label`` what people call it.
    :param customer: who pays, the same for all subscriptions of one customer.
    :param since: the first day of the site's zone on which it is paid for.
    :param until: the first day on which it is not any more: after the end of the period that was paid last, ahead where it is
        cancelled for then; ``None`` while it goes on. Where another term of it follows, its first day.
    :param monthly: what it brings by the month: without taxes, after discounts that last; what is paid yearly, by twelve.
    :param contact_id: the customer, where they are a contact; ``url`` where the subscription is looked at.
    """

    subscription: str
    customer: str
    since: dt.date
    monthly: Money
    until: dt.date | None = None
    label: str = ""
    contact_id: int | None = None
    url: str = ""


@hookspec("collect", gives=SubscriptionTerm)
def sales_dashboard_subscriptions(work: Any) -> Sequence[SubscriptionTerm] | None:
    """Subscriptions, from which recurring revenue and churn are made: all terms that ever were, those of the contacts that
    ``work.actor`` may see.

    Asked whenever the page is opened, so answer in one question to the database, or two::

        @hookimpl
        def sales_dashboard_subscriptions(self, work):
            from .contracts import terms

            return terms(work)
    """
