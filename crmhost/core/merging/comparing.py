"""Contacts side by side, field by field: where they differ, and what each would keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from markupsafe import Markup

from ...web.i18n import day
from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts import tags
from ..contacts.details import address_lines
from ..contacts.fields import ADDRESSES
from ..contacts.models import Contact
from ..contacts.socials import FIELD, social_kinds
from ..fields import showing
from ..fields.definitions import definitions
from ..fields.kinds import stored


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one contact has in a field; ``value`` is how the form names it, empty when it can't be chosen."""

    text: str | Markup
    value: str
    chosen: bool


@dataclasses.dataclass(frozen=True)
class Line:
    """A field of which the contacts have different values, or of which everything is kept.

    :param field: name in the form.
    :param note: said instead of a choice: what becomes of the values.
    """

    field: str
    label: str
    cells: list[Cell]
    note: str = ""


def lines(work: Work, people: Sequence[Contact], chosen: Mapping[str, str]) -> list[Line]:
    """The fields in which the contacts differ, those to be chosen first.

    :param people: the contacts, the one that stays first.
    :param chosen: field -> id of the contact whose value was chosen before.
    """
    found = []
    for field, name, texts in _fields(work, people):
        different = {str(text) for text in texts if text}
        if len(different) < 2:
            continue
        filled = [str(one.id) for one, text in zip(people, texts, strict=True) if text]
        pick = chosen.get(field) if chosen.get(field) in filled else filled[0]
        cells = [
            Cell(text, str(one.id) if text else "", str(one.id) == pick)
            for one, text in zip(people, texts, strict=True)
        ]
        found.append(Line(field, name, cells))
    return found + _kept(work, people)


def label(field: str) -> str:
    """What a column of a contact is called."""
    more = {
        "address1": _("Address"),
        "address2": _("Address 2"),
        "assigned_to_id": _("Assigned to"),
        "status": _("Status"),
        "notes": _("Notes"),
        "socials": _("Social profiles"),
        "custom": _("Custom fields"),
        "created_at": _("Added"),
        "last_contacted_at": _("Last contacted"),
        "reason": _("Why do we have this person?"),
        "avatar": _("Picture"),
    }
    return str({**_plain(), **more}.get(field, field))


def _plain() -> dict[str, str]:
    return {
        "prefix": _("Prefix"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "email": _("Main e-mail"),
        "mobile_phone": _("Mobile phone"),
        "work_phone": _("Work phone"),
        "home_phone": _("Home phone"),
    }


def _fields(work: Work, people: Sequence[Contact]) -> list[tuple[str, str, list[str | Markup]]]:
    found: list[tuple[str, str, list[str | Markup]]] = [
        (field, name, [str(getattr(one, field) or "") for one in people]) for field, name in _plain().items()
    ]
    found += [
        (field, label(field), [address_lines(work, getattr(one, field) or {}) for one in people]) for field in ADDRESSES
    ]
    found.append(("status", _("Status"), [one.status.name for one in people]))
    owners = [(one.assigned_to.name or one.assigned_to.email) if one.assigned_to else "" for one in people]
    found.append(("assigned_to", _("Assigned to"), list(owners)))
    for field, name in social_kinds(work).items():
        key = field.removeprefix(FIELD)
        found.append((field, name, [(one.socials or {}).get(key, "") for one in people]))
    for item in definitions(work, "contact"):
        shown = [showing.shown(item, stored(item, one.custom)) for one in people]
        found.append((item.name, item.label, shown))
    return found


def _kept(work: Work, people: Sequence[Contact]) -> list[Line]:
    """What is kept of all."""
    ids = [one.id for one in people]
    emails, labels = contacts.emails_of(work, ids), tags.of(work, "contact", ids)
    last = [day(one.last_contacted_at) if one.last_contacted_at else "" for one in people]
    found = [
        (
            "emails",
            _("E-mails"),
            [", ".join(row.email for row in emails.get(key, ())) for key in ids],
            _("All are kept."),
        ),
        ("tags", _("Tags"), [", ".join(tag.name for tag in labels.get(key, ())) for key in ids], _("All are kept.")),
        ("notes", _("Notes"), [one.notes for one in people], _("They are joined.")),
        ("created_at", _("Added"), [day(one.created_at) for one in people], _("The oldest date is kept.")),
        ("last_contacted_at", _("Last contacted"), last, _("The newest date is kept.")),
    ]
    return [
        Line(field, name, [Cell(text, "", False) for text in texts], note)
        for field, name, texts, note in found
        if len({text for text in texts if text}) > 1
    ]
