"""Addresses that get no more campaigns: bounced, complained, unsubscribed. Kept as keyed hashes, which outlive the contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import delete, select, update

from ...db import upsert
from ...errors import Invalid
from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts.emails import email_key
from ..rows import chunks
from . import keys
from .models import MailBounce, MailSuppression

Reason = Literal["bounced", "complained", "unsubscribed"]


def reasons(work: Work, emails: Iterable[str]) -> dict[str, list[MailSuppression]]:
    """Why addresses are blocked: address in lower case -> its rows; those that are not are left out."""
    by_hash = keys.address_hashes(work, emails)
    found: dict[str, list[MailSuppression]] = {}
    for some in chunks(list(by_hash)):
        for row in work.session.scalars(select(MailSuppression).where(MailSuppression.address_hash.in_(some))):
            found.setdefault(by_hash[row.address_hash], []).append(row)
    return found


def blocked(work: Work, emails: Sequence[str]) -> set[str]:
    """Those of the addresses that get no campaigns."""
    known = reasons(work, emails)
    return {email for email in emails if email_key(email) in known}


def suppress(work: Work, email: str, reason: Reason, said: str = "") -> bool:
    """Blocks an address; gives whether it was not blocked for this reason before. Inside ``work.begin()``."""
    return add(work, keys.address_hash(work, email), reason, said)


def add(work: Work, hashed: str, reason: Reason, said: str = "") -> bool:
    """Blocks an address of which only the hash is known."""
    row = {"address_hash": hashed, "reason": reason, "said": said[:500], "at": work.now}
    statement = upsert(work.session, MailSuppression).values(**row).on_conflict_do_nothing()
    return work.session.scalar(statement.returning(MailSuppression.id)) is not None


def has(work: Work, hashed: str, reason: Reason) -> bool:
    """Whether an address is blocked for this reason."""
    wanted = select(MailSuppression.id).where(MailSuppression.address_hash == hashed, MailSuppression.reason == reason)
    return work.session.scalar(wanted) is not None


def drop(work: Work, hashed: str, reason: Reason | None = None) -> int:
    """Takes the block off an address, for one reason or all; soft bounces are counted anew. Gives how many there were."""
    wanted = delete(MailSuppression).where(MailSuppression.address_hash == hashed)
    if reason is not None:
        wanted = wanted.where(MailSuppression.reason == reason)
    gone = work.session.scalars(wanted.returning(MailSuppression.id)).all()
    if reason in (None, "bounced"):
        work.session.execute(update(MailBounce).where(MailBounce.address_hash == hashed).values(counted=False))
    return len(gone)


def clear(work: Work, contact_id: int) -> list[str]:
    """Takes every block off a contact's addresses: a person decided that they may be written to again.

    :returns: the addresses that were blocked.
    :raises Invalid: when none is.
    """
    work.require("mail.clear")
    contact = contacts.get(work, contact_id)
    work.require("contacts.edit", contact)
    emails = [row.email for row in contacts.emails_of(work, [contact_id]).get(contact_id, ())]
    if not (lifted := lift(work, emails, "contact", contact_id)):
        raise Invalid("None of this contact's addresses is blocked.")
    return lifted


def lift(work: Work, emails: Sequence[str], object_type: str, object_id: int) -> list[str]:
    """Takes every block off the addresses of a record; who calls it looks whether the actor may change that.

    :returns: the addresses that were blocked.
    """
    work.require("mail.clear")
    known = reasons(work, emails)
    if not known:
        return []
    why = sorted({row.reason for rows in known.values() for row in rows})
    for email in known:
        drop(work, keys.address_hash(work, email))
    work.audit("mail.cleared", object_type, object_id, before={"blocked": why}, after={"blocked": []})
    return sorted(known)


def unsubscribe_url(work: Work, email: str, message_id: int = 0, *, base_url: str = "") -> str:
    """The address of the page on which somebody unsubscribes; inside ``work.begin()`` the first time."""
    hashed = keys.address_hash(work, email)
    return f"{base_url or work.base_url}/mail/u/{keys.unsubscribe_token(work, hashed, message_id)}" if hashed else ""
