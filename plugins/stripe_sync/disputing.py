"""What the journals of contacts tell of disputes: that somebody took money back through their bank, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import JournalType, Message, Work, journal, upsert
from plugins.syncs.api import Record

from .models import Dispute
from .shaping import Disputed, Kept

OPENED, DECIDED = "stripe_sync.disputed", "stripe_sync.decided"
#: States in which a dispute is over; :mod:`.shaping` says which of them took the money away.
_ENDED = ("lost", "won", "warning_closed")
_SOME = 500


def types() -> Sequence[JournalType]:
    """The types of these entries."""
    return [
        JournalType(name=OPENED, label="Payment disputed", icon="alert-triangle"),
        JournalType(name=DECIDED, label="Dispute decided", icon="alert-triangle"),
    ]


def note(work: Work, stored: Sequence[tuple[Record, Any]]) -> None:
    """Writes each dispute of charges into the journal of its contact once, and its end once, in whichever order they come."""
    told = [(record, dispute) for record, found in stored for dispute in _disputes(record, found)]
    known = _known(work, [dispute.name for _record, dispute in told])
    entries: list[journal.SystemEntry] = []
    for record, dispute in told:
        before = known.get(dispute.name)
        words = {"ref": record.label or record.external_id, "amount": str(dispute.amount)}
        data = {"transaction": record.object_id, "dispute": dispute.name}
        contact = int(record.contact_id or 0)
        if before is None:
            said = Message("%(amount)s of “%(ref)s” are disputed: %(reason)s", **words, reason=dispute.reason or "–")
            entries.append(journal.SystemEntry(contact, OPENED, data=data, summary=said, at=dispute.at))
        if dispute.status in _ENDED and before != dispute.status:
            said = _end(dispute.status, words)
            entries.append(journal.SystemEntry(contact, DECIDED, data=data, summary=said))
        known[dispute.name] = dispute.status
    if not told:
        return
    journal.system(work, entries)
    rows = {
        dispute.name: {"name": dispute.name, "record_id": record.id, "status": dispute.status}
        for record, dispute in told
    }
    statement = upsert(work.session, Dispute)
    again = {"status": statement.excluded.status}
    work.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=again), list(rows.values()))


def _end(status: str, words: Mapping[str, str]) -> Message:
    if status == "lost":
        return Message("The dispute about %(amount)s of “%(ref)s” was lost: the money is gone", **words)
    if status == "won":
        return Message("The dispute about %(amount)s of “%(ref)s” was won", **words)
    return Message("The bank's question about %(amount)s of “%(ref)s” ended without a dispute", **words)


def _disputes(record: Record, found: Any) -> Iterable[Disputed]:
    kept = getattr(found, "details", None)
    # Without a contact there is no journal yet: the charge comes again with its customer.
    return kept.disputes if isinstance(kept, Kept) and record.contact_id is not None else ()


def _known(work: Work, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(names), _SOME):
        wanted = select(Dispute.name, Dispute.status).where(Dispute.name.in_(names[start : start + _SOME]))
        found |= {row.name: row.status for row in work.session.execute(wanted)}
    return found
