"""The two marks on each mail of a mailing: before it is handed over, and with what came of it.

The statements are written once: for each mail, putting them together took as long as the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from ...work.unit import Work
from ..rows import table
from .accounts import Account
from .filling import Filled, Item
from .models import MailMailing, MailMessage

#: States in which a mail of which the outcome comes may be; the second when another lane thought that its sender was dead.
IN_HAND = ("sending", "unknown")
#: The state of one that was never handed over.
WAITING = ("queued",)
_MAILS = table(MailMessage)
_RUNNING = select(MailMailing.id).where(MailMailing.id == bindparam("mailing"), MailMailing.state == "sending")
_HAND_OVER = (
    update(_MAILS)
    .where(_MAILS.c.id == bindparam("mail"), _MAILS.c.state == "queued", _RUNNING.exists())
    .values(
        state="sending",
        attempts=bindparam("tries"),
        started_at=bindparam("at"),
        message_id=bindparam("number"),
        from_text=bindparam("author"),
        subject=bindparam("title"),
    )
    .returning(_MAILS.c.id)
)
_SETTLE: dict[tuple[str, ...], Update] = {
    before: update(_MAILS)
    .where(_MAILS.c.id == bindparam("mail"), _MAILS.c.state.in_(before))
    .values(
        state=bindparam("became"),
        answers=bindparam("said"),
        due_at=bindparam("due"),
        sent_at=bindparam("went"),
        told=bindparam("known"),
    )
    for before in (IN_HAND, WAITING)
}


def running(work: Work, mailing_id: int) -> bool:
    """Whether a mailing is on its way."""
    return work.session.connection().execute(_RUNNING, {"mailing": mailing_id}).scalar() is not None


def hand_over(work: Work, mailing_id: int, item: Item, filled: Filled, account: Account) -> bool:
    """Marks a mail as being sent; no when it does not wait any more, or its mailing is not on its way."""
    given = {
        "mail": item.id,
        "mailing": mailing_id,
        "tries": item.attempts + 1,
        "at": work.now,
        "number": filled.message_id,
        "author": account.sender[:400],
        "title": filled.subject[:998],
    }
    return work.session.connection().execute(_HAND_OVER, given).scalar() is not None


def settle(
    work: Work, item: Item, before: tuple[str, ...], state: str, said: Mapping[str, Any], due_at: dt.datetime | None
) -> None:
    """Writes down what came of a mail, when it is in one of the states before.

    :param before: :data:`IN_HAND` or :data:`WAITING`.
    """
    sent = state == "sent"
    given = {
        "mail": item.id,
        "became": state,
        "said": [*item.answers[-30:], said],
        "due": due_at,
        "went": work.now if sent else None,
        "known": not sent,
    }
    work.session.connection().execute(_SETTLE[before], given)
