"""Kinds of fields that JSON documents and parameters of the API have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from crmhost.api import keyset

#: Most records of one page.
MOST = 200
USUAL = 50


class Text(fields.String):
    """A text; ``longest`` in characters."""

    def __init__(self, help: str = "", *, longest: int | None = None, **options: Any) -> None:  # noqa: A002
        if longest is not None:
            options["validate"] = validate.Length(max=longest)
        super().__init__(metadata=_described(help), **options)


class Number(fields.Integer):
    """A whole number that is not written as text."""

    def __init__(self, help: str = "", *, least: int = 0, **options: Any) -> None:  # noqa: A002
        options.setdefault("validate", validate.Range(min=least, max=keyset.LARGEST_ID))
        super().__init__(strict=True, metadata=_described(help), **options)


class Flag(fields.Boolean):
    """True or false, and nothing else."""

    def __init__(self, help: str = "", **options: Any) -> None:  # noqa: A002
        super().__init__(truthy={True}, falsy={False}, metadata=_described(help), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Moment(fields.String):
    """An instant, as text: RFC 3339; a date alone means noon in the site's time zone."""

    def __init__(self, help: str = "", **options: Any) -> None:  # noqa: A002
        shown = {"examples": ["2026-03-31T09:30:00Z"], **_described(help)}
        super().__init__(metadata=shown, **options)


class Instant(fields.String):
    """An instant in an answer: RFC 3339 in UTC."""

    def __init__(self, help: str = "", **options: Any) -> None:  # noqa: A002
        super().__init__(metadata={"format": "date-time", **_described(help)}, **options)


class Free(fields.Dict):
    """An object with any members."""

    def __init__(self, help: str = "", **options: Any) -> None:  # noqa: A002
        super().__init__(keys=fields.String(), metadata=_described(help), **options)


class Anything(fields.Raw):
    """Any JSON value."""

    def __init__(self, help: str = "", **options: Any) -> None:  # noqa: A002
        super().__init__(metadata=_described(help), **options)


def limit() -> fields.Integer:
    """The parameter that says how many records a page holds."""
    return fields.Integer(
        load_default=USUAL,
        validate=validate.Range(min=1, max=MOST, error=f"Give a number from 1 to {MOST}."),
        metadata={"description": "How many records to give at most."},
    )


def after() -> fields.String:
    """The parameter with the cursor of the page before."""
    return fields.String(load_default="", metadata={"description": "The “next” of the page before."})


def counted() -> fields.Boolean:
    """The parameter that asks for the total."""
    return fields.Boolean(load_default=False, metadata={"description": "1 adds “total”, the number of all records."})


def stamp(moment: dt.datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC, to the millisecond."""
    return (
        None if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _described(help: str) -> dict[str, Any]:  # noqa: A002
    return {"description": help} if help else {}
