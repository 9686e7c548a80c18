"""The form of a contact."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __
from markupsafe import Markup, escape
from sqlalchemy import select
from wtforms import Field

from ...errors import Conflict, CrmError
from ...web.forms import AreaField, ChoiceField, PhoneField, Section, TagsField, TextField
from ...web.forms.versions import VersionedForm
from ...web.i18n import day
from ...work.unit import Work
from ..fields import forms as custom_forms
from ..fields.definitions import definitions
from ..statuses import services as statuses
from ..text import sort_key
from ..users.models import User
from . import services, tags
from .countries import country_choices
from .fields import ADDRESS_PARTS, ADDRESSES, PHONES
from .form_parts import add_parts, filled_parts
from .models import Contact
from .records import KIND
from .socials import FIELD, FIRST, social_kinds

#: Parts of an address with their width in sixths of the row.
_ADDRESS_WIDTHS = {"line1": 6, "line2": 6, "postal_code": 2, "city": 2, "county": 2, "country": 3}
#: Fields that are handed to the service under the same name.
PLAIN = ("prefix", "first_name", "last_name", *PHONES, "status", "assigned_to", "tags", "notes")


class EmailsField(Field):
    """Several e-mail addresses, the main one first; ``data`` is a list of texts."""

    def process_data(self, value: Any) -> None:
        """Takes the addresses."""
        self.data = [str(email) for email in value or ()]

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the addresses."""
        self.data = [text for text in (str(value).replace("\0", "").strip() for value in valuelist) if text]


class ContactForm(VersionedForm):
    """Everything that the core knows of a contact."""

    prefix = TextField(__("Prefix"), render_kw={"autocomplete": "off", "maxlength": 40})
    first_name = TextField(__("First name"), render_kw={"autocomplete": "off", "maxlength": 120})
    last_name = TextField(__("Last name"), render_kw={"autocomplete": "off", "maxlength": 120})
    emails = EmailsField(__("E-mail"))
    mobile_phone = PhoneField(
        __("Mobile phone"), description=__("With the country code, so that calls and texts find it.")
    )
    work_phone = PhoneField(__("Work phone"))
    home_phone = PhoneField(__("Home phone"))
    address1_line1 = TextField(__("Line 1"))
    address1_line2 = TextField(__("Line 2"))
    address1_postal_code = TextField(__("Postal code"))
    address1_city = TextField(__("City"))
    address1_county = TextField(__("County or state"))
    address1_country = ChoiceField(__("Country"), none="–")
    address2_line1 = TextField(__("Line 1"))
    address2_line2 = TextField(__("Line 2"))
    address2_postal_code = TextField(__("Postal code"))
    address2_city = TextField(__("City"))
    address2_county = TextField(__("County or state"))
    address2_country = ChoiceField(__("Country"), none="–")
    status = ChoiceField(__("Status"))
    assigned_to = ChoiceField(__("Assigned to"), none=__("Nobody"))
    tags = TagsField(__("Tags"))
    social_x = TextField("X")
    social_linkedin = TextField("LinkedIn")
    social_facebook = TextField("Facebook")
    notes = AreaField(__("Notes"), render_kw={"rows": 5})
    reason = TextField(
        __("Why do we have this person?"), description=__("Such as “Met at the fair in May”. It stands on their page.")
    )

    sections: ClassVar[list[Section]] = [
        Section(
            "name",
            __("Name and e-mail"),
            {"prefix": 1, "first_name": 2, "last_name": 3, "emails": 6},
            note=__("One of name, e-mail or phone is enough"),
        ),
        Section("phones", __("Phones"), {"mobile_phone": 2, "work_phone": 2, "home_phone": 2}),
        Section("address1", __("Address"), {f"address1_{part}": width for part, width in _ADDRESS_WIDTHS.items()}),
        Section(
            "address2", __("Second address"), {f"address2_{part}": width for part, width in _ADDRESS_WIDTHS.items()}
        ),
        Section("status", __("Status and tags"), {"status": 3, "assigned_to": 3, "tags": 6}),
        Section("social", __("Social profiles"), dict.fromkeys(FIRST, 2)),
        Section("notes", __("Notes"), {"notes": 6, "reason": 6}),
    ]

    def offer(self, work: Work, contact: Contact | None) -> None:
        """Fills the choices."""
        known = statuses.all_statuses(work)
        self.status.offer((str(status.id), status.name) for status in known)
        if contact is None:
            if not self.is_submitted():
                self.status.data = str(statuses.default(work, known).id)
            self.status.description = _("New contacts start as %(name)s.", name=statuses.default(work, known).name)
        self.assigned_to.offer(people(work))
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        countries = country_choices(work.locale)
        for address in ADDRESSES:
            self[f"{address}_country"].offer(countries)
        profiles = social_kinds(work)
        stored = (contact.socials or {}) if contact is not None else {}
        for name, label in profiles.items():
            if name not in self:
                self.add_field(name, TextField(label), stored.get(name.removeprefix(FIELD), ""))
        more = custom_forms.add_fields(self, work, KIND, contact.custom if contact is not None else None)
        more += add_parts(self, work, contact)
        # Before the notes, which come last.
        known_parts = [
            dataclasses.replace(part, fields=dict.fromkeys(profiles, 2)) if part.id == "social" else part
            for part in self.sections
        ]
        self.own_sections = [*known_parts[:-1], *more, known_parts[-1]]
        if contact is not None:
            del self.reason

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them."""
        found: dict[str, Any] = {name: self[name].data for name in (*PLAIN, *social_kinds(work))}
        found |= custom_forms.typed(self, work, KIND)
        found["assigned_to"] = found["assigned_to"] or None
        found["emails"] = self.emails.data
        for address in ADDRESSES:
            for part in ADDRESS_PARTS:
                found[f"{address}_{part}"] = self[f"{address}_{part}"].data
        return found

    def take_from(self, work: Work, error: CrmError) -> None:
        """Puts what the service refused to its fields; a taken e-mail gets a link to who has it."""
        if isinstance(error, Conflict) and error.field in ("email", "emails"):
            self.emails.errors = [*self.emails.errors, _taken(work, error)]
        else:
            self.take(error)


def _taken(work: Work, error: Conflict) -> Markup:
    if error.other_id is None:
        return escape(_("Already used by a contact that you may not see. Give another e-mail."))
    other = services.get(work, error.other_id)
    url = url_for("contacts.page", contact_id=other.id)
    name = Markup('<a href="{}">{}</a>').format(url, other.name)
    said = escape(_("Already used by %(name)s, %(status)s since %(day)s. Open that page, or give another e-mail."))
    return Markup(said) % {"name": name, "status": other.status.name, "day": day(other.created_at)}  # noqa: S704


def filled(work: Work, contact: Contact) -> dict[str, Any]:
    """What the form shows of a contact."""
    data: dict[str, Any] = {
        name: getattr(contact, name) for name in ("prefix", "first_name", "last_name", *PHONES, "notes")
    }
    for address in ADDRESSES:
        stored = getattr(contact, address) or {}
        data |= {f"{address}_{part}": stored.get(part, "") for part in ADDRESS_PARTS}
    data |= {name: (contact.socials or {}).get(name.removeprefix(FIELD), "") for name in social_kinds(work)}
    data["emails"] = [row.email for row in services.emails_of(work, [contact.id]).get(contact.id, ())]
    data["tags"] = [tag.name for tag in tags.of(work, "contact", [contact.id]).get(contact.id, ())]
    data["status"] = str(contact.status_id)
    data["assigned_to"] = str(contact.assigned_to_id or "")
    data |= {field.name: custom_forms.filled(field, contact.custom) for field in definitions(work, KIND)}
    data |= filled_parts(work, contact)
    data["version"] = str(contact.version)
    return data


def people(work: Work) -> list[tuple[str, str]]:
    """Users that a contact can be assigned to: id as text, and name; the reader first."""
    rows = work.session.execute(select(User.id, User.name, User.email).where(User.disabled_at.is_(None)))
    mine = work.actor.user_id
    found = [(row[0], row[1] or row[2]) for row in rows]
    found.sort(key=lambda pair: (pair[0] != mine, sort_key(pair[1])))
    return [(str(key), _("%(name)s (you)", name=name) if key == mine else name) for key, name in found]
