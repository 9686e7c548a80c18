"""Invoices in the REST API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from sqlalchemy import select

from crmhost.api import Invalid, Message, Stale, Work, custom_fields, documents, keyset, record_fields, tags, texts
from crmhost.web.api import Response, current_work, request, requires, writing
from plugins.transactions import api as transactions

from . import paying, queries, services
from .models import KIND, Invoice
from .schemas import (
    InvoiceFields,
    InvoiceList,
    InvoiceObject,
    InvoiceQuery,
    PaymentFields,
    PaymentList,
    PaymentObject,
)

blueprint = Blueprint(
    "invoices_api", __name__, url_prefix="/invoices", description="Invoices, credit notes, and what is paid of them."
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
@blueprint.arguments(InvoiceQuery, location="query")
@blueprint.response(200, InvoiceList)
@requires("invoices.view")
def list_invoices(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists invoices and credit notes, newest first unless told otherwise."""
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
@blueprint.arguments(InvoiceFields)
@blueprint.response(201, InvoiceObject, headers=_ETAG)
@requires("invoices.edit")
def add_invoice(document: Mapping[str, Any]) -> Any:
    """Adds an invoice: a draft, unless the status says otherwise.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        record = records(work, [made])[0]
    return {"data": record}, 201, {**_tag(made), "Location": f"{request.path}/{made.id}"}


@blueprint.get(f"/<{_ID}:invoice_id>")
@blueprint.response(200, InvoiceObject, headers=_ETAG)
@requires("invoices.view")
def read_invoice(invoice_id: int) -> Any:
    """Gives an invoice."""
    work = current_work()
    found = services.get(work, invoice_id)
    return {"data": records(work, [found])[0]}, 200, _tag(found)


@blueprint.patch(f"/<{_ID}:invoice_id>")
@blueprint.arguments(InvoiceFields)
@blueprint.response(200, InvoiceObject, headers=_ETAG)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("invoices.edit")
def change_invoice(document: Mapping[str, Any], invoice_id: int) -> Any:
    """Changes an invoice; fields that are left out stay as they are. What was sent or paid keeps its date and sums."""
    with writing() as work:
        version = _wanted_version(services.get(work, invoice_id))
        found = services.update(work, invoice_id, document, version=version)
        record = records(work, [found])[0]
    return {"data": record}, 200, _tag(found)


@blueprint.delete(f"/<{_ID}:invoice_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("invoices.delete")
def remove_invoice(invoice_id: int) -> Any:
    """Moves a draft to the bin. An invoice with a number is voided instead: change its status."""
    with writing() as work:
        _wanted_version(services.get(work, invoice_id))
        services.delete(work, [invoice_id])
    return Response(b"", 204)


@blueprint.get(f"/<{_ID}:invoice_id>/payments")
@blueprint.response(200, PaymentList)
@requires("invoices.view")
def list_payments(invoice_id: int) -> dict[str, Any]:
    """Lists the transactions that are attached to an invoice, the oldest first."""
    work = current_work()
    found = services.get(work, invoice_id)
    return {"data": _payments(work, transactions.attached(work, found.id)), "next": None}


@blueprint.post(f"/<{_ID}:invoice_id>/payments")
@blueprint.arguments(PaymentFields)
@blueprint.response(201, PaymentObject)
@requires("invoices.pay")
def add_payment(document: Mapping[str, Any], invoice_id: int) -> Any:
    """Records a payment of an invoice.

    A payment that is told twice with one Idempotency-Key is recorded once.
    """
    told = request.headers.get("Idempotency-Key", "")
    key = f"invoices.api:{invoice_id}:{told}" if told else ""
    with writing() as work:
        paid = paying.record_payment(work, invoice_id, document, key=key)
        record = _payments(work, [paid])[0]
    return {"data": record}, 201


def _payments(work: Work, found: Sequence[transactions.Transaction]) -> list[dict[str, Any]]:
    return [record | {"amount": record["total"]} for record in transactions.as_json(paying.acting(work), found)]


def _tag(invoice: Invoice) -> dict[str, str]:
    return {"ETag": f'"{invoice.version}"'}


def _wanted_version(invoice: Invoice) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do."""
    given = request.if_match
    if given.star_tag or "If-Match" not in request.headers:
        return None
    if str(invoice.version) in given.as_set():
        return invoice.version
    raise Stale("Somebody saved this invoice meanwhile: read it again before you change it.")


# --- as the API gives them --------------------------------------------------------------------------------------------


def records(work: Work, found: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Invoices as the API gives them, in the order given."""
    ids = [one.id for one in found]
    labels = tags.of(work, KIND, ids)
    elsewhere = record_fields.external_ids(work, KIND, ids)
    return [
        {
            **documents.to_json(one.document),
            "id": one.id,
            "number": one.number,
            "status": str(paying.STATES[one.state]),
            "date": one.date.isoformat(),
            "due_date": one.due_date.isoformat(),
            **{
                name: getattr(one, name)
                for name in (
                    "contact_id", "company_id", "credits_id", "reference", "notes", "terms", "language", "source"
                )
            },
            "totals": totals(one),
            "tags": [label.name for label in labels.get(one.id, ())],
            "external_ids": [
                {"source": source, "account": account, "id": key} for source, account, key in elsewhere.get(one.id, ())
            ],
            "custom": custom_fields.shown(work, KIND, one.custom),
            **{
                name: stamp(getattr(one, name))
                for name in ("issued_at", "sent_at", "paid_at", "voided_at", "created_at", "updated_at")
            },
        }
        for one in found
    ]  # fmt: skip


def totals(one: Invoice) -> dict[str, Any]:
    """What an invoice comes to, and what is paid of it."""
    own = {name: one.amount(name).json() for name in ("paid", "credited", "due")}
    return documents.calculate(one.document).json() | own


def stamp(at: dt.datetime | None) -> str | None:
    """An instant as the API gives it: RFC 3339 in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def event_data(work: Work, event: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What webhooks are told of the invoices of an event; ``None`` for events of others."""
    if not event.startswith(f"{KIND}."):
        return None
    if not work.can("invoices.view"):
        return {}
    if event == "invoice.erased":
        return {key: {"id": key} for key in ids} if not work.actor.only_assigned else {}
    found = select(Invoice).where(Invoice.id.in_(ids))
    if work.actor.only_assigned:
        found = found.where(Invoice.within_reach(work.actor))
    rows = list(work.session.scalars(found))
    return {one.id: record for one, record in zip(rows, records(work, rows), strict=True)}
