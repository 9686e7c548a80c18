"""Parts of other pages: what a contact paid and subscribed to, the accounts on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Read, Work
from crmhost.web.api import gettext
from plugins.syncs.api import parts

from .checkout import ID


def _kinds() -> Mapping[str, str]:
    return {"charge": gettext("Payment"), "invoice": gettext("Invoice"), "subscription": gettext("Subscription")}


def contact_tab(work: Work, contact: Any) -> str:
    """The newest charges, invoices and subscriptions of a contact."""
    none = (gettext("No payments yet"), gettext("What this person pays over a connected Stripe account stands here."))
    return parts.contact_tab(work, contact, ID, _kinds(), none=none)


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [parts.number_read(contact, ID, _kinds())]


def contact_number(work: Work, contact: Any) -> int:
    """How many charges, invoices and subscriptions a contact has."""
    return parts.contact_number(work, contact, ID, _kinds())


def widget(work: Work) -> str:
    """Each account: when it was read, and what is wrong."""
    return parts.widget(work, ID, gettext("No Stripe account is connected yet."))
