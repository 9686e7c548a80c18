"""The schemas that records share in the REST API: money, ids in other systems, tags, paging, envelopes. Free of Flask.

Resources find them in ``rest`` of :mod:`crmhost.web.api` too.
"""

from __future__ import annotations

import functools
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..keyset import LARGEST_ID

__all__ = [
    "Amount",
    "ExternalIdentity",
    "GivenMoney",
    "ListQuery",
    "PageQuery",
    "RecordFields",
    "RecordId",
    "Reference",
    "described",
    "list_of",
    "object_of",
    "page_of",
]

#: Parameters of a list that are no filters.
PAGING = ("limit", "after", "count", "q", "sort")
_LARGEST_PAGE = 200


def described(text: str, **more: Any) -> dict[str, Any]:
    """What the document says of a field: ``fields.String(**rest.described("In any case."))``."""
    return {"metadata": {"description": text, **more}}


class Reference(fields.Field[Any]):
    """A record by its name or its id."""

    def __init__(self, text: str = "", **options: Any) -> None:
        known = {"type": ["string", "integer"]}
        super().__init__(metadata=known | ({"description": text} if text else {}), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ma.ValidationError("Give a name or an id.")
        return value


class RecordId(fields.Integer):
    """The number of a record."""

    def __init__(self, text: str = "", **options: Any) -> None:
        metadata = {"description": text} if text else {}
        super().__init__(strict=True, validate=ma.validate.Range(1, LARGEST_ID), metadata=metadata, **options)


class Amount(fields.Field[Any]):
    """Money as it is taken: ``{"amount", "currency"}`` in minor units, or a number or text in the main unit."""

    def __init__(self, text: str, **options: Any) -> None:
        super().__init__(**described(f"{text} {{“amount”: whole minor units, “currency”: ISO 4217}}."), **options)


class GivenMoney(ma.Schema):
    """Money: whole minor units of a currency."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class ExternalIdentity(ma.Schema):
    """What a record is called in another system; the three together name one."""

    source = fields.String(required=True, **described("The other system, such as “woo”."))
    account = fields.String(load_default="", **described("Which shop or account of it; may be empty."))
    id = fields.String(required=True, **described("The id there."))


class RecordFields(ma.Schema):
    """What can be said of records of every kind; a kind of its own adds its fields."""

    tags = fields.List(fields.String(), **described("Names; takes the place of the tags there are."))
    source = fields.String()
    external_ids = fields.List(fields.Nested(ExternalIdentity))
    custom = fields.Dict(allow_none=True, **described("Custom fields: key → value; null takes one away, others stay."))
    id = fields.Integer(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)


class PageQuery(ma.Schema):
    """Which page."""

    limit = fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, _LARGEST_PAGE, error=f"Give a number from 1 to {_LARGEST_PAGE}."),
        **described("How many records to give at most."),
    )
    after = fields.String(load_default="", **described("The “next” of the page before."))


class ListQuery(PageQuery):
    """Which records to list; a list of its own adds its filters, and says what ``q`` and ``sort`` are."""

    count = fields.Boolean(load_default=False, **described("1 adds “total”, the number of all records."))
    q = fields.String(load_default="")
    sort = fields.String(load_default="")

    class Meta:
        """Custom fields filter too; the step that answers refuses what is nobody's."""

        unknown = ma.INCLUDE


def _named(schema: type[ma.Schema], kind: str, members: dict[str, Any], about: str) -> type[ma.Schema]:
    made = ma.Schema.from_dict(members, name=f"{schema.__name__.removeprefix('Given')}{kind}")
    made.__doc__, made.__module__ = f"{about}: {schema.__doc__}", schema.__module__
    return made


@functools.cache
def object_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """The envelope of one object: ``{"data": {…}}``."""
    return _named(schema, "Object", {"data": fields.Nested(schema, required=True)}, "One object")


@functools.cache
def list_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """The envelope of a list: ``{"data": […], "next": cursor or null}``."""
    data = fields.List(fields.Nested(schema), required=True)
    following = fields.String(
        allow_none=True, required=True, **described("Cursor of the page that follows; null on the last.")
    )
    return _named(schema, "List", {"data": data, "next": following}, "A list")


def page_of(schema: type[ma.Schema], **further: Any) -> type[ma.Schema]:
    """The envelope of a page of a list: a list that can be counted. ``further`` are members of its own."""
    counted: dict[str, Any] = {
        "total": fields.Integer(**described("All records; with count=1.")),
        "exact": fields.Boolean(**described("Whether “total” is all of them; else at least so many.")),
    }
    base = list_of(schema)
    made = ma.Schema.from_dict(counted | further, name="Counted")
    return type(base.__name__, (made, base), {"__doc__": base.__doc__, "__module__": base.__module__})
