"""``/contacts``: list, add, read, change, move to the bin; many at once; each one's journal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError

from crmhost.api import (
    Conflict,
    Invalid,
    NotFound,
    RowResult,
    Stale,
    contacts,
    contacts_bulk,
    contacts_list,
    custom_fields,
    journal,
    merging,
    privacy,
    texts,
)
from crmhost.web.api import Response, current_work, request, writing

from ..envelopes import counted_list_of, list_of, object_of
from ..fields import Flag, Text
from ..problems import schema_errors, unknown_sentence
from ..schemas import (
    BulkContacts,
    BulkResult,
    Contact,
    ContactFields,
    ContactQuery,
    Entry,
    EntryFields,
    JournalQuery,
    Merged,
    MergeRequest,
    PersonalData,
    RemoveQuery,
    RevealedText,
    Undone,
    UndoRequest,
)
from ..shapes import api_name, contact_fields, contact_records, entry_records
from .answers import answer, many, nothing, one
from .common import CREATED, ID, IF_MATCH, NOON, TAGGED, bound, wanted_version

blueprint = Blueprint(
    "rest_api_contacts", __name__, url_prefix="/contacts", description="People, and what happened with them."
)
merge_blueprint = Blueprint(
    "rest_api_merges", __name__, url_prefix="/merges", description="Duplicates that became one."
)

#: Rows that one transaction saves.
BATCH = 250
_EXACT = Flag("Whether “total” is all of them; else at least so many.")
_NOTE = Text("Says when not all hits of a search were looked at.")
#: Parameters of the list that are no filters.
_NO_FILTERS = ("limit", "after", "count", "q", "sort")


@contextlib.contextmanager
def _api_names(below: str = "") -> Iterator[None]:
    """Refusals of the contact services, with the API's names of fields, which stand below another."""
    try:
        yield
    except Invalid as error:
        named = {api_name(field): sentences for field, sentences in error.errors.items()}
        if below:
            named = {field if field in ("", "from") else below + field: found for field, found in named.items()}
        raise Invalid(named) from error
    except Conflict as error:
        error.field = api_name(error.field)
        raise


@blueprint.get("")
@blueprint.arguments(ContactQuery, location="query")
@blueprint.response(200, counted_list_of(Contact, exact=_EXACT, note=_NOTE))
@blueprint.doc(**{"x-contact-filters": True})
def list_contacts(query: Mapping[str, Any]) -> Response:
    """Lists contacts, newest first unless told otherwise."""
    work = current_work()
    query = {**query, **_plugin_filters()}
    wanted = contacts_list.ListQuery(
        q=query.get("q", ""),
        filters={name: value for name, value in query.items() if name not in _NO_FILTERS},
        sort=query.get("sort") or "-created_at",
        after=query["after"] or None,
        limit=query["limit"],
    )
    page = contacts_list.page(work, wanted)
    further: dict[str, Any] = {}
    if query["count"]:
        counted = contacts_list.count(work, wanted)
        further = {"total": counted.number, "exact": counted.exact}
    if page.note:
        further["note"] = page.note
    return many(contact_records(work, page.rows), page.next, **further)


def _plugin_filters() -> dict[str, str]:
    """The parameters that are filters of plugins, or of custom fields: those the list itself checks.

    :raises Invalid: when one is nobody's.
    """
    work = current_work()
    own = ContactQuery().fields
    filters = {item.id for item in work.generation.contributions("contact_filters") if work.can(item.permission)}
    given = {name: value for name, value in request.args.items() if name not in own}
    known = dict.fromkeys([*own, *filters])
    errors = {
        texts.clean_line(name)[:100]: [unknown_sentence(name, known, parameter=True)]
        for name in given
        if name not in filters and not name.startswith("custom.")
    }
    if errors:
        raise Invalid(errors)
    return given


@blueprint.post("")
@blueprint.arguments(ContactFields)
@blueprint.response(201, object_of(Contact), **CREATED)
def add_contact(document: Mapping[str, Any]) -> Response:
    """Adds a contact."""
    with writing() as work, _api_names():
        contact = contacts.create(work, contact_fields(document), source="api")
    record = contact_records(work, [contact])[0]
    return one(record, 201, version=contact.version, location=f"{request.path}/{contact.id}")


@blueprint.get(f"/<{ID}:contact_id>")
@blueprint.response(200, object_of(Contact), **TAGGED)
def read_contact(contact_id: int) -> Response:
    """Gives a contact."""
    work = current_work()
    contact = contacts.get(work, contact_id)
    return one(contact_records(work, [contact])[0], version=contact.version)


@blueprint.patch(f"/<{ID}:contact_id>")
@blueprint.arguments(ContactFields)
@blueprint.response(200, object_of(Contact), **TAGGED)
@blueprint.doc(parameters=[IF_MATCH])
def change_contact(document: Mapping[str, Any], contact_id: int) -> Response:
    """Changes a contact; fields that are left out stay as they are."""
    with writing() as work, _api_names():
        version = wanted_version(lambda: contacts.get(work, contact_id).version)
        contact = contacts.update(work, contact_id, contact_fields(document), version=version)
    return one(contact_records(work, [contact])[0], version=contact.version)


@blueprint.delete(f"/<{ID}:contact_id>")
@blueprint.arguments(RemoveQuery, location="query")
@blueprint.response(204)
@blueprint.doc(parameters=[IF_MATCH])
def remove_contact(query: Mapping[str, Any], contact_id: int) -> Response:
    """Moves a contact to the bin, or erases the person for good, from the bin too."""
    erase = query["erase"]
    with writing() as work:
        work.require("contacts.erase" if erase else "contacts.delete")
        current = contacts.get(work, contact_id, in_bin=erase).version
        version = wanted_version(lambda: current)
        if version not in (None, current):
            raise Stale("Somebody saved this contact meanwhile: read it again before you delete it.")
        if erase:
            contacts.erase(work, contact_id)
        elif not contacts.to_bin(work, [contact_id]):
            raise NotFound("contact", contact_id)
    return nothing()


@blueprint.post(f"/<{ID}:contact_id>/custom/<key>/reveal")
@blueprint.response(200, object_of(RevealedText))
def reveal_custom_field(contact_id: int, key: str) -> Response:
    """Gives the encrypted text of a custom field; that it was read is written into the audit log."""
    with writing() as work:
        contact = contacts.get(work, contact_id)
        value = custom_fields.reveal(work, "contact", contact.id, key, contact.custom)
    answer = one({"value": value})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get(f"/<{ID}:contact_id>/personal-data")
@blueprint.response(200, object_of(PersonalData))
def read_personal_data(contact_id: int) -> Response:
    """Gives all that is held on a person: by table of the core, then by plugin, also of those that are off."""
    return one(privacy.document(current_work(), contact_id))


# --- many at once ----------------------------------------------------------------------------------------------------


@blueprint.post("/bulk")
@blueprint.arguments(BulkContacts)
@blueprint.response(200, list_of(BulkResult))
def save_contacts(document: Mapping[str, Any]) -> Response:
    """Adds or updates up to 1,000 contacts; one that can't be taken does not stop the others.

    The answer has one row for each that was sent, in their order.
    """
    work = current_work()
    work.require("contacts.edit")
    results: dict[int, dict[str, Any]] = {}
    good: list[tuple[int, dict[str, Any]]] = []
    schema = ContactFields()
    for place, row in enumerate(document["contacts"]):
        try:
            good.append((place, contact_fields(schema.load(row))))
        except ValidationError as error:
            results[place] = _refused(place, schema_errors(error.messages, schema))
    for start in range(0, len(good), BATCH):
        some = good[start : start + BATCH]
        with writing() as work:
            rows = [fields for _, fields in some]
            saved = contacts_bulk.save_many(work, rows, match=document["match"], mode=document["mode"], source="api")
        for (place, _), result in zip(some, saved, strict=True):
            results[place] = _result(place, result)
    return many([results[place] for place in sorted(results)])


def _refused(place: int, errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    reasons = [f"{field}: {sentence}" if field else sentence for field, found in errors.items() for sentence in found]
    return {"row": place, "outcome": "refused", "id": None, "reasons": reasons}


def _result(place: int, result: RowResult) -> dict[str, Any]:
    return {"row": place, "outcome": result.outcome, "id": result.id, "reasons": list(result.reasons)}


# --- duplicates ------------------------------------------------------------------------------------------------------


@blueprint.post(f"/<{ID}:contact_id>/merge")
@blueprint.arguments(MergeRequest)
@blueprint.response(200, Merged)
def merge_contacts(document: Mapping[str, Any], contact_id: int) -> Response:
    """Merges other contacts into this one, which keeps all histories and records; undone by POST /merges/ID/undo."""
    with writing() as work, _api_names("fields."):
        number = merging.merge(work, contact_id, document["from_"], contact_fields(document["fields_"] or {})).id
    return answer({"merge_id": number})


@merge_blueprint.post(f"/<{ID}:merge_id>/undo")
@merge_blueprint.arguments(UndoRequest)
@merge_blueprint.response(200, Undone)
def undo_merge(document: Mapping[str, Any], merge_id: int) -> Response:
    """Undoes a merge: everything goes back, but for what was edited or deleted since, which is listed."""
    with writing() as work:
        stayed = merging.undo(work, merge_id, edited=document["edited"]).stayed
    return answer({"merge_id": merge_id, "stayed": [{"table": "", "field": "", **_told(item)} for item in stayed]})


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in item.items() if name != "plugin"}
    return {**told, "field": api_name(told["field"])} if "field" in told else told


# --- the journal of one ----------------------------------------------------------------------------------------------


@blueprint.get(f"/<{ID}:contact_id>/journal")
@blueprint.arguments(JournalQuery, location="query")
@blueprint.response(200, list_of(Entry))
def list_entries(query: Mapping[str, Any], contact_id: int) -> Response:
    """Lists what happened with a contact, newest first."""
    work = current_work()
    page = journal.entries(
        work, "contact", contact_id, after=query["after"] or None, by=query["by"], limit=query["limit"]
    )
    return many(entry_records(page.rows), page.next)


@blueprint.post(f"/<{ID}:contact_id>/journal")
@blueprint.arguments(EntryFields)
@blueprint.response(201, object_of(Entry))
def add_entry(document: Mapping[str, Any], contact_id: int) -> Response:
    """Writes a journal entry for a contact."""
    with writing() as work:
        entry = journal.add(
            work,
            "contact",
            contact_id,
            document["type"],
            summary=document["summary"] or "",
            comment=document["comment"] or "",
            outcome=document["outcome"] or "",
            at=bound(work, "at", document["at"], time=NOON),
            pinned=document["pinned"],
        )
    return one(entry_records([entry])[0], 201)
