"""Quotes in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import (
    Work,
    contacts,
    documents,
    record_fields,
)
from crmhost.web.api import Response, current_work, repeatable, requires, rest, writing

from . import mass, queries, sending, services
from .models import KIND, Quote
from .schemas import QuoteFields, QuoteList, QuoteObject, QuoteQuery, SendFields, SentQuote

blueprint = Blueprint(
    "quotes_api", __name__, url_prefix="/quotes", description="What you offer: written, sent, accepted online."
)


@blueprint.get("")
@blueprint.arguments(QuoteQuery, location="query")
@blueprint.response(200, QuoteList)
@requires("quotes.view")
def list_quotes(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists quotes, newest first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.arguments(QuoteFields)
@blueprint.response(201, QuoteObject, **rest.CREATED)
@requires("quotes.edit")
def add_quote(document: Mapping[str, Any]) -> Any:
    """Adds a quote.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        return rest.answer_one(work, made, records, 201)


@blueprint.get(f"/<{rest.ID}:quote_id>")
@blueprint.response(200, QuoteObject, **rest.TAGGED)
@requires("quotes.view")
def read_quote(quote_id: int) -> Any:
    """Gives a quote."""
    work = current_work()
    return rest.answer_one(work, services.get(work, quote_id), records)


@blueprint.patch(f"/<{rest.ID}:quote_id>")
@blueprint.arguments(QuoteFields)
@blueprint.response(200, QuoteObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("quotes.edit")
def change_quote(document: Mapping[str, Any], quote_id: int) -> Any:
    """Changes a quote; fields that are left out stay as they are."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, quote_id))
        return rest.answer_one(work, services.update(work, quote_id, document, version=version), records)


@blueprint.delete(f"/<{rest.ID}:quote_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("quotes.delete")
def remove_quote(quote_id: int) -> Any:
    """Moves a quote to the bin; its link opens nothing from then on."""
    with writing() as work:
        rest.wanted_version(services.get(work, quote_id))
        mass.to_bin(work, [quote_id])
    return Response(b"", 204)


@blueprint.post(f"/<{rest.ID}:quote_id>/send")
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
    shared = record_fields.shared_json(work, KIND, found)
    return [
        {
            **documents.to_json(one.document),
            **{name: getattr(one, name) for name in _PLAIN},
            **{name: one.money(name).json() for name in ("net", "tax", "total")},
            "value": one.worth.json(),
            "status": one.state,
            "date": one.date.isoformat(),
            "valid_until": one.valid_until.isoformat() if one.valid_until else None,
            **shared[one.id],
            **{
                name: record_fields.stamp(getattr(one, name))
                for name in ("sent_at", "viewed_at", "decided_at", "created_at", "updated_at")
            },
        }
        for one in found
    ]


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the quotes of an event; ``None`` for events of others."""
    return queries.LIST.event_data(work, event, ids, records)
