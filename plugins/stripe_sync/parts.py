"""Parts of other pages: what a contact paid and subscribed to, the accounts on the dashboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from crmhost.api import Message, Money, Read, Work
from crmhost.web.api import gettext, render_template
from plugins.syncs.api import Record, connections, parts

from .checkout import ID
from .models import Settlement

_KINDS = {"charge": Message("Payment"), "invoice": Message("Invoice"), "subscription": Message("Subscription")}


def contact_tab(work: Work, contact: Any) -> str:
    """The newest charges, invoices and subscriptions of a contact."""
    nothing = (
        gettext("No payments yet"),
        gettext("What this person pays over a connected Stripe account stands here."),
    )
    rows = parts.rows(work, contact, ID, _KINDS, notes=fees)
    number = contact_number(work, contact)
    return render_template("syncs/records.html", rows=rows, number=number, nothing=nothing)


def fees(work: Work, records: Sequence[Any]) -> dict[int, str]:
    """What Stripe kept of charges and paid out, by the ids of their records."""
    currencies = {record.id: record.currency for record in records}
    found: dict[int, str] = {}
    for row in work.session.scalars(select(Settlement).where(Settlement.record_id.in_(list(currencies)))):
        words = {"fee": str(Money(row.fee, row.currency)), "net": str(Money(row.net, row.currency))}
        found[row.record_id] = (
            Message("Fee %(fee)s, paid out %(net)s", **words)
            if row.currency == currencies[row.record_id]
            else Message(
                "Fee %(fee)s, paid out %(net)s: another currency, so the fee is in no figure of sales", **words
            )
        )
    return found


@dataclasses.dataclass(frozen=True)
class PaidOut:
    """What a payment brought at Stripe, in the currency that the account is paid out in.

    :param rate: that currency for one of the payment's; ``None`` where it is the same one.
    """

    amount: Money
    fee: Money
    net: Money
    rate: Decimal | None

    @property
    def digits(self) -> int:
        """How many digits of the rate stand behind the point."""
        exponent = self.rate.as_tuple().exponent if self.rate is not None else 0
        return max(0, -exponent) if isinstance(exponent, int) else 0


def fee_reads(_work: Work, transaction: Any) -> list[Read]:
    """What :func:`fee_box` asks, together with the other parts of the transaction's page."""
    columns = (Settlement.currency, Settlement.amount, Settlement.fee, Settlement.net, Settlement.exchange_rate)
    mine = (Record.object_type == "transaction", Record.object_id == transaction.id)
    wanted = select(*columns).join(Record, Record.id == Settlement.record_id).where(*mine)
    return [Read(("stripe_sync.fees", transaction.id), wanted)]


def fee_box(work: Work, transaction: Any) -> str:
    """What Stripe kept of a transaction and paid out; empty where it says nothing of it."""
    found = []
    for currency, amount, fee, net, rate in (row for read in fee_reads(work, transaction) for row in work.rows(read)):
        worth, kept, paid = (Money(int(each), currency) for each in (amount, fee, net))
        found.append(PaidOut(worth, kept, paid, None if currency == transaction.currency else _rate(rate)))
    return render_template("stripe_sync/fees.html", found=found, one=transaction) if found else ""


def _rate(text: str) -> Decimal | None:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() else None


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [parts.number_read(contact, ID, _KINDS)]


def contact_number(work: Work, contact: Any) -> int:
    """How many charges, invoices and subscriptions a contact has."""
    return int(work.rows(parts.number_read(contact, ID, _KINDS))[0][0])


def widget(work: Work) -> str:
    """Each account: when it was read, and what is wrong."""
    there = connections.all_of(work, ID)
    nothing = gettext("No Stripe account is connected yet.")
    return render_template("syncs/widget.html", connections=there, source_id=ID, nothing=nothing)
