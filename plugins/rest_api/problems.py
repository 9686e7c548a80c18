"""Errors as problem documents (RFC 9457): what went wrong, in which field, and what to do about it."""

from __future__ import annotations

import dataclasses
import http
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from crmhost.api import Conflict, CrmError, Forbidden, Invalid, PluginError
from crmhost.api import texts as text

#: What marshmallow says -> what we say.
_SENTENCES = {
    "Not a valid string.": "Give a text.",
    "Not a valid integer.": "Give a whole number.",
    "Not a valid number.": "Give a number.",
    "Not a valid boolean.": "Give true or false.",
    "Not a valid list.": "Give a list.",
    "Not a valid mapping type.": "Give an object.",
    "Not a valid date.": "Give a date such as 2026-03-31.",
    "Not a valid datetime.": "Give a date and time such as 2026-03-31T09:30:00Z.",
    "Invalid input type.": "Give an object.",
    "Invalid type.": "Give an object.",
    "Missing data for required field.": "This is needed.",
    "Field may not be null.": "This can't be null.",
    "Invalid JSON body.": "This is not JSON.",
    "Length must be 1.": "Give exactly one.",
}
_UNKNOWN = "Unknown field."
#: Most sentences of one answer: whoever sends nonsense by the thousand needs no list of it.
_MOST = 200
_DETAILS = {
    400: "The request can't be understood; send JSON as the document at openapi.json describes it.",
    404: "There is nothing here, or you may not see it.",
    405: "This address does not take this method; see the header Allow.",
    413: "The request is too large.",
    415: "Send JSON, with the header “Content-Type: application/json”.",
    422: "Some values can't be taken; see “errors”.",
    500: "Something failed here. It was written to the log; try again later.",
}


class Unauthorized(CrmError):
    """There is no valid token in the request.

    :param invalid: whether one was sent that is not (or no longer) known.
    """

    status = 401

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        self.invalid = invalid


@dataclasses.dataclass(frozen=True)
class Problem:
    """A problem document.

    :param errors: field (nested ones with dots: ``addresses.0.city``; ``""`` for the whole) -> sentences.
    :param further: more members of the document.
    :param headers: headers of the answer.
    """

    status: int
    detail: str
    errors: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    further: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def document(self, instance: str, request_id: str) -> dict[str, Any]:
        """The document for an answer to the address ``instance``."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
            **self.further,
        }
        if self.errors:
            members["errors"] = {field: list(sentences) for field, sentences in self.errors.items()}
        return members


def problem_of(error: Exception) -> Problem:
    """The problem that an exception means. What is none of ours is a failure of the site: status 500."""
    if isinstance(error, CrmError):
        return _of_refusal(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    return Problem(500, _DETAILS[500])


def _of_refusal(error: CrmError) -> Problem:
    if isinstance(error, Unauthorized):
        scheme = 'Bearer realm="crmhost"' + (', error="invalid_token"' if error.invalid else "")
        return Problem(401, error.message, headers={"WWW-Authenticate": scheme})
    if isinstance(error, Invalid):
        whole = " ".join(error.errors.get("", ()))
        return Problem(error.status, whole or _DETAILS[422], error.errors)
    if isinstance(error, Conflict):
        further: dict[str, Any] = {} if error.other_id is None else {"other_id": error.other_id}
        return Problem(error.status, error.message, {error.field: [error.message]} if error.field else {}, further)
    if isinstance(error, Forbidden):
        return Problem(error.status, error.message, further={"permission": error.permission})
    if isinstance(error, PluginError):
        # Only who may switch plugins gets here, and the traceback is what they need to mend it.
        further = {"plugin": error.plugin, **({"traceback": error.traceback} if error.traceback else {})}
        return Problem(409, error.message, further=further)
    return Problem(error.status, error.message)


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    headers = {name: value for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")}
    errors: dict[str, list[str]] = {}
    messages = data.get("messages")
    if isinstance(messages, Mapping):
        for location, found in messages.items():
            errors |= schema_errors(found, data.get("schema"), parameter=location == "query")
    detail = str(data.get("message") or "") or _DETAILS.get(status) or error.description or ""
    return Problem(status, detail, errors, headers=headers)


# --- marshmallow's messages ------------------------------------------------------------------------------------------


def schema_errors(messages: Any, schema: Any, *, parameter: bool = False) -> dict[str, list[str]]:
    """Sentences by field, from the messages of a schema that refused something.

    :param parameter: whether the fields are parameters of an address.
    """
    errors: dict[str, list[str]] = {}
    for field, sentence in itertools.islice(_flat(messages, schema, "", parameter=parameter), _MOST):
        errors.setdefault(field, []).append(sentence)
    return errors


def _flat(messages: Any, schema: Any, path: str, *, parameter: bool) -> Iterator[tuple[str, str]]:
    """Pairs of field and sentence from marshmallow's nested messages."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            if name == "_schema":
                yield from _flat(inner, schema, path, parameter=parameter)
                continue
            below = f"{path}.{name}" if path else str(name)
            if inner == [_UNKNOWN]:
                yield below, unknown_sentence(str(name), schema, parameter=parameter)
            else:
                yield from _flat(
                    inner, schema if isinstance(name, int) else _inside(schema, name), below, parameter=parameter
                )
        return
    for sentence in messages if isinstance(messages, (list, tuple)) else [messages]:
        if isinstance(sentence, Mapping):
            yield from _flat(sentence, schema, path, parameter=parameter)
        else:
            yield path, _SENTENCES.get(str(sentence), str(sentence))


def unknown_sentence(name: str, schema: Any, *, parameter: bool) -> str:
    """What to say of a name that a schema does not know, with the nearest one that it does."""
    shown = text.shorten(text.clean_line(name), 60)
    known = _names(schema)
    if name in known:
        return "The site sets this itself; leave it out."
    near = text.nearest(name, [known_name for known_name, read_only in known.items() if not read_only])
    hint = f" Did you mean “{near}”?" if near else ""
    return f"There is no {'parameter' if parameter else 'field'} “{shown}”.{hint}"


def _resolved(schema: Any) -> Any:
    return schema() if isinstance(schema, type) and issubclass(schema, Schema) else schema


def _names(schema: Any) -> dict[str, bool]:
    """Names that a schema knows -> whether they are only given, never taken."""
    schema = _resolved(schema)
    if isinstance(schema, Schema):
        return {field.data_key or name: field.dump_only for name, field in schema.fields.items()}
    return dict.fromkeys(schema, False) if isinstance(schema, Mapping) else {}


def _inside(schema: Any, name: object) -> Any:
    """The schema of a nested field, or ``None``."""
    schema = _resolved(schema)
    field: Any = None
    if isinstance(schema, Schema):
        field = next((field for key, field in schema.fields.items() if (field.data_key or key) == name), None)
    if isinstance(field, fields.List):
        field = field.inner
    return field.schema if isinstance(field, fields.Nested) else None
