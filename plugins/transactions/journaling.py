"""What the journals of contacts tell of their transactions: added, given money back, another status, attached to an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from crmhost.api import Change, JournalType, Message, Money, Work, journal

from . import kinds
from .models import KIND, Transaction
from .owners import invoices

ADDED, REFUNDED = "transactions.added", "transactions.refunded"
STATUS, ATTACHED = "transactions.status", "transactions.attached"
#: Sources whose transactions come by the thousand from elsewhere: they have their own reports.
_QUIET = ("import", "demo")
_SOME = 500


def types() -> Sequence[JournalType]:
    """The types of these entries."""
    return [
        JournalType(name=ADDED, label="Transaction added", icon="cash"),
        JournalType(name=REFUNDED, label="Refund added", icon="receipt-refund"),
        JournalType(name=STATUS, label="Status of a transaction", icon="cash"),
        JournalType(name=ATTACHED, label="Transaction attached", icon="link"),
    ]


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Writes into the journals what became of transactions, those of imports aside."""
    told = [change for change in changes if change.object_type == KIND and _speaks(change)]
    for start in range(0, len(told), _SOME):
        some = told[start : start + _SOME]
        journal.system(work, list(_entries(work, some)))


def _speaks(change: Change) -> bool:
    if change.name == "transaction.created":
        return change.after.get("source") not in _QUIET and not change.after.get("quiet")
    return change.name == "transaction.updated" and bool({"status_id", "invoice_id"} & change.after.keys())


def _entries(work: Work, changes: Sequence[Change]) -> Iterator[journal.SystemEntry]:
    ids = {change.object_id for change in changes}
    found = {one.id: one for one in work.session.scalars(select(Transaction).where(Transaction.id.in_(ids)))}
    owned = {one.id for one in found.values() if one.counted_contact_id is not None}
    named = {number for change in changes if change.object_id in owned if (number := change.after.get("invoice_id"))}
    labels = {key: invoice.label for key, invoice in invoices(work, named).items()}
    statuses = {status.id: status.name for status in kinds.statuses(work)}
    signs = {kind.id: kind.sign for kind in kinds.types(work)}
    for change in changes:
        one = found.get(change.object_id)
        if one is None or one.counted_contact_id is None:
            continue
        data = {"transaction": one.id, "ref": one.ref}
        words = {"ref": one.ref, "amount": str(Money(one.total, one.currency))}
        if change.name == "transaction.created":
            back = signs.get(one.type_id, 0) < 0
            said = (
                Message("Refund %(ref)s over %(amount)s", **words)
                if back
                else Message("Transaction %(ref)s over %(amount)s", **words)
            )
            yield _entry(one, REFUNDED if back else ADDED, said, data)
        elif "status_id" in change.after:
            status = statuses.get(change.after["status_id"], "")
            yield _entry(one, STATUS, Message("Transaction %(ref)s: %(status)s", ref=one.ref, status=status), data)
        if number := change.after.get("invoice_id"):
            label = labels.get(number, "")
            if label:
                said = Message("Transaction %(ref)s is attached to the invoice %(number)s", ref=one.ref, number=label)
                yield _entry(one, ATTACHED, said, {**data, "invoice": number})


def _entry(one: Transaction, kind: str, said: Message, data: dict[str, object]) -> journal.SystemEntry:
    return journal.SystemEntry(int(one.counted_contact_id or 0), kind, data=data, summary=said)
