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
from ..fields.showing import lines
from . import services
from .cells import source_label
from .forms import SOCIALS, country_choices
from .models import Contact
from .records import KIND


@dataclasses.dataclass(frozen=True)
class Detail:
    """A line of the details box.

    :param field: name under which it can be changed on the page; empty when only the form changes it.
    :param reveal: key of the custom field whose encrypted text the reader may see.
    """

    label: str
    value: str | Markup
    field: str = ""
    reveal: str = ""


def details(work: Work, contact: Contact) -> list[Detail]:
    """The lines of the details box; empty ones are left out, except what is most often added."""
    emails = [row.email for row in services.emails_of(work, [contact.id]).get(contact.id, ())]
    found = [Detail(_("E-mail"), _mailto(emails[0]) if emails else "", "email")]
    found += [Detail(_("Another e-mail"), _mailto(email)) for email in emails[1:]]
    for field, label in (("mobile_phone", _("Mobile")), ("work_phone", _("Work")), ("home_phone", _("Home"))):
        number = getattr(contact, field)
        if number or field == "mobile_phone":
            found.append(Detail(label, _phone(number), field))
    for field, label in (("address1", _("Address")), ("address2", _("Address 2"))):
        text = address_lines(work, getattr(contact, field) or {})
        if text:
            found.append(Detail(label, text))
    owner = contact.assigned_to
    found.append(
        Detail(_("Assigned to"), (owner.name or _breakable(owner.email)) if owner else _("Nobody"), "assigned_to")
    )
    for field, label in SOCIALS.items():
        profile = (contact.socials or {}).get(field.removeprefix("social_"))
        if profile:
            found.append(Detail(label, profile, field))
    others = {key: value for key, value in (contact.socials or {}).items() if f"social_{key}" not in SOCIALS}
    found += [Detail(key.capitalize(), value) for key, value in others.items()]
    if contact.notes:
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
            filled.append(Detail(item.label, lines(item, value), item.name, secret))
        else:
            empty.append(Detail(item.label, "", item.name))
    return filled, empty


def details_box(work: Work, contact: Contact) -> Markup:
    """The markup of the details box."""
    filled, empty = custom_details(work, contact)
    html = render_template(
        "contacts/details.html",
        contact=contact,
        details=[*details(work, contact), *filled],
        empty=empty,
        may=work.can("contacts.edit", contact),
    )
    return Markup(html)  # noqa: S704  # rendered from a template of ours


def to_page(contact_id: int) -> ResponseReturnValue:
    """Leads to the page of a contact."""
    address = url_for("contacts.page", contact_id=contact_id)
    if is_fragment():
        return "", 200, {"HX-Redirect": address}
    return redirect(address, 303)
