"""Invoices from and to CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmhost.api import (
    Contact,
    CrmError,
    ImportField,
    Invalid,
    Message,
    RowResult,
    Work,
    custom_fields,
    documents,
    record_fields,
    record_imports,
    tags,
    texts,
)

from . import mass, paying, queries, services
from .cells import company_names
from .models import KIND, Invoice

_PLAIN = (
    "number",
    "status",
    "date",
    "due_date",
    "currency",
    "discount",
    "shipping",
    "reference",
    "notes",
    "terms",
    "language",
    "contact_id",
    "company_id",
)
_JSON = ("lines", "shipping_taxes")


def import_fields(work: Work) -> list[ImportField]:
    """What columns can be mapped to."""
    known = [
        ImportField(name="number", label="Number", aliases=("invoice number", "invoice", "numero", "facture")),
        ImportField(name="email", label="E-mail of the contact",
                    aliases=("contact_email", "customer email", "billing email", "courriel")),
        ImportField(name="status", label="Status", aliases=("statut", "etat", "state"), choices=list(paying.STATES.values())),
        ImportField(name="date", label="Date", kind="instant", aliases=("invoice date", "issued", "date d'emission")),
        ImportField(name="due_date", label="Due on", kind="instant", aliases=("due", "due date", "echeance")),
        ImportField(name="currency", label="Currency", aliases=("devise", "currency code")),
        ImportField(name="lines", label="Lines (JSON)", aliases=("line items", "items")),
        ImportField(name="total", label="Total, for an invoice without lines", aliases=("amount", "montant", "total amount")),
        ImportField(name="discount", label="Discount", aliases=("remise",)),
        ImportField(name="shipping", label="Shipping", aliases=("livraison", "delivery")),
        ImportField(name="shipping_taxes", label="Taxes of the shipping (JSON)"),
        ImportField(name="prices_include_tax", label="Prices include tax", aliases=("tax included", "ttc")),
        ImportField(name="reference", label="Reference", aliases=("po number", "order number")),
        ImportField(name="notes", label="Note below the lines", aliases=("note", "notes", "memo")),
        ImportField(name="terms", label="Terms", aliases=("conditions",)),
        ImportField(name="language", label="Language", aliases=("langue",)),
        ImportField(name="tags", label="Tags", kind="list", aliases=("tag", "labels", "etiquettes")),
        ImportField(name="contact_id", label="Number of the contact"),
        ImportField(name="company_id", label="Number of the company"),
        ImportField(name="company", label="Company", aliases=("company name", "entreprise", "societe")),
        ImportField(name="external_id", label="Id in another system", aliases=("external id", "invoice id")),
        ImportField(name="external_source", label="System of that id"),
    ]  # fmt: skip
    custom = [
        ImportField(name=field.name, label=field.label, aliases=(field.key,))
        for field in custom_fields.definitions(work, KIND)
    ]
    return known + custom


def new_field(work: Work, label: str, kind: str) -> str:
    """Makes a custom field for a column that no field fits; gives its name."""
    return custom_fields.add(work, {"object": KIND, "label": label, "kind": kind}).name


# --- in ---------------------------------------------------------------------------------------------------------------


def save(work: Work, rows: Sequence[Mapping[str, str]], match: str, mode: str) -> list[RowResult]:
    """Adds or updates invoices; those with a number keep it and are issued, unless the file says that they are drafts."""
    work.require("invoices.edit")
    people, refused = record_imports.people(work, rows, "Came with an imported invoice")
    there = _there(work, rows, match)
    results = []
    for row in rows:
        key = _key(row, match)
        try:
            if row.get("email", "") in refused:
                raise Invalid(refused[row["email"]])
            with work.part():
                given = _given(work, row, people)
                number = there.get(key) if key else None
                if number is None:
                    made = services.create(work, given, source="import")
                    if key:
                        there[key] = made.id
                    results.append(RowResult(outcome="added", id=made.id, before={"version": made.version}))
                else:
                    results.append(_changed(work, number, given, mode))
        except CrmError as error:
            results.append(RowResult(outcome="refused", reasons=(str(error),)))
    return results


def _key(row: Mapping[str, str], match: str) -> str:
    return record_imports.external_key(row) if match == "external_id" else texts.fold(row.get("number", ""))


def _there(work: Work, rows: Sequence[Mapping[str, str]], match: str) -> dict[str, int]:
    """What the rows are matched by -> id of the invoice that is there and that the actor may see."""
    if match == "external_id":
        return record_imports.by_external_id(work, KIND, rows, Invoice)
    found = services.by_number(work, [row["number"] for row in rows if row.get("number")])
    mine = work.visible(Invoice).where(Invoice.id.in_(found.values())).with_only_columns(Invoice.id)
    seen = set(work.session.scalars(mine))
    return {key: number for key, number in found.items() if number in seen}


def _given(work: Work, row: Mapping[str, str], people: Mapping[str, int]) -> dict[str, Any]:
    given: dict[str, Any] = {name: row[name] for name in _PLAIN if row.get(name)}
    given |= {name: text for name, text in row.items() if name.startswith("custom.")}
    for name in _JSON:
        if row.get(name):
            given[name] = record_imports.from_json(name, row[name])
    if row.get("total") and "lines" not in given:
        given["lines"] = [{"title": row.get("reference") or row.get("number") or "–", "unit_price": row["total"]}]
    if row.get("prices_include_tax"):
        given["prices_include_tax"] = record_imports.is_yes(row["prices_include_tax"])
    if row.get("email"):
        given["contact_id"] = people[row["email"]]
    if row.get("company") and "company_id" not in given:
        given["company_id"] = record_imports.company(work, row["company"])
    if row.get("tags"):
        given["tags"] = row["tags"].replace("\n", ",")
    if row.get("external_id"):
        given["external_ids"] = record_imports.external_ids(row)
    if given.get("number") and "status" not in given:
        given["status"] = "Unpaid"
    # What follows from payments and the due date is reached by these, not by its name.
    if given.get("status") and paying.state_named(given["status"]) in ("overdue", "part_paid"):
        given["status"] = "Unpaid"
    return given


def _changed(work: Work, number: int, given: dict[str, Any], mode: str) -> RowResult:
    if mode == "skip":
        return RowResult(outcome="skipped", id=number)
    invoice = services.get(work, number)
    given.pop("number", None)
    if mode == "fill":
        given = {name: value for name, value in given.items() if name != "status" and not _has(invoice, name)}
    version, before = invoice.version, _written(invoice, given)
    services.update(work, number, given)
    if invoice.version == version:
        return RowResult(outcome="skipped", id=number)
    return RowResult(outcome="updated", id=number, before={"version": invoice.version, "fields": before})


def _has(invoice: Invoice, name: str) -> bool:
    return bool(invoice.document.lines if name == "lines" else getattr(invoice, name, None))


def _written(invoice: Invoice, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an import is about to change, as it is now."""
    priced = documents.to_json(invoice.document)
    found: dict[str, Any] = {}
    for name in given:
        if name in priced:
            found[name] = priced[name]
        elif name not in ("status", "tags", "external_ids") and not name.startswith("custom."):
            found[name] = record_fields.plain(getattr(invoice, name, None))
    return found


def undo(work: Work, results: Sequence[RowResult]) -> list[int]:
    """Takes back what was changed and not edited since, and drafts that were added; gives the ids left alone.

    An invoice with a number can't be deleted: those that were added are voided.
    """
    work.require("invoices.edit")
    left: list[int] = []
    for result in reversed(results):
        if result.id is None or result.before is None:
            continue
        found = work.session.scalar(work.visible(Invoice).where(Invoice.id == result.id))
        if found is None:
            continue
        try:
            if found.version != result.before["version"]:
                left.append(result.id)
            elif result.outcome != "added":
                services.update(work, found.id, result.before["fields"])
            elif found.state == "draft":
                mass.delete(work, [found.id])
            else:
                services.void(work, found.id, "Import taken back")
        except CrmError:
            left.append(result.id)
    return sorted(set(left))


# --- out --------------------------------------------------------------------------------------------------------------

_SUMS: dict[str, str] = {
    "net": Message("Net"),
    "discount_total": Message("Discount in all"),
    "tax": Message("Tax"),
    "shipping_net": Message("Shipping without tax"),
    "total": Message("Total"),
    "paid": Message("Paid"),
    "credited": Message("Credited"),
    "due": Message("Due"),
}
_COLUMNS: dict[str, str] = {
    "id": Message("Id"),
    "number": Message("Number"),
    "status": Message("Status"),
    "date": Message("Date"),
    "due_date": Message("Due on"),
    "contact_id": Message("Number of the contact"),
    "contact_email": Message("E-mail of the contact"),
    "company_id": Message("Number of the company"),
    "company": Message("Company"),
    "currency": Message("Currency"),
    **_SUMS,
    "lines": Message("Lines (JSON)"),
    "discount": Message("Discount"),
    "shipping": Message("Shipping"),
    "shipping_taxes": Message("Taxes of the shipping (JSON)"),
    "prices_include_tax": Message("Prices include tax"),
    "reference": Message("Reference"),
    "notes": Message("Note below the lines"),
    "terms": Message("Terms"),
    "language": Message("Language"),
    "tags": Message("Tags"),
    "credits_id": Message("Credit note to (id)"),
    "source": Message("Source"),
    "created_at": Message("Date added"),
}


def columns(work: Work) -> list[tuple[str, str]]:
    """Names, which are those of the API, and labels."""
    return [*_COLUMNS.items(), *((field.name, field.label) for field in custom_fields.exported(work, KIND))]


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All invoices that fit and the actor may see, page by page."""
    exported = custom_fields.exported(work, KIND)
    for found in queries.LIST.runs(work, filters):
        yield from _rows(work, found, exported)


def _rows(work: Work, found: Sequence[Invoice], exported: Any) -> Iterator[dict[str, Any]]:
    people = {one.contact_id for one in found if one.contact_id is not None}
    mine = work.visible(Contact).where(Contact.id.in_(people))
    emails = {contact.id: contact.email for contact in work.session.scalars(mine)}
    companies = company_names(work, {one.company_id for one in found if one.company_id is not None})
    labels = tags.of(work, KIND, [one.id for one in found])
    for one in found:
        priced = documents.to_json(one.document)
        sums = {"discount_total": "discount", "shipping_net": "shipping"}
        plain = (
            "id",
            "number",
            "currency",
            "reference",
            "notes",
            "terms",
            "language",
            "source",
            "company_id",
            "credits_id",
        )
        yield {
            **{name: getattr(one, name) for name in plain},
            **{name: f"{one.amount(sums.get(name, name)).decimal:f}" for name in _SUMS},
            "status": str(paying.STATES[one.state]),
            "date": one.date.isoformat(),
            "due_date": one.due_date.isoformat(),
            "created_at": one.created_at.isoformat(),
            "lines": json.dumps(priced["lines"], ensure_ascii=False),
            "shipping_taxes": json.dumps(priced["shipping_taxes"], ensure_ascii=False),
            "discount": _discount(one.document.discount),
            "shipping": "" if one.document.shipping is None else f"{one.document.shipping.decimal:f}",
            "prices_include_tax": "yes" if one.document.prices_include_tax else "no",
            "tags": ", ".join(label.name for label in labels.get(one.id, ())),
            "contact_id": one.contact_id if one.contact_id in emails else None,
            "contact_email": emails.get(one.contact_id or 0, ""),
            "company": companies.get(one.company_id or 0, ""),
            **custom_fields.exported_texts(work, exported, one.custom),
        }


def _discount(given: Any) -> str:
    if given is None:
        return ""
    return str(given) if isinstance(given, documents.Percent) else f"{given.decimal:f}"
