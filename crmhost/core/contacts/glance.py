"""Contacts at a glance: their number in the menu, hits of the palette, figures below a contact's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from ...contributions import Hit, RecordHit, Vital
from ...web.i18n import ago, day
from ...web.i18n import number as number_text
from ...work.unit import Work
from ..statuses import services as statuses
from . import queries, services
from .emails import email_key
from .models import Contact, ContactEmail
from .queries import ListQuery


def shown_number(work: Work) -> int | None:
    """The number of contacts beside the menu; none for users who see only their own, which would have to be counted."""
    return None if work.actor.only_assigned else sum(statuses.counts(work).values())


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Contacts for the palette, and the list of all that match."""
    page = queries.page(work, ListQuery(q=text, sort="name", limit=limit))
    hits = [
        Hit(
            title=contact.name,
            url=url_for("contacts.page", contact_id=contact.id),
            meta=" · ".join(part for part in (contact.email, contact.status.name) if part),
            icon="user",
        )
        for contact in page.rows
    ]
    if page.next and hits:
        url = url_for("contacts.index", q=text)
        hits[-1:] = [Hit(title=_("Show all contacts with “%(text)s”", text=text), url=url, icon="filter")]
    return hits


def names(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """Id -> name, of contacts that the actor may see, those in the bin too."""
    wanted = select(Contact).where(Contact.id.in_(ids), Contact.within_reach(work.actor))
    return {contact.id: contact.name for contact in work.session.scalars(wanted)}


def picked(work: Work, text: str, limit: int) -> Sequence[RecordHit]:
    """Contacts that fit what was typed where one is picked, by name; an e-mail address means whoever has it."""
    if "@" in text:
        having = select(ContactEmail.contact_id).where(ContactEmail.active, ContactEmail.email_key == email_key(text))
        owner = work.session.scalar(work.visible(Contact).where(Contact.id.in_(having)))
        if owner is not None:
            return [RecordHit(id=owner.id, title=owner.name, note=owner.email, also=[text])]
    page = queries.page(work, ListQuery(q=text, sort="name", limit=limit))
    return [RecordHit(id=contact.id, title=contact.name, note=contact.email) for contact in page.rows]


def made(work: Work, text: str) -> int:
    """Adds a contact by a name, or by an e-mail address, that was typed; gives the id."""
    first, _blank, last = text.rpartition(" ")
    fields = {"email": text} if "@" in text else {"first_name": first or last, "last_name": last if first else ""}
    return services.create(work, fields).id


def vitals() -> Sequence[Vital]:
    """The core's figures; those of plugins stand before them."""
    return [
        Vital(id="last_contacted", label="Last contacted", value=_last_contacted, order=900),
        Vital(id="in_status", label="In this status", value=_in_status, order=910),
        Vital(id="added", label="Added", value=lambda _work, contact: day(contact.created_at), order=920),
    ]


def _last_contacted(work: Work, contact: Contact) -> str:  # noqa: ARG001
    return ago(contact.last_contacted_at) if contact.last_contacted_at else _("Never")


def _in_status(work: Work, contact: Contact) -> str:
    days = (work.now - contact.status_since).days
    return str(ngettext("%(days)s day", "%(days)s days", days, days=number_text(days)))
