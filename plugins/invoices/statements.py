"""Statements of account: what a contact or company was invoiced and paid over a period, by currency, and what is open."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    Select,
    String,
    Subquery,
    case,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from crmhost.api import Invalid, Message, Money, NotFound, Work, contacts
from plugins.transactions import api as transactions
from plugins.transactions.api import Transaction

from .models import Invoice

Owner = Literal["contact", "company"]
#: Kinds of entries, in the order in which those of one day stand.
INVOICE, CREDIT, PAYMENT, REFUND, MARKED = KINDS = ("invoice", "credit_note", "payment", "refund", "marked_paid")
#: Days past the due date up to which a part of the open amount goes; the first part is not due yet, the last has no end.
AGES = (0, 30, 60, 90)
#: Entries that one statement has at most.
MOST = 2_000
#: Months that a statement covers when nobody says.
_MONTHS = 12


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of a statement.

    :param kind: one of :data:`KINDS`; ``marked_paid`` is a payment that no transaction records.
    :param id: of the invoice, credit note or transaction.
    :param label: its number or reference; ``number`` that of the invoice which it belongs to.
    :param amount: above zero for what is owed, below for what was paid or credited.
    :param balance: after it.
    """

    kind: str
    id: int
    label: str
    invoice_id: int
    number: str
    day: dt.date
    due_date: dt.date
    amount: Money
    balance: Money


@dataclasses.dataclass(frozen=True)
class Account:
    """What happened in one currency: opening + invoiced + credited + paid = closing.

    :param credited: and ``paid``, refunds taken off: below zero, as they lower what is owed.
    :param aging: what is open of invoices: not due yet, up to 30, 60 and 90 days late, later.
    :param credit: what was paid too much, below zero; with ``aging`` it comes to ``closing``.
    """

    currency: str
    opening: Money
    entries: Sequence[Entry]
    invoiced: Money
    credited: Money
    paid: Money
    closing: Money
    aging: Sequence[Money]
    credit: Money


@dataclasses.dataclass(frozen=True)
class Statement:
    """The accounts of a contact or company, one per currency, that of the site first; ``start`` and ``end`` are included."""

    object_type: Owner
    object_id: int
    start: dt.date
    end: dt.date
    accounts: Sequence[Account]


def period(work: Work, start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date]:
    """The days of a statement: without an end it goes to today, without a start it has twelve months.

    :raises Invalid: when it ends before it starts.
    """
    end = end or work.today
    if start is None:
        months = max(12, end.year * 12 + end.month - _MONTHS)
        start = dt.date(months // 12, months % 12 + 1, 1)
    if start > end:
        raise Invalid({"date_to": ["The last day can't be before the first one."]})
    return start, end


def whole(work: Work, object_type: Owner, object_id: int) -> tuple[dt.date, dt.date]:
    """The days of a statement with everything: from the first entry until today."""
    owner_of(work, object_type, object_id)
    told = movements(work, object_type, object_id)
    first: dt.date | None = work.session.scalar(select(func.min(told.c.day)))
    return min(first or work.today, work.today), work.today


def owner_of(work: Work, object_type: Owner, object_id: int) -> Any:
    """The contact or company.

    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("invoices.view")
    if object_type == "contact":
        return contacts.get(work, object_id)
    companies = work.service("companies")
    if companies is None or str(object_type) != "company":
        raise NotFound("company", object_id)
    return companies.get(object_id)


def of(work: Work, object_type: Owner, object_id: int, start: dt.date, end: dt.date) -> Statement:
    """The statement of a contact or company, of the invoices that the actor may see.

    What counts: issued invoices that are not void, their issued credit notes, and the transactions attached to them whose
    status counts; what was paid of an invoice that is void now stands to the customer's credit. All is computed as of ``end``.

    :raises NotFound: when the actor may not see the contact or company.
    :raises Invalid: when there are more than :data:`MOST` entries.
    """
    owner_of(work, object_type, object_id)
    told = movements(work, object_type, object_id)
    session = work.session
    opening = {row[0]: int(row[1]) for row in session.execute(_before(told, start))}
    rows = session.execute(_within(told, start, end)).all()
    if len(rows) > MOST:
        raise Invalid(
            {
                "date_from": [
                    Message("There are more than %(most)s entries in this period: choose a shorter one.", most=MOST)
                ]
            }
        )
    ages = {row[0]: [int(part) for part in row[1:]] for row in session.execute(_ages(told, end))}
    base = str(work.settings.get("site.currency") or "")
    currencies = {currency for currency, amount in opening.items() if amount}
    currencies |= {row.currency for row in rows} | {currency for currency, parts in ages.items() if any(parts)}
    accounts = [
        account(
            currency,
            opening.get(currency, 0),
            (row for row in rows if row.currency == currency),
            ages.get(currency, [0] * (len(AGES) + 2)),
        )
        for currency in sorted(currencies, key=lambda code: (code != base, code))
    ]
    return Statement(object_type, object_id, start, end, accounts)


def account(currency: str, opening: int, rows: Iterable[Any], ages: Sequence[int]) -> Account:
    """The account of one currency.

    :param rows: in order, with the columns of :func:`movements`.
    :param ages: what is open by age, and last what was paid too much.
    """
    balance, entries = opening, []
    sums = {INVOICE: 0, CREDIT: 0, PAYMENT: 0}
    for row in rows:
        kind, amount = KINDS[row.kind], int(row.amount)
        balance += amount
        sums[kind if kind in sums else PAYMENT] += amount
        entries.append(
            Entry(
                kind, row.id, row.label or "", row.root, row.number or "", row.day, row.due_date,
                Money(amount, currency), Money(balance, currency),
            )
        )  # fmt: skip
    *aging, credit = (Money(part, currency) for part in ages)
    return Account(
        currency=currency,
        opening=Money(opening, currency),
        entries=entries,
        invoiced=Money(sums[INVOICE], currency),
        credited=Money(sums[CREDIT], currency),
        paid=Money(sums[PAYMENT], currency),
        closing=Money(balance, currency),
        aging=aging,
        credit=credit,
    )


# --- read -------------------------------------------------------------------------------------------------------------


def movements(work: Work, object_type: Owner, object_id: int) -> Subquery:
    """All that moved the balance of a contact or company: ``kind`` (place in :data:`KINDS`), ``root`` (id of the invoice),
    ``number`` and ``due_date`` of that one, ``id``, ``label``, ``day``, ``currency``, ``amount`` in minor units.
    """
    mine = (Invoice.contact_id if object_type == "contact" else Invoice.company_id) == object_id
    seen = (mine, Invoice.visible_to(work.actor), Invoice.credits_id.is_(None), Invoice.state != "draft")
    stands = Invoice.state != "void"
    note, rule = aliased(Invoice), transactions.rule(work)
    back = rule.subtracts()
    kind = case((back, KINDS.index(REFUND)), else_=KINDS.index(PAYMENT))
    paid = case((back, Transaction.total), else_=-Transaction.total)
    # As a plain condition, SQLite would look through all transactions of a status.
    counted = case((rule.condition(), 1), else_=0)
    issued = (note.state.not_in(("draft", "void")), note.deleted_at.is_(None))
    return union_all(
        _moved(
            literal(KINDS.index(INVOICE)), Invoice.id, Invoice.number, Invoice.date, Invoice.currency, Invoice.total
        ).where(*seen, stands),
        _moved(literal(KINDS.index(CREDIT)), note.id, note.number, note.date, note.currency, note.total)
        .join(note, note.credits_id == Invoice.id)
        .where(*seen, stands, *issued),
        _moved(kind, Transaction.id, Transaction.ref, Transaction.day, Transaction.currency, paid)
        .join(Transaction, Transaction.invoice_id == Invoice.id)
        .where(*seen, counted == 1),
        _moved(
            literal(KINDS.index(MARKED)),
            Invoice.id,
            Invoice.number,
            func.coalesce(Invoice.paid_apart_on, Invoice.date),
            Invoice.currency,
            -Invoice.paid_apart,
        ).where(*seen, stands, Invoice.paid_apart != 0),
    ).subquery("movements")


def _moved(kind: Any, id_: Any, label: Any, day: Any, currency: Any, amount: Any) -> Select[Any]:
    return select(
        type_coerce(kind, Integer).label("kind"),
        Invoice.id.label("root"),
        Invoice.number.label("number"),
        Invoice.due_date.label("due_date"),
        id_.label("id"),
        type_coerce(label, String).label("label"),
        type_coerce(day, Date).label("day"),
        currency.label("currency"),
        type_coerce(amount, BigInteger).label("amount"),
    ).select_from(Invoice)


def _before(told: Subquery, start: dt.date) -> Select[Any]:
    return select(told.c.currency, _sum(told.c.amount)).where(told.c.day < start).group_by(told.c.currency)


def _within(told: Subquery, start: dt.date, end: dt.date) -> Select[Any]:
    order = (told.c.currency, told.c.day, told.c.kind, told.c.id)
    return select(told).where(told.c.day >= start, told.c.day <= end).order_by(*order).limit(MOST + 1)


def _ages(told: Subquery, end: dt.date) -> Select[Any]:
    """What is open of each invoice at the end of a day, added up by how late it is then."""
    each = (
        select(told.c.currency, told.c.due_date, _sum(told.c.amount).label("open"))
        .where(told.c.day <= end)
        .group_by(told.c.currency, told.c.root, told.c.due_date)
        .subquery("each")
    )
    bounds = [dt.date.fromordinal(max(1, end.toordinal() - days)) for days in AGES]
    parts = [each.c.due_date >= bounds[0]]
    parts += [(each.c.due_date < later) & (each.c.due_date >= bound) for later, bound in itertools.pairwise(bounds)]
    parts.append(each.c.due_date < bounds[-1])
    sums = [_sum(case((part & (each.c.open > 0), each.c.open), else_=0)) for part in parts]
    sums.append(_sum(case((each.c.open < 0, each.c.open), else_=0)))
    return select(each.c.currency, *sums).group_by(each.c.currency)


def _sum(amount: Any) -> Any:
    # PostgreSQL gives sums of whole numbers as decimals.
    return sql_cast(func.coalesce(func.sum(amount), 0), BigInteger)


# --- as the API gives it ----------------------------------------------------------------------------------------------


def as_json(statement: Statement) -> dict[str, Any]:
    """A statement as the API gives it: money in minor units, days as text."""
    return {
        f"{statement.object_type}_id": statement.object_id,
        "date_from": statement.start.isoformat(),
        "date_to": statement.end.isoformat(),
        "accounts": [_account_json(one) for one in statement.accounts],
    }


def _account_json(one: Account) -> dict[str, Any]:
    names = ("opening", "invoiced", "credited", "paid", "closing", "credit")
    return {
        "currency": one.currency,
        **{name: getattr(one, name).json() for name in names},
        "aging": dict(zip(AGE_NAMES, (part.json() for part in one.aging), strict=True)),
        "entries": [
            {
                "kind": entry.kind,
                "id": entry.id,
                "label": entry.label,
                "invoice_id": entry.invoice_id,
                "number": entry.number,
                "date": entry.day.isoformat(),
                "amount": entry.amount.json(),
                "balance": entry.balance.json(),
            }
            for entry in one.entries
        ],
    }


#: What the parts of :attr:`Account.aging` are called in the API.
AGE_NAMES = ("not_due", "to_30", "to_60", "to_90", "over_90")
