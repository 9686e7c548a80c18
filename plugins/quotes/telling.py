"""Telling staff, and the journal, what became of a quote; in the transaction in which it happened, so it is told once."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import SYSTEM, Change, Invalid, Message, User, Work, journal, mail, notifications, users
from crmhost.web.api import paper_html

from . import settings
from .models import KIND, Acceptance, Quote

#: What the journal says. It names what happened, and stays when the quote goes.
_WRITTEN = {
    "sent": Message("Quote “%(title)s” was sent"),
    "viewed": Message("Quote “%(title)s” was looked at"),
    "accepted": Message("Quote “%(title)s” was accepted by %(name)s"),
    "declined": Message("Quote “%(title)s” was declined"),
    "expired": Message("Quote “%(title)s” expired"),
}
_TOLD = {
    "viewed": "%(client)s looked at the quote “%(title)s”.",
    "accepted": "%(client)s accepted the quote “%(title)s”.",
    "declined": "%(client)s declined the quote “%(title)s”.",
}


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Writes what became of quotes into their journals and those of their contacts, and tells who is to hear of it."""
    for change in changes:
        state = change.name.removeprefix(f"{KIND}.")
        if change.object_type != KIND or state not in _WRITTEN:
            continue
        quote = work.session.get(Quote, change.object_id)
        if quote is not None and quote.state == state:
            _tell(work, quote)


def _tell(work: Work, quote: Quote) -> None:
    host = work.as_actor(SYSTEM)
    accepted = work.session.get(Acceptance, quote.id) if quote.state == "accepted" else None
    name = accepted.name if accepted is not None else ""
    said = Message(_WRITTEN[quote.state], title=quote.title[:120], name=name[:80])
    places = [(KIND, quote.id), *([("contact", quote.contact_id)] if quote.contact_id is not None else [])]
    data = {"quote_id": quote.id}
    journal.system(
        host,
        [
            journal.SystemEntry(
                number,
                f"quotes.{quote.state}",
                data,
                said,
                quote.decline_reason,
                author=work.actor.label,
                user_id=work.actor.user_id,
                object_type=kind,
            )
            for kind, number in places
        ],
    )
    if quote.state not in _TOLD:
        return
    readers = [user for user in _readers(host, quote) if user.id != work.actor.user_id]
    url, values = f"/quotes/{quote.id}", {"client": _client(host, quote), "title": quote.title[:120]}
    notifications.tell(host, [user.id for user in readers], _TOLD[quote.state], url, f"quotes.{quote.state}", values)
    source = f"quotes:{quote.id}"
    for user in readers if quote.state != "viewed" else ():
        told: dict[str, Any] = {**values, "state": quote.state, "reason": quote.decline_reason, "name": name}
        address = f"{work.base_url}{url}"
        subject = html.unescape(
            paper_html(host, "quotes/told_subject.html", language=user.locale or "", **told)
        ).strip()
        body = paper_html(host, "quotes/told.html", language=user.locale or "", address=address, **told)
        with contextlib.suppress(Invalid):  # an address that can't be written to: they are told in the app
            mail.queue(host, to=user.email, to_name=user.name, subject=subject[:300], html=body, source=source)


def _readers(work: Work, quote: Quote) -> Sequence[User]:
    """Who wrote the quote, or all who may write some; nobody who lost the right to see it."""
    may = notifications.who_may(work, "quotes.view")
    if work.settings.get(settings.TELL) == "all":
        may = notifications.who_may(work, "quotes.edit")
    elif quote.owner_id is not None:
        may = [number for number in may if number == quote.owner_id]
    else:
        return []
    people = work.session.scalars(select(User).where(User.id.in_(may))).all()
    return [user for user in people if _reaches(work, user, quote)]


def _reaches(work: Work, user: User, quote: Quote) -> bool:
    """Whether a user who sees only their own contacts sees this one."""
    actor = users.actor_for(user)
    mine = select(Quote.id).where(Quote.id == quote.id, Quote.visible_to(actor))
    return not actor.only_assigned or work.session.scalar(mine) is not None


def _client(work: Work, quote: Quote) -> str:
    from . import versions

    version = versions.current(work, quote)
    return version.client if version is not None and version.client else quote.title[:120]
