"""People: what is held of the other sides' records on them, and what goes with somebody who is erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from crmhost.api import Money, Work, contacts

from .models import ERASED, Aside, Connection, Record
from .people import KIND as PERSON


def told_of(work: Work, contact_id: int) -> Any:
    """The records of a person, as JSON."""
    rows = select(Connection.name, Record).join(Connection, Connection.id == Record.connection_id)
    rows = rows.where(Record.contact_id == contact_id).order_by(Record.id)
    return [
        {
            "from": name,
            "kind": record.kind,
            "id": record.external_id,
            "status": record.status,
            "at": record.at.isoformat() if record.at else None,
            "amount": str(Money(record.amount, record.currency)) if record.currency else None,
            "what": record.label,
        }
        for name, record in work.session.execute(rows)
    ]


def forget(work: Work, contact_id: int) -> None:
    """Removes what names a person; their sales stay as figures, and later changes of these bring the name back no more."""
    emails = [row.email.strip().casefold() for row in contacts.emails_of(work, [contact_id]).get(contact_id, ())]
    work.session.execute(delete(Aside).where(Aside.email_key.in_(emails)))
    work.session.execute(delete(Record).where(Record.contact_id == contact_id, Record.kind == PERSON))
    for record in work.session.scalars(select(Record).where(Record.contact_id == contact_id)):
        record.kept = [*record.kept, ERASED]
        record.written = {**record.written, "description": "", "contact_id": None}
        record.contact_id = None
    work.session.flush()
