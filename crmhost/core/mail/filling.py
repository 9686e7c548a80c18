"""The mails of one mailing, filled in: what is the same for all is made once, and values are read for many at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ...errors import Invalid
from ...mail import verp
from ...mail.message import Address, Letter, Mould, Unsubscribe
from ...mail.render import Rendered, Source, render
from ...work.unit import Work
from ..contacts.models import Contact
from . import keys
from .accounts import Account
from .models import MailMailing, MailMessage, record_of
from .patterns import unknown_sentence
from .suppression import unsubscribe_url
from .values import asks, further
from .values import values as values_of


@dataclasses.dataclass(frozen=True)
class Item:
    """One mail of a mailing that is to go out, with all that is known of its recipient."""

    id: int
    email: str
    name: str
    contact_id: int | None
    object_type: str
    object_id: int | None
    attempts: int
    variant: int
    answers: Sequence[Mapping[str, Any]]
    values: Mapping[str, Any]
    unsubscribe: str


@dataclasses.dataclass(frozen=True)
class Filled:
    """A mail, ready to be handed over."""

    subject: str
    message_id: str
    sender: str
    recipient: str
    raw: bytes


class Filler:
    """Fills a mailing in for its recipients; made inside a transaction, it needs none afterwards."""

    def __init__(self, work: Work, mailing: MailMailing, account: Account) -> None:
        self.mailing_id = mailing.id
        self.account = account
        subjects = (mailing.subject, *mailing.subjects)
        self._sources = [Source(subject, mailing.html, mailing.text) for subject in subjects]
        self._more = dict(mailing.more)
        self._asks = any(asks(source, {*self._more, "mail"}) for source in self._sources)
        self._base = mailing.base_url or work.base_url
        self._token_key = keys.token_key(work)
        self._bounces = str(work.settings.get("mail.bounce_address") or "")
        self._domain = Address(account.from_email).ascii.rpartition("@")[2]
        shared = Letter(
            sender=Address(account.from_email, account.from_name),
            to=(),
            subject="",
            text="-",
            html="-" if mailing.html else "",
            reply_to=Address(account.reply_to) if account.reply_to else None,
        )
        self._mould = Mould(shared)

    def items(self, work: Work, messages: Sequence[Any]) -> tuple[list[Item], list[int]]:
        """The mails with the values of their recipients, and the ids of those whose contact or record is gone or in the bin."""
        ids = [row.contact_id for row in messages if row.contact_id is not None]
        wanted = select(Contact).where(Contact.id.in_(ids), Contact.deleted_at.is_(None))
        loaded = wanted.options(joinedload(Contact.status), joinedload(Contact.assigned_to))
        contacts = {contact.id: contact for contact in work.session.scalars(loaded)}
        known = self._further(work, messages)
        found, gone = [], []
        for row in messages:
            contact, whose = contacts.get(row.contact_id), record_of(row)
            if contact is None and (whose is None or whose[0] == "contact" or whose not in known):
                gone.append(row.id)
                continue
            address = unsubscribe_url(work, row.to_email, row.id, base_url=self._base)
            more = {**self._more, **known.get(whose or ("", 0), {})}
            more["mail"] = {"token": verp.token(row.id, self._token_key)}
            given = values_of(work, contact, self.account, unsubscribe=address, more=more)
            answers = list(row.answers or ())
            who = (row.id, row.to_email, row.to_name, row.contact_id, row.object_type, row.object_id)
            found.append(Item(*who, row.attempts, row.variant, answers, given, address))
        return found, gone

    def _further(self, work: Work, messages: Sequence[Any]) -> dict[tuple[str, int], Mapping[str, Any]]:
        """What plugins know of recipients; of records that are no contacts it says which are there."""
        ids: dict[str, list[int]] = {}
        for kind, number in filter(None, map(record_of, messages)):
            if kind != "contact" or self._asks:
                ids.setdefault(kind, []).append(number)
        return {
            (kind, number): given for kind, some in ids.items() for number, given in further(work, kind, some).items()
        }

    def rendered(self, item: Item) -> Rendered:
        """The text for one recipient, whatever its placeholders stand for."""
        return render(self._sources[item.variant], item.values)

    def written(self, item: Item) -> Rendered:
        """The text for one recipient.

        :raises Invalid: when a placeholder stands for nothing.
        """
        found = self.rendered(item)
        if found.unknown:
            raise Invalid(unknown_sentence(found.unknown))
        return found

    def fill(self, item: Item, now: Any) -> Filled:
        """The mail for one recipient, signed when the account signs.

        :raises Invalid: when it can't be made.
        """
        text = self.written(item)
        to = Address(item.email, item.name)
        number = verp.message_id(item.id, self._token_key, self._domain)
        raw = self._mould.fill(to, text.subject, text.text, text.html, number, Unsubscribe(item.unsubscribe), now)
        if self.account.signer is not None:
            raw = self.account.signer.sign(raw)
        sender = keys.return_path(item.id, self._token_key, self._bounces, self.account.from_email)
        return Filled(text.subject, number, sender, to.ascii, raw)


def written(work: Work, mailing: MailMailing, message: MailMessage, account: Account) -> Rendered | None:
    """The text of one mail of a mailing, with the recipient's values of now; none when they are gone."""
    filler = Filler(work, mailing, account)
    items, _gone = filler.items(work, [message])
    return filler.rendered(items[0]) if items else None
