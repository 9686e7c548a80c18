"""The OpenAPI 3.1 document of all plugins' resources, made when it is first asked for, once per generation."""

from __future__ import annotations

import dataclasses
import hashlib
import http
from typing import Any

import flask_smorest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, current_app
from flask_smorest.spec.plugins import FlaskPlugin

from crmhost.api import Filter
from crmhost.web.api import current_work

from .answers import JSON, PROBLEM, dump
from .mount import WRITES

_EXTENSION = "rest_api_document"
_METHODS = ("get", "post", "put", "patch", "delete")
_DESCRIPTION = """\
Everything that staff can do with contacts, and the records of every plugin that is switched on.

**Signing in.** Send `Authorization: Bearer TOKEN`. A token belongs to a user and may do what that user may do.

**Lists** answer `{"data": […], "next": cursor or null}`. Give the cursor as `after` to get the page that follows; it stays right
while records are added. `count=1` adds `total`.

**Errors** are problem documents (RFC 9457, `application/problem+json`) with sentences per field under `errors`. What you may not
see answers 404, as if it were not there.

**Writing safely.** Send an `Idempotency-Key` with a write: however often it is repeated within 24 hours, it is carried out once.
Records carry an `ETag`; send it back as `If-Match` and a change on top of somebody else's is refused with 412.

Times are RFC 3339 in UTC.
"""
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What went wrong and what to do about it."},
        "instance": {"type": "string"},
        "request_id": {"type": "string", "description": "Names this request in the site's log."},
        "errors": {
            "type": "object",
            "description": "Field (nested ones with dots) → sentences.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of your choice, such as a UUID. A write that is repeated with it within 24 hours is carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


@dataclasses.dataclass(frozen=True)
class Document:
    """The document, as a value and as JSON with its entity tag."""

    value: dict[str, Any]
    body: bytes
    tag: str


class _Names:
    """What flask-smorest's blueprints ask an ``Api`` for when they describe themselves."""

    DEFAULT_ERROR_RESPONSE_NAME = "Problem"
    DEFAULT_REQUEST_BODY_CONTENT_TYPE = JSON
    DEFAULT_RESPONSE_CONTENT_TYPE = JSON
    config: dict[str, Any] = {}  # noqa: RUF012  # read only, as theirs


class _Namer:
    """Names the schemas of all plugins: by their class; when two have the same name, the plugin stands before it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, schema: Any) -> str:
        found = schema if isinstance(schema, type) else type(schema)
        name = found.__name__.removesuffix("Schema").strip("_") or "Record"
        if name in self._taken:
            plugin = found.__module__.removeprefix("plugins.").partition(".")[0]
            name = "".join(part.capitalize() for part in plugin.split("_")) + name
        number, free = 2, name
        while free in self._taken:
            number, free = number + 1, f"{name}{number}"
        self._taken.add(free)
        return free


def document() -> Document:
    """The document of the generation that serves this request."""
    found = current_app.extensions.get(_EXTENSION)
    if found is None:
        value = _build(current_app._get_current_object())  # type: ignore[attr-defined]  # the application behind the proxy
        body = dump(value)
        found = Document(value, body, hashlib.sha256(body).hexdigest()[:32])
        current_app.extensions[_EXTENSION] = found
    assert isinstance(found, Document)
    return found


def _build(app: Flask) -> dict[str, Any]:
    generation = current_work().generation
    spec = APISpec(
        title="CRM API",
        version=generation.by_id["rest_api"].manifest.version,
        openapi_version="3.1.0",
        plugins=[FlaskPlugin(), MarshmallowPlugin(schema_name_resolver=_Namer())],
        info={"description": _DESCRIPTION},
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problem", _PROBLEM_SCHEMA)
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    spec.components.response(
        "Problem", {"description": "The request was refused; “detail” says why.", "content": content}
    )
    for status in http.HTTPStatus:
        spec.components.response(status.name, {"description": status.phrase, "content": content}, lazy=True)
    tags: dict[str, str] = {}
    found = generation.contributions("api_blueprints")
    # The core's records first, then those of plugins.
    for plugin, blueprint in sorted(found, key=lambda item: item[0] != "rest_api"):
        if isinstance(blueprint, flask_smorest.Blueprint):
            blueprint.register_views_in_doc(_Names, app, spec, name=blueprint.name, parameters=None)
            tags[blueprint.name] = _tag(plugin, blueprint, generation.by_id[plugin].manifest.name)
            spec.tag({"name": tags[blueprint.name], "description": blueprint.description or tags[blueprint.name]})
    value = spec.to_dict()
    value["servers"] = [{"url": "/"}]
    value["security"] = [{"token": []}]
    value["tags"] = list({tag["name"]: tag for tag in value.get("tags", ())}.values())
    for path, operations in value["paths"].items():
        _finish(path, operations, tags, generation.contributions("contact_filters"))
    return value


def _tag(plugin: str, blueprint: Any, name: str) -> str:
    """What the resources of a blueprint are called in the document."""
    own = blueprint.name.removeprefix(plugin).strip("_")
    return own.replace("_", " ").capitalize() if plugin == "rest_api" and own else name


def _finish(path: str, operations: dict[str, Any], tags: dict[str, str], filters: tuple[Filter, ...]) -> None:
    """Adds to the operations of a path what holds for all of them."""
    common = operations.pop("parameters", [])
    for method in _METHODS:
        operation = operations.get(method)
        if operation is None:
            continue
        operation["tags"] = [tags.get(tag, tag) for tag in operation["tags"]]
        operation["operationId"] = operation.get("operationId") or _operation_id(method, path)
        parameters = [*common, *operation.get("parameters", [])]
        if method.upper() in WRITES:
            parameters.append(_IDEMPOTENCY_KEY)
        if operation.pop("x-contact-filters", False):
            parameters += [_filter_parameter(item) for item in filters]
        if parameters:
            operation["parameters"] = parameters
        responses = operation.setdefault("responses", {})
        responses.setdefault("default", {"$ref": "#/components/responses/Problem"})
        if operation.pop("x-public", False):
            operation["security"] = []


def _operation_id(method: str, path: str) -> str:
    words = [word.strip("{}").replace("-", "_") for word in path.split("/")[3:] if word]
    return "_".join([method, *words])


def _filter_parameter(item: Filter) -> dict[str, Any]:
    return {"name": item.id, "in": "query", "required": False, "description": item.label, "schema": {"type": "string"}}
