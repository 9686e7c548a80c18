"""Forms: custom fields in the form of a record, and the form of a field itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __
from wtforms import Field

from ...web.forms import (
    AreaField,
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    Form,
    SecretField,
    Section,
    SwitchField,
    TextField,
)
from ...work.unit import Work
from .definitions import PREFIX, definitions
from .kinds import CHOOSING, FILTERABLE, KINDS, Definition, as_text, stored

#: Widths in sixths of the row.
_WIDTHS = {"long_text": 6, "choices": 6, "url": 3, "email": 3, "text": 3, "encrypted": 3}


def add_fields(form: Form, work: Work, object_type: str, custom: Mapping[str, Any] | None) -> list[Section]:
    """Adds the custom fields of a kind of record to a form, filled with what a record has.

    :returns: the sections that they stand in, for ``form.sections``.
    """
    found: dict[str, dict[str, int]] = {}
    for field in definitions(work, object_type):
        form.add_field(field.name, made(field, custom), filled(field, custom))
        found.setdefault(field.section, {})[field.name] = _WIDTHS.get(field.kind, 2)
    return [
        Section(f"custom{number}", title or _("Further details"), fields)
        for number, (title, fields) in enumerate(sorted(found.items(), key=lambda item: item[0] != ""))
    ]


def typed(form: Form, work: Work, object_type: str) -> dict[str, Any]:
    """What was typed into the custom fields of a form, as services take it: ``custom.KEY`` -> value."""
    found: dict[str, Any] = {}
    for field in definitions(work, object_type):
        if field.name not in form:
            continue
        value = form[field.name].data
        if field.kind == "encrypted" and not value:
            # It is never shown again; left empty it stays as it is.
            continue
        found[field.name] = value_of(field, value)
    return found


def value_of(field: Definition, data: Any) -> Any:
    """The data of a form's field as services take it: choices by their names."""
    if field.kind == "choice":
        return field.label_of(data) if data else ""
    if field.kind == "choices":
        return [field.label_of(key) for key in data or ()]
    return "" if data is None else data


def made(field: Definition, custom: Mapping[str, Any] | None) -> Field:
    """The field of a form for a custom field, not yet bound to one."""
    value = stored(field, custom)
    more: dict[str, Any] = {"required": True} if field.required else {}
    about = " ".join(filter(None, (field.help, _("Has to be filled in.") if field.required else "")))
    named: dict[str, Any] = {"description": about, "id": f"custom-{field.key}", "render_kw": more}
    match field.kind:
        case "long_text":
            return AreaField(field.label, **named)
        case "number" | "money":
            named["render_kw"] = {**more, "inputmode": "decimal", "autocomplete": "off"}
            return TextField(f"{field.label} ({field.currency})" if field.kind == "money" else field.label, **named)
        case "date":
            return DayField(field.label, **named)
        case "yes_no":
            return ChoiceField(field.label, none="–", choices=[("yes", _("Yes")), ("no", _("No"))], **named)
        case "choice":
            return ChoiceField(field.label, none="–", choices=_offered(field, value), **named)
        case "choices":
            return ChoicesField(field.label, choices=_offered(field, value), **named)
        case "url":
            named["render_kw"] = {**more, "inputmode": "url"}
            return TextField(field.label, **named)
        case "email":
            return EmailField(field.label, **named)
        case "encrypted":
            return SecretField(field.label, kept=value is not None, **named)
        case _:
            return TextField(field.label, **named)


def filled(field: Definition, custom: Mapping[str, Any] | None) -> Any:
    """What a form shows of a stored value."""
    value = stored(field, custom)
    match field.kind:
        case "date":
            return dt.date.fromisoformat(value) if value else None
        case "choice":
            return value or ""
        case "choices":
            return value or []
        case "encrypted":
            return ""
        case _:
            return as_text(field, value)


def _offered(field: Definition, value: Any) -> list[tuple[str, str]]:
    """The choices, and those that are no longer offered and that the record has."""
    has = {value} if isinstance(value, str) else set(value or ())
    return [(choice.key, choice.label) for choice in field.choices if not choice.retired or choice.key in has]


# --- the form of a field ---------------------------------------------------------------------------------------------


class FieldForm(Form):
    """A custom field; what its kind does not have is taken out by :meth:`fit`."""

    label = TextField(__("Name"), render_kw={"maxlength": 80, "autocomplete": "off"})
    key = TextField(
        __("Key"),
        description=__("For imports, placeholders and the API; it stays as it is. Made from the name when left empty."),
        render_kw={"maxlength": 40, "autocomplete": "off"},
    )
    choices = AreaField(__("Choices"), description=__("One in each line."), render_kw={"rows": 6})
    currency = TextField(__("Currency"), description=__("Three letters, such as EUR."), render_kw={"maxlength": 3})
    section = TextField(
        __("Section"),
        description=__("Title under which it stands in the form, together with other fields of the same section."),
        render_kw={"maxlength": 80},
    )
    help = TextField(__("Help"), description=__("Stands below the field in the form."), render_kw={"maxlength": 300})
    required = SwitchField(
        __("Has to be filled in"),
        description=__("In the form and over the API. Imports and syncs are never refused for it."),
    )
    filterable = SwitchField(__("Lists can filter and sort by it"))

    sections: ClassVar[list[Section]] = [
        Section(
            "field",
            "",
            {
                "label": 3,
                "key": 3,
                "currency": 3,
                "choices": 6,
                "section": 3,
                "help": 6,
                "required": 6,
                "filterable": 6,
            },
        )
    ]

    def fit(self, kind: str, *, new: bool) -> None:
        """Takes out what fields of this kind don't have."""
        gone = [
            name
            for name, there in {
                "key": new,
                "choices": new and kind in CHOOSING,
                "currency": new and kind == "money",
                "filterable": kind in FILTERABLE and kind not in CHOOSING,
            }.items()
            if not there
        ]
        for name in gone:
            del self[name]

    def values(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        return {field.name: field.data for field in self}


def given_choices() -> list[dict[str, str]]:
    """The rows of choices in the form that was sent, in their order, and the new ones below; empty ones are left out."""
    keys, labels = request.form.getlist("choice_key"), request.form.getlist("choice_label")
    rows = [{"key": key, "label": label} for key, label in zip(keys, labels, strict=False)]
    rows += [{"key": "", "label": line} for line in request.form.get("more_choices", "").splitlines()]
    return [row for row in rows if row["label"].strip()]


def kinds() -> Sequence[tuple[str, str, str]]:
    """The kinds that a field can have: name, label, and what it is for."""
    told = {
        "text": _("One line, up to 500 characters"),
        "long_text": _("Several lines"),
        "number": _("Whole or with decimals"),
        "money": _("An amount in one currency"),
        "date": _("A day, without a time"),
        "yes_no": _("Yes, no, or not known"),
        "choice": _("One of a list"),
        "choices": _("Any number of a list"),
        "url": _("Shown as a link"),
        "email": _("Shown as a link to write to"),
        "encrypted": _("Masked; who reads it is written down"),
    }
    return [(kind, _(label), told[kind]) for kind, label in KINDS.items()]


__all__ = ["PREFIX", "FieldForm", "add_fields", "given_choices", "kinds", "made", "typed", "value_of"]
