"""Parts of other pages: what a contact paid and subscribed to, the accounts on the dashboard."""

from __future__ import annotations

from typing import Any

from crmhost.api import Message, Read, Work
from crmhost.web.api import gettext, render_template
from plugins.syncs.api import connections, parts

from .checkout import ID

_KINDS = {"charge": Message("Payment"), "invoice": Message("Invoice"), "subscription": Message("Subscription")}


def contact_tab(work: Work, contact: Any) -> str:
    """The newest charges, invoices and subscriptions of a contact."""
    none = (gettext("No payments yet"), gettext("What this person pays over a connected Stripe account stands here."))
    return render_template("syncs/records.html", rows=parts.rows(work, contact, ID, _KINDS), none=none)


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [parts.number_read(contact, ID, _KINDS)]


def contact_number(work: Work, contact: Any) -> int:
    """How many charges, invoices and subscriptions a contact has."""
    return int(work.rows(parts.number_read(contact, ID, _KINDS))[0][0])


def widget(work: Work) -> str:
    """Each account: when it was read, and what is wrong."""
    there = connections.all_of(work, ID)
    none = gettext("No Stripe account is connected yet.")
    return render_template("syncs/widget.html", connections=there, source_id=ID, none=none)
