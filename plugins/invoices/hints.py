"""Which transactions may be the payments of invoices that were marked as paid, and the other way round."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sqlalchemy import or_

from crmhost.api import Read, Work
from plugins.transactions import api as transactions
from plugins.transactions.api import Transaction

from .models import Invoice


def payments(work: Work, invoice: Invoice) -> Sequence[Transaction]:
    """Transactions that may be the payment of an invoice marked as paid: of the same customer and amount, attached to none."""
    # Attached to nothing, a transaction counts to whom it names.
    owner = {Transaction.counted_contact_id: invoice.contact_id, Transaction.counted_company_id: invoice.company_id}
    mine = [column == number for column, number in owner.items() if number is not None]
    if not invoice.paid_apart or not mine or not work.can("transactions.view"):
        return []
    same = (
        Transaction.total == invoice.paid_apart,
        Transaction.currency == invoice.currency,
        Transaction.invoice_id.is_(None),
    )
    wanted = work.visible(Transaction).where(or_(*mine), *same).order_by(Transaction.at.desc()).limit(3)
    return [each.one for each in transactions.judged(work, wanted, counting=True)]


@dataclasses.dataclass(frozen=True)
class Hinted:
    """An invoice marked as paid, whose payment a transaction may be."""

    id: int
    number: str
    currency: str
    paid_apart: int


def reads(work: Work, transaction: Transaction) -> list[Read]:
    """What :func:`invoices` asks; nothing when the transaction can't be a payment that nobody attached."""
    owner = {Invoice.contact_id: transaction.contact_id, Invoice.company_id: transaction.company_id}
    mine = [column == number for column, number in owner.items() if number is not None]
    if transaction.invoice_id is not None or not mine or not transactions.rule(work).counts(transaction):
        return []
    wanted = work.visible(Invoice).where(
        or_(*mine), Invoice.paid_apart == transaction.total, Invoice.currency == transaction.currency,
        Invoice.state.not_in(("draft", "void")),
    )  # fmt: skip
    columns = (Invoice.id, Invoice.number, Invoice.currency, Invoice.paid_apart)
    newest = wanted.order_by(Invoice.date.desc(), Invoice.id.desc()).limit(3)
    return [Read(("invoices.hinted", work.actor, transaction.id), newest.with_only_columns(*columns))]


def invoices(work: Work, transaction: Transaction) -> list[Hinted]:
    """Invoices marked as paid that a transaction of the same customer and amount, attached to none, may be the payment of."""
    found = [Hinted(*row) for read in reads(work, transaction) for row in work.rows(read)]
    return sorted(found, key=lambda one: -one.id)
