"""“My details” of the portal: the form, and what waits for approval."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Blueprint

from crmhost.api import Contact, CrmError, Stale, Work, contacts, custom_fields, keyset, tags, users
from crmhost.web.api import (
    ChoiceField,
    EmailField,
    PhoneField,
    Section,
    TextField,
    VersionedForm,
    add_custom_fields,
    both_versions,
    country_choices,
    current_work,
    filled_custom_field,
    gettext,
    lazy_text,
    redirect,
    render_template,
    shown_custom_field,
    toast,
    typed_custom_fields,
    url_for,
    writing,
)

from . import details
from .api import Client
from .details import PARTS, Unit

blueprint = Blueprint("portal_details", __name__)
_WIDTHS = {"line1": 6, "line2": 6, "postal_code": 2, "city": 2, "county": 2, "country": 3}
_PART_LABELS = {
    "line1": lazy_text("Line 1"),
    "line2": lazy_text("Line 2"),
    "postal_code": lazy_text("Postal code"),
    "city": lazy_text("City"),
    "county": lazy_text("County or state"),
    "country": lazy_text("Country"),
}
#: What browsers fill in by themselves (WCAG 1.3.5).
_AUTOCOMPLETE = {
    "prefix": "honorific-prefix",
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "mobile_phone": "mobile tel",
    "work_phone": "work tel",
    "home_phone": "home tel",
    "address1_line1": "address-line1",
    "address1_line2": "address-line2",
    "address1_postal_code": "postal-code",
    "address1_city": "address-level2",
    "address1_county": "address-level1",
    "address1_country": "country",
}


class DetailsForm(VersionedForm):
    """What the policy lets a client change."""

    sections: ClassVar[list[Section]] = []

    def offer(self, work: Work, known: list[Unit], contact: Contact, stored: Mapping[str, Any]) -> None:
        """Adds the fields."""
        names = {unit.name: unit for unit in known if unit.policy in ("edit", "ask")}
        parts = [
            self._plain(
                "name", gettext("Name and e-mail"), ("prefix", "first_name", "last_name", "email"), names, stored
            ),
            self._plain("phones", gettext("Phones"), ("mobile_phone", "work_phone", "home_phone"), names, stored),
        ]
        for unit_name, title in (("address1", gettext("Address")), ("address2", gettext("Second address"))):
            if unit_name in names:
                parts.append(self._address(work, names[unit_name], title, stored))
        if "socials" in names:
            for name, label in contacts.social_kinds(work).items():
                self.add_field(name, TextField(label), stored.get(name, ""))
            parts.append(Section("socials", gettext("Social profiles"), dict.fromkeys(names["socials"].fields, 2)))
        # Those that are not the client's to change are made and taken out again.
        more = add_custom_fields(self, work, "contact", contact.custom)
        for section in more:
            mine = {name: width for name, width in section.fields.items() if name in names}
            for name in section.fields:
                if name not in mine:
                    del self[name]
            parts.append(Section(section.id, section.title, mine))
        noted = gettext("We look at it before it is stored.")
        asked = {unit.name for unit in names.values() if unit.policy == "ask"}
        self.own_sections = [
            dataclasses.replace(part, note=noted) if part.id in asked else part for part in parts if part.fields
        ]
        for unit in names.values():
            if unit.policy == "ask" and len(unit.fields) == 1 and not self[unit.name].description:
                self[unit.name].description = noted

    def _plain(
        self, key: str, title: str, wanted: tuple[str, ...], names: Mapping[str, Unit], stored: Mapping[str, Any]
    ) -> Section:
        widths = {"prefix": 1, "first_name": 2, "last_name": 3, "email": 6}
        for name in wanted:
            if name in names:
                kind = EmailField if name == "email" else PhoneField if name.endswith("phone") else TextField
                more = {"autocomplete": _AUTOCOMPLETE[name]}
                self.add_field(name, kind(gettext(names[name].label), render_kw=more), stored.get(name, ""))
        return Section(key, title, {name: widths.get(name, 2) for name in wanted if name in names})

    def _address(self, work: Work, unit: Unit, title: str, stored: Mapping[str, Any]) -> Section:
        for part in PARTS:
            name = f"{unit.name}_{part}"
            more = {"autocomplete": _AUTOCOMPLETE.get(name, "off")}
            field: Any = TextField(_PART_LABELS[part], render_kw=more)
            if part == "country":
                countries = list(country_choices(work.locale))
                field = ChoiceField(_PART_LABELS[part], none="–", choices=countries, render_kw=more)
            self.add_field(name, field, stored.get(name, ""))
        return Section(unit.name, title, {f"{unit.name}_{part}": width for part, width in _WIDTHS.items()})

    def values(self, work: Work) -> dict[str, Any]:
        """What was typed, as services take it."""
        typed = {name: field.data or "" for name, field in self._fields.items() if name not in ("version", "seen")}
        return {**typed, **typed_custom_fields(self, work, "contact")}


def stored_values(work: Work, contact: Contact) -> dict[str, Any]:
    """What a form shows of a contact."""
    names = ("prefix", "first_name", "last_name", "email", "mobile_phone", "work_phone", "home_phone")
    found: dict[str, Any] = {name: getattr(contact, name) for name in names}
    for address in ("address1", "address2"):
        found |= {f"{address}_{part}": (getattr(contact, address) or {}).get(part, "") for part in PARTS}
    socials = contact.socials or {}
    found |= {name: socials.get(name.removeprefix("social_"), "") for name in contacts.social_kinds(work)}
    for field in custom_fields.by_key(work, "contact").values():
        if field.kind != "encrypted":
            found[field.name] = filled_custom_field(field, contact.custom)
    return found | {"version": str(contact.version)}


def readable(work: Work, contact: Contact, known: list[Unit]) -> list[tuple[str, str]]:
    """Label and value of the fields that the client may read and not change."""
    custom = custom_fields.by_key(work, "contact")
    found = []
    for unit in known:
        if unit.policy != "read":
            continue
        if unit.name.startswith("custom."):
            key = unit.name.removeprefix("custom.")
            value = shown_custom_field(custom[key], (contact.custom or {}).get(key))
        else:
            value = _said(work, contact, unit)
        if value:
            found.append((gettext(unit.label), value))
    return found


def _said(work: Work, contact: Contact, unit: Unit) -> Any:
    match unit.name:
        case "status":
            return contact.status.name
        case "tags":
            return ", ".join(tag.name for tag in tags.of(work, "contact", [contact.id]).get(contact.id, ()))
        case "assigned_to":
            return (
                users.names(work, [contact.assigned_to_id]).get(contact.assigned_to_id, "")
                if contact.assigned_to_id
                else ""
            )
        case "address1" | "address2":
            country = dict(country_choices(work.locale))
            stored = getattr(contact, unit.name) or {}
            parts = {**stored, "country": country.get(stored.get("country", ""), "")}
            return ", ".join(parts[part] for part in PARTS if parts.get(part))
        case "socials":
            kinds = contacts.social_kinds(work)
            stored = contact.socials or {}
            return ", ".join(f"{kinds.get(f'social_{key}', key)}: {value}" for key, value in stored.items())
    return getattr(contact, unit.name, "")


def show(client: Client) -> Any:
    """The form."""
    work = current_work()
    mine = details.as_client(work, client)
    contact = contacts.get(mine, client.contact_id)
    known = details.units(work)
    stored = stored_values(work, contact)
    form = DetailsForm(data={})
    form.offer(work, known, contact, stored)
    shown = {name: value for name, value in stored.items() if name in form or name == "version"}
    form.remember(shown)
    if form.validate_on_submit():
        try:
            done = _save(form, client, shown)
        except Stale:
            return both_versions(
                form,
                _fresh(form, client),
                name=gettext("My details"),
                back=url_for("portal_details.show"),
                template="portal/versions.html",
            )
        except CrmError as error:
            form.take(error)
        else:
            _thank(*done)
            return redirect(url_for("portal_details.show"), 303)
    work = current_work()
    contact = contacts.get(details.as_client(work, client), client.contact_id)
    html = render_template(
        "portal/details.html",
        form=form,
        read=readable(details.as_client(work, client), contact, known),
        waiting=waiting_rows(work, client, known),
    )
    return html, 422 if form.is_submitted() else 200


def _save(form: DetailsForm, client: Client, shown: Mapping[str, Any]) -> tuple[int, int]:
    """Saves what was typed; over another version only when that touched nothing that the form shows.

    :raises Stale: when there is something to choose.
    """
    version = keyset.valid_id(form.version.data)
    try:
        with writing() as work:
            return details.save(work, client, form.values(work), as_typed(work, shown), version=version)
    except Stale:
        stored = _fresh(form, client)
        if form.differences(stored):
            raise
        version = keyset.valid_id(stored["version"])
        with writing() as work:
            return details.save(work, client, form.values(work), as_typed(work, stored), version=version)


def _fresh(form: DetailsForm, client: Client) -> dict[str, Any]:
    work = current_work()
    stored = stored_values(work, contacts.get(details.as_client(work, client), client.contact_id))
    return {name: value for name, value in stored.items() if name in form or name == "version"}


def as_typed(work: Work, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What the form would give if nobody had typed: to tell what is wanted changed."""
    blank = {name: value for name, value in stored.items() if name != "version"}
    for field in custom_fields.by_key(work, "contact").values():
        if field.name in blank and field.kind in ("choice", "choices"):
            value = blank[field.name]
            blank[field.name] = (
                [field.label_of(key) for key in value]
                if isinstance(value, list)
                else field.label_of(value)
                if value
                else ""
            )
    return blank


def _thank(changed: int, asked: int) -> None:
    if asked:
        toast(gettext("Thank you. We look at what you want changed, and write to you."))
    elif changed:
        toast(gettext("Saved. Thank you."))
    else:
        toast(gettext("Nothing was changed."), category="info")


def waiting_rows(work: Work, client: Client, known: list[Unit]) -> list[tuple[str, str]]:
    """Label and wanted value of what waits for approval."""
    change = details.waiting(work, client.contact_id)
    if change is None:
        return []
    labels = {name: gettext(unit.label) for unit in known for name in unit.fields}
    return [(field_label(name, labels), said(value)) for name, value in change.after.items()]


def field_label(name: str, labels: Mapping[str, str]) -> str:
    """What a field is called: parts of an address with their address."""
    whole = labels.get(name, name)
    part = name.partition("_")[2] if name.startswith("address") else ""
    return f"{whole}: {_PART_LABELS[part]}" if part in _PART_LABELS else whole


def said(value: Any) -> str:
    """A value as a person reads it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value) or "–"


blueprint.add_url_rule("/", "show", show, methods=["GET", "POST"])
