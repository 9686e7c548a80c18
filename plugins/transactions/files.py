"""Transactions from and to CSV."""

from __future__ import annotations

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
    record_fields,
    record_imports,
    tags,
    texts,
)

from . import fields, kinds, mass, queries, services, storing
from .models import KIND, Transaction
from .owners import Owners, visible_companies

_AMOUNTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "total": (
        Message("Total"),
        ("amount", "value", "gross", "montant", "total amount", "order total", "sum", "betrag"),
    ),
    "tax": (Message("Tax"), ("taxes", "vat", "tva", "total tax")),
    "fee": (Message("Fee"), ("fees", "frais", "commission")),
    "discount": (Message("Discount"), ("remise", "discount amount", "total discount")),
    "shipping": (Message("Shipping"), ("livraison", "shipping total", "delivery")),
}
_PLAIN = (
    "ref",
    "name",
    "type",
    "status",
    "date",
    "currency",
    *_AMOUNTS,
    "description",
    "payment_method",
    "company_id",
    "invoice_id",
)
BATCH = 500


def import_fields(work: Work) -> list[ImportField]:
    """What columns can be mapped to."""
    known = [
        ImportField(name="ref", label="Reference", required=True,
                    aliases=("reference", "transaction id", "order id", "order number", "number", "invoice number", "numero")),
        ImportField(name="name", label="Name", aliases=("title", "product", "item", "nom", "designation")),
        ImportField(name="email", label="E-mail of the contact",
                    aliases=("contact_email", "customer email", "billing email", "courriel")),
        ImportField(name="date", label="Date", kind="instant",
                    aliases=("created", "paid at", "order date", "transaction date", "jour")),
        *(ImportField(name=name, label=label, aliases=aliases) for name, (label, aliases) in _AMOUNTS.items()),
        ImportField(name="currency", label="Currency", aliases=("devise", "currency code")),
        ImportField(name="type", label="Type", choices=[kind.name for kind in kinds.types(work)]),
        ImportField(name="status", label="Status", aliases=("statut", "etat", "payment status"),
                    choices=[status.name for status in kinds.statuses(work)]),
        ImportField(name="payment_method", label="Payment method", aliases=("method", "moyen de paiement", "gateway")),
        ImportField(name="description", label="Description", aliases=("details", "memo", "comment")),
        ImportField(name="tags", label="Tags", kind="list", aliases=("tag", "labels", "categories", "etiquettes")),
        ImportField(name="contact_id", label="Number of the contact"),
        ImportField(name="company_id", label="Number of the company"),
        ImportField(name="company", label="Company", aliases=("company name", "entreprise", "societe")),
        ImportField(name="invoice_id", label="Number of the invoice"),
        ImportField(name="lines", label="Lines (JSON)"),
        ImportField(name="external_id", label="Id in another system", aliases=("external id", "external_ids")),
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


# --- in --------------------------------------------------------------------------------------------------------------


def save(work: Work, rows: Sequence[Mapping[str, str]], match: str, mode: str) -> list[RowResult]:
    """Adds or updates transactions; new ones are stored together, so that a thousand take no thousand statements."""
    work.require("transactions.edit")
    known = fields.Known(work)
    there = _there(work, rows, match)
    people, refused_people = record_imports.people(work, rows, "Came with an imported transaction")
    results: dict[int, RowResult] = {}
    new: list[tuple[int, dict[str, Any]]] = []
    refs = storing.by_refs(work, [row.get("ref", "") for row in rows])
    for place, row in enumerate(rows):
        number = there.get(_key(row, match))
        try:
            if row.get("email", "") in refused_people:
                raise Invalid(refused_people[row["email"]])
            given = _given(work, row, people)
            if number is not None:
                results[place] = _changed(work, number, given, mode)
                continue
            values = fields.prepare(work, {**given, "name": given.get("name") or given.get("ref", "")}, known, None)
            key = fields.derived(values)["ref_key"]
            if key in refs:
                raise storing.taken(work, values["ref"], refs[key])
            refs[key] = 0
            new.append((place, values))
        except CrmError as error:
            results[place] = RowResult(outcome="refused", reasons=(str(error),))
    _add(work, new, results)
    return [results[place] for place in range(len(rows))]


def _add(work: Work, new: Sequence[tuple[int, dict[str, Any]]], results: dict[int, RowResult]) -> None:
    owners = Owners(work, [values for _place, values in new])
    good = []
    for place, values in new:
        try:
            owners.check(values, None, values["currency"])
        except Invalid as error:
            results[place] = RowResult(outcome="refused", reasons=(str(error),))
        else:
            good.append((place, values | owners.counted(values, None)))
    made = storing.add_all(work, [values for _place, values in good], "import")
    for (place, _values), one in zip(good, made, strict=True):
        results[place] = RowResult(outcome="added", id=one.id, before={"version": one.version})


def _key(row: Mapping[str, str], match: str) -> str:
    return record_imports.external_key(row) if match == "external_id" else texts.fold(row.get("ref", ""))


def _there(work: Work, rows: Sequence[Mapping[str, str]], match: str) -> dict[str, int]:
    """What the rows are matched by -> id of the transaction that is there and that the actor may see."""
    if match == "external_id":
        return record_imports.by_external_id(work, KIND, rows, Transaction)
    return storing.by_refs(work, [row["ref"] for row in rows if row.get("ref")], visible=True)


def _given(work: Work, row: Mapping[str, str], people: Mapping[str, int]) -> dict[str, Any]:
    given: dict[str, Any] = {name: row[name] for name in _PLAIN if row.get(name)}
    given |= {name: text for name, text in row.items() if name.startswith("custom.")}
    if row.get("email"):
        given["contact_id"] = people[row["email"]]
    elif row.get("contact_id"):
        given["contact_id"] = row["contact_id"]
    if row.get("company") and "company_id" not in given:
        given["company_id"] = record_imports.company(work, row["company"])
    if row.get("tags"):
        given["tags"] = row["tags"].replace("\n", ",")
    if row.get("external_id"):
        given["external_ids"] = record_imports.external_ids(row)
    if row.get("lines"):
        given["lines"] = record_imports.from_json("lines", row["lines"])
    return given


def _changed(work: Work, number: int, given: dict[str, Any], mode: str) -> RowResult:
    if mode == "skip":
        return RowResult(outcome="skipped", id=number)
    transaction = services.get(work, number)
    if mode == "fill":
        given = {name: value for name, value in given.items() if not _has(transaction, name)}
    version = transaction.version
    values = fields.prepare(work, given, fields.Known(work), transaction)
    before = services.write(work, transaction, values)
    if not before:
        return RowResult(outcome="skipped", id=number)
    kept = {name: value for name, value in before.items() if name in fields.COLUMNS and name not in ("day", "at")}
    kept |= {"at": before["at"]} if "at" in before else {}
    return RowResult(outcome="updated", id=number, before={"version": version + 1, "fields": kept})


def _has(transaction: Transaction, name: str) -> bool:
    column = {"type": "type_id", "status": "status_id", "date": "at"}.get(name, name)
    return bool(getattr(transaction, column, None))


def undo(work: Work, results: Sequence[RowResult]) -> list[int]:
    """Takes back what was added or changed and not edited since; gives the ids left alone."""
    work.require("transactions.edit")
    left: list[int] = []
    added: list[int] = []
    for result in reversed(results):
        if result.id is None or result.before is None:
            continue
        found = work.session.scalar(work.visible(Transaction).where(Transaction.id == result.id))
        if found is None:
            continue
        if found.version != result.before["version"]:
            left.append(result.id)
        elif result.outcome == "added":
            added.append(result.id)
        else:
            back = dict(result.before["fields"])
            moment = back.pop("at", None)
            if moment:
                back["at"] = record_fields.instant(moment, work.timezone)
                back["day"] = fields.day_of(work, back["at"])
            services.write(work, found, back)
    for start in range(0, len(added), BATCH):
        mass.to_bin(work, added[start : start + BATCH])
        record_fields.drop_external_ids(work, KIND, added[start : start + BATCH])
    return sorted(set(left))


# --- out -------------------------------------------------------------------------------------------------------------

_COLUMNS: dict[str, str] = {
    "id": Message("Number"),
    "ref": Message("Reference"),
    "name": Message("Name"),
    "type": Message("Type"),
    "status": Message("Status"),
    "date": Message("Date"),
    **{name: label for name, (label, _aliases) in _AMOUNTS.items()},
    "currency": Message("Currency"),
    "payment_method": Message("Payment method"),
    "description": Message("Description"),
    "tags": Message("Tags"),
    "contact_id": Message("Number of the contact"),
    "contact_email": Message("E-mail of the contact"),
    "company_id": Message("Number of the company"),
    "company": Message("Company"),
    "invoice_id": Message("Number of the invoice"),
    "source": Message("Source"),
    "created_at": Message("Date added"),
}


def columns(work: Work) -> list[tuple[str, str]]:
    """Names, which are those of the API, and labels."""
    return [*_COLUMNS.items(), *((field.name, field.label) for field in custom_fields.exported(work, KIND))]


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All transactions that fit and the actor may see, page by page."""
    known = fields.Known(work)
    names = {kind.id: kind.name for kind in known.types}, {status.id: status.name for status in known.statuses}
    exported = custom_fields.exported(work, KIND)
    for found in queries.LIST.runs(work, filters):
        yield from _rows(work, found, names, exported)


def _rows(
    work: Work, found: Sequence[Transaction], names: tuple[dict[int, str], dict[int, str]], exported: Any
) -> Iterator[dict[str, Any]]:
    people = {one.contact_id for one in found if one.contact_id is not None}
    mine = work.visible(Contact).where(Contact.id.in_(people))
    emails = {contact.id: contact.email for contact in work.session.scalars(mine)}
    companies = visible_companies(work, {one.company_id for one in found if one.company_id is not None})
    labels = tags.of(work, KIND, [one.id for one in found])
    for one in found:
        amounts = {name: f"{one.money(name).decimal:f}" for name in fields.AMOUNTS}
        plain = ("id", "ref", "currency", "payment_method", "description", "invoice_id", "source", "company_id")
        yield {
            **{name: getattr(one, name) for name in plain},
            **amounts,
            "name": one.title,
            "type": names[0].get(one.type_id, ""),
            "status": names[1].get(one.status_id, ""),
            "date": one.at.isoformat(),
            "created_at": one.created_at.isoformat(),
            "tags": ", ".join(label.name for label in labels.get(one.id, ())),
            "contact_id": one.contact_id if one.contact_id in emails else None,
            "contact_email": emails.get(one.contact_id or 0, ""),
            "company": companies.get(one.company_id or 0, ""),
            **custom_fields.exported_texts(work, exported, one.custom),
        }
