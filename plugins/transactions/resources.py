"""Transactions in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from sqlalchemy import select

from crmhost.api import Invalid, Message, Money, Stale, Work, keyset, texts
from crmhost.web.api import Response, current_work, request, requires, writing

from . import company, mass, queries, services, values
from .models import KIND, Transaction
from .schemas import TransactionFields, TransactionList, TransactionObject, TransactionQuery
from .shapes import records

blueprint = Blueprint(
    "transactions_api", __name__, url_prefix="/transactions", description="Sales, refunds, and what counts of them."
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
@blueprint.arguments(TransactionQuery, location="query")
@blueprint.response(200, TransactionList)
@requires("transactions.view")
def list_transactions(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists transactions, newest first unless told otherwise."""
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
@blueprint.arguments(TransactionFields)
@blueprint.response(201, TransactionObject, headers=_ETAG)
@requires("transactions.edit")
def add_transaction(document: Mapping[str, Any]) -> Any:
    """Adds a transaction.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        made = services.create(work, document, source="api")
        record = records(work, [made])[0]
    return {"data": record}, 201, {**_tag(made), "Location": f"{request.path}/{made.id}"}


@blueprint.get(f"/<{_ID}:transaction_id>")
@blueprint.response(200, TransactionObject, headers=_ETAG)
@requires("transactions.view")
def read_transaction(transaction_id: int) -> Any:
    """Gives a transaction."""
    work = current_work()
    found = services.get(work, transaction_id)
    return {"data": records(work, [found])[0]}, 200, _tag(found)


@blueprint.patch(f"/<{_ID}:transaction_id>")
@blueprint.arguments(TransactionFields)
@blueprint.response(200, TransactionObject, headers=_ETAG)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("transactions.edit")
def change_transaction(document: Mapping[str, Any], transaction_id: int) -> Any:
    """Changes a transaction; fields that are left out stay as they are."""
    with writing() as work:
        version = _wanted_version(services.get(work, transaction_id))
        found = services.update(work, transaction_id, document, version=version)
        record = records(work, [found])[0]
    return {"data": record}, 200, _tag(found)


@blueprint.delete(f"/<{_ID}:transaction_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("transactions.delete")
def remove_transaction(transaction_id: int) -> Any:
    """Moves a transaction to the bin, where it counts nowhere."""
    with writing() as work:
        found = services.get(work, transaction_id)
        if _wanted_version(found) not in (None, found.version):
            raise Stale("Somebody saved this transaction meanwhile: read it again before you delete it.")
        mass.to_bin(work, [transaction_id])
    return Response(b"", 204)


def _tag(transaction: Transaction) -> dict[str, str]:
    return {"ETag": f'"{transaction.version}"'}


def _wanted_version(transaction: Transaction) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do."""
    given = request.if_match
    if given.star_tag or "If-Match" not in request.headers:
        return None
    if str(transaction.version) in given.as_set():
        return transaction.version
    raise Stale("Somebody saved this transaction meanwhile: read it again before you change it.")


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


def event_data(work: Work, event: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What webhooks are told of the transactions of an event; ``None`` for events of others."""
    if not event.startswith(f"{KIND}."):
        return None
    if not work.can("transactions.view"):
        return {}
    if event == "transaction.erased":
        return {key: {"id": key} for key in ids} if not work.actor.only_assigned else {}
    found = select(Transaction).where(Transaction.id.in_(ids))
    if work.actor.only_assigned:
        found = found.where(Transaction.within_reach(work.actor))
    rows = list(work.session.scalars(found))
    return {one.id: record for one, record in zip(rows, records(work, rows), strict=True)}
