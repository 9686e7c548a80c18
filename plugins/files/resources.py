"""Files in the REST API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from flask import current_app
from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy import select

from crmhost.api import Invalid, Message, Stale, Work, keyset, records, texts
from crmhost.web.api import Response, current_work, request, requires, writing

from . import queries, services
from .models import Entry

blueprint = Blueprint("files_api", __name__, url_prefix="/files", description="Files of records, with their versions.")
_ID = "int(min=1, max=2147483647)"
_NO_FILTERS = ("limit", "after", "count", "q", "sort")
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


class FileRecord(FileFields):
    """A file; its size and media type are those of the newest version."""

    id = fields.Integer()
    object_type = fields.String(metadata={"description": "Kind of the record: contact, company …"})
    object_id = fields.Integer()
    size = fields.Integer(metadata={"description": "In bytes."})
    media_type = fields.String(metadata={"description": "As its content says."})
    version = fields.Integer()
    created_at = fields.String()
    updated_at = fields.String()


class FileObject(ma.Schema):
    """One file."""

    data = fields.Nested(FileRecord)


class FileList(ma.Schema):
    """A page of files."""

    data = fields.List(fields.Nested(FileRecord))
    next = fields.String(allow_none=True)
    total = fields.Integer()
    exact = fields.Boolean()


class FileQuery(ma.Schema):
    """Which files, and how many."""

    limit = fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))
    after = fields.String(load_default="")
    count = fields.Boolean(load_default=False)
    q = fields.String(load_default="")
    sort = fields.String(
        load_default="-created_at",
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
    work = current_work()
    given = {name: value.split(",") for name, value in request.args.items() if name not in _NO_FILTERS}
    for name in given:
        if name not in queries.FILTERS:
            said = texts.clean_line(name)[:100]
            raise Invalid({said: [Message("There is no parameter “%(name)s”.", name=said)]})
    chosen = queries.matching(work, query["q"], given)
    page = keyset.page(
        work.session, chosen, queries.ORDERS, query["sort"], after=query["after"] or None, limit=query["limit"]
    )
    answer: dict[str, Any] = {"data": [record(entry) for entry in page.rows], "next": page.next}
    if query["count"]:
        number, exact = queries.count(work, chosen)
        answer |= {"total": number, "exact": exact}
    return answer


@blueprint.post("")
@blueprint.response(201, FileObject)
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
    if form.get("object_type", "") not in records.kinds(current_work()):
        errors["object_type"] = ["Give a kind of record, such as contact."]
    if errors or sent is None or number is None:
        raise Invalid(errors)
    given: dict[str, Any] = {name: form[name] for name in ("kind", "description") if name in form}
    given["portal"] = form.get("portal", "").lower() in ("1", "true", "yes")
    prepared = services.stage(
        current_work(), form["object_type"], number, sent.stream, name=sent.filename or "", media_type=sent.mimetype
    )
    with writing() as work:
        made = services.add(work, prepared, **given)
        shown = record(made)
    return {"data": shown}, 201, {"Location": f"{request.path}/{shown['id']}"}


@blueprint.get(f"/<{_ID}:file_id>")
@blueprint.response(200, FileObject)
@requires("files.view")
def read_file(file_id: int) -> Any:
    """Gives what is known of a file."""
    found = services.get(current_work(), file_id)
    return {"data": record(found)}, 200, {"ETag": f'"{found.version}"'}


@blueprint.patch(f"/<{_ID}:file_id>")
@blueprint.arguments(FileFields)
@blueprint.response(200, FileObject)
@requires("files.edit")
def change_file(document: Mapping[str, Any], file_id: int) -> Any:
    """Changes what is said of a file; with If-Match, 412 when somebody saved it since."""
    with writing() as work:
        found = services.change(work, file_id, document, version=_wanted(services.get(work, file_id)))
        shown = record(found)
    return {"data": shown}, 200, {"ETag": f'"{shown["version"]}"'}


@blueprint.delete(f"/<{_ID}:file_id>")
@blueprint.response(204)
@requires("files.delete")
def remove_file(file_id: int) -> Any:
    """Moves a file to the bin."""
    with writing() as work:
        _wanted(services.get(work, file_id, edit=True))
        services.to_bin(work, [file_id])
    return Response(b"", 204)


@blueprint.get(f"/<{_ID}:file_id>/content")
@blueprint.response(200, description="The bytes, to be saved.", content_type="application/octet-stream")
@requires("files.view")
def read_content(file_id: int) -> Any:
    """Gives the bytes of the newest version, to be saved; ranges and revalidation are answered."""
    found = services.get(current_work(), file_id)
    return current_app.view_functions["storage.download"](file_id=found.file_id or 0)


def _wanted(entry: Entry) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    if str(entry.version) in request.if_match.as_set():
        return entry.version
    raise Stale("Somebody saved this file meanwhile: read it again before you change it.")


# --- as the API gives them -------------------------------------------------------------------------------------------


def record(entry: Entry) -> dict[str, Any]:
    """A file as the API gives it."""
    plain = ("id", "object_type", "object_id", "name", "kind", "description", "portal", "size", "media_type", "version")
    return {
        **{name: getattr(entry, name) for name in plain},
        "created_at": _stamp(entry.created_at),
        "updated_at": _stamp(entry.updated_at),
    }


def event_data(work: Work, event: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What events of files say of them."""
    if not event.startswith("file."):
        return None
    found = work.session.scalars(select(Entry).where(Entry.id.in_(list(ids))))
    return {entry.id: record(entry) for entry in found}


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
