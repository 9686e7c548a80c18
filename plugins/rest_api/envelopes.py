"""What stands around records in answers."""

from __future__ import annotations

import functools
from typing import Any

from marshmallow import Schema, fields

from .fields import Number, Text


def _named(schema: type[Schema], kind: str, members: dict[str, Any], about: str) -> type[Schema]:
    made = Schema.from_dict(members, name=f"{schema.__name__.removeprefix('Given')}{kind}")
    made.__doc__ = f"{about}: {schema.__doc__}"
    return made


@functools.cache
def object_of(schema: type[Schema]) -> type[Schema]:
    """The envelope of one object: ``{"data": {…}}``."""
    return _named(schema, "Object", {"data": fields.Nested(schema, required=True)}, "One object")


@functools.cache
def list_of(schema: type[Schema]) -> type[Schema]:
    """The envelope of a list: ``{"data": […], "next": cursor or null}``."""
    data = fields.List(fields.Nested(schema), required=True)
    following = Text("Cursor of the page that follows; null on the last.", allow_none=True, required=True)
    return _named(schema, "List", {"data": data, "next": following}, "A list")


def counted_list_of(schema: type[Schema], **further: Any) -> type[Schema]:
    """The envelope of a list that can be counted."""
    made = Schema.from_dict({"total": Number("All records; with count=1."), **further}, name="Counted")
    base = list_of(schema)
    return type(base.__name__, (made, base), {"__doc__": base.__doc__})
