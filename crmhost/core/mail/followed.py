"""Links of mails, followed: whether somebody answers there; and what the sender's domain says of who may send for it.

A job asks over the network; what it found is kept by address.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select

from ... import net
from ...db import upsert
from ...messages import Message, Plural
from ...net.names import texts
from ...work.context import JobContext
from ...work.unit import Work
from .models import MailLink

#: Addresses that one job follows, and characters of one.
MOST, LONGEST = 60, 2_000
#: Days that is kept what was found.
KEPT = 90
_TIMES = net.Timeouts(connect=4.0, read=6.0, total=8.0)
#: Answers that say that nothing is there; of others, such as “sign in first”, nobody can say more from here.
_GONE = (404, 410)
#: Answers of servers that don't take HEAD.
_NOT_SO = (400, 403, 404, 405, 406, 410, 501)


def known(work: Work, addresses: Iterable[str]) -> dict[str, MailLink]:
    """What was found at these addresses, by address; those that were not followed yet are missing."""
    wanted = {_digest(address): address for address in addresses}
    found = work.session.scalars(select(MailLink).where(MailLink.digest.in_(wanted)))
    return {wanted[row.digest]: row for row in found}


def sender(domain: str, signed: str = "") -> str:
    """The address, for :func:`follow` and :func:`known`, under which stands what a sender's domain lacks.

    :param signed: where the record of the key lies that signs the mails (DKIM), if one does.
    """
    return f"dns:{domain} {signed}".strip()


def follow(work: Work, addresses: Sequence[str]) -> bool:
    """Wants these addresses followed, in the background; gives whether there is one to follow. Inside ``work.begin()``."""
    work.require("mail.send")
    web = [
        one
        for one in dict.fromkeys(addresses)
        if one.lower().startswith(("http://", "https://", "dns:")) and len(one) <= LONGEST
    ]
    if web:
        work.enqueue("mail.follow", dedupe=_digest("\n".join(sorted(web)))[:40], addresses=web[:MOST])
    return bool(web)


def run(job: JobContext, addresses: Sequence[str]) -> dict[str, Any]:
    """The job ``mail.follow``."""
    work, dead = job.work, 0
    for number, address in enumerate(addresses[:MOST]):
        job.check()
        job.progress(number, len(addresses))
        work.session.rollback()
        said = lacks(address.removeprefix("dns:")) if address.startswith("dns:") else asked(work, address)
        with work.begin():
            values = {"said": said, "at": work.now}
            wanted = upsert(work.session, MailLink).values(digest=_digest(address), **values)
            work.session.execute(wanted.on_conflict_do_update(index_elements=["digest"], set_=values))
        dead += bool(said)
    return {
        "message": Plural("%(num)s link leads nowhere.", "%(num)s links lead nowhere.", dead),
        "followed": len(addresses),
        "dead": dead,
    }


def asked(work: Work, address: str) -> str:
    """Why an address leads nowhere; nothing when somebody answers there. Not inside a transaction."""
    try:
        status = net.request(work, "HEAD", address, timeouts=_TIMES).status
        if status in _NOT_SO:
            status = net.request(work, "GET", address, timeouts=_TIMES, limit=1_000, cut=True).status
    except net.RequestError as error:
        return error.message
    if status in _GONE:
        return Message("there is no such page (%(status)s)", status=str(status))
    return Message("the server reports an error (%(status)s)", status=str(status)) if status >= 500 else ""


def lacks(sender: str, ask: Callable[[str], list[str] | None] = texts) -> str:
    """What the records of a sender's domain lack, in sentences: SPF (RFC 7208), DMARC (RFC 7489), the key of DKIM (RFC 6376).

    :param sender: the domain, and after a blank where the key lies.
    :param ask: gives the TXT records of a name, see :func:`crmhost.net.names.texts`.
    """
    domain, _, signed = sender.partition(" ")
    if (own := ask(domain)) is None:
        return Message("The records of %(domain)s could not be asked for: try again later.", domain=domain)
    found = []
    if not any(text.lower().startswith("v=spf1") for text in own):
        found.append(
            Message("%(domain)s has no SPF record (v=spf1 …) that names the servers which send for it.", domain=domain)
        )
    if not any(text.lower().startswith("v=dmarc1") for text in ask(f"_dmarc.{domain}") or ()):
        found.append(Message("There is no DMARC record (v=DMARC1 …) at _dmarc.%(domain)s.", domain=domain))
    if signed and not any("p=" in text for text in ask(signed) or ()):
        found.append(Message("The key that signs the mails (DKIM) is not published at %(name)s.", name=signed))
    return Message.joined(found) if found else ""


def forget(work: Work) -> None:
    """Removes what was found long ago. Inside ``work.begin()``."""
    work.session.execute(delete(MailLink).where(MailLink.at < work.now - dt.timedelta(days=KEPT)))


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()
