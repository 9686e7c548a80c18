"""Which transactions a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, case, func, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Money, RecordList, Work, filters, texts

from . import counting, kinds, narrowing
from .converted import summed
from .models import KIND, Day, Transaction

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "date": (Transaction.at, Transaction.id),
    "created_at": (Transaction.created_at, Transaction.id),
    "updated_at": (Transaction.updated_at, Transaction.id),
    "ref": (Transaction.ref_key, Transaction.id),
    "name": (Transaction.name_key, Transaction.id),
    "total": (Transaction.currency, Transaction.total, Transaction.id),
}
#: Transactions that are added up one by one.
MOST_COUNTED = 100_000

_LIVE = Transaction.deleted_at.is_(None)
LIST = RecordList(
    model=Transaction,
    kind=KIND,
    permission="transactions.view",
    orders=ORDERS,
    sort="-date",
    filters={
        "status": filters.choice(Transaction.status_id, lambda work, value: kinds.find_status(work, value).id),
        "type": filters.choice(Transaction.type_id, lambda work, value: kinds.find_type(work, value).id),
        "tag": filters.tag(Transaction.id, KIND),
        "contact_id": filters.record(Transaction.counted_contact_id),
        "company_id": filters.record(Transaction.counted_company_id),
        "invoice_id": filters.record(Transaction.invoice_id),
        "date_from": filters.first_day(Transaction.at),
        "date_to": filters.last_day(Transaction.at),
        "total_min": filters.least(Transaction.total, Transaction.currency, _LIVE),
        "total_max": filters.most(Transaction.total, Transaction.currency, _LIVE),
        "currency": filters.currency(Transaction.currency),
        "source": filters.same(Transaction.source),
        "payment_method": filters.same(Transaction.payment_method),
        "ref": filters.same(Transaction.ref_key, texts.fold),
        **narrowing.FILTERS,
    },
    begins=(Transaction.ref_key, Transaction.name_key),
    whole=("ref", "payment_method", "source", "product"),
    most=MOST_COUNTED,
    further="transactions_transaction_filters",
)
matching = LIST.matching


# --- what they come to -----------------------------------------------------------------------------------------------


def sums(work: Work, chosen: Select[Any]) -> tuple[list[Money], list[Money]] | None:
    """What is chosen comes to, for each currency, that of the site first: totals (refunds taken off), and what of them counts.

    :returns: ``None`` when they are more than :data:`MOST_COUNTED`: to read all would take too long.
    """
    rule = counting.rule(work)
    signed = case((rule.subtracts(), -Transaction.total), else_=Transaction.total)
    whole = sql_cast(func.coalesce(func.sum(signed), 0), BigInteger)
    some = chosen.with_only_columns(Transaction.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    wanted = (
        select(Transaction.currency, whole, func.count())
        .join(some, some.c.id == Transaction.id)
        .group_by(Transaction.currency)
    )
    base = str(work.settings.get("site.currency") or "")
    rows = sorted(work.session.execute(wanted), key=lambda row: (row[0] != base, row[0]))
    if sum(row[2] for row in rows) > MOST_COUNTED:
        return None
    ids = select(some.c.id)
    counted = {code: one.amount for (code,), one in summed(work, [], Transaction.id.in_(ids), rule=rule).items()}
    order = sorted(counted, key=lambda code: (code != base, code)) or [code for code, *_rest in rows[:1]]
    return [Money(int(row[1]), row[0]) for row in rows], [Money(counted.get(code, 0), code) for code in order]


def kept_sums(work: Work) -> tuple[list[Money], int]:
    """What all transactions that count come to, for each currency, that of the site first, and how many there are, those that do
    not count too: from the kept sums of days.
    """
    work.require("transactions.view")
    base = str(work.settings.get("site.currency") or "")
    wanted = select(Day.currency, func.sum(Day.amount), func.sum(Day.number + Day.left_out)).group_by(Day.currency)
    rows = sorted(work.session.execute(wanted), key=lambda row: (row[0] != base, row[0]))
    found = [Money(int(row[1]), row[0]) for row in rows]
    return [amount for amount in found if amount] or found[:1], sum(int(row[2]) for row in rows)
