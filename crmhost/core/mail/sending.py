"""Sending one mail: claimed in a transaction, handed over outside of it, and what came of it written in another one.

A mail whose worker was killed between the two is found as ``sending`` and becomes ``unknown``: nobody can know whether it went,
so it is never sent again by itself.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import func, select

from ...errors import CrmError, Invalid, NotFound, RetryLater
from ...mail import verp
from ...mail.message import Address, Attachment, Letter, Unsubscribe, as_bytes, build
from ...messages import Message
from ...work.context import JobContext
from ...work.unit import Work
from ..files import services as files
from ..journal.system import SystemEntry
from ..journal.system import write as write_journal
from ..notifications import services as notifications
from ..text import shorten
from . import keys, mailings, pace
from .accounts import Account, chosen, transport
from .models import MailMessage, told_of
from .smtp import Answer, Connection, NotSent, Uncertain
from .suppression import unsubscribe_url

#: Seconds until the next attempt after each failed one; after the last the mail has failed.
PAUSES = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
#: Mails before one that are counted, and the longest time in seconds after which it asks again all the same.
_AHEAD = 1_000
_LONGEST_WAIT = 3_600.0


@dataclasses.dataclass(frozen=True)
class Envelope:
    """A mail, ready to be handed over."""

    account: Account
    sender: str
    recipient: str
    raw: bytes


def send(job: JobContext, message_id: int) -> dict[str, Any] | None:
    """The job ``mail.send``."""
    work = job.work
    with work.begin():
        claimed, wait = _claim(work, message_id)
    if wait:
        raise RetryLater(wait, "The account's limit is reached.")
    if claimed is None:
        return None
    try:
        envelope = _envelope(work, *claimed)
    except CrmError as error:
        with work.begin():
            _failed(work, message_id, Answer(0, error.message))
        return None
    finally:
        # What was read must not keep a transaction open while the server is spoken to.
        work.session.rollback()
    try:
        answer = _hand_over(job, envelope)
    except NotSent as error:
        with work.begin():
            pause = _failed(work, message_id, error.answer, again=error.again)
        if pause:
            raise RetryLater(pause, str(error.answer)) from error
        return None
    except Uncertain as error:
        with work.begin():
            _unknown(work, message_id, error.answer)
        return None
    with work.begin():
        _sent(work, message_id, answer)
    return {"message": str(answer)}


def _hand_over(job: JobContext, envelope: Envelope) -> Answer:
    """Sends it, over the connection that the mail before it left open, if there is one."""
    account = envelope.account
    domain = account.from_email.rpartition("@")[2]
    key = ("smtp", account.host, account.port, account.security, account.user, account.password, domain)
    while True:
        connection = job.kept.get(key, lambda: Connection(account))
        waited = connection.used
        try:
            return connection.send(envelope.sender, envelope.recipient, envelope.raw)
        except NotSent:
            # A server may end a connection that waited for the next mail: it has nothing of it, so a fresh one is tried.
            if not (waited and connection.ended):
                raise
        finally:
            if connection.ended:
                job.kept.drop(key)


def _claim(work: Work, message_id: int) -> tuple[tuple[MailMessage, Account] | None, float]:
    """Takes the mail for this attempt, with the account that sends it; nothing when it is not to be sent, and the seconds to
    wait when a limit is reached.
    """
    message = _locked(work, message_id)
    if message is None:
        return None, 0.0
    if message.state == "sending":
        _unknown(work, message_id, Answer(0, Message("The worker ended while it handed the mail over.")))
        return None, 0.0
    if message.state != "queued":
        return None, 0.0
    if transport(work) == "log":
        settle(
            work, message, "logged", Answer(0, Message("Kept here: mails do not leave this site (Settings > Mail)."))
        )
        return None, 0.0
    try:
        account = chosen(work, message.account_id)
    except NotFound:
        account = chosen(work)
    if not account.from_email or not account.host:
        words = "No sender is set" if not account.from_email else "No SMTP server is set"
        _failed(work, message_id, Answer(0, f"{words}: Settings > Mail."))
        return None, 0.0
    wait = pace.take(work, account)
    if wait:
        return None, max(wait, _turn(work, message, account))
    message.state, message.attempts, message.started_at = "sending", message.attempts + 1, work.now
    message.from_text = account.sender[:400]
    message.message_id = verp.message_id(message.id, keys.token_key(work), _domain(account.from_email))
    work.session.flush()
    return (message, account), 0.0


def _turn(work: Work, message: MailMessage, account: Account) -> float:
    """Seconds until those that waited longer have gone: so that a thousand mails don't all ask again at each free place."""
    older = select(MailMessage.id).where(MailMessage.state == "queued", MailMessage.created_at <= message.created_at)
    same = MailMessage.account_id.is_not_distinct_from(message.account_id)
    some = older.where(MailMessage.id < message.id, same).order_by(MailMessage.created_at, MailMessage.id).limit(_AHEAD)
    ahead = work.session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(pace.seconds(account, ahead), _LONGEST_WAIT)


def _envelope(work: Work, message: MailMessage, account: Account) -> Envelope:
    letter = letter_of(work, message, account)
    raw = as_bytes(build(letter))
    if account.signer is not None:
        raw = account.signer.sign(raw)
    bounces = str(work.settings.get("mail.bounce_address") or "")
    sender = keys.return_path(message.id, keys.token_key(work), bounces, account.from_email)
    return Envelope(account, sender, letter.to[0].ascii, raw)


def letter_of(work: Work, message: MailMessage, account: Account, *, with_files: bool = True) -> Letter:
    """The mail as it is sent.

    :param with_files: whether the attachments are read; the headers are the same without.
    :raises Invalid: when it can't be made.
    """
    subject, text, html = texts(work, message, account)
    unsubscribe = None
    if message.bulk:
        base = message.base_url or work.base_url
        url = unsubscribe_url(work, message.to_email, message.id, base_url=base) if base else ""
        if not url:
            raise Invalid("The site's public address is not known (CRMHOST_BASE_URL): no unsubscribe link can be made.")
        unsubscribe = Unsubscribe(url)
    return Letter(
        sender=Address(account.from_email, account.from_name),
        to=(Address(message.to_email, message.to_name),),
        subject=subject,
        text=text,
        html=html,
        reply_to=Address(account.reply_to) if account.reply_to else None,
        attachments=tuple(_attachment(work, item) for item in message.attachments) if with_files else (),
        message_id=message.message_id,
        date=work.now,
        unsubscribe=unsubscribe,
    )


def texts(work: Work, message: MailMessage, account: Account) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail; one of a mailing is filled in anew.

    :raises Invalid: when that can't be done any more.
    """
    if message.mailing_id is None:
        return message.subject, message.text, message.html
    from .filling import written  # which mailings need, and they need this module

    found = written(work, mailings.get(work, message.mailing_id), message, account)
    if found is None:
        raise Invalid("Whoever it was for is gone, and with them what the mail said.")
    return found.subject, found.text, found.html


def _attachment(work: Work, item: dict[str, Any]) -> Attachment:
    name = str(item.get("name", ""))
    try:
        with files.open(work, int(item["file_id"])) as stream:
            media_type, content_id = str(item.get("media_type", "")), str(item.get("content_id", ""))
            return Attachment(name, stream.read(), media_type, content_id)
    except NotFound as error:
        raise Invalid(Message("The file “%(name)s” is no longer there.", name=name)) from error


def _domain(email: str) -> str:
    return Address(email).ascii.rpartition("@")[2]


# --- what came of it -------------------------------------------------------------------------------------------------


def _locked(work: Work, message_id: int) -> MailMessage | None:
    wanted = select(MailMessage).where(MailMessage.id == message_id)
    return work.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _note(work: Work, message: MailMessage, answer: Answer) -> None:
    said = {"at": work.now.isoformat(), "code": answer.code, "text": answer.text}
    message.answers = [*message.answers[-30:], said]


def _sent(work: Work, message_id: int, answer: Answer) -> None:
    message = _locked(work, message_id)
    if message is not None and message.state in ("sending", "unknown"):
        settle(work, message, "sent", answer)


def settle(work: Work, message: MailMessage, state: str, answer: Answer | None = None) -> None:
    """The mail went out (``sent``) or is kept instead (``logged``): the journal says so, and an event is told."""
    message.state, message.sent_at = state, work.now
    if answer is not None:
        _note(work, message, answer)
    work.session.flush()
    if (whose := message.record) is not None:
        entry = SystemEntry(
            whose[1],
            "mail.sent" if state == "sent" else "mail.logged",
            {"mail_id": message.id},
            summary=message.subject,
            comment=message.text,
            author=message.actor_label,
            user_id=message.user_id,
            object_type=whose[0],
        )
        write_journal(work, [entry])
    if state == "sent":
        work.tell("mail.sent", [message.id], {**told_of(message), "source": message.source})


def _failed(work: Work, message_id: int, answer: Answer, *, again: bool = False) -> float:
    """Writes a failed attempt; gives the seconds until the next one, 0 when there is none."""
    message = _locked(work, message_id)
    if message is None or message.state not in ("queued", "sending", "unknown"):
        return 0.0
    _note(work, message, answer)
    pause = PAUSES[message.attempts - 1] if again and 0 < message.attempts <= len(PAUSES) else 0
    message.state = "queued" if pause else "failed"
    work.session.flush()
    if not pause:
        _say(work, message, Message("The mail “%(subject)s” to %(to)s was not sent: %(said)s"), str(answer))
        work.tell("mail.failed", [message.id], {**told_of(message), "source": message.source})
    return float(pause)


def _unknown(work: Work, message_id: int, answer: Answer) -> None:
    message = _locked(work, message_id)
    if message is not None and message.state == "sending":
        _note(work, message, answer)
        message.state = "unknown"
        work.session.flush()
        _say(
            work,
            message,
            Message("Nobody knows whether the mail “%(subject)s” to %(to)s went out: decide whether to send it again."),
        )
        work.tell("mail.unknown", [message.id], {**told_of(message), "source": message.source})


def _say(work: Work, message: MailMessage, sentence: str, said: str = "") -> None:
    """Tells who wrote a mail to somebody what became of it; of campaigns their page tells."""
    if message.user_id is not None and not message.bulk:
        data = {"subject": shorten(message.subject, 60), "to": message.to_email, "said": shorten(said, 200)}
        address = f"/settings/mail/log/{message.id}"
        notifications.tell(work, [message.user_id], sentence, url=address, kind="mail.failed", data=data)
