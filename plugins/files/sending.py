"""Addresses of uploads: tus 1.0.0 (core, creation, termination), and one more request that makes the file.

https://tus.io/protocols/resumable-upload says what the headers mean; docs/authors/files.md what is sent to these addresses.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, jsonify

from crmhost.api import CrmError, Invalid, Message, keyset
from crmhost.web.api import Response, current_work, gettext, request, requires, url_for, writing

from . import limits, uploads

blueprint = Blueprint("files_uploads", __name__, url_prefix="/uploads")

_TUS = "1.0.0"
_BODY = "application/offset+octet-stream"
_LONGEST = 4096


def _told(function: Callable[..., Response]) -> Callable[..., Response]:
    """Answers errors as JSON, with the sentence that the page shows, and every answer with the protocol's version."""

    @wraps(function)
    def answered(**values: Any) -> Response:
        try:
            answer = function(**values)
        except CrmError as error:
            answer = jsonify({"message": sentence(error)})
            answer.status_code = error.status
        answer.headers["Tus-Resumable"] = _TUS
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return answered


def sentence(error: CrmError) -> str:
    """What is wrong, in the reader's language."""
    errors = getattr(error, "errors", None)
    if errors:
        return " ".join(str(gettext(sentence)) for sentences in errors.values() for sentence in sentences)
    return str(gettext(error.message))


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Invalid(Message("The header %(name)s is missing or no number.", name=name))
    return int(text)


def _described() -> dict[str, str]:
    """The header ``Upload-Metadata``: names and, in Base64, values."""
    found: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "")[:_LONGEST].split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise Invalid("Upload-Metadata can't be read.") from None
    return found


def _empty(status: int, **headers: object) -> Response:
    return Response(b"", status, {name.replace("_", "-"): str(value) for name, value in headers.items()})


@blueprint.route("/", methods=["OPTIONS"])
@requires("files.edit")
@_told
def abilities() -> Response:
    """What this end can do."""
    most = limits.largest(current_work())
    return _empty(204, Tus_Version=_TUS, Tus_Extension="creation,termination", Tus_Max_Size=most)


@blueprint.post("/")
@requires("files.edit")
@_told
def begin() -> Response:
    """Begins an upload; ``Location`` says where its parts are sent."""
    size, said = _number("Upload-Length"), _described()
    object_id = keyset.valid_id(said.get("object_id", "")) or 0
    entry = keyset.valid_id(said.get("entry_id", ""))
    with writing() as work:
        upload = uploads.start(
            work,
            said.get("object_type", "")[:40],
            object_id,
            name=said.get("filename", ""),
            media_type=said.get("filetype", ""),
            size=size,
            entry_id=entry,
        )
        where = url_for("files.files_uploads.state", upload_id=upload.id)
    return _empty(201, Location=where, Upload_Offset=0)


@blueprint.get("/<upload_id>")
@requires("files.edit")
@_told
def state(upload_id: str) -> Response:
    """Where an upload stands; asked by HEAD."""
    upload = uploads.get(current_work(), upload_id)
    return _empty(200, Upload_Offset=upload.offset, Upload_Length=upload.size)


@blueprint.patch("/<upload_id>")
@requires("files.edit")
@_told
def part(upload_id: str) -> Response:
    """Takes the part that comes next."""
    if request.mimetype != _BODY:
        return _empty(415)
    offset, length = _number("Upload-Offset"), request.content_length or 0
    staged = uploads.stage_piece(current_work(), upload_id, offset, request.stream, length)
    with writing() as work:
        there = uploads.keep_piece(work, upload_id, offset, staged)
    return _empty(204, Upload_Offset=there)


@blueprint.delete("/<upload_id>")
@requires("files.edit")
@_told
def cancel(upload_id: str) -> Response:
    """Ends an upload."""
    with writing() as work:
        uploads.cancel(work, upload_id)
    return _empty(204)


@blueprint.post("/<upload_id>/finish")
@requires("files.edit")
@_told
def finish(upload_id: str) -> Response:
    """Makes the file when all parts have come; sent again, it gives the same file."""
    prepared = uploads.assemble(current_work(), upload_id)
    given: dict[str, Any] = {name: request.form[name] for name in ("kind", "description") if name in request.form}
    given["portal"] = bool(request.form.get("portal"))
    with writing() as work:
        entry = uploads.finish(work, upload_id, prepared, given)
        told = {"id": entry.id, "name": entry.name, "url": url_for("files.page", entry_id=entry.id)}
    return jsonify(told)
