"""Sequences on other pages: the box of a contact, the bulk action of their lists, hits of the palette."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

from flask import Blueprint
from sqlalchemy import select

from crmhost.api import Contact, CrmError, Hit, Invalid, NotFound, RecordHit, Work, keyset
from crmhost.web.api import (
    gettext,
    ngettext,
    number,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from ..models import Sequence
from . import cells, people, queries

#: Sequences that are offered, by name.
_MOST = 200


def add_joining(blueprint: Blueprint) -> None:
    """Adds what the box of a contact sends."""
    sends = requires("mail_campaigns.send")
    add = blueprint.add_url_rule
    add("/sequences/of/<int:contact_id>", "join_sequence", sends(join), methods=["POST"])
    add(
        "/sequences/<int:sequence_id>/people/<int:contact_id>/leave",
        "leave_sequence",
        sends(take_out),
        methods=["POST"],
    )


def choices(work: Work) -> list[tuple[str, str]]:
    """Sequences that are on."""
    wanted = select(Sequence.id, Sequence.name).where(Sequence.is_on).order_by(Sequence.name_key, Sequence.id)
    return [(str(row[0]), row[1]) for row in work.session.execute(wanted.limit(_MOST))]


def box(work: Work, contact: Contact) -> str:
    """The sequences of a contact; nothing when there are none to be in."""
    standings = people.of_contact(work, contact.id)
    may = work.can("mail_campaigns.send") and work.can("contacts.edit", contact)
    offered = choices(work) if may else []
    if not standings and not offered:
        return ""
    return render_template(
        "mail_campaigns/sequences/contact_box.html",
        standings=standings,
        contact=contact,
        may=may,
        choices=offered,
        states=cells.STATES,
        reasons=cells.REASONS,
    )


def find(work: Work, text: str, limit: int) -> list[Hit]:
    """Sequences for the palette."""
    return [
        Hit(
            title=one.name,
            url=url_for("mail_campaigns.sequence", sequence_id=one.id),
            meta=_state(one),
            icon="mail-forward",
        )
        for one in queries.found(work, text, limit)
    ]


def picked(work: Work, text: str, limit: int) -> list[RecordHit]:
    """Sequences that fit what was typed where one is picked."""
    return [RecordHit(id=one.id, title=one.name, note=_state(one)) for one in queries.found(work, text, limit)]


def titles(work: Work, ids: Many[int]) -> dict[int, str]:
    """What sequences are called."""
    return {
        row[0]: row[1] for row in work.session.execute(select(Sequence.id, Sequence.name).where(Sequence.id.in_(ids)))
    }


def _state(one: Sequence) -> str:
    return str(gettext("Sequence, on") if one.is_on else gettext("Sequence, off"))


def add_many(work: Work, ids: Many[int], form: Mapping[str, str]) -> str:
    """The bulk action: contacts enter a sequence."""
    chosen = keyset.valid_id(form.get("choice", ""))
    if chosen is None:
        raise Invalid("Choose a sequence.")
    entered = people.add(work, chosen, ids)
    return str(ngettext("%(number)s contact entered.", "%(number)s contacts entered.", entered, number=number(entered)))


def join(contact_id: int) -> Any:
    """Take a contact into a sequence."""
    try:
        with writing() as work:
            entered = people.add(work, keyset.valid_id(request.form.get("sequence", "")) or 0, [contact_id])
        toast(gettext("The contact entered the sequence.") if entered else gettext("The contact is inside already."))
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)


def take_out(sequence_id: int, contact_id: int) -> Any:
    """Take a contact out of a sequence."""
    with writing() as work:
        people.remove(work, sequence_id, [contact_id])
    toast(gettext("The contact is no longer in the sequence."))
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)
