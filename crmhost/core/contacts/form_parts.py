"""Sections of the contact's form that plugins bring: shown with its own, stored with the contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask_babel import gettext as _

from ...contributions import FormPart
from ...web.forms import Form, Section
from ...work.unit import Work
from .models import Contact

Fields = Mapping[str, tuple[Any, Any, int]]


def parts(work: Work) -> list[FormPart]:
    """The parts that the actor may fill in."""
    items = cast("tuple[FormPart, ...]", work.generation.contributions("contact_form_parts"))
    return [item for item in items if work.can(item.permission)]


def add_parts(form: Form, work: Work, contact: Contact | None) -> list[Section]:
    """Adds the fields of plugins to the form; gives the sections that they stand in."""
    sections = []
    for item in parts(work):
        fields = _fields(item, work, contact)
        for name, (field, value, _width) in fields.items():
            form.add_field(name, field, value)
        if fields:
            widths = {name: width for name, (_field, _value, width) in fields.items()}
            sections.append(Section(f"{item.plugin}.{item.id}", _(item.title), widths))
    return sections


def filled_parts(work: Work, contact: Contact) -> dict[str, Any]:
    """What the fields of plugins show of a contact."""
    found = [_fields(item, work, contact) for item in parts(work)]
    return {name: value for fields in found for name, (_field, value, _width) in fields.items()}


def save_parts(form: Form, work: Work, contact_id: int) -> None:
    """Stores what was typed into the fields of plugins, in the transaction of the contact.

    :raises CrmError: when a plugin refuses it.
    """
    for item in parts(work):
        section = next((one for one in form.own_sections if one.id == f"{item.plugin}.{item.id}"), None)
        if section is not None:
            typed = {name: form[name].data for name in section.fields}
            work.generation.run(
                item.plugin, f"form part {item.id}", _stored, work, item, contact_id, typed, may_refuse=True
            )


def _stored(work: Work, item: FormPart, contact_id: int, typed: Mapping[str, Any]) -> None:
    with work.part():
        item.save(work, contact_id, typed)


def _fields(item: FormPart, work: Work, contact: Contact | None) -> Fields:
    return cast(
        "Fields",
        work.generation.run(item.plugin, f"form part {item.id}", item.fields, work, contact, default={}, gives=Mapping),
    )
