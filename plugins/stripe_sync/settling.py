"""Puts payments that came in over Stripe to the invoices that they were made for, and tells staff what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import CrmError, Money, Work, notifications
from plugins.syncs.api import Connection, Record
from plugins.transactions import api as transactions

from .models import Checkout

_REFUND = "refund"


def settle(work: Work, one: Connection, record: Record, token: str) -> None:
    """Puts a payment to the invoice that it was made for, once; where that can't be, says so to those who can.

    What goes back of it is put there too, so that the invoice says what is due.

    :param record: the charge, whose money came in.
    :param token: what it says it is for, see :class:`.models.Checkout`; of another account or site it says nothing here.
    """
    invoices = work.service("invoices")
    mine = select(Checkout).where(Checkout.token == token, Checkout.connection_id == one.id)
    offered: Checkout | None = work.session.scalar(mine.with_for_update())
    if invoices is None or offered is None or record.object_id is None:
        return
    if offered.transaction_id is None:
        offered.transaction_id = record.object_id
        work.session.flush()
        _attach(work, invoices, offered, record)
    if offered.transaction_id == record.object_id:
        _give_back(work, invoices, offered, record)


def _attach(work: Work, invoices: Any, offered: Checkout, record: Record) -> None:
    invoice = invoices.issued(offered.invoice_id)
    owed = invoices.owed(offered.invoice_id)
    known = {
        "number": invoice.number if invoice is not None else offered.invoice_id,
        "amount": str(Money(record.amount, record.currency)),
    }
    attached = owed is not None and _put(work, invoices, offered.invoice_id, record.object_id)
    if owed is None or not attached:
        tell(work, record, "%(amount)s came in over Stripe that can’t be put to invoice %(number)s: look at it.", known)
        return
    over = record.amount - owed[1].amount
    if over > 0:
        known["over"] = str(Money(over, record.currency))
        tell(
            work, record, "Invoice %(number)s was paid over Stripe with %(over)s more than was due: look at it.", known
        )


def _put(work: Work, invoices: Any, invoice_id: int, transaction_id: int | None) -> bool:
    try:
        with work.part():
            invoices.attach(invoice_id, transaction_id)
    except CrmError:
        return False
    return True


def _give_back(work: Work, invoices: Any, offered: Checkout, record: Record) -> None:
    """Has refunds and lost disputes of a payment count at its invoice."""
    wanted = select(Record.object_id).where(
        Record.connection_id == record.connection_id,
        Record.kind == _REFUND,
        Record.parent == record.external_id,
        Record.parent != "",
    )
    numbers = [number for number in work.session.scalars(wanted) if number is not None]
    mine = record.object_id or 0
    there = transactions.by_ids(work, [*numbers, mine]) if numbers else {}
    sale = there.get(mine)
    if sale is None or sale.invoice_id != offered.invoice_id:
        return
    for number in numbers:
        if number in there and there[number].invoice_id is None and there[number].deleted_at is None:
            _put(work, invoices, offered.invoice_id, number)


def tell(work: Work, record: Record, text: str, data: Mapping[str, Any]) -> None:
    """Tells those who may record payments something about one."""
    people = notifications.who_may(work, "invoices.pay")
    url = f"/transactions/{record.object_id}"
    notifications.tell(work, people, text, url=url, kind="stripe_sync.unsettled", data=data)
