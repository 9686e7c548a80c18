"""Resources of records in the REST API: the schemas and steps that all of them share.

A plugin imports the module, ``from crmhost.web.api import rest``, and says in ``resources.py`` what its own records hold. The
extension ``rest_api`` serves the resources.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Protocol

import marshmallow as ma
from flask import request
from marshmallow import fields

from ..core import text as texts
from ..core.keyset import LARGEST_ID
from ..core.records.listing import RecordList, Show
from ..errors import Invalid, Stale
from ..messages import Message
from ..work.unit import Work
from .request import current_work

__all__ = [
    "CREATED",
    "ID",
    "IF_MATCH",
    "TAGGED",
    "Amount",
    "ExternalIdentity",
    "GivenMoney",
    "ListQuery",
    "PageQuery",
    "RecordFields",
    "RecordId",
    "Reference",
    "answer_list",
    "answer_one",
    "described",
    "list_of",
    "object_of",
    "page_of",
    "wanted_version",
]

#: The part of a rule that takes the id of a record: ``f"/<{rest.ID}:loan_id>"``.
ID = f"int(min=1, max={LARGEST_ID})"
#: What the document says of answers with a version: ``@blueprint.response(200, LoanObject, **rest.TAGGED)``.
TAGGED: dict[str, Any] = {
    "headers": {"ETag": {"description": "The version of the record.", "schema": {"type": "string"}}},
}
#: The same of answers with a record that was just made.
CREATED: dict[str, Any] = {
    "headers": {
        **TAGGED["headers"],
        "Location": {"description": "Address of the new record.", "schema": {"type": "string"}},
    }
}
#: What it says of writes that :func:`wanted_version` is asked for: ``@blueprint.doc(parameters=[rest.IF_MATCH])``.
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you saw; 412 when somebody saved the record since.",
    "schema": {"type": "string"},
}
#: Parameters of a list that are no filters.
PAGING = ("limit", "after", "count", "q", "sort")
_LARGEST_PAGE = 200


class Versioned(Protocol):
    """A record that says how often it was saved."""

    @property
    def id(self) -> Any: ...

    @property
    def version(self) -> Any: ...


# --- schemas ---------------------------------------------------------------------------------------------------------


def described(text: str, **more: Any) -> dict[str, Any]:
    """What the document says of a field: ``fields.String(**rest.described("In any case."))``."""
    return {"metadata": {"description": text, **more}}


class Reference(fields.Field[Any]):
    """A record by its name or its id."""

    def __init__(self, text: str = "", **options: Any) -> None:
        known = {"type": ["string", "integer"]}
        super().__init__(metadata=known | ({"description": text} if text else {}), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ma.ValidationError("Give a name or an id.")
        return value


class RecordId(fields.Integer):
    """The number of a record."""

    def __init__(self, text: str = "", **options: Any) -> None:
        metadata = {"description": text} if text else {}
        super().__init__(strict=True, validate=ma.validate.Range(1, LARGEST_ID), metadata=metadata, **options)


class Amount(fields.Field[Any]):
    """Money as it is taken: ``{"amount", "currency"}`` in minor units, or a number or text in the main unit."""

    def __init__(self, text: str, **options: Any) -> None:
        super().__init__(**described(f"{text} {{“amount”: whole minor units, “currency”: ISO 4217}}."), **options)


class GivenMoney(ma.Schema):
    """Money: whole minor units of a currency."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class ExternalIdentity(ma.Schema):
    """What a record is called in another system; the three together name one."""

    source = fields.String(required=True, **described("The other system, such as “woo”."))
    account = fields.String(load_default="", **described("Which shop or account of it; may be empty."))
    id = fields.String(required=True, **described("The id there."))


class RecordFields(ma.Schema):
    """What can be said of records of every kind; a kind of its own adds its fields."""

    tags = fields.List(fields.String(), **described("Names; takes the place of the tags there are."))
    source = fields.String()
    external_ids = fields.List(fields.Nested(ExternalIdentity))
    custom = fields.Dict(allow_none=True, **described("Custom fields: key → value; null takes one away, others stay."))
    id = fields.Integer(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)


class PageQuery(ma.Schema):
    """Which page."""

    limit = fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, _LARGEST_PAGE, error=f"Give a number from 1 to {_LARGEST_PAGE}."),
        **described("How many records to give at most."),
    )
    after = fields.String(load_default="", **described("The “next” of the page before."))


class ListQuery(PageQuery):
    """Which records to list; a list of its own adds its filters, and says what ``q`` and ``sort`` are."""

    count = fields.Boolean(load_default=False, **described("1 adds “total”, the number of all records."))
    q = fields.String(load_default="")
    sort = fields.String(load_default="")

    class Meta:
        """Custom fields filter too; :func:`answer_list` refuses what is nobody's."""

        unknown = ma.INCLUDE


def _named(schema: type[ma.Schema], kind: str, members: dict[str, Any], about: str) -> type[ma.Schema]:
    made = ma.Schema.from_dict(members, name=f"{schema.__name__.removeprefix('Given')}{kind}")
    made.__doc__ = f"{about}: {schema.__doc__}"
    return made


@functools.cache
def object_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """The envelope of one object: ``{"data": {…}}``."""
    return _named(schema, "Object", {"data": fields.Nested(schema, required=True)}, "One object")


@functools.cache
def list_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """The envelope of a list: ``{"data": […], "next": cursor or null}``."""
    data = fields.List(fields.Nested(schema), required=True)
    following = fields.String(
        allow_none=True, required=True, **described("Cursor of the page that follows; null on the last.")
    )
    return _named(schema, "List", {"data": data, "next": following}, "A list")


def page_of(schema: type[ma.Schema], **further: Any) -> type[ma.Schema]:
    """The envelope of what :func:`answer_list` gives: a list that can be counted. ``further`` are members of its own."""
    counted: dict[str, Any] = {
        "total": fields.Integer(**described("All records; with count=1.")),
        "exact": fields.Boolean(**described("Whether “total” is all of them; else at least so many.")),
    }
    base = list_of(schema)
    made = ma.Schema.from_dict(counted | further, name="Counted")
    return type(base.__name__, (made, base), {"__doc__": base.__doc__})


# --- steps -----------------------------------------------------------------------------------------------------------


def answer_list(listing: RecordList, query: Mapping[str, Any], show: Show) -> dict[str, Any]:
    """A page of a list as the API gives it, counted when that was asked for.

    :param query: what :class:`ListQuery` took.
    :param show: gives records as the API shows them, in the order given.
    :raises Invalid: when a parameter is unknown, or a filter, the order or the cursor can't be understood.
    """
    work = current_work()
    given = {name: value for name, value in request.args.items() if name not in PAGING}
    unknown = [name for name in given if not listing.knows(name)]
    if unknown:
        raise Invalid({texts.clean_line(name)[:100]: [_unknown(name, listing)] for name in unknown})
    chosen = listing.matching(work, query["q"], listing.split(given))
    page = listing.page(work, chosen, query["sort"], after=query["after"] or None, limit=query["limit"])
    answer: dict[str, Any] = {"data": show(work, page.rows), "next": page.next}
    if query["count"]:
        number, exact = listing.count(work, chosen)
        answer |= {"total": number, "exact": exact}
    return answer


def _unknown(name: str, listing: RecordList) -> str:
    shown = texts.shorten(texts.clean_line(name), 60)
    return texts.unknown(
        Message("There is no parameter “%(name)s”.", name=shown), texts.nearest(name, [*PAGING, *listing.filters])
    )


def answer_one(
    work: Work, record: Versioned, show: Show, status: int = 200
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """A record as the API gives it, with its version, and with its address (status 201) when it was just made."""
    headers = {"ETag": f'"{record.version}"'}
    if status == 201:
        headers["Location"] = f"{request.path}/{record.id}"
    return {"data": show(work, [record])[0]}, status, headers


def wanted_version(record: Versioned) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do.

    :raises Stale: when the header names none that the record has.
    """
    given = request.if_match
    if given.star_tag or "If-Match" not in request.headers:
        return None
    if str(record.version) not in given.as_set():
        raise Stale("Somebody saved this record meanwhile: read it again before you change it.")
    return int(record.version)
