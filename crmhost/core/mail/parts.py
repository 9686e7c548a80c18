"""Parts of other pages: the button on a contact's page, the note that an address is blocked, the link in the journal."""

from __future__ import annotations

from typing import Any

from flask import render_template

from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts.models import Contact
from . import suppression


def send_button(work: Work, contact: Contact) -> str:  # noqa: ARG001  # a slot's way of being called
    """“Send e-mail” on a contact's page; nothing for a contact without an address."""
    return render_template("mail/send_button.html", contact=contact) if contact.email else ""


def blocked_note(work: Work, contact: Contact) -> str:
    """Why an address of the contact gets no campaigns, with the button that allows them again."""
    emails = [row.email for row in contacts.emails_of(work, [contact.id]).get(contact.id, ())]
    known = suppression.reasons(work, emails)
    if not known:
        return ""
    rows = [(email, row) for email, found in known.items() for row in found]
    may = work.can("mail.clear") and work.can("contacts.edit", contact)
    return render_template("mail/blocked.html", contact=contact, rows=rows, may=may)


def entry_link(work: Work, entry: Any) -> str:
    """The link from a journal entry to the mail it speaks of."""
    number = (entry.data or {}).get("mail_id") if entry.type.startswith("mail.") else None
    if not isinstance(number, int) or not (work.can("mail.log") or entry.user_id == work.actor.user_id):
        return ""
    return render_template("mail/entry_link.html", message_id=number)
