"""Resources of records in the REST API: the schemas and steps that all of them share.

A plugin imports the module, ``from crmhost.web.api import rest``, and says in ``resources.py`` what its own records hold. The
extension ``rest_api`` serves the resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from flask import request

from ..core import text as texts
from ..core.keyset import LARGEST_ID
from ..core.records.listing import RecordList, Show
from ..core.records.schemas import (
    PAGING,
    Amount,
    ExternalIdentity,
    GivenMoney,
    ListQuery,
    PageQuery,
    RecordFields,
    RecordId,
    Reference,
    described,
    list_of,
    object_of,
    page_of,
)
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


class Versioned(Protocol):
    """A record that says how often it was saved."""

    @property
    def id(self) -> Any: ...

    @property
    def version(self) -> Any: ...


def answer_list(listing: RecordList, query: Mapping[str, Any], show: Show) -> dict[str, Any]:
    """A page of a list as the API gives it, counted when that was asked for.

    :param query: what :class:`ListQuery` took.
    :param show: gives records as the API shows them, in the order given.
    :raises Invalid: when a parameter is unknown, or a filter, the order or the cursor can't be understood.
    """
    work = current_work()
    given = {name: value for name, value in request.args.items() if name not in PAGING}
    unknown = [name for name in given if not listing.knows(work, name)]
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
