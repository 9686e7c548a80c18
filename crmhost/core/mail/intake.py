"""Reports of mail servers (bounces, complaints) on mails of ours, however they come in: command, mailbox, webhook."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json

from sqlalchemy import func, select

from ...db import upsert
from ...mail import bounces
from ...mail.bounces import Report
from ...messages import Message
from ...work.unit import Work
from ..contacts.emails import email_key
from ..journal.system import SystemEntry
from ..journal.system import write as write_journal
from ..text import clean_line
from . import keys, suppression
from .models import MailBounce, MailMessage, told_of
from .suppression import Reason

#: So many mails that came back for a passing reason within this time block an address.
SOFT = 3
SOFT_WITHIN = dt.timedelta(days=30)
LARGEST = 2 * 1024 * 1024

_SOFT = "soft"
_RETURNED = ("hard", _SOFT)
_EFFECT: dict[str, Reason] = {"hard": "bounced", "complaint": "complained", "opt_out": "unsubscribed"}
_SENTENCE = {
    "bounced": Message("A mail came back: %(said)s"),
    "complained": Message("A mail was reported as unwanted"),
    "unsubscribed": Message("Unsubscribed from mails"),
}


@dataclasses.dataclass(frozen=True)
class Received:
    """What a report did.

    :param kind: what it was: hard, soft, complaint, opt_out, auto_reply, delivery_notice, none.
    :param message_id: the mail of ours that it is about; without one nothing was changed.
    :param blocked: why the address gets no more campaigns since now; empty when nothing changed.
    :param known: whether the same report was taken before.
    """

    kind: str
    message_id: int | None = None
    blocked: str = ""
    known: bool = False


def receive(work: Work, raw: bytes, *, recipient: str = "") -> Received:
    """Takes an e-mail that came back. It counts once, and only if it is about a mail of ours; all others change nothing.

    Rules: a permanent failure of the address blocks it, as do three passing ones of different mails in thirty days, and a
    complaint. Auto-replies and notices of delivery change nothing.

    :param raw: the whole e-mail.
    :param recipient: envelope address at which it arrived, when that is known.
    """
    work.require("mail.bounces")
    key = keys.token_key(work)
    if not key or len(raw) > LARGEST:
        return Received("none")
    return _take(work, bounces.parse(raw, key, recipient), raw)


def receive_notification(work: Work, raw: bytes) -> Received:
    """Takes what a provider tells as JSON instead of an e-mail (Amazon SES), by the same rules as :func:`receive`."""
    work.require("mail.bounces")
    key = keys.token_key(work)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return Received("none")
    if not key or not isinstance(data, dict):
        return Received("none")
    return _take(work, bounces.parse_notification(data, key), raw)


def _take(work: Work, report: Report, raw: bytes) -> Received:
    kind = str(report.kind)
    if report.token is None or kind not in (*_EFFECT, _SOFT):
        return Received(kind)
    wanted = select(MailMessage).where(MailMessage.id == report.token).with_for_update()
    message = work.session.scalar(wanted.execution_options(populate_existing=True))
    if message is None:
        return Received(kind)
    said = clean_line(" ".join(part for part in (report.status, report.diagnostic) if part))[:500]
    hashed = keys.address_hash(work, message.email_key)
    row = {
        "digest": hashlib.sha256(raw).hexdigest(),
        "message_id": message.id,
        "address_hash": hashed,
        "kind": kind,
        "status": report.status[:20],
        "said": said,
        "at": work.now,
    }
    statement = upsert(work.session, MailBounce).values(**row).on_conflict_do_nothing().returning(MailBounce.id)
    if work.session.scalar(statement) is None:
        return Received(kind, message.id, known=True)
    reason = _EFFECT.get(kind)
    if kind == _SOFT and soft_bounces(work, hashed) >= SOFT:
        reason = "bounced"
    if kind in _RETURNED:
        message.state = "bounced" if message.state in ("sent", "unknown", "sending") else message.state
        message.answers = [
            *message.answers,
            {"at": work.now.isoformat(), "code": 0, "text": said or kind, "kind": kind},
        ]
        work.session.flush()
    new = reason is not None and suppression.add(work, hashed, reason, said)
    blocked = reason if new and reason is not None else ""
    tell(work, message, "mail.bounced" if kind in _RETURNED else f"mail.{reason}", blocked)
    if new and reason is not None:
        note(work, message, reason, said)
    return Received(kind, message.id, blocked)


def tell(work: Work, message: MailMessage, name: str, blocked: str = "") -> None:
    """Tells what became of a mail after it was sent."""
    data = {**told_of(message), "source": message.source, "blocked": blocked}
    match name:
        case "mail.bounced":
            work.tell("mail.bounced", [message.id], data)
        case "mail.complained":
            work.tell("mail.complained", [message.id], data)
        case "mail.unsubscribed":
            work.tell("mail.unsubscribed", [message.id], data)


def note(work: Work, message: MailMessage, reason: Reason, said: str = "") -> None:
    """Writes into the journal of whoever it went to that the address is blocked from now on."""
    kind, number = message.record or ("contact", "")
    work.audit("mail.blocked", kind, number, after={"reason": reason, "mail": message.id})
    if isinstance(number, int):
        sentence = Message(_SENTENCE[reason].text, said=said or Message("no reason given"))
        data = {"mail_id": message.id, "reason": reason}
        write_journal(work, [SystemEntry(number, f"mail.{reason}", data, summary=sentence, object_type=kind)])


def soft_bounces(work: Work, hashed: str) -> int:
    """Of how many different mails to this address a report of a passing failure came lately."""
    recent = select(func.count(func.distinct(MailBounce.message_id))).where(
        MailBounce.address_hash == hashed,
        MailBounce.at > work.now - SOFT_WITHIN,
        MailBounce.kind == _SOFT,
        MailBounce.counted,
    )
    return work.session.scalar(recent) or 0


def unsubscribe(
    work: Work, hashed: str, message_id: int, *, record: tuple[str, int] | None = None, again: bool = False
) -> bool:
    """Unsubscribes the address of a link of ours, or subscribes it again; gives whether anything changed.

    :param record: kind and id of whose address it is, where no mail says so.
    """
    message = work.session.get(MailMessage, message_id) if message_id else None
    if again:
        changed = bool(suppression.drop(work, hashed, "unsubscribed"))
        if changed:
            work.audit("mail.subscribed_again", *((message.record if message else record) or ("contact", "")))
        return changed
    if not suppression.add(work, hashed, "unsubscribed"):
        return False
    if message is not None and keys.address_hash(work, email_key(message.to_email)) == hashed:
        tell(work, message, "mail.unsubscribed", "unsubscribed")
        note(work, message, "unsubscribed")
    else:
        work.audit("mail.blocked", *(record or ("contact", "")), after={"reason": "unsubscribed"})
    return True
