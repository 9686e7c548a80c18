"""The form of a company."""

from __future__ import annotations

from typing import Any, ClassVar

from crmhost.api import Work, custom_fields, record_fields, tags
from crmhost.web.api import (
    AreaField,
    ChoiceField,
    EmailField,
    PhoneField,
    Section,
    TagsField,
    TextField,
    VersionedForm,
    add_custom_fields,
    country_choices,
    filled_custom_field,
    gettext,
    lazy_text,
    people_choices,
    typed_custom_fields,
)

from . import statuses
from .fields import ADDRESSES, PHONES
from .models import KIND, Company

_WIDTHS = {"line1": 6, "line2": 6, "postal_code": 2, "city": 2, "county": 2, "country": 3}
SOCIALS = {"social_x": "X", "social_linkedin": "LinkedIn", "social_facebook": "Facebook"}
#: Fields that are handed to the service under the same name.
_PLAIN = ("name", "email", *PHONES, "status", "tags", "notes", *SOCIALS)


class CompanyForm(VersionedForm):
    """Everything that is known of a company."""

    name = TextField(lazy_text("Name"), render_kw={"autocomplete": "off", "maxlength": 200})
    email = EmailField(lazy_text("E-mail"))
    main_phone = PhoneField(lazy_text("Main phone"))
    second_phone = PhoneField(lazy_text("Second phone"))
    address1_line1 = TextField(lazy_text("Line 1"))
    address1_line2 = TextField(lazy_text("Line 2"))
    address1_postal_code = TextField(lazy_text("Postal code"))
    address1_city = TextField(lazy_text("City"))
    address1_county = TextField(lazy_text("County or state"))
    address1_country = ChoiceField(lazy_text("Country"), none="–")
    address2_line1 = TextField(lazy_text("Line 1"))
    address2_line2 = TextField(lazy_text("Line 2"))
    address2_postal_code = TextField(lazy_text("Postal code"))
    address2_city = TextField(lazy_text("City"))
    address2_county = TextField(lazy_text("County or state"))
    address2_country = ChoiceField(lazy_text("Country"), none="–")
    status = ChoiceField(lazy_text("Status"))
    assigned_to = ChoiceField(lazy_text("Assigned to"), none=lazy_text("Nobody"))
    tags = TagsField(lazy_text("Tags"))
    social_x = TextField("X")
    social_linkedin = TextField("LinkedIn")
    social_facebook = TextField("Facebook")
    notes = AreaField(lazy_text("Notes"), render_kw={"rows": 5})

    sections: ClassVar[list[Section]] = [
        Section(
            "name", lazy_text("Name, e-mail and phones"), {"name": 6, "email": 6, "main_phone": 3, "second_phone": 3}
        ),
        Section("address1", lazy_text("Address"), {f"address1_{part}": width for part, width in _WIDTHS.items()}),
        Section(
            "address2", lazy_text("Second address"), {f"address2_{part}": width for part, width in _WIDTHS.items()}
        ),
        Section("status", lazy_text("Status and tags"), {"status": 3, "assigned_to": 3, "tags": 6}),
        Section("social", lazy_text("Social profiles"), dict.fromkeys(SOCIALS, 2)),
        Section("notes", lazy_text("Notes"), {"notes": 6}),
    ]

    def offer(self, work: Work, company: Company | None) -> None:
        """Fills the choices."""
        known = statuses.all_statuses(work)
        self.status.offer((str(status.id), status.name) for status in known)
        if company is None and known:
            if not self.is_submitted():
                self.status.data = str(known[0].id)
            self.status.description = gettext("New companies start as %(name)s.", name=known[0].name)
        self.assigned_to.offer(people_choices(work))
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        countries = list(country_choices(work.locale))
        for address in ADDRESSES:
            self[f"{address}_country"].offer(countries)
        more = add_custom_fields(self, work, KIND, company.custom if company is not None else None)
        # Before the notes, which come last.
        self.own_sections = [*self.sections[:-1], *more, self.sections[-1]]

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them."""
        found: dict[str, Any] = {name: self[name].data for name in _PLAIN}
        found |= typed_custom_fields(self, work, KIND)
        found["assigned_to"] = self.assigned_to.data or None
        for address in ADDRESSES:
            for part in record_fields.ADDRESS_PARTS:
                found[f"{address}_{part}"] = self[f"{address}_{part}"].data
        return found


def filled(work: Work, company: Company) -> dict[str, Any]:
    """What the form shows of a company."""
    data: dict[str, Any] = {name: getattr(company, name) for name in ("name", "email", *PHONES, "notes")}
    for address in ADDRESSES:
        stored = getattr(company, address) or {}
        data |= {f"{address}_{part}": stored.get(part, "") for part in record_fields.ADDRESS_PARTS}
    data |= {name: (company.socials or {}).get(name.removeprefix("social_"), "") for name in SOCIALS}
    data["tags"] = [tag.name for tag in tags.of(work, KIND, [company.id]).get(company.id, ())]
    data["status"] = str(company.status_id)
    data["assigned_to"] = str(company.assigned_to_id or "")
    known = custom_fields.definitions(work, KIND)
    data |= {field.name: filled_custom_field(field, company.custom) for field in known}
    data["version"] = str(company.version)
    return data
