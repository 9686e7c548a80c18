"""What saving one contact and saving many have in common: who owns an address, what a contact looked like before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..keyset import valid_id
from ..rows import chunks
from ..text import clean_json, clean_line
from ..users.models import User
from .emails import email_key
from .fields import COLUMNS
from .models import Contact, ContactEmail, ExternalId

#: Kind of record in the table of ids in other systems.
KIND = "contact"
ExternalKey = tuple[str, str, str]


def plain(value: Any) -> Any:
    """A value as it stands in changes and in the audit log: JSON-able."""
    return value.isoformat() if isinstance(value, dt.date) else value


def snapshot(contact: Contact, emails: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
    """All fields of a contact, JSON-able; empty ones are left out."""
    fields = {name: plain(getattr(contact, name)) for name in COLUMNS}
    fields |= {"emails": list(emails), "tags": list(tags), "status_id": contact.status_id}
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def emails_of(work: Work, ids: Sequence[int]) -> dict[int, list[ContactEmail]]:
    """The addresses of contacts, main one first: id -> addresses; contacts without any are left out."""
    if len(ids) == 1:
        return work.once(("emails", ids[0]), lambda: _emails_of(work, ids))
    return _emails_of(work, ids)


def _emails_of(work: Work, ids: Sequence[int]) -> dict[int, list[ContactEmail]]:
    found: dict[int, list[ContactEmail]] = {}
    for some in chunks(ids):
        wanted = select(ContactEmail).where(ContactEmail.contact_id.in_(some))
        for email in work.session.scalars(wanted.order_by(ContactEmail.main.desc(), ContactEmail.id)):
            found.setdefault(email.contact_id, []).append(email)
    return found


def owners_of_emails(work: Work, keys: Iterable[str]) -> dict[str, int]:
    """Compared address -> id of the contact, not in the bin, that has it."""
    found: dict[str, int] = {}
    for some in chunks(list(dict.fromkeys(keys))):
        wanted = select(ContactEmail.email_key, ContactEmail.contact_id)
        for row in work.session.execute(wanted.where(ContactEmail.active, ContactEmail.email_key.in_(some))):
            found[row[0]] = row[1]
    return found


def owners_of_ids(work: Work, keys: Iterable[ExternalKey]) -> dict[ExternalKey, tuple[int, int, bool]]:
    """(source, account, id) in another system -> (row id, contact id, whether that contact is in the bin)."""
    found: dict[ExternalKey, tuple[int, int, bool]] = {}
    by_account: dict[tuple[str, str], list[str]] = {}
    for source, account, key in keys:
        by_account.setdefault((source, account), []).append(key)
    gone = or_(Contact.id.is_(None), Contact.deleted_at.is_not(None))
    for (source, account), names in by_account.items():
        for some in chunks(names):
            wanted = (
                select(ExternalId.external_id, ExternalId.id, ExternalId.object_id, gone)
                .join(Contact, Contact.id == ExternalId.object_id, isouter=True)
                .where(ExternalId.kind == KIND, ExternalId.source == source, ExternalId.account == account)
                .where(ExternalId.external_id.in_(some))
            )
            for name, row, owner, in_bin in work.session.execute(wanted):
                found[source, account, name] = (row, owner, bool(in_bin))
    return found


def external_ids_of(work: Work, ids: Sequence[int]) -> dict[int, list[ExternalId]]:
    """The ids of contacts in other systems: id -> rows."""
    found: dict[int, list[ExternalId]] = {}
    for some in chunks(ids):
        wanted = select(ExternalId).where(ExternalId.kind == KIND, ExternalId.object_id.in_(some))
        for row in work.session.scalars(wanted.order_by(ExternalId.id)):
            found.setdefault(row.object_id, []).append(row)
    return found


def may_see(work: Work, contact_id: int) -> bool:
    """Whether the actor may see a contact."""
    wanted = select(Contact.id).where(Contact.id == contact_id, Contact.visible_to(work.actor))
    return work.session.scalar(wanted) is not None


def why(work: Work, reason: str | Mapping[str, Any]) -> dict[str, Any]:
    """The column “why do we have this person”."""
    if isinstance(reason, str):
        reason = {"text": reason}
    text, row = reason.get("text") or "", reason.get("row")
    return {
        "text": text if isinstance(text, Message) else clean_line(str(text))[:500],
        "by": clean_line(str(reason.get("by") or ""))[:200] or work.actor.label,
        "detail": clean_json(reason.get("detail", "")),
        **({"row": row} if isinstance(row, int) else {}),
    }


def with_row(text: str, row: object) -> str:
    """Why we have a person, with the row of the file where there is one; a text of ours is a message."""
    return Message("%(text)s, row %(row)s", text=text, row=row) if text and isinstance(row, int) else text


def assignee(work: Work, value: Any) -> int | None:
    """The id of the user that contacts are to be assigned to, from an id or an e-mail address; empty for nobody.

    :raises Invalid: when there is no such user, or the actor is limited to their own contacts and this is somebody else.
    """
    user_id: int | None = None
    if value not in (None, ""):
        number = valid_id(value)
        chosen = User.id == number if number is not None else User.email_key == email_key(clean_line(str(value)))
        user = work.session.scalar(select(User).where(chosen))
        if user is None or user.disabled_at is not None:
            raise Invalid({"assigned_to": [Message("There is no active user “%(value)s”.", value=str(value)[:80])]})
        user_id = user.id
    if work.actor.only_assigned and user_id != work.actor.user_id:
        raise Invalid({"assigned_to": ["You may only work with what is assigned to you."]})
    return user_id
