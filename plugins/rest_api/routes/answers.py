"""Answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, request

from crmhost.web.api import Response

from ..problems import Problem

JSON = "application/json"
PROBLEM = "application/problem+json"


def dump(value: Any) -> bytes:
    """The value as JSON. Text that is no Unicode (lone surrogates from a request) is written with question marks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON document."""
    return Response(dump(value), status, headers, content_type=JSON)


def one(record: Mapping[str, Any], status: int = 200, *, version: int | None = None, location: str = "") -> Response:
    """The answer with one object.

    :param version: of the record, for the header ``ETag``.
    :param location: address of a record that was just made.
    """
    headers: dict[str, str] = {}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location:
        headers["Location"] = location
    return answer({"data": record}, status, headers)


def many(records: Sequence[Mapping[str, Any]], following: str | None = None, **further: Any) -> Response:
    """The answer with a list, and the cursor of the page that follows it."""
    return answer({"data": records, "next": following, **further})


def nothing() -> Response:
    """The answer when there is nothing to say."""
    return Response(b"", 204)


def problem(found: Problem) -> Response:
    """The answer with a problem document."""
    body = dump(found.document(request.path, g.get("request_id", "")))
    return Response(body, found.status, found.headers, content_type=PROBLEM)
