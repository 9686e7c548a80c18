"""Transactions in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Money, Work
from crmhost.web.api import Response, current_work, requires, rest, writing

from . import company, mass, queries, services, values
from .schemas import TransactionFields, TransactionList, TransactionObject, TransactionQuery
from .shapes import records

blueprint = Blueprint(
    "transactions_api", __name__, url_prefix="/transactions", description="Sales, refunds, and what counts of them."
)


@blueprint.get("")
@blueprint.arguments(TransactionQuery, location="query")
@blueprint.response(200, TransactionList)
@requires("transactions.view")
def list_transactions(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists transactions, newest first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.arguments(TransactionFields)
@blueprint.response(201, TransactionObject, **rest.CREATED)
@requires("transactions.edit")
def add_transaction(document: Mapping[str, Any]) -> Any:
    """Adds a transaction.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        return rest.answer_one(work, made, records, 201)


@blueprint.get(f"/<{rest.ID}:transaction_id>")
@blueprint.response(200, TransactionObject, **rest.TAGGED)
@requires("transactions.view")
def read_transaction(transaction_id: int) -> Any:
    """Gives a transaction."""
    work = current_work()
    return rest.answer_one(work, services.get(work, transaction_id), records)


@blueprint.patch(f"/<{rest.ID}:transaction_id>")
@blueprint.arguments(TransactionFields)
@blueprint.response(200, TransactionObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("transactions.edit")
def change_transaction(document: Mapping[str, Any], transaction_id: int) -> Any:
    """Changes a transaction; fields that are left out stay as they are."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, transaction_id))
        return rest.answer_one(work, services.update(work, transaction_id, document, version=version), records)


@blueprint.delete(f"/<{rest.ID}:transaction_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("transactions.delete")
def remove_transaction(transaction_id: int) -> Any:
    """Moves a transaction to the bin, where it counts nowhere."""
    with writing() as work:
        rest.wanted_version(services.get(work, transaction_id))
        mass.to_bin(work, [transaction_id])
    return Response(b"", 204)


# --- as the API gives them -------------------------------------------------------------------------------------------


def value_records(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What contacts or companies are worth, as the API gives it: the site's currency, and each further one under “other”.

    ``transactions`` holds what counts, refunds taken off; ``refunded`` says how much that was. ``total`` adds what was paid of
    invoices that no transaction is attached to.
    """
    if not work.can("transactions.view"):
        return {}
    known = values.values_of(work, object_type, ids)
    return {key: _value(work, [_sums(row) for row in known.get(key, ())]) for key in ids}


def company_records(work: Work, ids: Sequence[int], *, with_contacts: bool) -> dict[int, dict[str, Any]]:
    """What companies are worth; with what their people are worth, each transaction once, when that is wanted."""
    if not work.can("transactions.view"):
        return {}
    known = {key: [_sums(row) for row in rows] for key, rows in values.values_of(work, "company", ids).items()}
    if with_contacts:
        for key, sums in company.of_people(work, ids):
            known.setdefault(key, []).append(sums)
    return {key: _value(work, known.get(key, ())) for key in ids}


_NAMES = ("total", "invoiced", "paid", "transactions", "refunded")


def _sums(row: Any) -> tuple[str, Mapping[str, int]]:
    return row.currency, {name: getattr(row, name) for name in _NAMES}


def _value(work: Work, rows: Sequence[tuple[str, Mapping[str, int]]]) -> dict[str, Any]:
    """Sums of one record by currency, added up."""
    base = str(work.settings.get("site.currency") or "EUR")
    found = {base: dict.fromkeys(_NAMES, 0)}
    for currency, sums in rows:
        entry = found.setdefault(currency, dict.fromkeys(_NAMES, 0))
        for name in _NAMES:
            entry[name] += sums[name]
    told = {code: {name: Money(amount, code).json() for name, amount in sums.items()} for code, sums in found.items()}
    return {**told.pop(base), "other": [told[code] for code in sorted(told)]}


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the transactions of an event; ``None`` for events of others."""
    return queries.LIST.event_data(work, event, ids, records)
