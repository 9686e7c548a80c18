"""The shapes of custom fields."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from .fields import Flag, Free, Number, Text, after, counted, limit


def _choices(help: str, **options: Any) -> fields.List[Any]:  # noqa: A002  # as in .fields
    return fields.List(fields.Raw(metadata={"type": "string"}), metadata={"description": help}, **options)


class CustomFieldQuery(Schema):
    """Which custom fields to list."""

    limit = limit()
    after = after()
    count = counted()
    object = fields.String(
        load_default="contact", metadata={"description": "Kind of record, such as “contact” or “company”."}
    )


class CustomFieldFields(Schema):
    """A custom field to add."""

    object = Text("Kind of record that gets it.", load_default="contact")
    key = Text("Small letters, digits and “_”; made from the label when left out. It never changes.", load_default="")
    label = Text(required=True)
    kind = Text(
        "text, long_text, number, money, date, yes_no, choice, choices, url, email or encrypted.", required=True
    )
    choices = _choices("Names of what can be chosen; for choice and choices.", load_default=list)
    currency = Text("ISO 4217 code; for money. The site's own unless said otherwise.", load_default="")
    help = Text("Stands below the field in forms.", load_default="")
    section = Text("Title under which it stands in the form.", load_default="")
    required = Flag("Whether people and the API have to fill it in.", load_default=False)
    filterable = Flag(
        "Whether lists can filter and sort by it; true unless said otherwise, where the kind allows it.",
        load_default=None,
        allow_none=True,
    )


class CustomFieldChange(Schema):
    """What to change of a custom field; its key and its kind stay."""

    label = Text()
    choices = _choices("All choices in their order; takes the place of those there are.")
    replaced = Free("For choices that go although records have them: name → the name that takes its place, or “keep”.")
    help = Text()
    section = Text()
    required = Flag()
    filterable = Flag()
    position = Number("Its place in the list, from 0.")


class GivenCustomField(Schema):
    """A custom field."""

    id = Number(required=True)
    object = Text(required=True)
    key = Text(required=True)
    label = Text(required=True)
    kind = Text(required=True)
    choices = fields.List(Text(), required=True)
    currency = Text(allow_none=True, required=True)
    help = Text(required=True)
    section = Text(required=True)
    required = Flag(required=True)
    filterable = Flag(required=True)
    ready = Flag("False while the values are still read for filters and sorting.", required=True)
