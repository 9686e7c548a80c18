"""Files in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from flask import current_app
from flask_smorest import Blueprint
from marshmallow import fields

from crmhost.api import Invalid, Work, keyset, record_fields
from crmhost.api import records as kinds_of_records
from crmhost.web.api import Response, current_work, request, requires, rest, writing

from . import queries, services
from .models import Entry

blueprint = Blueprint("files_api", __name__, url_prefix="/files", description="Files of records, with their versions.")
_BODY = {"multipart/form-data": {"schema": {"type": "object", "properties": {
    "file": {"type": "string", "format": "binary"}, "object_type": {"type": "string"}, "object_id": {"type": "integer"},
    "kind": {"type": "string"}, "description": {"type": "string"}, "portal": {"type": "boolean"}},
    "required": ["file", "object_type", "object_id"]}}}  # fmt: skip


class FileFields(ma.Schema):
    """What can be said of a file. Fields that are left out stay as they are."""

    name = fields.String()
    kind = fields.String(metadata={"description": "One of the kinds of the settings, or empty."})
    description = fields.String()
    portal = fields.Boolean(metadata={"description": "Whether the client sees it in the portal."})


class GivenFile(FileFields):
    """A file; its size and media type are those of the newest version."""

    id = fields.Integer()
    object_type = fields.String(metadata={"description": "Kind of the record: contact, company …"})
    object_id = fields.Integer()
    size = fields.Integer(metadata={"description": "In bytes."})
    media_type = fields.String(metadata={"description": "As its content says."})
    version = fields.Integer()
    created_at = fields.String()
    updated_at = fields.String()


FileObject = rest.object_of(GivenFile)
FileList = rest.page_of(GivenFile)


class FileQuery(rest.ListQuery):
    """Which files, and how many."""

    sort = fields.String(
        load_default="",
        validate=ma.validate.OneOf([sign + name for name in queries.ORDERS for sign in ("", "-")]),
    )
    kind = fields.String(metadata={"description": "Kinds, separated by commas."})
    type = fields.String(metadata={"description": "pictures, pdf, office, text, audio, video, archives, other."})
    object_type = fields.String(metadata={"description": "Kind of the record."})
    object_id = fields.String(metadata={"description": "Number of the record."})
    date_from = fields.String(metadata={"description": "First day, in the site's time zone."})
    date_to = fields.String(metadata={"description": "Last day, in the site's time zone."})
    portal = fields.String(metadata={"description": "1 or 0."})


@blueprint.get("")
@blueprint.arguments(FileQuery, location="query")
@blueprint.response(200, FileList)
@requires("files.view")
def list_files(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists files, newest first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.response(201, FileObject, **rest.CREATED)
@blueprint.doc(requestBody={"content": _BODY, "required": True})
@requires("files.edit")
def add_file() -> Any:
    """Adds a file of up to 60 MB to a record; larger ones are sent in parts."""
    sent, form = request.files.get("file"), request.form
    number = keyset.valid_id(form.get("object_id", ""))
    errors: dict[str, list[str]] = {}
    if sent is None or not sent.filename:
        errors["file"] = ["Send a file."]
    if number is None:
        errors["object_id"] = ["Give the number of a record."]
    if form.get("object_type", "") not in kinds_of_records.kinds(current_work()):
        errors["object_type"] = ["Give a kind of record, such as contact."]
    if errors or sent is None or number is None:
        raise Invalid(errors)
    given: dict[str, Any] = {name: form[name] for name in ("kind", "description") if name in form}
    given["portal"] = form.get("portal", "").lower() in ("1", "true", "yes")
    prepared = services.stage(
        current_work(), form["object_type"], number, sent.stream, name=sent.filename or "", media_type=sent.mimetype
    )
    with writing() as work:
        return rest.answer_one(work, services.add(work, prepared, **given), records, 201)


@blueprint.get(f"/<{rest.ID}:file_id>")
@blueprint.response(200, FileObject, **rest.TAGGED)
@requires("files.view")
def read_file(file_id: int) -> Any:
    """Gives what is known of a file."""
    work = current_work()
    return rest.answer_one(work, services.get(work, file_id), records)


@blueprint.patch(f"/<{rest.ID}:file_id>")
@blueprint.arguments(FileFields)
@blueprint.response(200, FileObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("files.edit")
def change_file(document: Mapping[str, Any], file_id: int) -> Any:
    """Changes what is said of a file; with If-Match, 412 when somebody saved it since."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, file_id))
        return rest.answer_one(work, services.change(work, file_id, document, version=version), records)


@blueprint.delete(f"/<{rest.ID}:file_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("files.delete")
def remove_file(file_id: int) -> Any:
    """Moves a file to the bin."""
    with writing() as work:
        rest.wanted_version(services.get(work, file_id, edit=True))
        services.to_bin(work, [file_id])
    return Response(b"", 204)


@blueprint.get(f"/<{rest.ID}:file_id>/content")
@blueprint.response(200, description="The bytes, to be saved.", content_type="application/octet-stream")
@requires("files.view")
def read_content(file_id: int) -> Any:
    """Gives the bytes of the newest version, to be saved; ranges and revalidation are answered."""
    found = services.get(current_work(), file_id)
    return current_app.view_functions["storage.download"](file_id=found.file_id or 0)


# --- as the API gives them -------------------------------------------------------------------------------------------


_PLAIN = ("id", "object_type", "object_id", "name", "kind", "description", "portal", "size", "media_type", "version")


def records(_work: Work, found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Files as the API gives them, in the order given."""
    return [
        {
            **{name: getattr(entry, name) for name in _PLAIN},
            **{name: record_fields.stamp(getattr(entry, name)) for name in ("created_at", "updated_at")},
        }
        for entry in found
    ]


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the files of an event; ``None`` for events of others."""
    return queries.LIST.event_data(work, event, ids, records)
