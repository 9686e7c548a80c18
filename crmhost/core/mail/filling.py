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
from .models import MailMailing, MailMessage
from .patterns import unknown_sentence
from .suppression import unsubscribe_url
from .values import values as values_of


@dataclasses.dataclass(frozen=True)
class Item:
    """One mail of a mailing that is to go out, with all that is known of its recipient."""

    id: int
    email: str
    name: str
    contact_id: int | None
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
        """The mails with the values of their recipients, and the ids of those whose contact is gone or in the bin."""
        ids = [row.contact_id for row in messages if row.contact_id is not None]
        wanted = select(Contact).where(Contact.id.in_(ids), Contact.deleted_at.is_(None))
        loaded = wanted.options(joinedload(Contact.status), joinedload(Contact.assigned_to))
        contacts = {contact.id: contact for contact in work.session.scalars(loaded)}
        found, gone = [], []
        for row in messages:
            contact = contacts.get(row.contact_id)
            if contact is None:
                gone.append(row.id)
                continue
            address = unsubscribe_url(work, row.to_email, row.id, base_url=self._base)
            more = {**self._more, "mail": {"token": verp.token(row.id, self._token_key)}}
            given = values_of(work, contact, self.account, unsubscribe=address, more=more)
            answers = list(row.answers or ())
            who = (row.id, row.to_email, row.to_name, row.contact_id, row.attempts, row.variant)
            found.append(Item(*who, answers, given, address))
        return found, gone

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
    """The text of one mail of a mailing, with the recipient's values of now; none when the contact is gone."""
    filler = Filler(work, mailing, account)
    items, _gone = filler.items(work, [message])
    return filler.rendered(items[0]) if items else None
