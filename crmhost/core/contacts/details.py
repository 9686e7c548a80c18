"""The details box of a contact's page."""

from __future__ import annotations

import dataclasses

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...web.request import is_fragment
from ...work.unit import Work
from ..fields.definitions import definitions
from ..fields.kinds import stored
from ..fields.records import REVEAL
from ..fields.showing import lines as value_lines
from . import services
from .cells import source_label
from .countries import country_choices
from .models import Contact
from .records import KIND
from .socials import FIELD, social_kinds

#: Lines that stand in the box although they are empty.
_OFFERED = ("emails", "mobile_phone", "address1", "notes")


@dataclasses.dataclass(frozen=True)
class Detail:
    """A line of the details box.

    :param field: name under which it can be changed on the page; empty when it can't.
    :param reveal: key of the custom field whose encrypted text the reader may see.
    """

    label: str
    value: str | Markup
    field: str = ""
    reveal: str = ""


def details(work: Work, contact: Contact) -> list[Detail]:
    """The lines of what the core knows, also the empty ones that could be filled."""
    emails = [row.email for row in services.emails_of(work, [contact.id]).get(contact.id, ())]
    found = [Detail(_("E-mail"), Markup("<br>").join(map(_mailto, emails)), "emails")]
    for field, label in (("mobile_phone", _("Mobile")), ("work_phone", _("Work")), ("home_phone", _("Home"))):
        found.append(Detail(label, _phone(getattr(contact, field)), field))
    for field, label in (("address1", _("Address")), ("address2", _("Second address"))):
        found.append(Detail(label, address_lines(work, getattr(contact, field) or {}), field))
    owner = contact.assigned_to
    found.append(
        Detail(_("Assigned to"), (owner.name or _breakable(owner.email)) if owner else _("Nobody"), "assigned_to")
    )
    profiles = dict(contact.socials or {})
    for field, label in social_kinds(work).items():
        found.append(Detail(label, profiles.pop(field.removeprefix(FIELD), ""), field))
    found += [Detail(key.capitalize(), value) for key, value in profiles.items()]
    found.append(Detail(_("Notes"), Markup("<br>").join(contact.notes.splitlines()), "notes"))
    found.append(Detail(_("Source"), source_label(contact.source)))
    return found


def _mailto(email: str) -> Markup:
    return Markup('<a href="mailto:{}">{}</a>').format(email, _breakable(email))


def _breakable(email: str) -> Markup:
    """An address that is broken before its domain where it is too long for a line."""
    local, at, domain = email.partition("@")
    return Markup("{}<wbr>{}{}").format(local, at, domain)


def _phone(number: str) -> str | Markup:
    return Markup('<a class="num" href="tel:{}">{}</a>').format("".join(number.split()), number) if number else ""


def address_lines(work: Work, address: dict[str, str]) -> Markup:
    """An address as lines."""
    country = address.get("country", "")
    city = " ".join(address.get(part, "") for part in ("postal_code", "city") if address.get(part))
    lines = [address.get("line1", ""), address.get("line2", ""), city, address.get("county", "")]
    if country:
        lines.append(dict(country_choices(work.locale)).get(country, country))
    return Markup("<br>").join(line for line in lines if line)


def custom_details(work: Work, contact: Contact) -> tuple[list[Detail], list[Detail]]:
    """The custom fields as lines of the details box: those with a value, and the empty ones."""
    filled, empty = [], []
    for item in definitions(work, KIND):
        value = stored(item, contact.custom)
        secret = item.key if item.kind == "encrypted" and work.can(REVEAL) else ""
        if value is not None:
            filled.append(Detail(item.label, value_lines(item, value), item.name, secret))
        else:
            empty.append(Detail(item.label, "", item.name))
    return filled, empty


def details_box(work: Work, contact: Contact) -> Markup:
    """The markup of the details box."""
    filled, empty = custom_details(work, contact)
    may = work.can("contacts.edit", contact)
    lines = details(work, contact)
    shown = [line for line in lines if line.value or (may and line.field in _OFFERED)]
    html = render_template(
        "contacts/details.html",
        contact=contact,
        details=[*shown, *filled],
        more=[line for line in lines if line not in shown] if may else [],
        empty=empty,
        may=may,
    )
    return Markup(html)  # noqa: S704  # rendered from a template of ours


def to_page(contact_id: int) -> ResponseReturnValue:
    """Leads to the page of a contact."""
    address = url_for("contacts.page", contact_id=contact_id)
    if is_fragment():
        return "", 200, {"HX-Redirect": address}
    return redirect(address, 303)
