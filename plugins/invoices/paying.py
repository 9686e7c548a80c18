"""What is paid and owed: an invoice's state follows from its total, its payments, its credit notes and its due date."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Change, Invalid, Message, Money, NotFound, Work, money, rates, texts
from plugins.transactions import api as transactions
from plugins.transactions.api import Transaction

from .models import KIND, Invoice
from .storing import get, note_change, snapshot

#: What follows from what, with the names that people and programs see.
STATES: dict[str, str] = {
    "draft": Message("Draft"),
    "unpaid": Message("Unpaid"),
    "part_paid": Message("Part-paid"),
    "paid": Message("Paid"),
    "overdue": Message("Overdue"),
    "void": Message("Void"),
}
#: States in which something is owed.
OWED = ("unpaid", "part_paid", "overdue")
#: Invoices brought up to date in one transaction.
BATCH = 200
#: Ids that one statement takes.
SOME = 500
#: Kind of record of the transactions, and the setting that says which of them count.
TRANSACTION, COUNTING = "transaction", "transactions.included_statuses"


def state_named(given: object) -> str:
    """The state that a name means, in any usual writing: “Part-paid”, “part_paid”.

    :raises Invalid: when there is none.
    """
    key = "".join(letter for letter in texts.fold(str(given)) if letter.isalnum())
    for state in STATES:
        if key == state.replace("_", ""):
            return state
    names = ", ".join(STATES.values())
    raise Invalid(
        {"status": [Message("“%(given)s” is no status of invoices: %(names)s.", given=str(given)[:40], names=names)]}
    )


def state_of(invoice: Invoice, today: dt.date) -> str:
    """The state that follows from the rest."""
    if invoice.state in ("draft", "void"):
        return str(invoice.state)
    if invoice.is_credit or invoice.due <= 0:
        return "paid"
    if invoice.due_date < today:
        return "overdue"
    return "part_paid" if invoice.paid > 0 else "unpaid"


# --- payments ---------------------------------------------------------------------------------------------------------


def record_payment(work: Work, invoice_id: int, given: Mapping[str, Any], *, key: str = "") -> Transaction:
    """Records a payment as a transaction that is attached to the invoice; gives the transaction.

    :param given: ``amount`` (what is due, when it is left out), ``date``, ``status``, ``payment_method``, ``ref``,
        ``description``, ``type``; with ``receipt`` the customer gets a mail that it came.
    :param key: of a payment that may be told twice: it is stored once.
    :raises Invalid: sentences by field.
    """
    work.require("invoices.pay")
    invoice = get(work, invoice_id, lock=True)
    if not invoice.counts:
        raise Invalid("Only an issued invoice can be paid: give it a number first.")
    if invoice.is_credit:
        raise Invalid("A credit note is not paid. Record the refund with the invoice.")
    try:
        amount = money.read(given.get("amount"), invoice.currency)
    except ValueError as error:
        raise Invalid({"amount": [error.args[0]]}) from None
    amount = invoice.amount("due") if amount is None else amount
    if amount.currency != invoice.currency:
        raise Invalid({"amount": [Message("This invoice is in %(currency)s.", currency=invoice.currency)]})
    if amount.amount <= 0:
        raise Invalid({"amount": ["Give an amount above zero."]})
    passed = {
        name: given[name]
        for name in ("date", "status", "payment_method", "ref", "description", "type")
        if given.get(name)
    }
    name = Message("Payment of %(number)s", number=invoice.number or "")
    wanted = {
        "name": str(name),
        "contact_id": invoice.contact_id,
        "company_id": invoice.company_id,
        "invoice_id": invoice.id,
        "total": amount.json(),
        "ref": _payment_ref(work, invoice),
        **passed,
    }
    if given.get("receipt"):
        work.require("invoices.send")
    made = transactions.create(acting(work), wanted, source="invoices", key=key)
    if given.get("receipt"):
        work.enqueue("invoices.receipt", dedupe=str(made.id), invoice_id=invoice.id, transaction_id=made.id)
    return made


def _payment_ref(work: Work, invoice: Invoice) -> str:
    """A reference that no transaction has: the invoice's number, with a count behind it from the second payment on."""
    number = str(invoice.number)
    mine = Transaction.ref_key.startswith(texts.fold(number), autoescape=True) & Transaction.deleted_at.is_(None)
    taken = set(work.session.scalars(select(Transaction.ref_key).where(mine)))
    count = 1
    while texts.fold(number if count == 1 else f"{number}-{count}") in taken:
        count += 1
    return number if count == 1 else f"{number}-{count}"


def attach(work: Work, invoice_id: int, transaction_id: int) -> Transaction:
    """Attaches a transaction that is there already to an invoice, as a payment of it.

    :raises Invalid: when the invoice is a draft, void or a credit note, or the transaction is in another currency.
    """
    work.require("invoices.pay")
    invoice = get(work, invoice_id)
    if not invoice.counts or invoice.is_credit:
        raise Invalid("Only an issued invoice can be paid: give it a number first.")
    return transactions.attach(acting(work), transaction_id, invoice_id)


def detach(work: Work, invoice_id: int, transaction_id: int) -> None:
    """Takes a transaction off an invoice; it stays as it is otherwise.

    :raises NotFound: when it is not attached to this invoice.
    """
    work.require("invoices.pay")
    get(work, invoice_id)
    allowed = acting(work)
    if transactions.get(allowed, transaction_id).invoice_id != invoice_id:
        raise NotFound("transaction", transaction_id)
    transactions.detach(allowed, transaction_id)


def acting(work: Work) -> Work:
    """The same work for what recording a payment takes of transactions, of whom it is allowed for invoices."""
    needed = {"transactions.view", "transactions.edit"}
    return work.as_actor(dataclasses.replace(work.actor, permissions=work.actor.permissions | needed))


def mark_paid(work: Work, invoice_id: int, *, on: dt.date | None = None) -> Invoice:
    """Marks what is due as paid, without a transaction that says how.

    :param on: the day on which it was; today without it.
    """
    work.require("invoices.pay")
    invoice = get(work, invoice_id, lock=True)
    if not invoice.counts or invoice.is_credit:
        raise Invalid("Only an issued invoice can be paid: give it a number first.")
    if invoice.due > 0:
        before = snapshot(invoice)
        invoice.paid_apart += invoice.due
        invoice.paid_apart_on = on or work.today
        settle(work, [invoice])
        note_change(work, invoice, before)
    return invoice


def unmark_paid(work: Work, invoice_id: int) -> Invoice:
    """Takes back that an invoice was marked as paid; its transactions stay."""
    work.require("invoices.pay")
    invoice = get(work, invoice_id, lock=True)
    if invoice.paid_apart:
        before = snapshot(invoice)
        invoice.paid_apart = 0
        settle(work, [invoice])
        note_change(work, invoice, before)
    return invoice


# --- kept up to date --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Settled:
    """What is paid and due of an invoice, in minor units; ``paid`` has ``paid_apart`` in it."""

    paid_apart: int
    paid: int
    due: int


def settled(total: int, credited: int, recorded: int, apart: int, *, stands: bool) -> Settled:
    """What is paid and due.

    :param credited: what issued credit notes take off.
    :param recorded: what attached transactions come to, refunds taken off.
    :param apart: what was marked as paid without a transaction: a transaction takes its place.
    :param stands: issued, not void, and no credit note.
    """
    apart = min(apart, max(0, total - credited - recorded)) if stands else 0
    paid = recorded + apart
    return Settled(apart, paid, total - credited - paid if stands else 0)


def settle(work: Work, invoices: Sequence[Invoice]) -> None:
    """Sets what is paid, credited and due of invoices of this transaction, and their states; tells what came of it."""
    ids = [invoice.id for invoice in invoices]
    attached = transactions.paid_of_invoices(work, ids)
    credited = _credited(work, ids)
    today = work.today
    for invoice in invoices:
        invoice.credited = credited.get(invoice.id, 0)
        recorded = attached[invoice.id].amount if invoice.id in attached else 0
        stands = invoice.counts and not invoice.is_credit
        found = settled(invoice.total, invoice.credited, recorded, invoice.paid_apart, stands=stands)
        invoice.paid_apart, invoice.paid, invoice.due = found.paid_apart, found.paid, found.due
        invoice.paid_apart_on = invoice.paid_apart_on if invoice.paid_apart else None
        before, invoice.state = invoice.state, state_of(invoice, today)
        if before != invoice.state:
            invoice.paid_at = work.now if invoice.state == "paid" and not invoice.is_credit else None
            if invoice.state in ("paid", "part_paid", "overdue") and not invoice.is_credit:
                work.tell(f"invoice.{invoice.state}", [invoice.id])


def _credited(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """What issued credit notes take off invoices."""
    counted = Invoice.credits_id.in_(ids), Invoice.state.not_in(("draft", "void")), Invoice.deleted_at.is_(None)
    rows = work.session.execute(
        select(Invoice.credits_id, func.sum(-Invoice.total).label("amount"))
        .where(*counted)
        .group_by(Invoice.credits_id)
    )
    return {row.credits_id: int(row.amount) for row in rows}


def recount(work: Work, ids: Iterable[int]) -> None:
    """Settles invoices anew, and notes what changed by it."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), BATCH):
        some = select(Invoice).where(Invoice.id.in_(wanted[start : start + BATCH])).order_by(Invoice.id)
        invoices = work.session.scalars(some.with_for_update().execution_options(populate_existing=True)).all()
        before = {invoice.id: snapshot(invoice) for invoice in invoices}
        settle(work, invoices)
        for invoice in invoices:
            note_change(work, invoice, before[invoice.id])


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Brings invoices up to date with the transactions that changed, and values with the invoices that did."""
    if any(change.name == "setting.changed" and COUNTING in change.after for change in changes) or any(
        change.object_type == "transaction_type" for change in changes
    ):
        work.enqueue("invoices.recount", dedupe="all")
    moved = [change for change in changes if change.object_type == TRANSACTION]
    touched = {
        number for change in moved for values in (change.before, change.after) if (number := values.get("invoice_id"))
    }
    # A new one tells itself what it is attached to.
    touched |= _attached_to(work, [change.object_id for change in moved if change.name != "transaction.created"])
    if touched:
        recount(work, touched)
    own = [change for change in changes if change.object_type == KIND]
    owners = {"contact": set[int](), "company": set[int]()}
    for change in own:
        if {"contact_id", "company_id"} & change.before.keys():
            values = change.after
            transactions.invoice_owner_changed(
                work, change.object_id, values.get("contact_id"), values.get("company_id")
            )
        for values in (change.before, change.after):
            for kind in owners:
                if values.get(f"{kind}_id"):
                    owners[kind].add(values[f"{kind}_id"])
    ids = touched | {change.object_id for change in own}
    if ids:
        rows = work.session.execute(select(Invoice.contact_id, Invoice.company_id).where(Invoice.id.in_(ids)))
        for contact, company in rows:
            owners["contact"] |= {contact} if contact else set()
            owners["company"] |= {company} if company else set()
        for kind, found in owners.items():
            if found:
                transactions.recompute(work, kind, sorted(found))


def _attached_to(work: Work, ids: Sequence[int]) -> set[int]:
    """The invoices that transactions are attached to now."""
    found: set[int] = set()
    for start in range(0, len(ids), SOME):
        wanted = select(Transaction.invoice_id).where(Transaction.id.in_(ids[start : start + SOME]))
        found.update(number for number in work.session.scalars(wanted.distinct()) if number)
    return found


def overdue(work: Work, limit: int = BATCH) -> int:
    """Has invoices whose due date passed become overdue, and those due later again no longer; gives how many changed."""
    late = Invoice.state.in_(("unpaid", "part_paid")) & (Invoice.due_date < work.today)
    early = (Invoice.state == "overdue") & (Invoice.due_date >= work.today)
    ids = work.session.scalars(select(Invoice.id).where(late | early).order_by(Invoice.id).limit(limit)).all()
    recount(work, ids)
    return len(ids)


# --- the value of a customer ------------------------------------------------------------------------------------------


def parts_of(work: Work, object_type: str, ids: Sequence[int]) -> list[transactions.ValuePart]:
    """What invoices add to the value of contacts or companies: see the hook ``transactions_value_parts``."""
    owner = Invoice.contact_id if object_type == "contact" else Invoice.company_id
    net = Invoice.total - Invoice.credited
    counted = (
        owner.in_(ids),
        Invoice.state.in_((*OWED, "paid")),
        Invoice.credits_id.is_(None),
        Invoice.deleted_at.is_(None),
    )
    converter = rates.converter(work)
    if converter.currencies:
        return _converted_parts(work, converter, owner, net, counted)
    rows = work.session.execute(
        select(
            owner.label("owner"),
            Invoice.currency,
            func.sum(net).label("invoiced"),
            func.sum(Invoice.paid).label("paid"),
            func.sum(Invoice.paid_apart).label("apart"),
        )
        .where(*counted)
        .group_by(owner, Invoice.currency)
    )
    return [
        transactions.ValuePart(row.owner, row.currency, int(row.invoiced), int(row.paid), int(row.apart))
        for row in rows
    ]


def _converted_parts(
    work: Work, converter: rates.Converter, owner: Any, net: Any, counted: Sequence[Any]
) -> list[transactions.ValuePart]:
    """The same with rates: each invoice at that of its date, those without one in their own currency."""
    found: dict[tuple[int, str], list[int]] = {}
    columns = (owner, Invoice.currency, Invoice.date, net, Invoice.paid, Invoice.paid_apart)
    for number, currency, day, *amounts in work.session.execute(select(*columns).where(*counted)):
        each = [converter.convert(Money(int(amount), currency), day) for amount in amounts]
        into = converter.base if each[0] is not None else currency
        sums = found.setdefault((number, into), [0, 0, 0])
        for place, (amount, one) in enumerate(zip(amounts, each, strict=True)):
            sums[place] += one.money.amount if one is not None else int(amount)
    return [transactions.ValuePart(number, currency, *sums) for (number, currency), sums in sorted(found.items())]


def owners_after(
    work: Work,
    object_type: str,
    after: int,
    limit: int,
    currency: str = "",
    days: tuple[dt.date, dt.date] | None = None,
) -> list[int]:
    """Ids of contacts or companies that have invoices: see the hook ``transactions_value_owners``."""
    owner = Invoice.contact_id if object_type == "contact" else Invoice.company_id
    wanted = select(owner).where(owner > after, Invoice.state != "draft").distinct().order_by(owner).limit(limit)
    if currency:
        wanted = wanted.where(Invoice.currency == currency)
    if days is not None:
        wanted = wanted.where(Invoice.date.between(*days))
    return [number for number in work.session.scalars(wanted) if number]


def has_work(work: Work) -> bool:
    """Whether the clock changed anything: invoices that are overdue now, or recurring ones that are due."""
    from . import recurring

    late = Invoice.state.in_(("unpaid", "part_paid")) & (Invoice.due_date < work.today)
    return bool(recurring.due(work, 1)) or work.session.scalar(select(Invoice.id).where(late).limit(1)) is not None
