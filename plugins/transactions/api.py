"""What other extensions may import: the invoices, the syncs, dashboards and segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, case, func, select, update
from sqlalchemy import cast as sql_cast

from crmhost.api import Change, Money, Work

from . import counting
from .bulk import by_ids, save_many, type_id, with_lines
from .counting import Judged, Rule, judged, rule
from .hooks import InvoiceOwner, ValuePart
from .kinds import statuses, types
from .mass import restore, to_bin
from .models import KIND, Day, Line, Transaction, Value
from .revenue import Months, month_starts, months
from .services import attach, create, detach, get
from .services import update as change
from .shapes import records as as_json
from .storing import by_refs, folded_ref
from .values import FRESH, Worth, rebuild, recompute, values_of, worth_of, worth_read

__all__ = [
    "KIND",
    "Day",
    "InvoiceOwner",
    "Judged",
    "Line",
    "Months",
    "Rule",
    "Transaction",
    "Value",
    "ValuePart",
    "Worth",
    "as_json",
    "attach",
    "attached",
    "by_ids",
    "by_refs",
    "change",
    "create",
    "detach",
    "detach_all",
    "folded_ref",
    "fresh",
    "get",
    "invoice_owner_changed",
    "judged",
    "month_starts",
    "months",
    "paid_of_invoices",
    "rebuild",
    "recompute",
    "restore",
    "rule",
    "save_many",
    "statuses",
    "to_bin",
    "type_id",
    "types",
    "values_of",
    "with_lines",
    "worth_of",
    "worth_read",
]

_SOME = 500


def fresh(work: Work) -> bool:
    """Whether all transactions stand on their days, and all values are summed up; else a job is about to do it."""
    return bool(work.settings.get(FRESH))


def paid_of_invoices(work: Work, invoice_ids: Iterable[int]) -> dict[int, Money]:
    """What was paid of invoices by the transactions that are attached to them and count, refunds taken off.

    What the customer paid: whether taxes, discounts and fees count towards a value makes no difference here.

    :returns: invoice -> amount in its currency; invoices without such a transaction are left out.
    """
    counted = counting.rule(work)
    ids = sorted(set(invoice_ids))
    found: dict[int, Money] = {}
    for start in range(0, len(ids), _SOME):
        gross = case((counted.subtracts(), -Transaction.total), else_=Transaction.total)
        amount = sql_cast(func.sum(gross), BigInteger)
        wanted = select(Transaction.invoice_id, Transaction.currency, amount)
        wanted = wanted.where(Transaction.invoice_id.in_(ids[start : start + _SOME]), counted.condition())
        for number, currency, paid in work.session.execute(
            wanted.group_by(Transaction.invoice_id, Transaction.currency)
        ):
            found[int(number or 0)] = Money(int(paid), currency)
    return found


def attached(work: Work, invoice_id: int) -> list[Judged]:
    """The transactions that are attached to an invoice and that the actor may see, oldest first, with whether they count."""
    wanted = work.visible(Transaction).where(Transaction.invoice_id == invoice_id)
    return judged(work, wanted.order_by(Transaction.at, Transaction.id))


def invoice_owner_changed(work: Work, invoice_id: int, contact_id: int | None, company_id: int | None) -> None:
    """Has what is attached to an invoice count to the value of its new contact and company.

    To be called in the transaction in which the invoice changes.
    """
    _count_anew(work, [invoice_id], {"contact": contact_id, "company": company_id})


def detach_all(work: Work, invoice_ids: Sequence[int]) -> None:
    """Takes everything off invoices that are erased."""
    _count_anew(work, invoice_ids, {})
    gone = update(Transaction).where(Transaction.invoice_id.in_(list(invoice_ids)))
    work.session.execute(gone.values(invoice_id=None), execution_options={"synchronize_session": False})
    work.session.expire_all()


def _count_anew(work: Work, invoice_ids: Sequence[int], owner: dict[str, int | None]) -> None:
    mine = Transaction.invoice_id.in_(list(invoice_ids))
    columns = (Transaction.id, Transaction.counted_contact_id, Transaction.counted_company_id)
    before = {row.id: row for row in work.session.execute(select(*columns).where(mine))}
    values: dict[str, Any] = {}
    for kind in ("contact", "company"):
        own = getattr(Transaction, f"{kind}_id")
        values[f"counted_{kind}_id"] = owner.get(kind) or own
    work.session.execute(
        update(Transaction).where(mine).values(values), execution_options={"synchronize_session": False}
    )
    for one in work.session.identity_map.values():
        if isinstance(one, Transaction):
            work.session.expire(one, ["counted_contact_id", "counted_company_id"])
    after = list(work.session.execute(select(*columns).where(mine)))
    for place, kind in enumerate(("contact", "company"), 1):
        recompute(work, kind, {int(row[place] or 0) for row in (*before.values(), *after)} - {0})
    changes = []
    for row in after:
        names = [column.key for column in columns[1:]]
        was, now = ({name: getattr(some, name) for name in names} for some in (before[row.id], row))
        if was != now:
            changes.append(Change("transaction.counted", KIND, row.id, was, now))
            work.changed(changes[-1], event=False)
    if changes:
        work.hooks.call("transactions_counted", work=work, changes=changes)
