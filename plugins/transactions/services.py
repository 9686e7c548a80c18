"""Transactions: reading one, adding, changing, attaching to invoices. What is done to many at once stands in :mod:`.mass`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crmhost.api import Conflict, NotFound, Stale, Work, keyset, texts

from . import bulk, fields, storing
from .models import Transaction
from .owners import Owners

#: Sources of transactions that custom fields which have to be filled in are asked for.
_ASKED = ("manual", "api")


def get(work: Work, transaction_id: int, *, in_bin: bool = False) -> Transaction:
    """A transaction.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("transactions.view")
    key = ("transactions.one", transaction_id, in_bin, work.actor.user_id)
    return work.once(key, lambda: _one(work, transaction_id, in_bin=in_bin))


def create(work: Work, given: Mapping[str, Any], *, source: str = "manual", key: str = "") -> Transaction:
    """Adds a transaction.

    :param given: see :func:`plugins.transactions.fields.prepare`.
    :param source: where it came from: manual, import, api, or the id of a plugin.
    :param key: tells one payment from another: told a second time with the same key, the transaction that is there is given back.
    :raises Invalid: sentences by field.
    :raises Conflict: when another one has the reference, or one of the ids in other systems.
    """
    work.require("transactions.edit")
    if key:
        known = _by_key(work, key)
        if known is not None:
            return known
    values = fields.prepare(work, given, fields.Known(work), None, required=source in _ASKED)
    owners = Owners(work, [values])
    owners.check(values, None, values["currency"])
    values |= owners.counted(values, None)
    other = storing.by_refs(work, [values["ref"]])
    if other:
        raise storing.taken(work, values["ref"], next(iter(other.values())))
    values["idempotency_key"] = key[:200] or None
    try:
        with work.part():
            return storing.add_all(work, [values], values.get("source") or texts.clean_line(source)[:60])[0]
    except IntegrityError as error:
        # Another unit took the key or the reference since we looked.
        known = _by_key(work, key) if key else None
        if known is not None:
            return known
        other = storing.by_refs(work, [values["ref"]])
        if not other:
            raise
        raise storing.taken(work, values["ref"], next(iter(other.values()))) from error


def _by_key(work: Work, key: str) -> Transaction | None:
    return work.session.scalar(select(Transaction).where(Transaction.idempotency_key == key[:200]))


def update(work: Work, transaction_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Transaction:
    """Changes a transaction; fields that are not given stay.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: sentences by field.
    :raises Conflict: when another one has the reference, or one of the ids in other systems.
    """
    work.require("transactions.edit")
    transaction = _one(work, transaction_id, lock=True)
    if version is not None and version != transaction.version:
        raise Stale("Somebody saved this transaction meanwhile: look at their changes before you save yours.")
    values = fields.prepare(work, given, fields.Known(work), transaction)
    write(work, transaction, values)
    return transaction


def write(work: Work, transaction: Transaction, values: dict[str, Any]) -> dict[str, Any]:
    """Writes prepared fields; gives what changed as it was before, empty when nothing did."""
    numbers = {name: getattr(transaction, name) for name in fields.REFERENCES}
    owners = Owners(work, [{**numbers, **values}])
    owners.check({**numbers, **values}, transaction, values.get("currency", transaction.currency))
    if any(name in values for name in fields.REFERENCES):
        values |= owners.counted(values, transaction)
    if "ref" in values and fields.derived(values)["ref_key"] != transaction.ref_key:
        other = storing.by_refs(work, [values["ref"]])
        if other:
            raise storing.taken(work, values["ref"], next(iter(other.values())))
    return bulk.write_many(work, [(transaction, values)])[0]


def lines_of(work: Work, transaction: Transaction) -> list[Any]:
    """The lines of a transaction."""
    key = ("transactions.lines", transaction.id)
    return work.once(key, lambda: storing.lines_of(work, [transaction.id]).get(transaction.id, []))


def attach(work: Work, transaction_id: int, invoice_id: int) -> Transaction:
    """Attaches a transaction to an invoice: it then counts to the value of the invoice's contact and company.

    :raises Invalid: when there is no such invoice, or it is in another currency.
    :raises Conflict: when it is attached to another one.
    """
    transaction = get(work, transaction_id)
    if transaction.invoice_id not in (None, invoice_id):
        raise Conflict("This transaction is attached to another invoice: detach it there first.", field="invoice_id")
    return update(work, transaction_id, {"invoice_id": invoice_id})


def detach(work: Work, transaction_id: int) -> Transaction:
    """Takes a transaction off its invoice."""
    return update(work, transaction_id, {"invoice_id": None})


def _one(work: Work, transaction_id: int, *, in_bin: bool = False, lock: bool = False) -> Transaction:
    wanted = select(Transaction).where(Transaction.id == (keyset.valid_id(transaction_id) or 0))
    if not in_bin:
        wanted = wanted.where(Transaction.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Transaction.within_reach(work.actor))
    if lock:
        wanted = wanted.with_for_update(of=Transaction).execution_options(populate_existing=True)
    found: Transaction | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("transaction", transaction_id)
    return found
