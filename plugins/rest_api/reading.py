"""The OpenAPI document as rows for a page: sections, operations, parameters, fields. Knows nothing of Flask."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
#: How deep the fields of objects in objects are shown.
_DEEPEST = 3


@dataclasses.dataclass(frozen=True)
class Row:
    """A parameter or a field.

    :param depth: how many objects it lies in.
    :param kind: such as “text”, “list of text”, “object”.
    :param place: of a parameter: path, query or header.
    """

    name: str
    kind: str
    about: str
    required: bool
    depth: int = 0
    place: str = ""


@dataclasses.dataclass(frozen=True)
class Operation:
    """One method of one address.

    :param answers: status code and its description, the good ones only.
    :param public: whether it needs no token.
    """

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    gives: tuple[Row, ...]
    answers: tuple[tuple[str, str], ...]
    public: bool


@dataclasses.dataclass(frozen=True)
class Section:
    """The operations of one kind of record."""

    id: str
    name: str
    about: str
    operations: tuple[Operation, ...]


def sections(document: Mapping[str, Any]) -> list[Section]:
    """The sections of a document, in the order of its tags."""
    by_tag: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                found = item[method]
                by_tag.setdefault(found["tags"][0], []).append(_operation(document, path, method, found))
    return [
        Section(_anchor(tag["name"]), tag["name"], tag.get("description", ""), tuple(by_tag[tag["name"]]))
        for tag in document["tags"]
        if tag["name"] in by_tag
    ]


def _anchor(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _operation(document: Mapping[str, Any], path: str, method: str, found: Mapping[str, Any]) -> Operation:
    parameters = tuple(
        Row(
            item["name"],
            _kind(document, item.get("schema", {})),
            item.get("description", ""),
            bool(item.get("required")),
            place=item["in"],
        )
        for item in (_resolved(document, item) for item in found.get("parameters", ()))
    )
    body = _schema_of(_resolved(document, found.get("requestBody", {})))
    responses = {str(code): _resolved(document, item) for code, item in found["responses"].items()}
    good = [code for code in responses if code.startswith("2")]
    return Operation(
        found["operationId"],
        method.upper(),
        path,
        found.get("summary", ""),
        found.get("description", ""),
        parameters,
        tuple(_rows(document, body)),
        tuple(_rows(document, _schema_of(responses[good[0]]))) if good else (),
        tuple((code, responses[code].get("description", "")) for code in good),
        found.get("security") == [],
    )


def _schema_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    media = content.get("content", {})
    first: Mapping[str, Any] = next(iter(media.values()), {})
    schema: Mapping[str, Any] = first.get("schema", {})
    return schema


def _resolved(document: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within the document points at."""
    while "$ref" in item:
        target: Any = document
        for part in str(item["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        item = target
    return item


def _plain(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without references and without “or null”."""
    schema = _resolved(document, schema)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _plain(document, choice)
    return schema


def _rows(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Iterator[Row]:
    schema = _plain(document, schema)
    if schema.get("type") == "array":
        schema = _plain(document, schema.get("items", {}))
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        if depth == 0 and _resolved(document, field).get("readOnly"):
            continue
        about = field.get("description", "") or _resolved(document, field).get("description", "")
        yield Row(name, _kind(document, field), about, name in required, depth)
        inner = _plain(document, field)
        if inner.get("type") == "array":
            inner = _plain(document, inner.get("items", {}))
        if "properties" in inner and depth + 1 < _DEEPEST:
            yield from _rows(document, inner, depth + 1)


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    inner = _plain(document, schema)
    given = inner.get("type", "any value")
    kinds = [kind for kind in (given if isinstance(given, list) else [given]) if kind != "null"]
    words = " or ".join(_WORDS.get(kind, kind) for kind in kinds)
    if kinds == ["array"]:
        words = f"list of {_kind(document, inner.get('items', {}))}"
    if inner.get("format") == "date-time":
        words = "instant"
    if "enum" in inner:
        words = ", ".join(json.dumps(value, ensure_ascii=False) for value in inner["enum"])
    nullable = (
        "null" in given
        if isinstance(given, list)
        else any(item.get("type") == "null" for item in schema.get("anyOf", ()))
    )
    return f"{words} or null" if nullable else words


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}
