"""Merging contacts into one, as a single step that can be undone.

What a merge did stands in :class:`~.models.Merge` and its steps. ``changes`` holds

- ``columns``: name -> [before, after];
- ``status``: [before, after] where it changed, and ``since``: from when on it was the one before;
- ``emails``: loser -> [[address as compared, whether it was the main one], …], and ``main``: [before, after] as compared;
- ``tags``: ids of those that were added;
- ``wrote``: table -> ids of rows that the merge itself wrote.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from ...errors import Conflict, Invalid, NotFound
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts import search, tags
from ..contacts import services as contacts
from ..contacts.custom import readable, searched_texts, write_index
from ..contacts.derived import derive, document
from ..contacts.emails import email_key
from ..contacts.fields import COLUMNS
from ..contacts.models import Contact, ContactEmail, Tagging
from ..contacts.records import KIND, emails_of, may_see, plain
from ..fields import records
from ..fields.definitions import PREFIX
from ..journal.models import JournalEntry
from ..keyset import valid_id
from ..rows import chunks, insert_rows
from ..statuses import counts, history
from ..statuses import services as statuses
from ..statuses.models import StatusChange
from . import keys, moving
from .combining import MERGED, combined
from .models import Merge, MergeStep
from .references import all_references, targets

#: Contacts that one merge takes, the one that stays included.
MOST = 10
#: Fields of which all values are kept, so that none can be chosen.
_KEPT = ("emails", "tags", "external_ids", "created_at", "last_contacted_at", "source", "more_notes")
_ROWS_PER_STEP = 500
_SOCIAL = "social_"


def merge(
    work: Work,
    winner_id: int,
    loser_ids: Sequence[int],
    fields: Mapping[str, Any] | None = None,
    *,
    take: Mapping[str, int] | None = None,
) -> Merge:
    """Merges contacts into one, which keeps both histories and every plugin's records.

    :param winner_id: the contact that stays.
    :param loser_ids: one to nine others; they stay as tombstones that lead to it.
    :param fields: values chosen by name, see :func:`crmhost.core.contacts.fields.clean`; ``email`` chooses the main address among
        all there are. What is not chosen is the staying contact's, or fills its blanks.
    :param take: the same by contact: field -> id of the one whose value is taken; also ``custom.KEY`` and ``social_x``.
    :raises Invalid: when the ids or a chosen value can't be taken.
    :raises NotFound: when there is no such contact, or the actor may not see it.
    :raises Conflict: when one of them was merged or deleted meanwhile.
    """
    work.require("contacts.edit")
    work.require("contacts.delete")
    winner, losers = _lock(work, winner_id, loser_ids)
    emails = emails_of(work, [winner.id, *(loser.id for loser in losers)])
    chosen = _apply_columns(work, winner, losers, fields or {}, take or {}, emails)
    changes: dict[str, Any] = {"columns": chosen.columns, "status": chosen.status, "since": plain(winner.status_since)}
    tagged = _tag_names(work, winner.id)
    changes |= _take_emails(work, winner, losers, emails, chosen.main)
    changes["tags"] = _take_tags(work, winner, losers)
    record = Merge(
        winner_id=winner.id,
        loser_ids=[loser.id for loser in losers],
        at=work.now,
        actor_label=work.actor.label,
        user_id=work.actor.user_id,
    )
    work.session.add(record)
    work.session.flush()
    moved = [
        (loser.id, moving.move(work, target, loser.id, winner.id))
        for target in targets(work, all_references(work))
        for loser in losers
    ]
    _bury(work, winner, losers)
    changes["wrote"] = _write_down(work, winner, losers, record.id, chosen.status)
    write_index(work, [(winner.id, winner.custom, chosen.custom)])
    found_by = document(
        vars(winner), [row.email for row in _addresses(work, winner.id)], searched_texts(work, winner.custom)
    )
    search.put(work, KIND, [(winner.id, found_by)])
    record.changes = changes
    work.session.flush()
    ids, had = list(record.loser_ids), {"emails": [row.email for row in emails.get(winner.id, ())], "tags": tagged}
    keys.refresh(work, [winner.id, *ids])
    # Whatever moved is read anew by whoever is told.
    work.session.expire_all()
    work.hooks.call("contacts_merged", work=work, winner_id=winner.id, loser_ids=ids)
    work.session.flush()
    _keep(work, record.id, moved)
    _tell(work, winner, losers, record, had)
    return record


def get(work: Work, merge_id: int) -> Merge:
    """A merge, with what it did.

    :raises NotFound: when there is none, or the actor may not see the contact that stayed.
    """
    work.require("contacts.view")
    number = valid_id(merge_id)
    record = work.session.get(Merge, number) if number is not None else None
    seen = select(Contact.id).where(Contact.within_reach(work.actor))
    if record is None or work.session.scalar(seen.where(Contact.id == record.winner_id)) is None:
        raise NotFound("merge", merge_id)
    return record


def people_of(work: Work, record: Merge) -> dict[int, Contact]:
    """The contacts of a merge that the actor may see, in the bin or not, by id."""
    mine = Contact.id.in_([record.winner_id, *record.loser_ids]), Contact.within_reach(work.actor)
    return {contact.id: contact for contact in work.session.scalars(select(Contact).where(*mine))}


def moved(work: Work, record: Merge) -> dict[tuple[str, str], int]:
    """(plugin, table) -> rows that a merge moved; the plugin is empty for the core."""
    found: dict[tuple[str, str], int] = {}
    steps = select(MergeStep.plugin, MergeStep.table_name, MergeStep.rows).where(MergeStep.merge_id == record.id)
    for plugin, name, rows in work.session.execute(steps.order_by(MergeStep.id)):
        found[plugin, name] = found.get((plugin, name), 0) + len(rows)
    return found


def undo_until(work: Work, record: Merge) -> dt.datetime:
    """Until when a merge can be undone."""
    days = int(work.settings.get("merging.undo_days") or 0)
    return record.at + dt.timedelta(days=max(0, min(days, 36_500)))


# --- the contacts ----------------------------------------------------------------------------------------------------


def _lock(work: Work, winner_id: int, loser_ids: Sequence[int]) -> tuple[Contact, list[Contact]]:
    numbers = [valid_id(number) for number in (winner_id, *loser_ids)]
    if None in numbers:
        raise NotFound("contact", (winner_id, *loser_ids)[numbers.index(None)])
    winner, *others = (number for number in numbers if number is not None)
    others = list(dict.fromkeys(others))
    if winner in others:
        raise Invalid({"from": ["A contact can't be merged into itself."]})
    if not others:
        raise Invalid({"from": ["Choose at least one other contact."]})
    if len(others) >= MOST:
        raise Invalid({"from": [Message("At most %(most)s contacts can be merged in one step.", most=MOST)]})
    found = lock_contacts(work, [winner, *others])
    for contact in found.values():
        if contact.merged_into_id is not None:
            into = contact.merged_into_id
            said = Message("“%(name)s” was merged into another contact already: reload the page.", name=contact.name)
            raise Conflict(said, other_id=into if may_see(work, into) else None)
        if contact.deleted_at is not None:
            raise Conflict(Message("“%(name)s” is in the bin: restore it first.", name=contact.name))
    return found[winner], [found[number] for number in others]


def lock_contacts(work: Work, ids: Iterable[int]) -> dict[int, Contact]:
    """These contacts, in the bin or not, locked in one order, so that two callers never wait crosswise.

    :raises NotFound: when there is no such contact, or the actor may not see it.
    """
    wanted = sorted(set(ids))
    statement = select(Contact).where(Contact.id.in_(wanted), Contact.within_reach(work.actor)).order_by(Contact.id)
    locked = work.session.scalars(statement.with_for_update(of=Contact), execution_options={"populate_existing": True})
    found = {contact.id: contact for contact in locked}
    for number in wanted:
        if number not in found:
            raise NotFound("contact", number)
    return found


class _Chosen:
    """What the contact that stays gets: columns and status as [before, after], the address that shall be its main one, and the
    custom fields that it had."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.status: list[int] = []
        self.main = ""
        self.custom: dict[str, Any] = {}


def _apply_columns(
    work: Work,
    winner: Contact,
    losers: Sequence[Contact],
    fields: Mapping[str, Any],
    take: Mapping[str, int],
    emails: Mapping[int, Sequence[ContactEmail]],
) -> _Chosen:
    kept = {name: ["All of them are kept: leave this out."] for name in fields if name in _KEPT}
    if kept:
        raise Invalid(kept)
    chosen = _Chosen()
    before = {name: getattr(winner, name) for name in MERGED}
    chosen.custom = before["custom"] or {}
    after = combined(before, [{name: getattr(loser, name) for name in MERGED} for loser in losers])
    after["custom"] = records.merged(work, KIND, [winner.custom, *(loser.custom for loser in losers)])
    status_id, chosen.main = _take(take, [winner, *losers], before, after)
    for name, value in after.items():
        setattr(winner, name, value)
    values = contacts.prepare(work, fields, winner) if fields else {}
    if values.get("email"):
        chosen.main = email_key(values["email"])
        if chosen.main not in {row.email_key for rows in emails.values() for row in rows}:
            said = Message("None of these contacts has the address “%(email)s”.", email=values["email"])
            raise Invalid({"email": [said]})
    if "assigned_to" in values:
        values["assigned_to_id"] = values["assigned_to"]
    for name in COLUMNS:
        if name in values and name in MERGED:
            setattr(winner, name, values[name])
    for name, old in before.items():
        new = getattr(winner, name)
        if new != old:
            chosen.columns[name] = [plain(old), plain(new)]
    status_id = values.get("status") or status_id
    if status_id and status_id != winner.status_id:
        chosen.status = [winner.status_id, status_id]
    return chosen


def _take(
    take: Mapping[str, int], people: Sequence[Contact], before: Mapping[str, Any], after: dict[str, Any]
) -> tuple[int | None, str]:
    """Puts the values of chosen contacts into the columns; gives the status and the main address that were chosen."""
    by_id = {one.id: one for one in people}
    status_id, main = None, ""
    for field, number in take.items():
        contact = by_id.get(number)
        if contact is None:
            raise Invalid({field: ["Choose one of these contacts."]})
        table, _, key = field.partition("." if field.startswith(PREFIX) else "_")
        if field == "status":
            status_id = contact.status_id
        elif field == "email":
            main = email_key(contact.email)
        elif field == "assigned_to":
            after["assigned_to_id"] = contact.assigned_to_id
        elif field.startswith((PREFIX, _SOCIAL)) and key:
            column = "custom" if table == "custom" else "socials"
            value = (getattr(contact, column) or {}).get(key)
            after[column] = {**after[column], key: value} if value is not None else after[column]
        elif field in before and field not in _KEPT:
            after[field] = getattr(contact, field)
        else:
            raise Invalid({field: ["Leave this out: there is nothing to be chosen."]})
    return status_id, main


def _addresses(work: Work, contact_id: int) -> list[ContactEmail]:
    return emails_of(work, [contact_id]).get(contact_id, [])


def _take_emails(
    work: Work, winner: Contact, losers: Sequence[Contact], emails: Mapping[int, Sequence[ContactEmail]], main: str
) -> dict[str, Any]:
    own = emails.get(winner.id, ())
    before = next((row.email_key for row in own if row.main), "")
    taken: dict[str, list[list[Any]]] = {}
    for loser in losers:
        rows = emails.get(loser.id, ())
        taken[str(loser.id)] = [[row.email_key, row.main] for row in rows]
        main = main or before or next((row.email_key for row in rows if row.main), "")
        for row in rows:
            row.contact_id = winner.id
    main = main or before
    for rows in emails.values():
        for row in rows:
            row.main = row.email_key == main
            if row.main:
                winner.email = row.email
    work.session.flush()
    return {"emails": taken, "main": [before, main]}


def _take_tags(work: Work, winner: Contact, losers: Sequence[Contact]) -> list[int]:
    """Tags the contact that stays as the others are. Theirs stay on them, as those of contacts in the bin do."""
    mine = Tagging.object_type == KIND
    of_losers = mine, Tagging.object_id.in_([loser.id for loser in losers])
    have = set(work.session.scalars(select(Tagging.tag_id).where(mine, Tagging.object_id == winner.id)))
    more = sorted(set(work.session.scalars(select(Tagging.tag_id).where(*of_losers))) - have)
    insert_rows(work.session, Tagging, [{"tag_id": tag, "object_type": KIND, "object_id": winner.id} for tag in more])
    return more


def _bury(work: Work, winner: Contact, losers: Sequence[Contact]) -> None:
    """Makes the others tombstones, and derives what follows from the columns of the one that stays."""
    left: dict[int, int] = {}
    for loser in losers:
        loser.deleted_at, loser.merged_into_id = work.now, winner.id
        loser.updated_at, loser.version = work.now, loser.version + 1
        left[loser.status_id] = left.get(loser.status_id, 0) - 1
    counts.add(work, left)
    search.drop(work, KIND, [loser.id for loser in losers])
    for name, value in derive(vars(winner)).items():
        setattr(winner, name, value)
    winner.updated_at, winner.version = work.now, winner.version + 1
    work.session.flush()


def _write_down(
    work: Work, winner: Contact, losers: Sequence[Contact], merge_id: int, status: Sequence[int]
) -> dict[str, list[int]]:
    """Writes the journal and the change of status; gives what was written, table -> ids."""
    now, actor = work.now, work.actor
    entries = [
        JournalEntry(
            object_id=winner.id,
            contact_id=winner.id,
            type="merged",
            at=now,
            created_at=now,
            data={"name": loser.name, "merge_id": merge_id},
            actor_label=actor.label,
            user_id=actor.user_id,
            by_system=True,
        )
        for loser in losers
    ]
    work.session.add_all(entries)
    if status:
        known = {item.id: item for item in statuses.all_statuses(work)}
        winner.status_id, winner.status_since = status[1], now
    work.session.flush()
    wrote = {"journal_entry": [entry.id for entry in entries]}
    if status:
        history.record(work, [(winner.id, status[0], status[1])], known)
        changed = select(func.max(StatusChange.id)).where(StatusChange.contact_id == winner.id)
        noted = select(func.max(JournalEntry.id)).where(
            JournalEntry.contact_id == winner.id, JournalEntry.type == "status", JournalEntry.by_system
        )
        wrote["statuses_history"] = [int(work.session.scalar(changed) or 0)]
        wrote["journal_entry"].append(int(work.session.scalar(noted) or 0))
    return wrote


def _keep(work: Work, merge_id: int, moved: Sequence[tuple[int, moving.Moved]]) -> None:
    """Writes down what moved, as it is after everybody was told: what plugins make of their rows is no edit."""
    rows: list[dict[str, Any]] = []
    for loser_id, found in moved:
        reference = found.target.reference
        about = {
            "merge_id": merge_id,
            "loser_id": loser_id,
            "plugin": reference.plugin,
            "table_name": reference.table,
            "column_name": reference.column,
        }
        marks = list(moving.marks(work, found.target, found.keys))
        rows += [{**about, "kind": "moved", "rows": list(some)} for some in chunks(marks, _ROWS_PER_STEP)]
        rows += [{**about, "kind": "dropped", "rows": list(some)} for some in chunks(found.dropped, _ROWS_PER_STEP)]
    insert_rows(work.session, MergeStep, rows)


def _tag_names(work: Work, contact_id: int) -> list[str]:
    return [tag.name for tag in tags.of(work, KIND, [contact_id]).get(contact_id, ())]


def _tell(work: Work, winner: Contact, losers: Sequence[Contact], record: Merge, had: Mapping[str, list[str]]) -> None:
    columns = record.changes["columns"]
    before: dict[str, Any] = {name: pair[0] for name, pair in columns.items()}
    after: dict[str, Any] = {name: pair[1] for name, pair in columns.items()}
    has = {"emails": [row.email for row in _addresses(work, winner.id)], "tags": _tag_names(work, winner.id)}
    for name, value in had.items():
        if has[name] != value:
            before[name], after[name] = value, has[name]
    ids = list(record.loser_ids)
    told = {"loser_ids": ids, "merge_id": record.id}
    was, now = readable(work, before, after), readable(work, after, before)
    work.audit("contact.merged", "contact", winner.id, before=was or None, after={**now, **told})
    work.audit_many([("contact.merged", "contact", number, None, {"winner_id": winner.id}) for number in ids])
    if after:
        work.changed(Change("contact.updated", "contact", winner.id, before, after))
    work.changed(Change("contact.merged", "contact", winner.id, {}, told), event=False)
    work.tell("contact.merged", [winner.id], told)
    for loser in losers:
        gone = {"status_id": loser.status_id, "assigned_to_id": loser.assigned_to_id}
        work.changed(Change("contact.deleted", "contact", loser.id, gone, {}))
