"""Taking back what :func:`crmhost.core.contacts.bulk.save_many` did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from ...contributions import RowResult
from ...work.unit import Work
from ..fields.kinds import Stored
from ..journal.models import JournalEntry
from ..keyset import valid_id
from ..rows import chunks, table
from ..statuses import services as statuses
from . import mass, tags
from .models import Contact, ExternalId
from .records import KIND
from .services import update as update_contact

_DATES = ("created_at", "last_contacted_at")


def undo_many(work: Work, results: Sequence[RowResult]) -> list[int]:
    """Takes back saved rows, the last step of a run first: what was added goes to the bin, what was changed becomes what it was.

    :param results: of one step or of many; those of one step together.
    :returns: ids of contacts that somebody edited (or, of new ones, wrote about) since: they are left alone.
    """
    work.require("contacts.edit")
    steps = [(result.id, result) for result in reversed(results) if result.id is not None and result.before is not None]
    versions = _versions(work, [key for key, _ in steps])
    noted = _noted(work, [key for key, result in steps if result.outcome == "added"])
    added: list[int] = []
    left: set[int] = set()
    for key, result in steps:
        before: Mapping[str, Any] = result.before or {}
        if key not in versions or key in left:
            continue
        if versions[key] != before["version"] or key in noted:
            left.add(key)
        elif result.outcome == "added":
            added.append(key)
        else:
            _put_back(work, key, before["fields"], versions[key])
            versions[key] -= 1
    for some in chunks(added, mass.MOST):
        mass.to_bin(work, some)
        _release(work, [(ExternalId.object_id.in_(part)) for part in chunks(some)])
    return sorted(left)


def _versions(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """The versions of the contacts among these that the actor may see."""
    found: dict[int, int] = {}
    for some in chunks([key for key in ids if valid_id(key)]):
        mine = select(Contact.id, Contact.version).where(Contact.id.in_(some), Contact.visible_to(work.actor))
        found |= {row[0]: row[1] for row in work.session.execute(mine)}
    return found


def _noted(work: Work, ids: Sequence[int]) -> set[int]:
    """Contacts that a person wrote about."""
    found: set[int] = set()
    for some in chunks(ids):
        written = select(JournalEntry.contact_id).where(JournalEntry.contact_id.in_(some), ~JournalEntry.by_system)
        found.update(key for key in work.session.scalars(written) if key is not None)
    return found


def _put_back(work: Work, key: int, fields: Mapping[str, Any], version: int) -> None:
    """Makes a contact what it was before. It gets its old version again, so that an earlier step can be undone after this one."""
    values = dict(fields.get("columns", {}))
    if "assigned_to_id" in values:
        values["assigned_to"] = values.pop("assigned_to_id")
    for name in _DATES:
        if values.get(name):
            values[name] = dt.datetime.fromisoformat(values[name])
    values = {name: "" if value is None and name not in _DATES else value for name, value in values.items()}
    if "custom" in values:
        values["custom"] = Stored(values["custom"] or {})
    if "emails" in fields:
        values["emails"] = fields["emails"]
    if fields.get("status_id") in {status.id for status in statuses.all_statuses(work)}:
        values["status"] = fields["status_id"]
    if fields.get("tags"):
        gone = {tags.key_of(name) for name in fields["tags"]}
        labels = tags.of(work, KIND, [key]).get(key, [])
        values["tags"] = [tag.name for tag in labels if tag.name_key not in gone]
    update_contact(work, key, values)
    _release(work, [_same(ExternalId, part) & (ExternalId.object_id == key) for part in fields.get("external_ids", ())])
    work.session.execute(update(Contact).where(Contact.id == key).values(version=version - 1))


def _same(model: type[ExternalId], key: Sequence[str]) -> Any:
    return (model.source == key[0]) & (model.account == key[1]) & (model.external_id == key[2])


def _release(work: Work, conditions: Sequence[Any]) -> None:
    """Gives ids in other systems up, so that the next import finds them free."""
    if conditions:
        work.session.execute(delete(table(ExternalId)).where(ExternalId.kind == KIND, or_(*conditions)))
