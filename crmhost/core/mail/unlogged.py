"""Mails that the log of mails must not hold, because what stands in them lets somebody in: links and passwords."""

from __future__ import annotations

from ...errors import CrmError, GiveUp, Invalid
from ...mail.body import to_text
from ...mail.message import Address, Letter, as_bytes, build
from ...messages import Message
from ...work.unit import Work
from . import accounts
from .smtp import Connection, NotSent, Uncertain


def goes_out(work: Work) -> bool:
    """Whether a mail can leave the site: it is set to, and there is an account to send from."""
    if accounts.transport(work) != "smtp":
        return False
    account = accounts.chosen(work)
    return bool(account.from_email and account.host)


def hand_over(work: Work, *, to: str, to_name: str, subject: str, text: str = "", html: str = "") -> None:
    """Hands a mail to the mail server here and now, in a job; no row holds it. Not inside a transaction.

    :param text: made from the HTML when it is left out.
    :raises GiveUp: when it can't be sent, or nobody knows whether it went.
    :raises CrmError: when it may go through later.
    """
    account = accounts.chosen(work)
    now = work.now
    work.session.rollback()
    try:
        letter = Letter(
            sender=Address(account.from_email, account.from_name),
            to=(Address(to, to_name),),
            subject=subject,
            text=text or to_text(html),
            html=html,
            date=now,
        )
        raw = as_bytes(build(letter))
        if account.signer is not None:
            raw = account.signer.sign(raw)
        with Connection(account) as connection:
            connection.send(letter.sender.ascii, letter.to[0].ascii, raw)
    except Invalid as error:
        raise GiveUp(error.message) from error
    except NotSent as error:
        said = Message("The mail was not sent: %(said)s", said=str(error.answer))
        raise (CrmError(said) if error.again else GiveUp(said)) from error
    except Uncertain as error:
        raise GiveUp(Message("Nobody knows whether the mail went out: %(said)s", said=str(error.answer))) from error
