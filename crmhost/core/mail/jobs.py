"""Ways by which reports of mail servers come in: a mailbox that is read every few minutes, and a webhook."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from ...errors import CrmError, GiveUp, NotFound
from ...messages import Message, Plural
from ...work.context import JobContext
from ...work.unit import Work
from ..settings.services import store
from . import followed, pictures
from .imap import Mailbox, Reader
from .intake import receive, receive_notification
from .settings import WEBHOOK_KEY


def mailbox(work: Work) -> Mailbox | None:
    """The mailbox with returned mails; ``None`` while none is set."""
    get = work.settings.get
    if not get("mail.imap_host"):
        return None
    return Mailbox(
        str(get("mail.imap_host")),
        str(get("mail.imap_user") or ""),
        str(get("mail.imap_password") or ""),
        int(get("mail.imap_port") or 993),
        str(get("mail.imap_folder") or "INBOX"),
    )


def polls(work: Work) -> bool:
    """Whether there is a mailbox to read."""
    return bool(work.settings.get("mail.imap_host"))


def poll(job: JobContext) -> dict[str, Any] | None:
    """The job ``mail.poll``: takes what lies unseen in the mailbox. One that is read twice counts once."""
    work = job.work
    found = mailbox(work)
    work.session.rollback()
    if found is None:
        return None
    read = counted = 0
    try:
        with Reader(found) as reader:
            for uid, raw in reader.unseen():
                job.check()
                with work.begin():
                    taken = receive(work, raw)
                reader.seen(uid)
                read, counted = read + 1, counted + (taken.message_id is not None and not taken.known)
    except CrmError as error:
        raise GiveUp(error.message) from error
    return (
        {"message": Message("%(read)s read, %(counted)s about mails of this site", read=read, counted=counted)}
        if read
        else None
    )


def sweep(job: JobContext) -> dict[str, Any]:
    """The job ``mail.sweep``: removes pictures that nothing shows any more, some at a time, and what was found at links long ago.

    While a plugin that sends mails is off nothing is removed: nobody could say which pictures its texts show.
    """
    work = job.work
    removed, after = 0, 0 if pictures.can_tell(work) else None
    work.session.rollback()
    with work.begin():
        followed.forget(work)
    while after is not None:
        job.check()
        with work.begin():
            gone, after = pictures.sweep(work, after)
        removed += gone
    said = Plural("%(num)s unused picture was removed.", "%(num)s unused pictures were removed.", removed)
    return {"message": said, "removed": removed}


def webhook(work: Work, key: str, _headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """Takes a raw e-mail, or a provider's JSON, at ``/hooks/mail/KEY``; another key is answered as if nothing were there."""
    stored = str(work.settings.get(WEBHOOK_KEY) or "")
    if not stored or not hmac.compare_digest(stored, _digest(key)):
        raise NotFound("webhook", "of this address")
    with work.begin():
        taken = receive_notification(work, body) if body.lstrip()[:1] == b"{" else receive(work, body)
    return 200, {"kind": taken.kind, "counted": taken.message_id is not None and not taken.known}


def new_webhook_key(work: Work) -> str:
    """Makes the key of the webhook's address, shown this once; the one before no longer works. Inside ``work.begin()``."""
    work.require("mail.accounts")
    key = secrets.token_urlsafe(24)
    store(work, {WEBHOOK_KEY: _digest(key)})
    return key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
