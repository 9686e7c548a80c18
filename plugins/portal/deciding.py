"""Staff decide what clients want changed of their details; the client gets word of it by mail."""

from __future__ import annotations

import contextlib
from html import unescape

from sqlalchemy import select

from crmhost.api import SYSTEM, Contact, Invalid, Message, NotFound, Work, contacts, journal, keyset, mail, texts
from crmhost.web.api import paper_html

from . import accounts
from .models import DetailChange


def decide(work: Work, change_id: int, *, approve: bool, note: str = "") -> DetailChange:
    """Approves what a client wants changed, which stores it, or rejects it; the client gets a mail either way.

    :param note: for the client, why.
    :raises NotFound: when it was decided, or the actor doesn't see the contact.
    :raises Invalid: :raises Conflict: when it can't be stored as it is.
    """
    work.require("portal.review")
    wanted = select(DetailChange).where(
        DetailChange.id == (keyset.valid_id(change_id) or 0), DetailChange.state == "waiting"
    )
    change: DetailChange | None = work.session.scalar(
        wanted.with_for_update().execution_options(populate_existing=True)
    )
    if change is None:
        raise NotFound("change", change_id)
    contact = contacts.get(work, change.contact_id)
    email = contact.email
    change.state = "approved" if approve else "rejected"
    change.note, change.decided_at, change.decided_by_id = texts.clean_text(note)[:1000], work.now, work.actor.user_id
    if approve:
        contact = contacts.update(work, contact.id, change.after)
    work.session.flush()
    said = (
        Message("Approved what the client wanted changed")
        if approve
        else Message("Rejected what the client wanted changed")
    )
    entry = journal.SystemEntry(
        contact.id,
        "portal.details",
        summary=said,
        comment=change.note,
        author=work.actor.label,
        user_id=work.actor.user_id,
    )
    journal.system(work.as_actor(SYSTEM), [entry])
    action = "portal.change_approved" if approve else "portal.change_rejected"
    work.audit(action, "contact", contact.id, before=change.before, after=change.after)
    _mail(work, contact, email, change)
    return change


def _mail(work: Work, contact: Contact, to: str, change: DetailChange) -> None:
    account = accounts.of(work, contact.id)
    if account is None or not account.enabled or not to:
        return
    html = paper_html(
        work,
        "portal/decided.html",
        language=account.locale,
        approved=change.state == "approved",
        note=change.note,
        site=str(work.settings.get("site.name") or "crmhost"),
        address=f"{work.base_url}/portal/details",
    )
    subject, _, body = html.partition("<!-- body -->")
    host = work.as_actor(SYSTEM)
    with contextlib.suppress(Invalid):  # an address that can't be written to: it is seen in the portal
        line = " ".join(unescape(subject).split())
        mail.queue(host, contact_id=contact.id, to=to, subject=line, html=body, source=f"portal:{change.id}")
