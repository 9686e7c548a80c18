"""What is kept beside the records of an account: fees of charges, and which of them wait for their customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from crmhost.api import Work, upsert
from plugins.syncs.api import Connection, Person, Record, Sale
from plugins.transactions import api as transactions

from . import disputing
from .checkout import ID
from .models import Checkout, Dispute, Settlement, Waiting
from .settling import settle
from .shaping import Kept

_VALUES = ("name", "currency", "amount", "fee", "net", "exchange_rate")
_WITHOUT_SESSION = {"synchronize_session": False}


def store(work: Work, one: Connection, stored: Sequence[tuple[Record, Any]]) -> None:
    """Keeps fees and forgets those of what was deleted; gives charges that came before their customer to whom they belong."""
    gone = [record.id for record, found in stored if found is None]
    if gone:
        work.session.execute(
            delete(Settlement).where(Settlement.record_id.in_(gone)), execution_options=_WITHOUT_SESSION
        )
    _settle(work, stored)
    disputing.note(work, stored)
    _wait(work, stored)
    for record, found in stored:
        if (
            isinstance(found, Sale)
            and found.paid
            and isinstance(found.details, Kept)
            and found.details.pays
            and record.object_id
        ):
            settle(work, one, record, found.details.pays)
    known = {
        record.external_id: record.contact_id
        for record, found in stored
        if isinstance(found, Person) and record.contact_id
    }
    if known:
        _give(work, one, known)


def forget(work: Work, one: Connection) -> None:
    """Forgets what is kept of the records of an account that is removed."""
    mine = select(Record.id).where(Record.connection_id == one.id)
    for statement in (
        delete(Settlement).where(Settlement.record_id.in_(mine)),
        delete(Waiting).where(Waiting.record_id.in_(mine)),
        delete(Dispute).where(Dispute.record_id.in_(mine)),
        delete(Checkout).where(Checkout.connection_id == one.id),
    ):
        work.session.execute(statement, execution_options=_WITHOUT_SESSION)


def forget_lost(work: Work) -> None:
    """Forgets what is kept of accounts that were removed while the extension was off, so that nobody told it."""
    accounts = select(Connection.id).where(Connection.source == ID)
    theirs = select(Record.id).where(Record.connection_id.in_(accounts))
    for statement in (
        *(delete(model).where(model.record_id.not_in(theirs)) for model in (Settlement, Waiting, Dispute)),
        delete(Checkout).where(Checkout.connection_id.not_in(accounts)),
    ):
        work.session.execute(statement, execution_options=_WITHOUT_SESSION)


def _settle(work: Work, stored: Sequence[tuple[Record, Any]]) -> None:
    rows = []
    for record, found in stored:
        kept = getattr(found, "details", None)
        settled = kept.settled if isinstance(kept, Kept) else None
        if settled is not None:
            values = (
                settled.name, settled.net.currency, settled.amount.amount, settled.fee.amount, settled.net.amount,
                settled.exchange_rate,
            )  # fmt: skip
            rows.append({"record_id": record.id, **dict(zip(_VALUES, values, strict=True))})
    if rows:
        statement = upsert(work.session, Settlement)
        again = {name: statement.excluded[name] for name in _VALUES}
        work.session.execute(statement.on_conflict_do_update(index_elements=["record_id"], set_=again), rows)


def _wait(work: Work, stored: Sequence[tuple[Record, Any]]) -> None:
    rows = [
        {"record_id": record.id, "payer": found.person.external_id[:80]}
        for record, found in stored
        if isinstance(found, Sale) and found.person is not None and record.contact_id is None
    ]
    if rows:
        work.session.execute(upsert(work.session, Waiting).on_conflict_do_nothing(), rows)


def _give(work: Work, one: Connection, known: dict[str, int]) -> None:
    """Charges that waited for customers who are known by now."""
    wanted = select(Record, Waiting.payer).join(Waiting, Waiting.record_id == Record.id)
    waiting = list(work.session.execute(wanted.where(Waiting.payer.in_(known), Record.connection_id == one.id)))
    there = transactions.by_ids(work, [record.object_id for record, _payer in waiting if record.object_id is not None])
    changes = []
    for record, payer in waiting:
        record.contact_id = known[payer]
        row = there.get(record.object_id or 0)
        if row is not None and row.contact_id is None:
            changes.append((row.id, {"contact_id": known[payer]}))
            record.written = {**record.written, "contact_id": known[payer]}
    transactions.save_many(work, changes, source="stripe_sync")
    ids = [record.id for record, _payer in waiting]
    work.session.execute(delete(Waiting).where(Waiting.record_id.in_(ids)), execution_options=_WITHOUT_SESSION)
