"""Undoing a merge: everything goes back to whom it came from; what somebody edited or deleted since is listed and left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from ...errors import Conflict, NotFound
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts import search
from ..contacts.custom import readable, searched_texts, write_index
from ..contacts.derived import derive, document
from ..contacts.models import Contact, ContactEmail, Tagging
from ..contacts.records import KIND, emails_of, plain
from ..journal.models import JournalEntry
from ..rows import table
from ..statuses import counts
from ..statuses import services as statuses
from ..statuses.models import StatusChange
from . import keys, moving
from .joining import get, lock_contacts, undo_until
from .models import Merge, MergeStep
from .references import Reference, Target, all_references, targets

_DATES = ("created_at", "last_contacted_at")


def undo(work: Work, merge_id: int, *, edited: bool = False) -> Merge:
    """Undoes a merge. ``stayed`` of what it gives lists what was left alone: {"table" or "field", "rows", "why"}.

    :param edited: whether rows go back too that were edited since the merge.
    :raises NotFound: when there is no such merge, or the actor may not see the contacts.
    :raises Conflict: when it was undone already, its time is over, or the contact that stayed is no longer there.
    """
    work.require("contacts.edit")
    work.require("contacts.delete")
    get(work, merge_id)
    record = work.session.scalar(
        select(Merge).where(Merge.id == merge_id).with_for_update(), execution_options={"populate_existing": True}
    )
    if record is None:
        raise NotFound("merge", merge_id)
    if record.undone_at is not None:
        raise Conflict("This merge was undone already.")
    if work.now > undo_until(work, record) or not record.kept:
        raise Conflict("The time in which this merge could be undone is over.")
    winner, losers = _contacts(work, record)
    changes = record.changes
    stayed = _rows_back(work, record, winner.id, edited=edited)
    custom = winner.custom
    stayed += _columns_back(winner, changes["columns"])
    write_index(work, [(winner.id, winner.custom, custom)])
    stayed += _emails_back(work, winner, losers, changes)
    work.session.execute(
        delete(table(Tagging)).where(
            Tagging.object_type == KIND, Tagging.object_id == winner.id, Tagging.tag_id.in_(changes["tags"])
        )
    )
    stayed += _status_back(work, winner, changes)
    _revive(work, winner, losers)
    record.undone_at, record.undone_by, record.stayed = work.now, work.actor.label, stayed
    work.session.flush()
    keys.refresh(work, [winner.id, *record.loser_ids])
    work.session.expire_all()
    work.hooks.call("contacts_unmerged", work=work, winner_id=winner.id, loser_ids=list(record.loser_ids))
    work.session.flush()
    _tell(work, winner, losers, record)
    # What it held of either is held by them again: if one of them is erased, nothing of it must be left here.
    work.session.execute(delete(table(MergeStep)).where(MergeStep.merge_id == record.id))
    record.changes, record.kept = {}, False
    work.session.flush()
    return record


def _contacts(work: Work, record: Merge) -> tuple[Contact, list[Contact]]:
    found = lock_contacts(work, [record.winner_id, *record.loser_ids])
    winner = found[record.winner_id]
    if winner.merged_into_id is not None:
        raise Conflict(
            Message(
                "“%(name)s” was itself merged into another contact since: undo that merge first.", name=winner.name
            ),
            other_id=winner.merged_into_id,
        )
    if winner.deleted_at is not None:
        raise Conflict(Message("“%(name)s” is in the bin: restore it first.", name=winner.name), other_id=winner.id)
    return winner, [found[number] for number in record.loser_ids]


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows_back(work: Work, record: Merge, winner_id: int, *, edited: bool) -> list[dict[str, Any]]:
    steps = list(work.session.scalars(select(MergeStep).where(MergeStep.merge_id == record.id).order_by(MergeStep.id)))
    known = {(item.table, item.column): item for item in all_references(work)}
    wanted = {(step.table_name, step.column_name): step for step in steps}
    there = {
        (target.reference.table, target.reference.column): target
        for target in targets(
            work, [known.get(place) or Reference(*place, plugin=step.plugin) for place, step in wanted.items()]
        )
    }
    stayed: dict[tuple[str, str, str], int] = {}
    for step in steps:
        target = there.get((step.table_name, step.column_name))
        for why in _step_back(work, step, target, winner_id, edited=edited):
            place = step.plugin, step.table_name, why
            stayed[place] = stayed.get(place, 0) + 1
    return [
        {"plugin": plugin, "table": name, "rows": number, "why": why} for (plugin, name, why), number in stayed.items()
    ]


def _step_back(work: Work, step: MergeStep, target: Target | None, winner_id: int, *, edited: bool) -> list[str]:
    if target is None:
        return ["gone"] * len(step.rows)
    if step.kind == "dropped":
        return moving.put_back(work, target, step.rows)
    return moving.move_back(work, target, step.rows, step.loser_id, winner_id, edited=edited)


# --- the contacts ----------------------------------------------------------------------------------------------------


def _columns_back(winner: Contact, columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    stayed = []
    for name, (before, after) in columns.items():
        if plain(getattr(winner, name)) == after:
            setattr(winner, name, _value(name, before))
        else:
            stayed.append({"field": name, "rows": 1, "why": "edited"})
    return stayed


def _value(name: str, kept: Any) -> Any:
    return dt.datetime.fromisoformat(kept) if name in _DATES and kept else kept


def _emails_back(
    work: Work, winner: Contact, losers: Sequence[Contact], changes: dict[str, Any]
) -> list[dict[str, Any]]:
    rows = {row.email_key: row for row in emails_of(work, [winner.id]).get(winner.id, ())}
    now = next((key for key, row in rows.items() if row.main), "")
    gone = 0
    for loser in losers:
        back: list[ContactEmail] = []
        for key, main in changes["emails"][str(loser.id)]:
            row = rows.pop(key, None)
            if row is None:
                gone += 1
                continue
            row.contact_id, row.main = loser.id, main
            back.append(row)
        _set_main(loser, back)
    before, after = changes["main"]
    if now == after and before in rows:
        for key, row in rows.items():
            row.main = key == before
    _set_main(winner, list(rows.values()))
    work.session.flush()
    return [{"table": "contacts_email", "plugin": "", "rows": gone, "why": "gone"}] if gone else []


def _set_main(contact: Contact, rows: Sequence[ContactEmail]) -> None:
    main = next((row for row in rows if row.main), rows[0] if rows else None)
    if main is not None:
        main.main = True
    contact.email = main.email if main is not None else ""


def _status_back(work: Work, winner: Contact, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Takes back what the merge wrote; a change of status stays where another followed it."""
    wrote, status = changes["wrote"], changes["status"]
    entries = list(wrote["journal_entry"])
    stayed: list[dict[str, Any]] = []
    if status:
        noted = entries.pop()
        known = {item.id for item in statuses.all_statuses(work)}
        if winner.status_id == status[1] and status[0] in known:
            winner.status_id, winner.status_since = status[0], dt.datetime.fromisoformat(changes["since"])
            counts.add(work, {status[1]: -1, status[0]: 1})
            mine = StatusChange.id.in_(wrote["statuses_history"]), StatusChange.contact_id == winner.id
            work.session.execute(delete(table(StatusChange)).where(*mine))
            entries.append(noted)
        else:
            stayed.append({"field": "status", "rows": 1, "why": "edited"})
    written = JournalEntry.id.in_(entries), JournalEntry.contact_id == winner.id, JournalEntry.by_system
    work.session.execute(delete(table(JournalEntry)).where(*written))
    return stayed


def _revive(work: Work, winner: Contact, losers: Sequence[Contact]) -> None:
    back: dict[int, int] = {}
    for loser in losers:
        loser.deleted_at = loser.merged_into_id = None
        back[loser.status_id] = back.get(loser.status_id, 0) + 1
    counts.add(work, back)
    everyone = [winner, *losers]
    for contact in everyone:
        for name, value in derive(vars(contact)).items():
            setattr(contact, name, value)
        contact.updated_at, contact.version = work.now, contact.version + 1
    work.session.flush()
    emails = emails_of(work, [contact.id for contact in everyone])
    texts = [
        (one.id, document(vars(one), [row.email for row in emails.get(one.id, ())], searched_texts(work, one.custom)))
        for one in everyone
    ]
    search.put(work, KIND, texts)


def _tell(work: Work, winner: Contact, losers: Sequence[Contact], record: Merge) -> None:
    fields = {item["field"] for item in record.stayed if "field" in item}
    columns = {name: pair for name, pair in record.changes["columns"].items() if name not in fields}
    before = {name: pair[1] for name, pair in columns.items()}
    after = {name: pair[0] for name, pair in columns.items()}
    ids = list(record.loser_ids)
    told = {"loser_ids": ids, "merge_id": record.id}
    was, now = readable(work, before, after), readable(work, after, before)
    work.audit("contact.unmerged", "contact", winner.id, before={**was, **told}, after=now or None)
    work.audit_many([("contact.unmerged", "contact", number, {"winner_id": winner.id}, None) for number in ids])
    if after:
        work.changed(Change("contact.updated", "contact", winner.id, before, after))
    work.changed(Change("contact.unmerged", "contact", winner.id, told, {}), event=False)
    work.tell("contact.unmerged", [winner.id], told)
    for loser in losers:
        back = {"status_id": loser.status_id, "assigned_to_id": loser.assigned_to_id}
        work.changed(Change("contact.restored", "contact", loser.id, {}, back))
