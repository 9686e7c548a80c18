"""Companies in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Invalid, Work, journal, record_fields
from crmhost.web.api import Response, current_work, request, rest, writing

from . import mass, members, queries, services, statuses
from .fields import ADDRESSES, PHONES
from .models import KIND, Company, CompanyStatus
from .schemas import (
    CompanyFields,
    CompanyList,
    CompanyObject,
    CompanyQuery,
    EntryFields,
    EntryList,
    EntryObject,
    MemberFields,
    PersonList,
    StatusFields,
    StatusList,
    StatusObject,
)
from .values import values_of

blueprint = Blueprint(
    "companies_api", __name__, url_prefix="/companies", description="Companies, and the people who belong to them."
)
status_blueprint = Blueprint(
    "companies_statuses_api", __name__, url_prefix="/company-statuses", description="The statuses of companies."
)
#: Parameters of the list that are no filters.
_PAGING = ("limit", "after", "count", "q", "sort")


@blueprint.get("")
@blueprint.arguments(CompanyQuery, location="query")
@blueprint.response(200, CompanyList)
def list_companies(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists companies, by name unless told otherwise."""
    work = current_work()
    known = CompanyQuery().fields
    custom = {name: value for name, value in request.args.items() if name not in known}
    unknown = [name for name in custom if not name.startswith("custom.")]
    if unknown:
        raise Invalid({unknown[0][:100]: ["There is no such parameter."]})
    wanted = queries.CompanyQuery(
        q=query.get("q", ""),
        filters={name: str(value) for name, value in query.items() if name not in _PAGING} | custom,
        sort=query.get("sort") or "name",
        after=query["after"] or None,
        limit=query["limit"],
    )
    page = queries.page(work, wanted)
    answer: dict[str, Any] = {"data": records(work, page.rows), "next": page.next}
    if query["count"]:
        counted = queries.count(work, wanted)
        answer |= {"total": counted.number, "exact": counted.exact}
    if page.note:
        answer["note"] = page.note
    return answer


@blueprint.post("")
@blueprint.arguments(CompanyFields)
@blueprint.response(201, CompanyObject, **rest.CREATED)
def add_company(document: Mapping[str, Any]) -> Any:
    """Adds a company."""
    with writing() as work:
        company = services.create(work, _fields(document), source="api")
    return rest.answer_one(work, company, records, 201)


@blueprint.get(f"/<{rest.ID}:company_id>")
@blueprint.response(200, CompanyObject, **rest.TAGGED)
def read_company(company_id: int) -> Any:
    """Gives a company."""
    work = current_work()
    return rest.answer_one(work, services.get(work, company_id), records)


@blueprint.patch(f"/<{rest.ID}:company_id>")
@blueprint.arguments(CompanyFields(partial=True))
@blueprint.response(200, CompanyObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
def change_company(document: Mapping[str, Any], company_id: int) -> Any:
    """Changes a company; fields that are left out stay as they are."""
    with writing() as work:
        company = services.get(work, company_id)
        company = services.update(work, company_id, _fields(document), version=rest.wanted_version(company))
    return rest.answer_one(work, company, records)


@blueprint.delete(f"/<{rest.ID}:company_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
def remove_company(company_id: int) -> Any:
    """Moves a company to the bin."""
    with writing() as work:
        rest.wanted_version(services.locked(work, company_id, "companies.delete"))
        mass.to_bin(work, [company_id])
    return Response(b"", 204)


# --- its people and its journal --------------------------------------------------------------------------------------


@blueprint.get(f"/<{rest.ID}:company_id>/contacts")
@blueprint.arguments(rest.PageQuery, location="query")
@blueprint.response(200, PersonList)
def list_people(query: Mapping[str, Any], company_id: int) -> dict[str, Any]:
    """Lists the people of a company."""
    people, following = members.people_of(current_work(), company_id, query["after"] or None, query["limit"])
    rows = [
        {"contact_id": item.contact.id, "name": item.contact.name, "email": item.contact.email, "role": item.role}
        for item in people
    ]
    return {"data": rows, "next": following}


@blueprint.post(f"/<{rest.ID}:company_id>/contacts")
@blueprint.arguments(MemberFields)
@blueprint.response(204)
def add_person(document: Mapping[str, Any], company_id: int) -> Any:
    """Lets a contact belong to a company, or changes the role there."""
    with writing() as work:
        members.join(work, company_id, document["contact_id"], document["role"])
    return Response(b"", 204)


@blueprint.delete(f"/<{rest.ID}:company_id>/contacts/<{rest.ID}:contact_id>")
@blueprint.response(204)
def remove_person(company_id: int, contact_id: int) -> Any:
    """Ends that a contact belongs to a company."""
    with writing() as work:
        members.leave(work, company_id, contact_id)
    return Response(b"", 204)


@blueprint.get(f"/<{rest.ID}:company_id>/journal")
@blueprint.arguments(rest.PageQuery, location="query")
@blueprint.response(200, EntryList)
def list_entries(query: Mapping[str, Any], company_id: int) -> dict[str, Any]:
    """Lists what happened with a company, newest first."""
    work = current_work()
    services.get(work, company_id)
    page = journal.entries(work, KIND, company_id, after=query["after"] or None, limit=query["limit"])
    return {"data": [_entry(entry) for entry in page.rows], "next": page.next}


@blueprint.post(f"/<{rest.ID}:company_id>/journal")
@blueprint.arguments(EntryFields)
@blueprint.response(201, EntryObject)
def add_entry(document: Mapping[str, Any], company_id: int) -> dict[str, Any]:
    """Writes a journal entry for a company."""
    with writing() as work:
        services.get(work, company_id)
        texts = {name: document[name] for name in ("summary", "comment", "outcome")}
        entry = journal.add(work, KIND, company_id, document["type"], **texts, pinned=document["pinned"])
    return {"data": _entry(entry)}


# --- statuses --------------------------------------------------------------------------------------------------------


@status_blueprint.get("")
@status_blueprint.response(200, StatusList)
def list_statuses() -> dict[str, Any]:
    """Lists the statuses of companies in their order."""
    work = current_work()
    work.require("companies.view")
    return {"data": [_status(status) for status in statuses.all_statuses(work)], "next": None}


@status_blueprint.post("")
@status_blueprint.arguments(StatusFields)
@status_blueprint.response(201, StatusObject)
def add_status(document: Mapping[str, Any]) -> dict[str, Any]:
    """Adds a status at the end of the list."""
    with writing() as work:
        return {"data": _status(statuses.add(work, document["name"], document["hue"]))}


# --- shapes ----------------------------------------------------------------------------------------------------------


def records(work: Work, found: Sequence[Company]) -> list[dict[str, Any]]:
    """Companies as the API gives them, in the order given: one query per kind of thing."""
    ids = [company.id for company in found]
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    shared = record_fields.shared_json(work, KIND, found)
    values = values_of(work, ids)
    return [
        {
            "id": company.id,
            "name": company.name,
            "status": names.get(company.status_id, ""),
            "email": company.email,
            "phones": {name.removesuffix("_phone"): getattr(company, name) for name in PHONES},
            "addresses": _addresses(company),
            "notes": company.notes,
            "assigned_to": company.assigned_to_id,
            "source": company.source,
            **shared[company.id],
            "socials": company.socials or {},
            "value": values.get(company.id),
            "created_at": company.created_at,
            "updated_at": company.updated_at,
        }
        for company in found
    ]


def _addresses(company: Company) -> list[dict[str, str]]:
    """Both addresses; the second alone keeps its place behind an empty first one."""
    both = [company.address1 or {}, company.address2 or {}]
    while both and not both[-1]:
        both.pop()
    return both


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the service from a document of the API."""
    fields = {name: value for name, value in document.items() if name not in ("phones", "addresses")}
    if "phones" in document:
        phones = document["phones"] or dict.fromkeys(name.removesuffix("_phone") for name in PHONES)
        fields |= {f"{name}_phone": number for name, number in phones.items()}
    if "addresses" in document:
        given = document["addresses"]
        for place, field in enumerate(ADDRESSES):
            parts = given[place] if place < len(given) else {}
            fields[field] = {name: text for name, text in parts.items() if text is not None}
    return fields


def _entry(entry: Any) -> dict[str, Any]:
    names = ("id", "type", "at", "summary", "comment", "outcome", "user_id", "by_system", "pinned")
    return {name: getattr(entry, name) for name in names} | {"by": entry.actor_label}


def _status(status: CompanyStatus) -> dict[str, Any]:
    return {name: getattr(status, name) for name in ("id", "name", "hue", "position")}


def event_data(work: Work, event: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What webhooks are told of companies."""
    if not event.startswith("company."):
        return None
    if not work.can("companies.view"):
        return {}
    found = work.session.scalars(work.visible(Company).where(Company.id.in_(ids)))
    told = {record["id"]: _plain(record) for record in records(work, list(found))}
    if event in ("company.deleted", "company.erased") and not work.actor.only_assigned:
        told |= {key: {"id": key} for key in ids if key not in told}
    return told


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record_fields.plain(value) for name, value in record.items()}
