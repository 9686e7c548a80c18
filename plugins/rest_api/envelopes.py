"""What stands around records in answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from crmhost.api import schemas

from .fields import Number

object_of = schemas.object_of
list_of = schemas.list_of


def counted_list_of(schema: type[Schema], **further: Any) -> type[Schema]:
    """The envelope of a list that can be counted."""
    made = Schema.from_dict({"total": Number("All records; with count=1."), **further}, name="Counted")
    base = list_of(schema)
    return type(base.__name__, (made, base), {"__doc__": base.__doc__})
