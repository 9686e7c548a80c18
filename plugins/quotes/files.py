"""Quotes from and to CSV."""

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
    keyset,
    record_fields,
    record_imports,
    tags,
)

from . import mass, queries, services
from .models import KIND, Quote
from .states import STATES

#: Columns that go to the service as they are.
_PLAIN = (
    "title", "value", "currency", "status", "date", "valid_until", "discount", "shipping", "content", "notes", "language",
    "contact_id", "company_id",
)  # fmt: skip
_JSON = ("lines", "shipping_taxes")


def import_fields(work: Work) -> list[ImportField]:
    """What columns can be mapped to."""
    known = [
        ImportField(name="title", label="Title", required=True, aliases=("name", "subject", "quote title", "titre", "objet")),
        ImportField(name="email", label="E-mail of the contact",
                    aliases=("contact_email", "customer email", "client email", "courriel")),
        ImportField(name="status", label="Status", aliases=("statut", "etat", "state"), choices=list(STATES.values())),
        ImportField(name="value", label="Value", aliases=("amount", "total", "montant", "valeur")),
        ImportField(name="currency", label="Currency", aliases=("devise", "currency code")),
        ImportField(name="date", label="Date", kind="instant", aliases=("quote date", "issued", "date du devis")),
        ImportField(name="valid_until", label="Valid until", kind="instant", aliases=("expires", "expiry", "valable jusqu'au")),
        ImportField(name="lines", label="Lines (JSON)", aliases=("line items", "items")),
        ImportField(name="discount", label="Discount", aliases=("remise",)),
        ImportField(name="shipping", label="Shipping", aliases=("livraison", "delivery")),
        ImportField(name="shipping_taxes", label="Taxes of the shipping (JSON)"),
        ImportField(name="prices_include_tax", label="Prices include tax", aliases=("tax included", "ttc")),
        ImportField(name="content", label="Text (HTML)", aliases=("text", "body", "texte")),
        ImportField(name="notes", label="Notes", aliases=("note", "memo")),
        ImportField(name="language", label="Language", aliases=("langue",)),
        ImportField(name="tags", label="Tags", kind="list", aliases=("tag", "labels", "etiquettes")),
        ImportField(name="contact_id", label="Number of the contact"),
        ImportField(name="company_id", label="Number of the company"),
        ImportField(name="company", label="Company", aliases=("company name", "entreprise", "societe")),
        ImportField(name="external_id", label="Id in another system", aliases=("external id", "quote id")),
        ImportField(name="external_source", label="System of that id"),
        ImportField(name="id", label="Number"),
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
    """Adds or updates quotes; new ones keep the status of the file, without a link or a certificate."""
    work.require("quotes.edit")
    people, refused = record_imports.people(work, rows, "Came with an imported quote")
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
                if number is not None:
                    results.append(_changed(work, number, given, mode))
                    continue
                if key and match == "id":
                    raise Invalid({"id": [Message("There is no quote %(number)s.", number=key[:20])]})
                # What the file does not say is not made up: no end, no text.
                made = services.create(work, {"valid_until": None, "content": "", **given}, source="import")
                if key:
                    there[key] = made.id
                results.append(RowResult(outcome="added", id=made.id, before={"version": made.version}))
        except CrmError as error:
            results.append(RowResult(outcome="refused", reasons=(str(error),)))
    return results


def _key(row: Mapping[str, str], match: str) -> str:
    return record_imports.external_key(row) if match == "external_id" else row.get("id", "").strip()


def _there(work: Work, rows: Sequence[Mapping[str, str]], match: str) -> dict[str, int]:
    """What the rows are matched by -> id of the quote that is there and that the actor may see."""
    if match == "external_id":
        return record_imports.by_external_id(work, KIND, rows, Quote)
    typed = {key: number for row in rows if (key := _key(row, match)) and (number := keyset.valid_id(key)) is not None}
    mine = work.visible(Quote).where(Quote.id.in_(typed.values())).with_only_columns(Quote.id)
    seen = set(work.session.scalars(mine))
    return {key: number for key, number in typed.items() if number in seen}


def _given(work: Work, row: Mapping[str, str], people: Mapping[str, int]) -> dict[str, Any]:
    given: dict[str, Any] = {name: row[name] for name in _PLAIN if row.get(name)}
    given |= {name: text for name, text in row.items() if name.startswith("custom.")}
    given |= {name: record_imports.from_json(name, row[name]) for name in _JSON if row.get(name)}
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
    return given


def _changed(work: Work, number: int, given: dict[str, Any], mode: str) -> RowResult:
    if mode == "skip":
        return RowResult(outcome="skipped", id=number)
    quote = services.get(work, number)
    given.pop("status", None)
    if mode == "fill":
        given = {name: value for name, value in given.items() if not _has(quote, name)}
    version, before = quote.version, _written(quote, given)
    services.update(work, number, given)
    if quote.version == version:
        return RowResult(outcome="skipped", id=number)
    return RowResult(outcome="updated", id=number, before={"version": quote.version, "fields": before})


def _has(quote: Quote, name: str) -> bool:
    return bool(quote.document.lines if name == "lines" else getattr(quote, name, None))


def _written(quote: Quote, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an import is about to change, as it is now."""
    priced = documents.to_json(quote.document)
    found: dict[str, Any] = {}
    for name in given:
        if name in priced:
            found[name] = priced[name]
        elif name == "value":
            found[name] = quote.worth.json()
        elif name not in ("tags", "external_ids") and not name.startswith("custom."):
            found[name] = record_fields.plain(getattr(quote, name, None))
    return found


def undo(work: Work, results: Sequence[RowResult]) -> list[int]:
    """Takes back what was added or changed and not edited since; gives the ids left alone."""
    work.require("quotes.edit")
    left: list[int] = []
    for result in reversed(results):
        if result.id is None or result.before is None:
            continue
        found = work.session.scalar(work.visible(Quote).where(Quote.id == result.id))
        if found is None:
            continue
        try:
            if found.version != result.before["version"]:
                left.append(result.id)
            elif result.outcome == "added":
                mass.to_bin(work, [found.id])
                record_fields.drop_external_ids(work, KIND, [found.id])
            else:
                services.update(work, found.id, result.before["fields"])
        except CrmError:
            left.append(result.id)
    return sorted(set(left))


# --- out --------------------------------------------------------------------------------------------------------------

_COLUMNS: dict[str, str] = {
    "id": Message("Number"),
    "title": Message("Title"),
    "status": Message("Status"),
    "value": Message("Value"),
    "currency": Message("Currency"),
    "date": Message("Date"),
    "valid_until": Message("Valid until"),
    "contact_id": Message("Number of the contact"),
    "contact_email": Message("E-mail of the contact"),
    "company_id": Message("Number of the company"),
    "company": Message("Company"),
    "lines": Message("Lines (JSON)"),
    "discount": Message("Discount"),
    "shipping": Message("Shipping"),
    "shipping_taxes": Message("Taxes of the shipping (JSON)"),
    "prices_include_tax": Message("Prices include tax"),
    "content": Message("Text (HTML)"),
    "notes": Message("Notes"),
    "language": Message("Language"),
    "tags": Message("Tags"),
    "decline_reason": Message("Declined because"),
    "source": Message("Source"),
    "created_at": Message("Date added"),
}


def columns(work: Work) -> list[tuple[str, str]]:
    """Names, which are those of the API, and labels."""
    return [*_COLUMNS.items(), *((field.name, field.label) for field in custom_fields.exported(work, KIND))]


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All quotes that fit and the actor may see, page by page."""
    exported = custom_fields.exported(work, KIND)
    for found in queries.LIST.runs(work, filters):
        yield from _rows(work, found, exported)


def _rows(work: Work, found: Sequence[Quote], exported: Any) -> Iterator[dict[str, Any]]:
    people = {one.contact_id for one in found if one.contact_id is not None}
    mine = work.visible(Contact).with_only_columns(Contact.id, Contact.email).where(Contact.id.in_(people))
    emails = {row[0]: row[1] for row in work.session.execute(mine)}
    firms = work.service("companies") if work.can("companies.view") else None
    ids = {one.company_id for one in found if one.company_id is not None}
    companies = firms.names(sorted(ids)) if firms is not None and ids else {}
    labels = tags.of(work, KIND, [one.id for one in found])
    plain = ("id", "title", "currency", "content", "notes", "language", "company_id", "decline_reason", "source")
    for one in found:
        priced = documents.to_json(one.document)
        yield {
            **{name: getattr(one, name) for name in plain},
            "status": str(STATES[one.state]),
            "value": f"{one.worth.decimal:f}",
            "date": one.date.isoformat(),
            "valid_until": one.valid_until.isoformat() if one.valid_until else "",
            "created_at": one.created_at.isoformat(),
            "lines": json.dumps(priced["lines"], ensure_ascii=False) if one.document.lines else "",
            "shipping_taxes": json.dumps(priced["shipping_taxes"], ensure_ascii=False),
            "discount": _amount(one.document.discount),
            "shipping": _amount(one.document.shipping),
            "prices_include_tax": "yes" if one.document.prices_include_tax else "no",
            "tags": ", ".join(label.name for label in labels.get(one.id, ())),
            "contact_id": one.contact_id if one.contact_id in emails else None,
            "contact_email": emails.get(one.contact_id or 0, ""),
            "company": companies.get(one.company_id or 0, ""),
            **custom_fields.exported_texts(work, exported, one.custom),
        }


def _amount(given: Any) -> str:
    if given is None:
        return ""
    return str(given) if isinstance(given, documents.Percent) else f"{given.decimal:f}"
