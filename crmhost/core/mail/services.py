"""Mail: what other parts of the site call. A mail is a row, written in one transaction with the job that sends it.

``mail.queue(work, subject=…, text=…, contact_id=…)`` wants a mail; ``mail.write`` fills a template for a contact;
``mail.receive`` takes a report of a mail server; ``mail.blocked`` says which addresses get no campaigns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from ...errors import Conflict, Invalid, NotFound
from ...mail.body import to_text
from ...mail.message import Address
from ...mail.render import Source as Source
from ...mail.render import names as placeholders_of
from ...mail.rich import harmless as harmless
from ...messages import Message
from ...work.tables import JobRow
from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts.emails import email_key
from ..keyset import valid_id
from ..rows import insert_rows
from ..text import clean_line, clean_text
from . import accounts, blocks, followed, layouts, mailings, pictures
from .accounts import Account, chosen, transport
from .intake import receive
from .keys import address_hash, address_hashes, read_token
from .leaving import Reader, reader, reader_of, subscribe_again, unsubscribe, unsubscribed
from .models import MailAccount, MailMailing, MailMessage, MailPicture, MailSuppression, MailTemplate
from .patterns import Written, clean, compose, lacking, line, problems, require_known, unknown, write
from .patterns import all_templates as templates
from .patterns import get as template
from .suppression import blocked, clear, lift, reasons, suppress
from .suppression import unsubscribe_url as unsubscribe_url
from .unlogged import goes_out, hand_over
from .values import Placeholder, asks, catalogue, further, values

__all__ = [
    "Account",
    "MailAccount",
    "MailMailing",
    "MailMessage",
    "MailSuppression",
    "MailTemplate",
    "Placeholder",
    "Reader",
    "Source",
    "Written",
    "accounts",
    "address_hash",
    "address_hashes",
    "asks",
    "blocked",
    "blocks",
    "catalogue",
    "chosen",
    "clean",
    "clear",
    "compose",
    "followed",
    "further",
    "get",
    "goes_out",
    "hand_over",
    "harmless",
    "lacking",
    "layouts",
    "lift",
    "line",
    "mailings",
    "of_record",
    "placeholders_of",
    "problems",
    "queue",
    "read_token",
    "reader",
    "reader_of",
    "reasons",
    "receive",
    "require_known",
    "send_again",
    "subscribe_again",
    "suppress",
    "template",
    "templates",
    "transport",
    "unknown",
    "unsubscribe",
    "unsubscribe_url",
    "unsubscribed",
    "values",
    "write",
]

SEND = "mail.send"
LONGEST_SUBJECT = 300
LARGEST_BODY = 500_000


def queue(
    work: Work,
    *,
    subject: str,
    html: str = "",
    text: str = "",
    contact_id: int | None = None,
    to: str = "",
    to_name: str = "",
    account_id: int | None = None,
    bulk: bool = False,
    attachments: Sequence[Mapping[str, Any]] = (),
    source: str = "",
) -> MailMessage:
    """Wants a mail to one address; the job that sends it is written in the same transaction.

    :param html: finished HTML; without ``text``, the text part is made from it. One of the two is needed. Pictures that the
        editor took in go along inside the mail.
    :param contact_id: whose journal gets the entry; the mail goes to their main address unless ``to`` says otherwise.
    :param account_id: account to send from; the default one without it.
    :param bulk: one of many: it carries List-Unsubscribe (RFC 8058), and an address that is blocked is refused.
    :param attachments: stored files, ``{"file_id", "name", "media_type", "size"}`` each.
    :param source: which part of the site wants it, ``ID`` or ``ID:key``.
    :raises Invalid: sentences by field.
    :raises NotFound: when the actor may not see the contact.
    """
    work.require(SEND)
    errors: dict[str, list[str]] = {}
    if contact_id is not None:
        contact = contacts.get(work, contact_id)
        to, to_name = to or contact.email, to_name or (contact.name if contact.name != contact.email else "")
    account = chosen(work, account_id)
    try:
        address = Address(to, to_name)
    except Invalid as error:
        errors["to"] = [error.message if to else "This contact has no e-mail address: add one first."]
    subject, text = clean_line(subject), clean_text(text)
    if not subject:
        errors["subject"] = ["Give the mail a subject."]
    elif len(subject) > LONGEST_SUBJECT:
        errors["subject"] = [
            Message(
                "This is too long: at most %(longest)s characters, this has %(count)s.",
                longest=LONGEST_SUBJECT,
                count=len(subject),
            )
        ]
    if not html.strip() and not text:
        errors["body"] = ["Write something first."]
    if len(html) + len(text) > LARGEST_BODY:
        errors["body"] = [Message("This is too long: at most %(longest)s characters.", longest=LARGEST_BODY)]
    if not errors and bulk and (why := reasons(work, [address.email]).get(email_key(address.email))):
        errors["to"] = [Message("%(email)s gets no campaigns: %(reason)s.", email=address.email, reason=why[0].reason)]
    if errors:
        raise Invalid(errors)
    html, inside = pictures.packed(work, html)
    message = MailMessage(
        contact_id=contact_id,
        account_id=account.id,
        user_id=work.actor.user_id,
        actor_label=work.actor.label,
        to_email=address.email,
        email_key=email_key(address.email)[:254],
        to_name=address.name[:250],
        from_text=account.sender[:400],
        subject=subject,
        html=html,
        text=text or to_text(html),
        attachments=[*(dict(item) for item in attachments), *inside],
        bulk=bulk,
        base_url=work.base_url[:300],
        source=clean_line(source)[:120],
        state="queued",
        attempts=0,
        answers=[],
        created_at=work.now,
    )
    work.session.add(message)
    work.session.flush()
    insert_rows(work.session, MailPicture, [{"file_id": item["file_id"], "message_id": message.id} for item in inside])
    work.enqueue("mail.send", dedupe=str(message.id), message_id=message.id)
    work.audit(
        "mail.queued", "mail", message.id, after={"contact_id": contact_id, "subject": subject, "source": source}
    )
    return message


def get(work: Work, message_id: int, *, lock: bool = False) -> MailMessage:
    """A mail.

    :raises NotFound: when there is none, or the actor may not see it.
    """
    wanted = work.visible(MailMessage).where(MailMessage.id == (valid_id(message_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: MailMessage | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("mail", message_id)
    own = work.actor.user_id is not None and found.user_id == work.actor.user_id
    if not own:
        work.require("mail.log")
    return found


def send_again(work: Work, message_id: int) -> MailMessage:
    """Sends a mail that failed or of which nobody knows whether it went; the person who asks has decided that.

    A mail that is queued gets a job again, in case somebody cancelled the first.

    :raises Conflict: when it went out.
    """
    work.require(SEND)
    message = get(work, message_id, lock=True)
    if message.state not in ("failed", "unknown", "queued"):
        raise Conflict("This mail is not to be sent again: it went out.")
    before = message.state
    message.state, message.attempts = "queued", 0
    work.session.flush()
    # A job that waits for its next attempt does not wait any longer.
    waiting = update(JobRow).where(
        JobRow.kind == "mail.send", JobRow.dedupe_key == str(message.id), JobRow.state == "due"
    )
    work.session.execute(waiting.values(due_at=work.now))
    work.enqueue("mail.send", dedupe=str(message.id), message_id=message.id)
    work.audit("mail.sent_again", "mail", message.id, before={"state": before}, after={"state": "queued"})
    return message


def mark_arrived(work: Work, message_id: int) -> MailMessage:
    """Settles a mail of which nobody knew: it did arrive.

    :raises Conflict: when its fate is known.
    """
    from .sending import settle

    work.require(SEND)
    message = get(work, message_id, lock=True)
    if message.state != "unknown":
        raise Conflict("What became of this mail is known already.")
    settle(work, message, "sent")
    work.audit("mail.arrived", "mail", message.id, before={"state": "unknown"}, after={"state": "sent"})
    return message


def of_record(work: Work, object_type: str, object_id: int, limit: int = 20) -> list[MailMessage]:
    """The newest mails to the address of a record that is no contact; who calls it looks whether the actor may see that."""
    wanted = select(MailMessage).where(
        MailMessage.object_type == object_type, MailMessage.object_id == object_id, MailMessage.object_id.is_not(None)
    )
    return list(
        work.session.scalars(wanted.order_by(MailMessage.created_at.desc(), MailMessage.id.desc()).limit(limit))
    )


def of_contact(work: Work, contact_id: int, limit: int = 20) -> list[MailMessage]:
    """The newest mails to a contact."""
    contacts.get(work, contact_id, in_bin=True)
    wanted = select(MailMessage).where(MailMessage.contact_id == contact_id)
    newest = wanted.order_by(MailMessage.created_at.desc(), MailMessage.id.desc()).limit(limit)
    return list(work.session.scalars(newest))
