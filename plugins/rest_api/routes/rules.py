"""What an operation takes, read from what its author declared: parameters that are not declared are refused, wherever the
resource comes from."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NoReturn

import flask_smorest
from flask import current_app
from marshmallow import INCLUDE, Schema
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from crmhost.api import Invalid, texts
from crmhost.web.api import request

from ..problems import unknown_sentence

#: Largest JSON body, in bytes.
MAX_BODY = 8 * 1024 * 1024
#: How deeply lists and objects may lie in each other.
MAX_DEPTH = 20
_EXTENSION = "rest_api_rules"


@dataclasses.dataclass(frozen=True)
class Rules:
    """What one operation takes.

    :param query: the schema of its parameters, empty when it takes none, ``None`` when it takes any.
    :param json: whether it takes a JSON body.
    """

    query: Any
    json: bool


def check_request() -> None:
    """Refuses parameters that the operation does not have, and bodies that are no JSON.

    :raises Invalid: for unknown parameters.
    :raises HTTPException: 400, 413 or 415 for a body that can't be read.
    """
    _check_plain()
    rules = _rules()
    if rules is None:
        return
    if rules.query is not None:
        _check_query(rules.query)
    if rules.json:
        _check_json()


def _rules() -> Rules | None:
    """The rules of this request's operation; ``None`` when its blueprint declares nothing."""
    known: dict[tuple[str, str], Rules | None] = current_app.extensions.setdefault(_EXTENSION, {})
    key = (request.endpoint or "", request.method)
    if key not in known:
        known[key] = _read_rules(*key)
    return known[key]


def _read_rules(endpoint: str, method: str) -> Rules | None:
    blueprint = current_app.blueprints.get(endpoint.rpartition(".")[0])
    if not isinstance(blueprint, flask_smorest.Blueprint):
        return None
    operations = blueprint._docs.get(endpoint.removeprefix(f"{blueprint.name}."), {})
    operation = operations.get("get" if method == "HEAD" else method.lower())
    if operation is None:
        return None
    query: Any = {}
    takes_json = False
    for parameter in operation.get("arguments", {}).get("parameters", ()):
        schema = parameter["schema"]
        schema = schema() if isinstance(schema, type) else schema
        if parameter["in"] in ("query", "querystring"):
            query = None if isinstance(schema, Schema) and schema.unknown == INCLUDE else schema
        takes_json = takes_json or parameter["in"] == "json"
    return Rules(query, takes_json)


def _check_plain() -> None:
    # PostgreSQL takes no such character, so no resource has to think of it.
    sentence = "A parameter can't hold the character NUL."
    given = [*request.args.items(multi=True), *(request.view_args or {}).items()]
    errors = {texts.clean_line(name): [sentence] for name, value in given if "\0" in f"{name}{value}"}
    if errors:
        raise Invalid(errors)


def _check_query(schema: Any) -> None:
    fields = schema.fields if isinstance(schema, Schema) else schema
    known = {getattr(field, "data_key", None) or name for name, field in fields.items()}
    errors: dict[str, list[str]] = {}
    for name in request.args:
        if name not in known:
            errors[texts.clean_line(name)[:100]] = [unknown_sentence(name, schema, parameter=True)]
    if errors:
        raise Invalid(errors)


def _check_json() -> None:
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise RequestEntityTooLarge
    body = request.get_data(cache=True)
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    if not body:
        return
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise BadRequest


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
