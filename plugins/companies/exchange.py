"""Companies from and to CSV."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import (
    CrmError,
    ImportField,
    Invalid,
    JournalEntry,
    Message,
    RowResult,
    User,
    Work,
    custom_fields,
    keyset,
    record_fields,
    tags,
    texts,
)

from . import mass, members, queries, services, statuses
from .fields import ADDRESSES, PHONES, prepare
from .models import KIND, Company

#: Companies that are in memory at a time.
BATCH = 500
#: Source under which the ids of a file are kept when the file does not say which system they are from.
EXTERNAL_SOURCE = "import"
_LABELS = {
    "name": ("Name", ("company", "company name", "account name", "organization", "organisation", "entreprise", "societe", "nom")),
    "email": ("E-mail", ("mail", "e-mail address", "email address", "company email", "courriel", "adresse e-mail")),
    "main_phone": ("Main phone", ("phone", "phone number", "maintel", "main telephone", "telephone", "tel")),
    "second_phone": ("Second phone", ("sectel", "secondary phone", "other phone", "mobile", "autre telephone")),
    "status": ("Status", ("company status", "lifecycle stage", "type", "statut")),
    "tags": ("Tags", ("tag", "labels", "etiquettes")),
    "assigned_to": ("Assigned to (e-mail of a user)", ("owner", "company owner", "owner email", "assigne a")),
    "notes": ("Notes", ("note", "description", "about us", "comments", "remarques")),
    "source": ("Source", ()),
    "created_at": ("Date added", ("create date", "created", "date de creation", "date d'ajout")),
    "social_x": ("X (Twitter)", ("twitter handle", "twitter", "x handle")),
    "social_linkedin": ("LinkedIn", ("linkedin company page", "linkedin url")),
    "social_facebook": ("Facebook", ("facebook company page", "facebook url")),
    "external_id": ("Id in another system", ("external id", "company id", "record id")),
    "external_source": ("System of that id", ()),
}  # fmt: skip
_PARTS = {
    "line1": ("line 1", ("street", "street address", "address", "adresse", "rue", "addr1")),
    "line2": ("line 2", ("street 2", "address 2", "street address 2", "addr2")),
    "city": ("city", ("town", "ville")),
    "county": ("county", ("state", "region", "state/region", "province", "departement")),
    "postal_code": ("postal code", ("zip", "zip code", "postcode", "code postal")),
    "country": ("country", ("country/region", "pays")),
}
_KINDS: dict[str, Any] = {"tags": "list", "notes": "list", "created_at": "instant"}


def fields(work: Work) -> list[ImportField]:
    """What columns can be mapped to: the API's names of the fields, and custom fields."""
    found = [
        ImportField(
            name=name,
            label=label,
            aliases=aliases,
            kind=_KINDS.get(name, "text"),
            choices=[status.name for status in statuses.all_statuses(work)] if name == "status" else (),
        )
        for name, (label, aliases) in _LABELS.items()
    ]
    for number, address in enumerate(ADDRESSES):
        for part, (label, aliases) in _PARTS.items():
            said = f"Address, {label}" if not number else f"Second address, {label}"
            names = aliases if not number else tuple(f"second address {alias}" for alias in aliases)
            found.append(ImportField(name=f"{address}_{part}", label=said, aliases=names))
    kinds: dict[str, Any] = {"date": "instant", "choices": "list"}
    return found + [
        ImportField(name=field.name, label=field.label, aliases=(field.key,), kind=kinds.get(field.kind, "text"))
        for field in custom_fields.definitions(work, KIND)
    ]


def new_field(work: Work, label: str, kind: str) -> str:
    """Makes a custom field for a column that no field fits; gives its name."""
    return custom_fields.add(work, {"object": KIND, "label": label, "kind": kind}).name


# --- bringing in -----------------------------------------------------------------------------------------------------


def save(work: Work, rows: Sequence[Mapping[str, str]], match: str, mode: str) -> list[RowResult]:
    """Saves rows as companies, recognised by an id in another system, their name or their e-mail; one result per row."""
    work.require("companies.edit")
    known = _Known(work, rows)
    results = []
    for row in rows:
        try:
            with work.part():
                result = _save_row(work, row, known.find(row, match), mode)
        except CrmError as error:
            results.append(RowResult(outcome="refused", reasons=_reasons(error)))
            continue
        if result.id is not None:
            known.add(row, result.id)
        results.append(result)
    return results


def _save_row(work: Work, row: Mapping[str, str], company_id: int | None, mode: str) -> RowResult:
    given = company_fields(row)
    if company_id is None:
        values, remarks = prepare(work, given, None, lenient=True)
        company = services.add(work, values, "import")
        return RowResult(outcome="added", id=company.id, reasons=remarks, before={"version": company.version})
    if mode == "skip":
        return RowResult(outcome="skipped", id=company_id)
    company = services.locked(work, company_id)
    if mode == "fill":
        given = {name: value for name, value in given.items() if not _filled(company, name)}
    values, remarks = prepare(work, given, company, lenient=True)
    if "tags" in values:
        have = [tag.name for tag in tags.of(work, KIND, [company.id]).get(company.id, ())]
        values["tags"] = [*have, *values["tags"]]
    before = services.write(work, company, values)
    if not before:
        return RowResult(outcome="skipped", id=company.id, reasons=remarks)
    kept = {"version": company.version, "fields": before}
    return RowResult(outcome="updated", id=company.id, reasons=remarks, before=kept)


def company_fields(row: Mapping[str, str]) -> dict[str, Any]:
    """A row's fields as the service takes them."""
    given: dict[str, Any] = {
        name: text for name, text in row.items() if name not in ("reason", "tags", "external_id", "external_source")
    }
    if row.get("tags"):
        lines = row["tags"].replace(";", ",").split("\n")
        given["tags"] = [name for line in lines for name in next(csv.reader([line], skipinitialspace=True), []) if name]
    if row.get("external_id"):
        given["external_ids"] = _external_ids(row)
    return given


def _external_ids(row: Mapping[str, str]) -> list[record_fields.ExternalKey]:
    """One id as it stands, or the JSON list of [source, account, id] that an export of ours holds."""
    text = row.get("external_id", "")
    if not text.startswith("[["):
        return [(row.get("external_source") or EXTERNAL_SOURCE, "", text)] if text else []
    try:
        return [(str(source), str(account), str(key)) for source, account, key in json.loads(text)]
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(
            'The ids in other systems can\'t be read: give one id, or [["source", "account", "id"], …].'
        ) from error


def _filled(company: Company, name: str) -> bool:
    if name in ("tags", "external_ids"):
        return False
    if name.startswith("custom."):
        return bool((company.custom or {}).get(name.removeprefix("custom.")))
    if name.startswith("social_"):
        return bool((company.socials or {}).get(name.removeprefix("social_")))
    if name.startswith(ADDRESSES):
        return bool((getattr(company, name[:8]) or {}).get(name[9:]))
    column = {"assigned_to": "assigned_to_id", "status": "status_id"}.get(name, name)
    return bool(getattr(company, column, None))


def _reasons(error: CrmError) -> list[str]:
    if isinstance(error, Invalid):
        return [sentence for sentences in error.errors.values() for sentence in sentences]
    return [error.message]


class _Known:
    """The companies that the rows of a batch may mean, read for all of them at once."""

    def __init__(self, work: Work, rows: Sequence[Mapping[str, str]]) -> None:
        self._names = members.by_name(work, [row["name"] for row in rows if row.get("name")])
        emails = [record_fields.email_key(texts.clean_line(row["email"])) for row in rows if row.get("email")]
        wanted = select(Company.email_key, func.min(Company.id)).where(Company.email_key.in_(emails))
        visible = wanted.where(Company.visible_to(work.actor)).group_by(Company.email_key)
        self._emails = {row[0]: row[1] for row in work.session.execute(visible)}
        keys = [key for row in rows for key in self._keys(row)]
        self._ids = record_fields.external_owners(work, KIND, keys)

    def find(self, row: Mapping[str, str], match: str) -> int | None:
        """The company that a row means: by the field asked for, then by an id in another system, which is unique."""
        if match == "email" and row.get("email"):
            found = self._emails.get(record_fields.email_key(texts.clean_line(row["email"])))
        elif match == "name" and row.get("name"):
            found = self._names.get(texts.fold(row["name"])[:200])
        else:
            found = None
        return found or next((self._ids[key] for key in self._keys(row) if key in self._ids), None)

    def add(self, row: Mapping[str, str], company_id: int) -> None:
        """Notes what a row was saved as, for those that follow."""
        if row.get("name"):
            self._names.setdefault(texts.fold(row["name"])[:200], company_id)
        if row.get("email"):
            self._emails.setdefault(record_fields.email_key(texts.clean_line(row["email"])), company_id)
        for key in self._keys(row):
            self._ids.setdefault(key, company_id)

    @staticmethod
    def _keys(row: Mapping[str, str]) -> list[record_fields.ExternalKey]:
        try:
            return _external_ids(row)
        except Invalid:
            # The row is refused for it where it is saved.
            return []


def undo(work: Work, results: Sequence[RowResult]) -> list[int]:
    """Takes back what was not edited since: what was added goes to the bin, what was changed becomes what it was."""
    left: set[int] = set()
    for result in reversed(results):
        if result.id is None or result.before is None or result.id in left:
            continue
        company = work.session.get(Company, result.id)
        if company is None or company.deleted_at is not None:
            continue
        if company.version != result.before["version"] or (result.outcome == "added" and _noted(work, company.id)):
            left.add(company.id)
        elif result.outcome == "added":
            record_fields.drop_external_ids(work, KIND, [company.id])
            mass.to_bin(work, [company.id])
        else:
            _put_back(work, company, result.before["fields"])
    return sorted(left)


def _noted(work: Work, company_id: int) -> bool:
    """Whether a person wrote about the company."""
    mine = (JournalEntry.object_type == KIND, JournalEntry.object_id == company_id, ~JournalEntry.by_system)
    return work.session.scalar(select(JournalEntry.id).where(*mine).limit(1)) is not None


def _put_back(work: Work, company: Company, fields: Mapping[str, Any]) -> None:
    """Makes a company what it was. It gets its old version again, so that an earlier step can be undone after this one."""
    version = company.version
    record_fields.release_external_ids(work, KIND, [tuple(key) for key in fields.get("new_external_ids", ())])
    values = {name: value for name, value in fields.items() if not name.endswith("external_ids")}
    if values.get("created_at"):
        values["created_at"] = dt.datetime.fromisoformat(values["created_at"])
    if values.get("status_id") not in {status.id for status in statuses.all_statuses(work)}:
        values.pop("status_id", None)
    services.write(work, company, values)
    company.version = version - 1
    work.session.flush()


# --- writing out -----------------------------------------------------------------------------------------------------

_PLAIN = ("name", "email", *PHONES, "notes", "source")
_PROFILES = ("x", "linkedin", "facebook")


def columns(work: Work) -> list[tuple[str, str]]:
    """Name and label of each column; the names are those of the API, which an import knows."""
    found: list[tuple[str, str]] = [("id", Message("Number"))]
    found += [(name, _LABELS[name][0]) for name in ("name", "status", "tags", "assigned_to", "email", *PHONES)]
    for number, address in enumerate(ADDRESSES):
        said = "Address, " if not number else "Second address, "
        found += [(f"{address}_{part}", said + label) for part, (label, _aliases) in _PARTS.items()]
    found += [(name, _LABELS[name][0]) for name in ("notes", "source", "created_at")]
    found.append(("updated_at", Message("Date changed")))
    found += [(f"social_{name}", _LABELS[f"social_{name}"][0]) for name in _PROFILES]
    found.append(("external_id", Message("Ids in other systems")))
    return found + [(field.name, field.label) for field in custom_fields.exported(work, KIND)]


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All companies that the actor may see and the filters let through, by their number; ``q`` searches.

    :raises Invalid: when a filter is unknown.
    """
    work.require("companies.export")
    query = queries.CompanyQuery(
        q=filters.get("q", ""), filters={name: text for name, text in filters.items() if name not in ("q", "ids")}
    )
    custom = custom_fields.exported(work, KIND)
    for ids in _runs(work, query, filters.get("ids", "")):
        yield from _rows(work, ids, custom)


def _runs(work: Work, query: queries.CompanyQuery, chosen: str) -> Iterator[list[int]]:
    wanted = {number for number in map(keyset.valid_id, chosen.split(",")) if number} if chosen else None
    for ids in queries.ids(work, query, BATCH):
        yield [key for key in ids if key in wanted] if wanted is not None else ids


def _rows(work: Work, ids: Sequence[int], custom: Sequence[custom_fields.Definition]) -> Iterator[dict[str, Any]]:
    found = list(work.session.scalars(select(Company).where(Company.id.in_(ids)).order_by(Company.id)))
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    tagged = tags.of(work, KIND, ids)
    elsewhere = record_fields.external_ids(work, KIND, ids)
    assigned = {company.assigned_to_id for company in found if company.assigned_to_id}
    emails = select(User.id, User.email).where(User.id.in_(assigned))
    owners = {row[0]: row[1] for row in work.session.execute(emails)} if assigned else {}
    for company in found:
        row: dict[str, Any] = {"id": company.id, **{name: getattr(company, name) for name in _PLAIN}}
        row |= {"status": names.get(company.status_id, ""), "assigned_to": owners.get(company.assigned_to_id or 0, "")}
        row["tags"] = _joined([tag.name for tag in tagged.get(company.id, ())])
        for address in ADDRESSES:
            row |= {f"{address}_{part}": text for part, text in (getattr(company, address) or {}).items()}
        row |= {f"social_{name}": (company.socials or {}).get(name, "") for name in _PROFILES}
        row |= {name: getattr(company, name).isoformat() for name in ("created_at", "updated_at")}
        keys = elsewhere.get(company.id)
        row["external_id"] = json.dumps(keys, ensure_ascii=False) if keys else ""
        row |= custom_fields.exported_texts(work, custom, company.custom)
        work.session.expunge(company)
        yield row


def _joined(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' if "," in name else name for name in names)
