"""Trying an account: what its server says, word by word."""

from __future__ import annotations

import dataclasses

from ...errors import Invalid
from ...mail.message import Address, Letter, as_bytes, build
from ...work.unit import Work
from .accounts import Account, transport
from .smtp import Connection, NotSent, Uncertain

#: Seconds that a server has, while a person waits for the page.
_PATIENCE = 10.0


@dataclasses.dataclass(frozen=True)
class Tried:
    """What came of trying an account.

    :param said: the server's own answer, or why it could not be asked.
    :param sent_to: who got a mail; empty when none was sent.
    """

    fine: bool
    said: str
    sent_to: str = ""


def try_account(work: Work, account: Account, to: str) -> Tried:
    """Signs in at the account's server and sends a mail to ``to``; where mails stay on the site it only signs in.

    Outside of a transaction: it goes over the network.
    """
    leaves = transport(work) == "smtp"
    site = str(work.settings.get("site.name") or "crmhost")
    work.session.rollback()
    if not account.from_email:
        return Tried(False, "No sender is set: Settings > Mail.")
    try:
        letter = Letter(
            sender=Address(account.from_email, account.from_name),
            to=(Address(to),),
            subject=f"Test mail of {site}",
            text=f"This mail was sent to try the account {account.name or account.from_email}. It works.\n",
            date=work.now,
        )
        raw = as_bytes(build(letter))
        if account.signer is not None:
            raw = account.signer.sign(raw)
        with Connection(account, timeout=_PATIENCE) as connection:
            if not leaves:
                return Tried(True, str(connection.alive()))
            said = connection.send(letter.sender.ascii, letter.to[0].ascii, raw)
            return Tried(True, str(said), sent_to=to)
    except Invalid as error:
        return Tried(False, error.message)
    except (NotSent, Uncertain) as error:
        return Tried(False, str(error.answer))
