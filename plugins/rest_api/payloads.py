"""What a delivery says of an object: what the API would give, as far as the webhook's owner may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, NotFound, Work, contacts, journal, keyset, statuses, tags

from .shapes import contact_records, entry_records, status_record, tag_record

#: What is told of things that are gone.
_GONE = ("contact.deleted", "contact.erased", "journal.deleted", "status.deleted", "tag.deleted")

Record = dict[str, Any]


def data_of(work: Work, event: str, object_id: int, told: Mapping[str, Any]) -> Record | None:
    """The member ``data`` of a delivery, or ``None`` when the actor may not hear of this object.

    :param work: the webhook's owner is its actor.
    :param told: what was told with the event.
    """
    kind = event.partition(".")[0]
    giver = _GIVERS.get(kind)
    if giver is not None:
        return giver(work, event, object_id, told)
    records = work.hooks.call("rest_api_event_data", work=work, event=event, ids=[object_id], told=told)
    if records is None:
        return {"id": object_id}
    record = records.get(object_id)
    return None if record is None else dict(record)


def heard_of(work: Work, event: str, ids: Sequence[int]) -> list[int]:
    """Those of the objects that the actor may hear of, as far as many can be told at once; :func:`data_of` decides."""
    if not event.startswith("contact."):
        return list(ids)
    if not work.can("contacts.view"):
        return []
    if not work.actor.only_assigned or not ids:
        return list(ids)
    mine = set(work.session.scalars(select(Contact.id).where(Contact.id.in_(ids), Contact.within_reach(work.actor))))
    return [number for number in ids if number in mine]


def contact_in(event: str, object_id: int, data: Mapping[str, Any]) -> int | None:
    """The contact that a delivery is about: when that person is erased, what was sent is erased too."""
    if event.startswith("contact."):
        return object_id
    if event.startswith("journal."):
        return keyset.valid_id(data.get("object_id")) if data.get("object_type") == "contact" else None
    return keyset.valid_id(data.get("contact_id"))


def _contact(work: Work, event: str, object_id: int, told: Mapping[str, Any]) -> Record | None:
    if not heard_of(work, event, [object_id]):
        return None
    if event not in _GONE:
        try:
            record = contact_records(work, [contacts.get(work, object_id)])[0]
            return {**record, "loser_ids": list(told["loser_ids"])} if "loser_ids" in told else record
        except NotFound:
            # It went meanwhile; whoever hears of it is told of that too.
            pass
    return {"id": object_id}


def _entry(work: Work, event: str, object_id: int, _told: Mapping[str, Any]) -> Record | None:
    if not work.can("journal.view"):
        return None
    if event in _GONE:
        return None if work.actor.only_assigned else {"id": object_id}
    try:
        return entry_records([journal.get(work, object_id)])[0]
    except NotFound:
        return None if work.actor.only_assigned else {"id": object_id}


def _status(work: Work, _event: str, object_id: int, _told: Mapping[str, Any]) -> Record | None:
    for status in statuses.all_statuses(work):
        if status.id == object_id:
            return status_record(status, None)
    return {"id": object_id}


def _tag(work: Work, _event: str, object_id: int, _told: Mapping[str, Any]) -> Record | None:
    for tag in tags.all_tags(work):
        if tag.id == object_id:
            return tag_record(tag)
    return {"id": object_id}


def _mail(work: Work, _event: str, object_id: int, told: Mapping[str, Any]) -> Record | None:
    contact = keyset.valid_id(told.get("contact_id"))
    hidden = work.actor.only_assigned if contact is None else not heard_of(work, "contact.mail", [contact])
    if hidden or not work.can("mail.log"):
        return None
    said = {name: told[name] for name in ("source", "blocked") if name in told}
    return {"id": object_id, "contact_id": contact, **said}


def _setting(work: Work, _event: str, _object_id: int, told: Mapping[str, Any]) -> Record | None:
    return {"keys": list(told.get("keys", ()))} if work.can("settings.edit") else None


_GIVERS: dict[str, Callable[[Work, str, int, Mapping[str, Any]], Record | None]] = {
    "contact": _contact,
    "journal": _entry,
    "status": _status,
    "tag": _tag,
    "mail": _mail,
    "setting": _setting,
}
