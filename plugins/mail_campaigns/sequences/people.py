"""Who is in a sequence: taken in by its audience or by hand, leaving, and where contacts are."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from collections.abc import Sequence as Many

from sqlalchemy import select, update

from crmhost.api import SYSTEM, Conflict, Contact, Event, Message, Work, insert_rows, journal, upsert

from ..models import Place, Sequence, Step
from ..reasons import BY_HAND
from ..reasons import LEFT as LEFT_BECAUSE
from . import services, waits

ENTERED, FINISHED, LEFT = "sequence.entered", "sequence.finished", "sequence.left"
#: Types of entries of the journal: what people did, and what came of itself.
ADDED, REMOVED, PUT_BACK = (f"mail_campaigns.sequence_{name}" for name in ("added", "removed", "put_back"))
WENT_IN, THROUGH, OUT = (f"mail_campaigns.sequence_{name}" for name in ("entered", "finished", "left"))


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a contact is in a sequence.

    :param step: place of the step that comes next, from 1; 0 for none.
    """

    sequence: Sequence
    place: Place
    step: int


def first_due(work: Work, steps: Many[Step]) -> tuple[int | None, dt.datetime]:
    """The first step, and when it is due for who enters now."""
    if not steps:
        return None, work.now
    return steps[0].id, waits.due(steps[0], work.now, work.timezone)


def take_in(work: Work, sequence: Sequence, steps: Many[Step], contact_ids: Many[int]) -> None:
    """Lets contacts that never were in it enter, inside ``work.begin()``."""
    step_id, due_at = first_due(work, steps)
    shared = {
        "sequence_id": sequence.id,
        "state": "inside",
        "step_id": step_id,
        "due_at": due_at,
        "reason": "",
        "round": 0,
    }
    shared |= {"entered_at": work.now, "ended_at": None}
    insert_rows(work.session, Place, [shared | {"contact_id": number} for number in contact_ids])
    _write(work, sequence, contact_ids, WENT_IN, Message("Entered the sequence “%(name)s”", name=sequence.name))
    work.tell(ENTERED, list(contact_ids), {"sequence_id": sequence.id})


def add(work: Work, sequence_id: int, contact_ids: Many[int]) -> int:
    """Takes contacts in by hand, those who were through or had left too: for these it begins anew. Gives how many entered.

    :raises Conflict: when the sequence is off.
    """
    work.require("mail_campaigns.send")
    sequence = services.get(work, sequence_id, lock=True)
    if not sequence.is_on:
        raise Conflict("Switch the sequence on first: while it is off, nobody enters.")
    wanted = work.visible(Contact).where(Contact.id.in_(list(contact_ids)), Contact.deleted_at.is_(None))
    ids = list(work.session.scalars(wanted.with_only_columns(Contact.id).order_by(Contact.id)))
    step_id, due_at = first_due(work, services.steps_of(work, sequence.id))
    fresh = {
        "state": "inside",
        "step_id": step_id,
        "due_at": due_at,
        "reason": "",
        "entered_at": work.now,
        "ended_at": None,
    }
    rows = [fresh | {"sequence_id": sequence.id, "contact_id": number, "round": 0} for number in ids]
    if not rows:
        return 0
    statement = upsert(work.session, Place).values(rows)
    again = statement.on_conflict_do_update(
        index_elements=["sequence_id", "contact_id"],
        set_=fresh | {"round": Place.round + 1},
        where=Place.state != "inside",
    )
    entered = sorted(work.session.scalars(again.returning(Place.contact_id)))
    if entered:
        said = Message("Added to the sequence “%(name)s”", name=sequence.name)
        _write(work, sequence, entered, ADDED, said)
        work.tell(ENTERED, entered, {"sequence_id": sequence.id})
    return len(entered)


def remove(work: Work, sequence_id: int, contact_ids: Many[int]) -> dict[int, str]:
    """Takes contacts out by hand: no further mail of it.

    :returns: of those who were inside, when their next mail was due: what :func:`put_back` takes, JSON-able.
    """
    work.require("mail_campaigns.send")
    sequence = services.get(work, sequence_id, lock=True)
    mine = work.visible(Contact).where(Contact.id.in_(list(contact_ids))).with_only_columns(Contact.id)
    inside = select(Place.contact_id, Place.due_at).where(
        Place.sequence_id == sequence.id, Place.state == "inside", Place.contact_id.in_(mine)
    )
    due = {row[0]: (row[1] or work.now).isoformat() for row in work.session.execute(inside)}
    leave(work, sequence, sorted(due), BY_HAND)
    return due


def put_back(work: Work, sequence_id: int, due: Mapping[str, str]) -> int:
    """Takes back that contacts were taken out: they go on where they were. Gives how many did."""
    work.require("mail_campaigns.send")
    sequence = services.get(work, sequence_id, lock=True)
    instants = {int(number): dt.datetime.fromisoformat(text) for number, text in due.items()}
    mine = work.visible(Contact).where(Contact.id.in_(list(instants)), Contact.deleted_at.is_(None))
    rows = list(
        work.session.scalars(
            select(Place)
            .where(Place.sequence_id == sequence.id, Place.state == "left", Place.reason == BY_HAND)
            .where(Place.contact_id.in_(mine.with_only_columns(Contact.id)))
            .order_by(Place.contact_id)
            .with_for_update()
        )
    )
    for row in rows:
        row.state, row.reason, row.ended_at, row.due_at = "inside", "", None, instants[row.contact_id]
    work.session.flush()
    ids = [row.contact_id for row in rows]
    if ids:
        _write(work, sequence, ids, PUT_BACK, Message("Put back into the sequence “%(name)s”", name=sequence.name))
        work.tell(ENTERED, ids, {"sequence_id": sequence.id})
    return len(ids)


def leave(work: Work, sequence: Sequence, contact_ids: Many[int], reason: str) -> list[int]:
    """Lets contacts leave, inside ``work.begin()``; gives those who were inside."""
    if not contact_ids:
        return []
    mine = update(Place).where(
        Place.sequence_id == sequence.id, Place.contact_id.in_(list(contact_ids)), Place.state == "inside"
    )
    values = {"state": "left", "reason": reason, "due_at": None, "ended_at": work.now}
    done = mine.values(**values).returning(Place.contact_id).execution_options(synchronize_session=False)
    gone = sorted(work.session.scalars(done))
    if gone and reason == BY_HAND:
        _write(work, sequence, gone, REMOVED, Message("Taken out of the sequence “%(name)s”", name=sequence.name))
    elif gone:
        said = Message("Left the sequence “%(name)s”: %(reason)s", name=sequence.name, reason=LEFT_BECAUSE[reason])
        _write(work, sequence, gone, OUT, said)
    if gone:
        work.tell(LEFT, gone, {"sequence_id": sequence.id, "reason": reason})
    return gone


def finish(work: Work, sequence: Sequence, contact_ids: Many[int]) -> None:
    """Says that contacts are through; inside ``work.begin()``."""
    _write(
        work, sequence, contact_ids, THROUGH, Message("Got all mails of the sequence “%(name)s”", name=sequence.name)
    )
    work.tell(FINISHED, list(contact_ids), {"sequence_id": sequence.id})


def leave_all(work: Work, contact_id: int, reason: str) -> None:
    """Lets a contact leave all sequences, as when they unsubscribe; inside ``work.begin()``."""
    inside = select(Sequence).join(Place, Place.sequence_id == Sequence.id)
    inside = inside.where(Place.contact_id == contact_id, Place.state == "inside")
    for sequence in list(work.session.scalars(inside.order_by(Sequence.id))):
        leave(work, sequence, [contact_id], reason)


def leaves(work: Work, event: Event) -> None:
    """Whoever unsubscribes, complains, or whose address is given up gets no further mail of a sequence."""
    contact_id = event.data.get("contact_id")
    if contact_id is None or (event.name == "mail.bounced" and not event.data.get("blocked")):
        return
    with work.begin():
        leave_all(work, int(contact_id), event.name.partition(".")[2])


def of_contact(work: Work, contact_id: int) -> list[Standing]:
    """The sequences that a contact is or was in, those entered last first."""
    work.require("mail_campaigns.view")
    rows = work.session.execute(
        select(Sequence, Place, Step.place)
        .join(Sequence, Sequence.id == Place.sequence_id)
        .outerjoin(Step, Step.id == Place.step_id)
        .where(Place.contact_id == contact_id)
        .order_by(Place.entered_at.desc(), Sequence.id)
    )
    return [Standing(row[0], row[1], row[2] or 0) for row in rows]


def _write(work: Work, sequence: Sequence, contact_ids: Many[int], kind: str, said: Message) -> None:
    """Writes into the journal, and into the audit log what people did."""
    by_hand = kind in (ADDED, REMOVED, PUT_BACK)
    author = work.actor.label if by_hand else ""
    entries = [
        journal.SystemEntry(number, kind, {"sequence_id": sequence.id}, summary=said, author=author)
        for number in contact_ids
    ]
    journal.system(work if by_hand else work.as_actor(SYSTEM), entries)
    if by_hand:
        action = kind.replace("mail_campaigns.", "")
        work.audit_many([(action, "contact", number, None, {"sequence": sequence.id}) for number in contact_ids])
