"""Records of the core as JSON-able values, many at a time: one query per kind of thing, never one per record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmhost.api import (
    AuditEntry,
    Contact,
    ExternalId,
    JobRow,
    JournalEntry,
    Status,
    Tag,
    User,
    Work,
    contacts,
    custom_fields,
    jobs,
    statuses,
    tags,
)

from .fields import stamp

#: Name in the API -> name of the service's field.
_PHONES = {"home": "home_phone", "work": "work_phone", "mobile": "mobile_phone"}
_ADDRESSES = ("address1", "address2")


def contact_records(work: Work, found: Sequence[Contact]) -> list[dict[str, Any]]:
    """Contacts as the API gives them, in the order given."""
    ids = [contact.id for contact in found]
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    emails = contacts.emails_of(work, ids)
    tagged = tags.of(work, "contact", ids)
    elsewhere = contacts.external_ids_of(work, ids)
    values = work.hooks.call("rest_api_contact_values", work=work, contact_ids=ids) or {}
    return [
        {
            "id": contact.id,
            "status": names.get(contact.status_id, ""),
            "prefix": contact.prefix,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "email": contact.email,
            "emails": [row.email for row in emails.get(contact.id, ())],
            "phones": {name: getattr(contact, field) for name, field in _PHONES.items()},
            "addresses": _addresses(contact),
            "notes": contact.notes,
            "tags": [tag.name for tag in tagged.get(contact.id, ())],
            "assigned_to": contact.assigned_to_id,
            "source": contact.source,
            "external_ids": [_external_id(row) for row in elsewhere.get(contact.id, ())],
            "socials": contact.socials,
            "custom": custom_fields.shown(work, "contact", contact.custom),
            "value": values.get(contact.id),
            "created_at": stamp(contact.created_at),
            "updated_at": stamp(contact.updated_at),
            "last_contacted_at": stamp(contact.last_contacted_at),
        }
        for contact in found
    ]


def _addresses(contact: Contact) -> list[dict[str, str]]:
    """Both addresses; the second alone keeps its place behind an empty first one."""
    both = [contact.address1 or {}, contact.address2 or {}]
    while both and not both[-1]:
        both.pop()
    return both


def _external_id(row: ExternalId) -> dict[str, str]:
    return {"source": row.source, "account": row.account, "id": row.external_id}


def contact_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the contact services from a document of the API. What is not an object or list there is left to them."""
    fields = {name: value for name, value in document.items() if name not in ("phones", "addresses")}
    if "phones" in document:
        phones = document["phones"]
        phones = dict.fromkeys(_PHONES) if phones is None else phones
        fields |= {_PHONES[name]: number for name, number in phones.items()}
    if "addresses" in document:
        given = document["addresses"]
        for place, field in enumerate(_ADDRESSES):
            parts = given[place] if place < len(given) else {}
            fields[field] = {name: text for name, text in parts.items() if text is not None}
    return fields


def api_name(field: str) -> str:
    """What the API calls a field of the contact services: ``address1_city`` is ``addresses.0.city``."""
    for name, phone in _PHONES.items():
        if field == phone:
            return f"phones.{name}"
    for place, address in enumerate(_ADDRESSES):
        if field == address or field.startswith(f"{address}_"):
            return ".".join(part for part in ("addresses", str(place), field[len(address) + 1 :]) if part)
    return f"socials.{field.removeprefix('social_')}" if field.startswith("social_") else field


def entry_records(entries: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Journal entries as the API gives them."""
    return [
        {
            "id": entry.id,
            "object_type": entry.object_type,
            "object_id": entry.object_id,
            "type": entry.type,
            "at": stamp(entry.at),
            "summary": entry.summary,
            "comment": entry.comment,
            "outcome": entry.outcome,
            "data": entry.data or {},
            "by": entry.actor_label,
            "user_id": entry.user_id,
            "by_system": entry.by_system,
            "pinned": entry.pinned,
        }
        for entry in entries
    ]


def status_record(status: Status, counts: Mapping[int, int] | None) -> dict[str, Any]:
    """A status as the API gives it; ``counts``: status id -> contacts, ``None`` when they are not to be seen."""
    return {
        "id": status.id,
        "name": status.name,
        "hue": status.hue,
        "position": status.position,
        "count": None if counts is None else counts.get(status.id, 0),
    }


def tag_record(tag: Tag) -> dict[str, Any]:
    """A tag as the API gives it."""
    return {"id": tag.id, "name": tag.name, "hue": tag.hue}


def user_record(user: User, *, role: bool) -> dict[str, Any]:
    """A user as the API gives them; ``role``: whether the role may be seen."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role.name if role else None,
        "active": user.disabled_at is None,
    }


def custom_field_record(field: custom_fields.Definition) -> dict[str, Any]:
    """A custom field as the API gives it."""
    return {
        "id": field.id,
        "object": field.object,
        "key": field.key,
        "label": field.label,
        "kind": field.kind,
        "choices": [choice.label for choice in field.offered],
        "currency": field.currency or None,
        "help": field.help,
        "section": field.section,
        "required": field.required,
        "filterable": field.filterable,
        "ready": field.ready,
    }


def audit_record(entry: AuditEntry) -> dict[str, Any]:
    """A line of the audit log as the API gives it."""
    return {
        "id": entry.id,
        "at": stamp(entry.at),
        "by": entry.actor_label,
        "user_id": entry.user_id,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "before": entry.before,
        "after": entry.after,
        "address": entry.address,
    }


def job_record(work: Work, job: JobRow) -> dict[str, Any]:
    """A job as the API gives it, without its arguments."""
    told = jobs.progress(work, job)
    return {
        "id": job.id,
        "kind": job.kind,
        "plugin": job.plugin,
        "state": job.state,
        "attempts": job.attempts,
        "failures": job.failures,
        "cancelling": job.cancel and job.state == "running",
        "due_at": stamp(job.due_at),
        "created_at": stamp(job.created_at),
        "started_at": stamp(job.started_at),
        "finished_at": stamp(job.finished_at),
        "by": job.actor,
        "user_id": job.user_id,
        "progress": None
        if told is None
        else {"done": told.done, "total": told.total or None, "text": told.text, "seconds_left": told.left},
        "result": jobs.masked(job.result) if job.result is not None else None,
        "error": jobs.error_of(work, job)[0],
    }
