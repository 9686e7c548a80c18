"""Contacts to CSV: one line per contact, in batches, flat in memory. Importing the file gives the same contacts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, select

from crmhost.api import (
    Contact,
    ContactEmail,
    ExternalId,
    Message,
    Tag,
    Tagging,
    User,
    Work,
    contacts,
    contacts_list,
    custom_fields,
    statuses,
)

#: Contacts that are in memory at a time.
BATCH = 1000
_PARTS = ("line1", "line2", "city", "county", "postal_code", "country")
#: Profiles with a column of their own.
_PROFILES = ("x", "linkedin", "facebook")
_INSTANTS = ("created_at", "updated_at", "last_contacted_at")
_PLAIN = (
    "id", "prefix", "first_name", "last_name", "email", "mobile_phone", "work_phone", "home_phone", "notes", "source", "avatar",
    *_INSTANTS, "status_id", "assigned_to_id",
)  # fmt: skip
#: Read as text, because they are empty for most contacts and reading JSON takes longer than anything else.
_JSON = ("address1", "address2", "socials", "custom")
_NAMES = (*_PLAIN, *_JSON)
_READ = (*(getattr(Contact, name) for name in _PLAIN), *(cast(getattr(Contact, name), Text) for name in _JSON))
_LABELS = {
    "id": Message("Number"),
    "emails": Message("Further e-mails"),
    "email": Message("E-mail"),
    "assigned_to": Message("Assigned to"),
    "external_id": Message("Ids in other systems"),
    "social_x": Message("X (Twitter)"),
    "social_linkedin": Message("LinkedIn"),
    "social_facebook": Message("Facebook"),
    "socials": Message("Other profiles"),
    "avatar": Message("Picture"),
    "created_at": Message("Date added"),
    "updated_at": Message("Date changed"),
    "last_contacted_at": Message("Date last contacted"),
}
_ADDRESS = {
    "line1": Message("line 1"),
    "line2": Message("line 2"),
    "city": Message("city"),
    "county": Message("county"),
    "postal_code": Message("postal code"),
    "country": Message("country"),
}
_ORDER = (
    "id", "prefix", "first_name", "last_name", "email", "emails", "status", "tags", "assigned_to", "mobile_phone", "work_phone",
    "home_phone", *(f"address1_{part}" for part in _PARTS), *(f"address2_{part}" for part in _PARTS), "notes", "source",
    "created_at", "updated_at", "last_contacted_at", *(f"social_{name}" for name in _PROFILES), "socials", "avatar",
    "external_id",
)  # fmt: skip


def columns(work: Work) -> list[tuple[str, str]]:
    """Name and label of each column; the names are those of the API, which an import knows.

    Each custom field has one, encrypted text only for who may read it.
    """
    profiles = contacts.social_kinds(work)
    order = [*_ORDER]
    place = order.index("socials")
    order[place:place] = [name for name in profiles if name not in order]
    known = [(name, _LABELS.get(name) or profiles.get(name) or _label(name)) for name in order]
    return known + [(field.name, field.label) for field in custom_fields.exported(work, "contact")]


def address_label(number: str, part: str) -> str:
    """What a part of an address is called."""
    return Message("Address %(number)s: %(part)s", number=number, part=_ADDRESS[part])


def _label(name: str) -> str:
    if name.startswith("address"):
        return address_label(name[7], name[9:])
    return Message(name.replace("_", " ").capitalize())


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The contacts that the actor may see, by id.

    :param filters: of the contact list, by name; ``q`` is its search.
    :raises Invalid: when a filter can't be understood.
    """
    query = contacts_list.ListQuery(
        q=filters.get("q", ""), filters={key: text for key, text in filters.items() if key != "q"}
    )
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    custom = custom_fields.exported(work, "contact")
    profiles = [name.removeprefix("social_") for name in contacts.social_kinds(work)]
    people = {row[0]: row[1] for row in work.session.execute(select(User.id, User.email))}
    for ids in contacts_list.ids(work, query, BATCH):
        found = work.session.execute(select(*_READ).where(_among(Contact.id, ids)).order_by(Contact.id)).all()
        emails, tags, external = _emails(work, ids), _tags(work, ids), _external(work, ids)
        wanted = set(ids)
        for row in found:
            key = row[0]
            if key not in wanted:
                continue
            values = dict(zip(_NAMES, row, strict=True))
            given = _table(values.pop("custom"))
            if given and custom:
                values |= custom_fields.exported_texts(work, custom, given)
            yield _record(
                values,
                profiles,
                names,
                people,
                emails.get(key, ()),
                tags.get(key, ()),
                external.get(key),
            )


def _among(column: Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column holds one of these ids, which ascend. Where few lie between them, the span is read, which is quicker than
    sending them; the caller leaves out what comes with it.
    """
    if ids[-1] - ids[0] < 2 * len(ids):
        return and_(column >= ids[0], column <= ids[-1])
    chosen: ColumnElement[bool] = column.in_(ids)
    return chosen


def _record(
    record: dict[str, Any],
    profiles: Sequence[str],
    names: Mapping[int, str],
    people: Mapping[int, str],
    emails: Sequence[str],
    tags: Sequence[str],
    external: Sequence[Sequence[str]] | None,
) -> dict[str, Any]:
    for name in _INSTANTS:
        instant = record[name]
        record[name] = instant.isoformat() if instant is not None else ""
    record["status"] = names.get(record["status_id"], "")
    record["assigned_to"] = people.get(record["assigned_to_id"], "")
    if len(emails) > 1:
        record["emails"] = ", ".join(email for email in emails if email != record["email"])
    if tags:
        record["tags"] = joined(tags)
    for number in (1, 2):
        for part, text in _table(record[f"address{number}"]).items():
            record[f"address{number}_{part}"] = text
    others = _table(record["socials"])
    for name in profiles:
        record[f"social_{name}"] = others.pop(name, "")
    record["socials"] = _json(others)
    record["external_id"] = _json(external)
    return record


def _table(text: str | None) -> dict[str, Any]:
    if text in ("{}", "null", None):
        return {}
    found: dict[str, Any] = json.loads(text)
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _emails(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    wanted = select(ContactEmail.contact_id, ContactEmail.email).where(_among(ContactEmail.contact_id, ids))
    return _grouped(work.session.execute(wanted.order_by(ContactEmail.main.desc(), ContactEmail.id)))


def _tags(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    wanted = select(Tagging.object_id, Tag.name).join(Tag, Tag.id == Tagging.tag_id)
    wanted = wanted.where(Tagging.object_type == "contact", _among(Tagging.object_id, ids))
    return _grouped(work.session.execute(wanted.order_by(Tag.name_key)))


def _external(work: Work, ids: Sequence[int]) -> dict[int, list[list[str]]]:
    wanted = select(ExternalId.object_id, ExternalId.source, ExternalId.account, ExternalId.external_id)
    wanted = wanted.where(ExternalId.kind == "contact", _among(ExternalId.object_id, ids))
    found: dict[int, list[list[str]]] = {}
    for key, *parts in work.session.execute(
        wanted.order_by(ExternalId.source, ExternalId.account, ExternalId.external_id)
    ):
        found.setdefault(key, []).append(parts)
    return found


def _grouped(pairs: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, text in pairs:
        found.setdefault(key, []).append(text)
    return found


def joined(values: Sequence[str]) -> str:
    """Texts as one line of CSV, which an import takes apart again."""
    if not any(mark in value for value in values for mark in ',;"\n'):
        return ", ".join(values)
    line = io.StringIO()
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_ALL).writerow(values)
    return line.getvalue()
