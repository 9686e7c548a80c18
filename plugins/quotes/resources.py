"""Quotes in the REST API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from sqlalchemy import select

from crmhost.api import (
    Invalid,
    Message,
    Stale,
    Work,
    contacts,
    custom_fields,
    documents,
    keyset,
    record_fields,
    tags,
    texts,
)
from crmhost.web.api import Response, current_work, repeatable, request, requires, writing

from . import mass, queries, sending, services
from .models import KIND, Quote
from .schemas import QuoteFields, QuoteList, QuoteObject, QuoteQuery, SendFields, SentQuote

blueprint = Blueprint(
    "quotes_api", __name__, url_prefix="/quotes", description="What you offer: written, sent, accepted online."
)
_ID = "int(min=1, max=2147483647)"
_NO_FILTERS = ("limit", "after", "count", "q", "sort")
_ETAG = {"ETag": {"description": "The version of the record.", "schema": {"type": "string"}}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you saw; 412 when somebody saved the record since.",
    "schema": {"type": "string"},
}


@blueprint.get("")
@blueprint.arguments(QuoteQuery, location="query")
@blueprint.response(200, QuoteList)
@requires("quotes.view")
def list_quotes(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists quotes, newest first unless told otherwise."""
    work = current_work()
    given = {name: value for name, value in request.args.items() if name not in _NO_FILTERS}
    for name in given:
        if name not in queries.FILTERS and not name.startswith("custom."):
            shown = texts.clean_line(name)[:100]
            raise Invalid({shown: [Message("There is no parameter “%(name)s”.", name=shown)]})
    chosen = queries.matching(work, query["q"], queries.split(given))
    page = keyset.page(
        work.session, chosen, queries.ORDERS, query["sort"], after=query["after"] or None, limit=query["limit"]
    )
    answer: dict[str, Any] = {"data": records(work, page.rows), "next": page.next}
    if query["count"]:
        number, exact = queries.count(work, chosen)
        answer |= {"total": number, "exact": exact}
    return answer


@blueprint.post("")
@blueprint.arguments(QuoteFields)
@blueprint.response(201, QuoteObject, headers=_ETAG)
@requires("quotes.edit")
def add_quote(document: Mapping[str, Any]) -> Any:
    """Adds a quote.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        record = records(work, [made])[0]
    return {"data": record}, 201, {**_tag(made), "Location": f"{request.path}/{made.id}"}


@blueprint.get(f"/<{_ID}:quote_id>")
@blueprint.response(200, QuoteObject, headers=_ETAG)
@requires("quotes.view")
def read_quote(quote_id: int) -> Any:
    """Gives a quote."""
    work = current_work()
    found = services.get(work, quote_id)
    return {"data": records(work, [found])[0]}, 200, _tag(found)


@blueprint.patch(f"/<{_ID}:quote_id>")
@blueprint.arguments(QuoteFields)
@blueprint.response(200, QuoteObject, headers=_ETAG)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("quotes.edit")
def change_quote(document: Mapping[str, Any], quote_id: int) -> Any:
    """Changes a quote; fields that are left out stay as they are."""
    with writing() as work:
        version = _wanted_version(services.get(work, quote_id))
        found = services.update(work, quote_id, document, version=version)
        record = records(work, [found])[0]
    return {"data": record}, 200, _tag(found)


@blueprint.delete(f"/<{_ID}:quote_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("quotes.delete")
def remove_quote(quote_id: int) -> Any:
    """Moves a quote to the bin; its link opens nothing from then on."""
    with writing() as work:
        found = services.get(work, quote_id)
        if _wanted_version(found) not in (None, found.version):
            raise Stale("Somebody saved this quote meanwhile: read it again before you delete it.")
        mass.to_bin(work, [quote_id])
    return Response(b"", 204)


def _tag(quote: Quote) -> dict[str, str]:
    return {"ETag": f'"{quote.version}"'}


def _wanted_version(quote: Quote) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do."""
    given = request.if_match
    if given.star_tag or "If-Match" not in request.headers:
        return None
    if str(quote.version) in given.as_set():
        return quote.version
    raise Stale("Somebody saved this quote meanwhile: read it again before you change it.")


@blueprint.post(f"/<{_ID}:quote_id>/send")
@blueprint.arguments(SendFields)
@blueprint.response(200, SentQuote)
@requires("quotes.send")
@repeatable
def send_quote(document: Mapping[str, Any], quote_id: int) -> Any:
    """Sends a quote: freezes what the client sees, and gives the link of its page. Sent again, the link stays."""
    work = current_work()
    quote = services.get(work, quote_id)
    mailed = document["mail"]
    if mailed is None:
        mailed = (
            work.can("mail.send") and quote.contact_id is not None and bool(contacts.get(work, quote.contact_id).email)
        )
    return {
        "link": sending.send(work, quote_id, mailed=mailed, subject=document["subject"], content=document["content"])
    }


# --- as the API gives them -------------------------------------------------------------------------------------------

_PLAIN = (
    "id", "title", "contact_id", "company_id", "owner_id", "content", "notes", "language", "source", "decline_reason",
)  # fmt: skip


def records(work: Work, found: Sequence[Quote]) -> list[dict[str, Any]]:
    """Quotes as the API gives them, in the order given."""
    ids = [one.id for one in found]
    labels, elsewhere = tags.of(work, KIND, ids), record_fields.external_ids(work, KIND, ids)
    return [
        {
            **documents.to_json(one.document),
            **{name: getattr(one, name) for name in _PLAIN},
            **{name: one.money(name).json() for name in ("net", "tax", "total")},
            "value": one.worth.json(),
            "status": one.state,
            "date": one.date.isoformat(),
            "valid_until": one.valid_until.isoformat() if one.valid_until else None,
            "tags": [label.name for label in labels.get(one.id, ())],
            "external_ids": [
                {"source": source, "account": account, "id": key} for source, account, key in elsewhere.get(one.id, ())
            ],
            "custom": custom_fields.shown(work, KIND, one.custom),
            **{
                name: stamp(getattr(one, name))
                for name in ("sent_at", "viewed_at", "decided_at", "created_at", "updated_at")
            },
        }
        for one in found
    ]


def stamp(at: dt.datetime | None) -> str | None:
    """An instant as the API gives it: RFC 3339 in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def event_data(work: Work, event: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What webhooks are told of the quotes of an event; ``None`` for events of others."""
    if not event.startswith(f"{KIND}."):
        return None
    if not work.can("quotes.view"):
        return {}
    found = select(Quote).where(Quote.id.in_(ids))
    if work.actor.only_assigned:
        found = found.where(Quote.within_reach(work.actor))
    rows = list(work.session.scalars(found))
    return {one.id: record for one, record in zip(rows, records(work, rows), strict=True)}
