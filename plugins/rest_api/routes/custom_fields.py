"""``/custom-fields``: what people define beyond the usual fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Work, custom_fields
from crmhost.web.api import Response, current_work, request, writing

from ..envelopes import counted_list_of, object_of
from ..field_schemas import CustomFieldChange, CustomFieldFields, CustomFieldQuery, GivenCustomField
from ..shapes import custom_field_record
from .answers import many, nothing, one
from .common import CREATED, ID, part_of, totals

blueprint = Blueprint(
    "rest_api_custom_fields",
    __name__,
    url_prefix="/custom-fields",
    description="Fields that this site added to records.",
)


def _may_read(work: Work) -> None:
    if not work.can("fields.manage"):
        work.require("contacts.view")


@blueprint.get("")
@blueprint.arguments(CustomFieldQuery, location="query")
@blueprint.response(200, counted_list_of(GivenCustomField))
def list_custom_fields(query: Mapping[str, Any]) -> Response:
    """Lists the custom fields of a kind of record in their order."""
    work = current_work()
    _may_read(work)
    everything = custom_fields.definitions(work, query["object"])
    found, following = part_of(everything, "custom-fields", query)
    return many([custom_field_record(field) for field in found], following, **totals(everything, query))


@blueprint.post("")
@blueprint.arguments(CustomFieldFields)
@blueprint.response(201, object_of(GivenCustomField), **CREATED)
def add_custom_field(document: Mapping[str, Any]) -> Response:
    """Adds a custom field."""
    with writing() as work:
        field = custom_fields.add(work, document)
    return one(custom_field_record(field), 201, location=f"{request.path}/{field.id}")


@blueprint.get(f"/<{ID}:field_id>")
@blueprint.response(200, object_of(GivenCustomField))
def read_custom_field(field_id: int) -> Response:
    """Gives a custom field."""
    work = current_work()
    _may_read(work)
    return one(custom_field_record(custom_fields.get(work, field_id)))


@blueprint.patch(f"/<{ID}:field_id>")
@blueprint.arguments(CustomFieldChange)
@blueprint.response(200, object_of(GivenCustomField))
def change_custom_field(document: Mapping[str, Any], field_id: int) -> Response:
    """Changes a custom field; what is left out stays. Choices are known by their names."""
    with writing() as work:
        field = custom_fields.change(work, field_id, document)
        if "position" in document:
            ids = [item.id for item in custom_fields.definitions(work, field.object) if item.id != field_id]
            ids.insert(document["position"], field_id)
            custom_fields.reorder(work, field.object, ids)
    return one(custom_field_record(field))


@blueprint.delete(f"/<{ID}:field_id>")
@blueprint.response(204)
def remove_custom_field(field_id: int) -> Response:
    """Deletes a custom field; its values are kept for thirty days, in which it can be restored."""
    with writing() as work:
        custom_fields.delete(work, field_id)
    return nothing()


@blueprint.post(f"/<{ID}:field_id>/restore")
@blueprint.response(200, object_of(GivenCustomField))
def restore_custom_field(field_id: int) -> Response:
    """Brings a deleted custom field back with its values."""
    with writing() as work:
        field = custom_fields.restore(work, field_id)
    return one(custom_field_record(field))
