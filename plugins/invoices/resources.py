"""Invoices in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Invalid, Work, documents, record_fields
from crmhost.web.api import Response, current_work, request, requires, rest, writing
from plugins.transactions import api as transactions

from . import paying, queries, services, statements
from .models import KIND, Invoice
from .schemas import (
    InvoiceFields,
    InvoiceList,
    InvoiceObject,
    InvoiceQuery,
    PaymentFields,
    PaymentList,
    PaymentObject,
    StatementObject,
    StatementQuery,
)

blueprint = Blueprint(
    "invoices_api", __name__, url_prefix="/invoices", description="Invoices, credit notes, and what is paid of them."
)


@blueprint.get("")
@blueprint.arguments(InvoiceQuery, location="query")
@blueprint.response(200, InvoiceList)
@requires("invoices.view")
def list_invoices(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists invoices and credit notes, newest first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.arguments(InvoiceFields)
@blueprint.response(201, InvoiceObject, **rest.CREATED)
@requires("invoices.edit")
def add_invoice(document: Mapping[str, Any]) -> Any:
    """Adds an invoice: a draft, unless the status says otherwise.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        return rest.answer_one(work, made, records, 201)


@blueprint.get("/statement")
@blueprint.arguments(StatementQuery, location="query")
@blueprint.response(200, StatementObject)
@requires("invoices.view")
def read_statement(query: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the statement of account of a contact or company over a period."""
    kinds: tuple[statements.Owner, ...] = ("contact", "company")
    owners = [(kind, int(query[f"{kind}_id"])) for kind in kinds if f"{kind}_id" in query]
    if len(owners) != 1:
        raise Invalid({"contact_id": ["Name one contact or one company."]})
    work = current_work()
    days = statements.period(work, query.get("date_from"), query.get("date_to"))
    return {"data": statements.as_json(statements.of(work, *owners[0], *days))}


@blueprint.get(f"/<{rest.ID}:invoice_id>")
@blueprint.response(200, InvoiceObject, **rest.TAGGED)
@requires("invoices.view")
def read_invoice(invoice_id: int) -> Any:
    """Gives an invoice."""
    work = current_work()
    return rest.answer_one(work, services.get(work, invoice_id), records)


@blueprint.patch(f"/<{rest.ID}:invoice_id>")
@blueprint.arguments(InvoiceFields)
@blueprint.response(200, InvoiceObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("invoices.edit")
def change_invoice(document: Mapping[str, Any], invoice_id: int) -> Any:
    """Changes an invoice; fields that are left out stay as they are. What was sent or paid keeps its date and sums."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, invoice_id))
        return rest.answer_one(work, services.update(work, invoice_id, document, version=version), records)


@blueprint.delete(f"/<{rest.ID}:invoice_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("invoices.delete")
def remove_invoice(invoice_id: int) -> Any:
    """Moves a draft to the bin. An invoice with a number is voided instead: change its status."""
    with writing() as work:
        rest.wanted_version(services.get(work, invoice_id))
        services.delete(work, [invoice_id])
    return Response(b"", 204)


@blueprint.get(f"/<{rest.ID}:invoice_id>/payments")
@blueprint.response(200, PaymentList)
@requires("invoices.view")
def list_payments(invoice_id: int) -> dict[str, Any]:
    """Lists the transactions that are attached to an invoice, the oldest first."""
    work = current_work()
    found = services.get(work, invoice_id)
    return {"data": _payments(work, [each.one for each in transactions.attached(work, found.id)]), "next": None}


@blueprint.post(f"/<{rest.ID}:invoice_id>/payments")
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


# --- as the API gives them --------------------------------------------------------------------------------------------


def records(work: Work, found: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Invoices as the API gives them, in the order given."""
    shared = record_fields.shared_json(work, KIND, found)
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
            **shared[one.id],
            **{
                name: record_fields.stamp(getattr(one, name))
                for name in ("issued_at", "sent_at", "paid_at", "voided_at", "created_at", "updated_at")
            },
        }
        for one in found
    ]  # fmt: skip


def totals(one: Invoice) -> dict[str, Any]:
    """What an invoice comes to, and what is paid of it."""
    own = {name: one.amount(name).json() for name in ("paid", "credited", "due")}
    return documents.calculate(one.document).json() | own


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the invoices of an event; ``None`` for events of others."""
    return queries.LIST.event_data(work, event, ids, records)
