"""People who say what they want to get: whose link it is, and that their address gets no campaigns any more, or again."""

from __future__ import annotations

import dataclasses

from ...work.unit import Work
from ..contacts.emails import email_key
from . import intake, keys, suppression
from .models import MailMessage, record_of


@dataclasses.dataclass(frozen=True)
class Reader:
    """The owner of an address.

    :param hashed: keyed hash of the address, which outlives the contact; empty while the site has hashed none.
    :param email: the address; empty when the mail whose link it was is gone.
    :param contact_id: who was written to, if they are still there.
    :param object_type: kind of the record that was written to instead, such as a company, with its ``object_id``.
    :param message_id: the mail whose link it was; 0 for none.
    """

    hashed: str
    email: str = ""
    contact_id: int | None = None
    message_id: int = 0
    object_type: str = ""
    object_id: int | None = None

    @property
    def record(self) -> tuple[str, int] | None:
        """Kind and id of who was written to; nothing for nobody."""
        return record_of(self)

    @property
    def masked(self) -> str:
        """The address as its owner recognises it and nobody else learns it: ``a•••@example.com``."""
        local, _, domain = self.email.rpartition("@")
        return f"{local[:1]}•••@{domain}" if domain else ""


def reader(work: Work, token: str) -> Reader | None:
    """Whose link to unsubscribe it is, by its last part; ``None`` for any other text."""
    found = keys.read_unsubscribe_token(work, token)
    if found is None:
        return None
    hashed, message_id = found
    message = work.session.get(MailMessage, message_id) if message_id else None
    # The number alone proves nothing: the address may be one that the contact had then.
    if message is None or keys.address_hash(work, message.to_email) != hashed:
        return Reader(hashed)
    whose = (message.contact_id, message_id, message.object_type, message.object_id)
    return Reader(hashed, message.to_email, *whose)


def reader_of(work: Work, email: str, contact_id: int | None = None) -> Reader:
    """The owner of an address who proved in another way that it is theirs, such as by signing in."""
    return Reader(keys.address_hash(work, email) if email_key(email) else "", email, contact_id)


def unsubscribed(work: Work, reader: Reader) -> bool:
    """Whether they said that they want no campaigns."""
    return bool(reader.hashed) and suppression.has(work, reader.hashed, "unsubscribed")


def unsubscribe(work: Work, reader: Reader) -> bool:
    """No campaign goes to the address any more; gives whether that is new. Inside ``work.begin()``."""
    return intake.unsubscribe(work, reader.hashed, reader.message_id, record=reader.record)


def subscribe_again(work: Work, reader: Reader) -> bool:
    """Takes back that they unsubscribed; an address that bounced or complained stays blocked. Gives whether anything changed."""
    return intake.unsubscribe(work, reader.hashed, reader.message_id, record=reader.record, again=True)
