"""Telling those who look after a contact what their client did, in the transaction in which it happened."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import SYSTEM, Contact, Invalid, User, Work, mail, notifications, users
from crmhost.web.api import paper_html

from . import settings


def tell_owner(
    work: Work, contact_id: int, text: str, url: str, kind: str, data: Mapping[str, object], *, comment: str = ""
) -> None:
    """Tells the user to whom a contact is assigned, or those who may approve changes where nobody is or the site wants so.

    :param text: an English sentence with ``%(name)s`` places, translated for each reader.
    :param url: a path on this site.
    :param kind: what it is about, ``ID.something``.
    :param comment: stands below the sentence in the mail, as it is.
    """
    host = work.as_actor(SYSTEM)
    readers = _readers(host, contact_id)
    notifications.tell(host, [user.id for user in readers], text, url, kind, data)
    for user in readers:
        told: dict[str, Any] = {
            "text": text,
            "data": dict(data),
            "comment": comment,
            "address": f"{work.base_url}{url}",
        }
        body = paper_html(host, "portal/told.html", language=user.locale or "", **told)
        subject, _, body = body.partition("<!-- body -->")
        with contextlib.suppress(Invalid):  # an address that can't be written to: they are told in the app
            source = f"portal:{contact_id}"
            line = " ".join(html.unescape(subject).split())[:300]
            mail.queue(host, to=user.email, to_name=user.name, subject=line, html=body, source=source)


def _readers(work: Work, contact_id: int) -> Sequence[User]:
    contact = work.session.get_one(Contact, contact_id)
    may = notifications.who_may(work, "contacts.view")
    owner = contact.assigned_to_id
    if work.settings.get(settings.TELL) != "all" and owner in may:
        wanted = [owner]
    else:
        wanted = [number for number in notifications.who_may(work, "portal.review") if number in may]
    people = work.session.scalars(select(User).where(User.id.in_(wanted)).order_by(User.id)).all()
    return [user for user in people if users.actor_for(user).reaches(contact.id, owner)]
