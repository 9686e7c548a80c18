"""Contacts: reading one, adding, changing, erasing. What is done to many at once stands in :mod:`.mass` and :mod:`.bulk`."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from ...errors import Conflict, Invalid, NotFound, Stale
from ...messages import Message
from ...work.unit import Change, Work
from ..journal.system import SystemEntry, write
from ..keyset import valid_id
from ..rows import insert_rows
from ..statuses import history
from ..statuses import services as statuses
from ..statuses.models import Status
from ..text import clean_line
from ..users.models import User
from . import search, tags
from .cleaned import Cleaned
from .custom import ASKED, readable, searched_texts, settle, write_index
from .derived import NAMELESS, derive, document, nameless
from .emails import email_key
from .fields import COLUMNS, clean, fold_parts
from .mass import assign, restore, set_status, tag, to_bin
from .models import Contact, ContactEmail, ExternalId
from .records import (
    KIND,
    assignee,
    emails_of,
    external_ids_of,
    may_see,
    owners_of_emails,
    owners_of_ids,
    plain,
    snapshot,
    why,
)
from .socials import social_kinds

__all__ = [
    "assign",
    "create",
    "emails_of",
    "empty_bin",
    "erase",
    "external_ids_of",
    "get",
    "restore",
    "set_status",
    "social_kinds",
    "tag",
    "to_bin",
    "update",
]


def get(work: Work, contact_id: int, *, in_bin: bool = False) -> Contact:
    """A contact with its status and the user it is assigned to.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("contacts.view")
    return _one(work, contact_id, in_bin=in_bin)


def create(
    work: Work, fields: Mapping[str, Any], *, source: str = "manual", reason: str | Mapping[str, Any] = ""
) -> Contact:
    """Adds a contact.

    :param fields: see :func:`crmhost.core.contacts.fields.clean`.
    :param source: where it came from: manual, import, form, api, or the id of a plugin.
    :param reason: why we have this person: a sentence, best a :class:`Message`, or {"text", "detail", "row"}; ``row`` is the
        number in a file.
    :raises Invalid: sentences by field.
    :raises Conflict: when another contact has one of the e-mail addresses or ids in other systems.
    """
    work.require("contacts.edit")
    values = prepare(work, fields, None, required=source in ASKED)
    emails = wanted_emails(values, []) or []
    if nameless({**values, "email": emails[0] if emails else ""}):
        raise Invalid(NAMELESS)
    now, user = work.now, work.actor.user_id if work.actor.only_assigned else None
    contact = Contact(
        **{name: values[name] for name in COLUMNS if values.get(name) is not None},
        **derive({**values, "email": emails[0] if emails else ""}),
        email=emails[0] if emails else "",
        status_id=values.get("status") or statuses.default(work).id,
        status_since=now,
        updated_at=now,
        reason=why(work, reason),
    )
    contact.source = values.get("source") or clean_line(source)[:60]
    contact.created_at = values.get("created_at") or now
    contact.assigned_to_id = values.get("assigned_to", user)
    _require_free(work, None, emails)
    work.session.add(contact)
    work.session.flush()
    _write_emails(work, contact, emails)
    _add_external_ids(work, contact, values.get("external_ids", ()))
    named = tags.put(work, KIND, [contact.id], values.get("tags", ()))
    fields_now = snapshot(contact, emails, named.get(contact.id, ([], []))[1])
    search.put(work, KIND, [(contact.id, document(fields_now, emails, searched_texts(work, contact.custom)))])
    write_index(work, [(contact.id, contact.custom, None)])
    known = {status.id: status for status in statuses.all_statuses(work)}
    _attach(work, contact, known)
    history.record(work, [(contact.id, None, contact.status_id)], known)
    write(work, [SystemEntry(contact.id, "created", {"source": contact.source, "why": contact.reason["text"]})])
    work.audit("contact.created", "contact", contact.id, after=readable(work, fields_now))
    work.changed(Change("contact.created", "contact", contact.id, {}, fields_now))
    return contact


def update(work: Work, contact_id: int, fields: Mapping[str, Any], *, version: int | None = None) -> Contact:
    """Changes a contact; fields that are not given stay.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved the contact since that version.
    :raises Invalid: sentences by field.
    :raises Conflict: when another contact has one of the e-mail addresses or ids in other systems.
    """
    work.require("contacts.edit")
    contact = _one(work, contact_id, lock=True)
    if version is not None and version != contact.version:
        raise Stale("Somebody saved this contact meanwhile: look at their changes before you save yours.")
    values = prepare(work, fields, contact)
    have = [row.email for row in emails_of(work, [contact.id]).get(contact.id, ())]
    emails = wanted_emails(values, have)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    values = {name: value for name, value in values.items() if not (name == "created_at" and value is None)}
    if "assigned_to" in values:
        values["assigned_to_id"] = values["assigned_to"]
    for name in COLUMNS:
        if name in values and values[name] != getattr(contact, name):
            before[name], after[name] = plain(getattr(contact, name)), plain(values[name])
            setattr(contact, name, values[name])
    if emails is not None and emails != have:
        _require_free(work, contact, emails)
        before["emails"], after["emails"] = have, emails
        contact.email = emails[0] if emails else ""
        work.session.flush()
        _write_emails(work, contact, emails)
    if nameless(vars(contact)):
        raise Invalid(NAMELESS)
    if "tags" in values:
        labels = [item.name for item in tags.of(work, KIND, [contact.id]).get(contact.id, ())]
        renamed = tags.put(work, KIND, [contact.id], values["tags"], labels).get(contact.id)
        if renamed is not None:
            before["tags"], after["tags"] = renamed
    added = _add_external_ids(work, contact, values.get("external_ids", ()))
    if added:
        before["external_ids"], after["external_ids"] = [], [list(key) for key in added]
    status_id = values.get("status") or contact.status_id
    if not after and status_id == contact.status_id:
        return contact
    contact.version += 1
    contact.updated_at = work.now
    if after:
        for name, value in derive(vars(contact)).items():
            setattr(contact, name, value)
        words = searched_texts(work, contact.custom)
        search.put(work, KIND, [(contact.id, document(vars(contact), emails if emails is not None else have, words))])
        if "custom" in after:
            write_index(work, [(contact.id, after["custom"], before["custom"])])
        was, now = readable(work, before, after), readable(work, after, before)
        work.audit("contact.updated", "contact", contact.id, before=was, after=now)
        work.changed(Change("contact.updated", "contact", contact.id, before, after))
    if status_id != contact.status_id:
        _change_status(work, contact, status_id)
    work.session.flush()
    _attach(work, contact, {contact.status_id: contact.status})
    return contact


def erase(work: Work, contact_id: int) -> None:
    """Removes a person for good, from the bin too, with everything the core and plugins hold, and leaves a receipt.

    See :func:`crmhost.core.privacy.erasing.erase`.
    """
    from ..privacy.erasing import erase as erase_person

    erase_person(work, contact_id)


def empty_bin(work: Work, limit: int = 50) -> int:
    """Erases contacts whose days in the bin are over, the oldest first, at most ``limit``; gives how many went.

    Merged contacts stay as they are: their number leads to the one that took them in.
    """
    days = work.settings.get("contacts.bin_days")
    before = work.now - dt.timedelta(days=max(0, min(int(days or 0), 36_500)))
    due = select(Contact.id).where(Contact.deleted_at < before, Contact.merged_into_id.is_(None))
    ids = list(work.session.scalars(due.order_by(Contact.deleted_at, Contact.id).limit(limit)))
    for contact_id in ids:
        erase(work, contact_id)
    return len(ids)


# --- shared with bulk ------------------------------------------------------------------------------------------------


def prepare(
    work: Work, fields: Mapping[str, Any], contact: Contact | None, *, required: bool = False
) -> dict[str, Any]:
    """The fields as they will be stored: cleaned, names resolved to ids, and handed through the plugins' filter.

    :param required: whether custom fields that have to be filled in are asked for.
    :raises Invalid: sentences by field.
    """
    stored = contact.custom if contact else None
    values, cleaned = _resolved(work, fields, contact, stored, required=required)
    if cleaned.errors:
        raise Invalid(cleaned.errors)
    if not work.hooks.implementations("contact_prepare"):
        return values
    offered = work.hooks.call(
        "contact_prepare", copy.deepcopy(values), work=work, contact_id=contact.id if contact else None
    )
    if offered == values or not isinstance(offered, Mapping):
        return values
    filtered, cleaned = _resolved(work, offered, contact, values.get("custom", stored))
    # A filter that fails leaves the value as it was before; so does one whose value can't be stored.
    return values if cleaned.errors else filtered


def wanted_emails(values: Mapping[str, Any], have: Sequence[str]) -> list[str] | None:
    """All addresses that a contact is to have, main one first, or ``None`` when none were given.

    ``email`` alone replaces the main address and keeps the others.
    """
    if "email" not in values and "emails" not in values:
        return None
    others = values.get("emails", list(have[1:]))
    first = [values["email"]] if values.get("email") else []
    return list({email_key(email): email for email in reversed([*first, *others])}.values())[::-1]


def _resolved(
    work: Work,
    fields: Mapping[str, Any],
    contact: Contact | None,
    custom: Mapping[str, Any] | None,
    *,
    required: bool = False,
) -> tuple[dict[str, Any], Cleaned]:
    cleaned = clean(fields, work.timezone, work.now)
    if "custom" not in cleaned.errors:
        settle(work, cleaned, custom, required=required)
    values = fold_parts(cleaned.values, vars(contact) if contact else {})
    for name in ("status", "assigned_to"):
        if name not in values:
            continue
        try:
            if name == "assigned_to":
                values[name] = assignee(work, values[name])
            elif values[name] in (None, ""):
                del values[name]
            else:
                values[name] = statuses.find(work, values[name]).id
        except Invalid as error:
            cleaned.refuse(name, str(error))
    return values, cleaned


# --- helpers ---------------------------------------------------------------------------------------------------------


def _one(work: Work, contact_id: int, *, in_bin: bool = False, lock: bool = False) -> Contact:
    number = valid_id(contact_id)
    if number is None:
        raise NotFound("contact", contact_id)
    wanted: Select[Contact] = select(Contact).where(Contact.id == number)
    if not in_bin:
        wanted = wanted.where(Contact.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Contact.within_reach(work.actor))
    wanted = wanted.options(joinedload(Contact.status, innerjoin=True), joinedload(Contact.assigned_to))
    if lock:
        wanted = wanted.with_for_update(of=Contact).execution_options(populate_existing=True)
    contact = work.session.scalar(wanted)
    if contact is None:
        raise NotFound("contact", contact_id)
    return contact


def _attach(work: Work, contact: Contact, known: Mapping[int, Status]) -> None:
    """Puts the status and the user beside the contact, as they are when it is read."""
    user = work.session.get(User, contact.assigned_to_id) if contact.assigned_to_id is not None else None
    set_committed_value(contact, "status", known[contact.status_id])
    set_committed_value(contact, "assigned_to", user)


def _change_status(work: Work, contact: Contact, status_id: int) -> None:
    known = {status.id: status for status in statuses.all_statuses(work)}
    old, contact.status_id, contact.status_since = contact.status_id, status_id, work.now
    set_committed_value(contact, "status", known[status_id])
    work.audit("contact.status_changed", "contact", contact.id, before=known[old].name, after=known[status_id].name)
    work.session.flush()
    history.record(work, [(contact.id, old, status_id)], known)


def _require_free(work: Work, contact: Contact | None, emails: Sequence[str]) -> None:
    owners = owners_of_emails(work, [email_key(email) for email in emails])
    mine = contact.id if contact else None
    for email in emails:
        owner = owners.get(email_key(email))
        if owner is not None and owner != mine:
            raise taken(work, "emails", email, owner)


def taken(work: Work, field: str, value: str, owner: int | None) -> Conflict:
    """The error for a value that another contact has; names that contact if the actor may see it."""
    sentence = Message(
        "Another contact has “%(value)s” already. Open that one, or use another address."
        if field == "emails"
        else "Another contact has “%(value)s” already. Open that one, or leave the id out.",
        value=value,
    )
    return Conflict(sentence, field=field, other_id=owner if owner is not None and may_see(work, owner) else None)


def _write_emails(work: Work, contact: Contact, emails: Sequence[str]) -> None:
    session = work.session
    have = {row.email_key: row for row in emails_of(work, [contact.id]).get(contact.id, ())}
    wanted = {email_key(email): email for email in emails}
    gone = [row.id for key, row in have.items() if key not in wanted]
    if gone:
        session.execute(delete(ContactEmail).where(ContactEmail.id.in_(gone)))
    rows = []
    for number, (key, email) in enumerate(wanted.items()):
        row = have.get(key)
        if row is None:
            rows.append(
                {"contact_id": contact.id, "email": email, "email_key": key, "main": number == 0, "active": True}
            )
        else:
            row.email, row.main = email, number == 0
    savepoint = session.begin_nested()
    try:
        insert_rows(session, ContactEmail, rows)
        savepoint.commit()
    except IntegrityError as error:
        # Another transaction took an address since we looked.
        savepoint.rollback()
        owners = owners_of_emails(work, wanted)
        key = next((key for key, owner in owners.items() if owner != contact.id), "")
        raise taken(work, "emails", wanted.get(key, emails[0]), owners.get(key)) from error


def _add_external_ids(work: Work, contact: Contact, keys: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Adds ids in other systems. One that a contact in the bin holds moves over; gives those that are new."""
    known = owners_of_ids(work, keys)
    rows, added = [], []
    for key in keys:
        row_id, owner, gone = known.get(key, (0, 0, False))
        if owner == contact.id:
            continue
        if owner and not gone:
            raise taken(work, "external_ids", " / ".join(part for part in key if part), owner)
        if owner:
            work.session.execute(delete(ExternalId).where(ExternalId.id == row_id))
        source, account, name = key
        rows.append({"kind": KIND, "source": source, "account": account, "external_id": name, "object_id": contact.id})
        added.append(key)
    insert_rows(work.session, ExternalId, rows)
    return added
