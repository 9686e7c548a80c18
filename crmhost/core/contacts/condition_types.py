"""The types of conditions that every site has: the fields of contacts, their tags, their journal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select

from ...contributions import ConditionType
from ...messages import Message
from ...work.unit import Work
from ..conditions.asked import ConditionTest, Range
from ..journal.models import JournalEntry
from ..journal.types import types as journal_types
from ..statuses import services as statuses
from ..text import fold_now, sort_key
from ..users.models import User
from . import tags
from .countries import country_choices
from .fields import ADDRESSES, PHONES
from .models import Contact, ContactEmail, Tagging
from .records import KIND, emails_of
from .socials import FIRST

_PERSON, _PHONES, _DATES = Message("Contact"), Message("Phones"), Message("Dates")
_PLACES, _PROFILES, _HISTORY = Message("Addresses"), Message("Social profiles"), Message("Journal")
_PARTS = {
    "address1_line1": Message("First address: line 1"),
    "address1_line2": Message("First address: line 2"),
    "address1_city": Message("First address: city"),
    "address1_county": Message("First address: county"),
    "address1_postal_code": Message("First address: postal code"),
    "address1_country": Message("First address: country"),
    "address2_line1": Message("Second address: line 1"),
    "address2_line2": Message("Second address: line 2"),
    "address2_city": Message("Second address: city"),
    "address2_county": Message("Second address: county"),
    "address2_postal_code": Message("Second address: postal code"),
    "address2_country": Message("Second address: country"),
}
_PHONE_LABELS = {
    "home_phone": Message("Home phone"),
    "work_phone": Message("Work phone"),
    "mobile_phone": Message("Mobile phone"),
}


def types() -> list[ConditionType]:
    """All of them, but those of custom fields and further social profiles."""
    return [
        ConditionType(
            id="status", label="Status", group=_PERSON, kind="choice", choices=statuses.choices,
            operators=("equals", "not_equals", "any_of", "none_of"),
            where=lambda _work, test: test.on(Contact.status_id), values=_columns(Contact.status_id),
        ),
        ConditionType(id="tag", label="Tag", group=_PERSON, kind="choices", choices=_tags, where=_tagged, values=_tags_of),
        ConditionType(
            id="full_name", label="Full name", group=_PERSON, values=_columns(Contact.first_name, Contact.last_name),
            where=lambda _work, test: test.on(fold_now(func.trim(Contact.first_name + " " + Contact.last_name))),
        ),
        _text("prefix", "Prefix", Contact.prefix),
        ConditionType(
            id="first_name", label="First name", group=_PERSON, values=_columns(Contact.first_name),
            where=lambda _work, test: test.on(Contact.first_key),
        ),
        _text("last_name", "Last name", Contact.last_name),
        ConditionType(id="email", label="E-mail", group=_PERSON, kind="email", where=_emails, values=_emails_of),
        ConditionType(
            id="main_email", label="Main e-mail", group=_PERSON, kind="email", values=_columns(Contact.email),
            where=lambda _work, test: test.on(Contact.email_key),
        ),
        ConditionType(
            id="assigned_to", label="Assigned to", group=_PERSON, kind="choice", choices=_people,
            where=lambda _work, test: test.on(Contact.assigned_to_id), values=_columns(Contact.assigned_to_id),
        ),
        _text("source", "Source", Contact.source),
        _text("notes", "Notes", Contact.notes),
        ConditionType(
            id="days_in_status", label="Days in status", group=_DATES, kind="count", where=_days_in_status,
            values=_days_in_status_of,
        ),
        _instant("created_at", "Date added", Contact.created_at),
        _instant("last_contacted_at", "Date last contacted", Contact.last_contacted_at),
        _instant("updated_at", "Date changed", Contact.updated_at),
        *(_text(name, _PHONE_LABELS[name], getattr(Contact, name), _PHONES) for name in PHONES),
        ConditionType(
            id="postal_code", label="Postal code of any address", group=_PLACES, where=_postal_code,
            values=_postal_codes,
        ),
        *(_part(name, label) for name, label in _PARTS.items()),
        *(social(name, label) for name, label in FIRST.items()),
        ConditionType(
            id="journal_type", label="Has a journal entry of type", group=_HISTORY, kind="choices", choices=_entry_types,
            where=lambda _work, test: _entries(test.on(JournalEntry.type)), values=_entry_types_of,
        ),
        ConditionType(
            id="journal_at", label="Has a journal entry of date", group=_HISTORY, kind="instant", values=_last_entry,
            where=lambda _work, test: _entries(test.on(JournalEntry.at)),
        ),
    ]  # fmt: skip


def social(name: str, label: str) -> ConditionType:
    """The type of a kind of social profile."""
    key = name.removeprefix("social_")
    column = Contact.socials[key].as_string()
    return ConditionType(
        id=name,
        label=label,
        group=_PROFILES,
        where=lambda _work, test: _json(test, column),
        values=lambda work, ids: {row: (table or {}).get(key) for row, table in _read(work, ids, Contact.socials)},
    )


# --- columns of contacts ----------------------------------------------------------------------------------------------


def _text(name: str, label: str, column: Any, group: str = _PERSON) -> ConditionType:
    return ConditionType(
        id=name,
        label=label,
        group=group,
        where=lambda _work, test: test.on(fold_now(column)),
        values=_columns(column),
    )


def _instant(name: str, label: str, column: Any) -> ConditionType:
    return ConditionType(
        id=name,
        label=label,
        group=_DATES,
        kind="instant",
        where=lambda _work, test: test.on(column),
        values=_columns(column),
    )


def _part(name: str, label: str) -> ConditionType:
    table, part = getattr(Contact, name[:8]), name[9:]
    country = part == "country"
    return ConditionType(
        id=name,
        label=label,
        group=_PLACES,
        kind="choice" if country else "text",
        choices=(lambda work: list(country_choices(work.locale))) if country else None,
        where=lambda _work, test: test.on(table[part].as_string()) if country else _json(test, table[part].as_string()),
        values=lambda work, ids: {key: (found or {}).get(part) for key, found in _read(work, ids, table)},
    )


def _json(test: ConditionTest, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
    return test.on(fold_now(func.coalesce(column, "")))


def _postal_code(_work: Work, test: ConditionTest) -> ColumnElement[bool]:
    return or_(*(_json(test, getattr(Contact, name)["postal_code"].as_string()) for name in ADDRESSES))


def _postal_codes(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    rows = work.session.execute(select(Contact.id, Contact.address1, Contact.address2).where(Contact.id.in_(ids)))
    return {key: [code for table in tables if (code := (table or {}).get("postal_code"))] for key, *tables in rows}


def _read(work: Work, ids: Sequence[int], column: Any) -> list[tuple[int, Any]]:
    return [(row[0], row[1]) for row in work.session.execute(select(Contact.id, column).where(Contact.id.in_(ids)))]


def _columns(*columns: Any) -> Callable[[Work, Sequence[int]], Mapping[int, Any]]:
    def values(work: Work, ids: Sequence[int]) -> dict[int, Any]:
        rows = work.session.execute(select(Contact.id, *columns).where(Contact.id.in_(ids)))
        if len(columns) > 1:
            return {row[0]: " ".join(text for text in row[1:] if text) for row in rows}
        return {row[0]: row[1] for row in rows}

    return values


def _people(work: Work) -> list[tuple[str, str]]:
    rows = work.session.execute(select(User.id, User.name, User.email))
    return sorted(((str(row[0]), row[1] or row[2]) for row in rows), key=lambda pair: sort_key(pair[1]))


# --- days in the status -------------------------------------------------------------------------------------------------


def _days_in_status(work: Work, test: ConditionTest) -> ColumnElement[bool]:
    """So many days since the status changed: those times of the change from which that number follows now."""
    return or_(*(_since(work, item) for item in test.ranges))


def _since(work: Work, item: Range) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [Contact.status_since.is_not(None)]
    if item.lower is not None:
        least = math.floor(item.lower) + 1 if item.above else math.ceil(item.lower)
        parts.append(Contact.status_since <= _ago(work, least))
    if item.upper is not None:
        most = math.floor(item.upper) if item.upto else math.ceil(item.upper) - 1
        parts.append(Contact.status_since > _ago(work, most + 1))
    return and_(*parts)


def _ago(work: Work, days: int) -> dt.datetime:
    # Longer than any status lasts, and still a date.
    return work.now - dt.timedelta(days=max(-36_500, min(days, 36_500)))


def _days_in_status_of(work: Work, ids: Sequence[int]) -> dict[int, int]:
    return {key: (work.now - since).days for key, since in _read(work, ids, Contact.status_since)}


# --- tags, addresses of e-mail, journal -----------------------------------------------------------------------------------


def _tags(work: Work) -> list[tuple[str, str]]:
    return [(str(tag.id), tag.name) for tag in tags.all_tags(work)]


def _tagged(_work: Work, test: ConditionTest) -> Select[Any]:
    return select(Tagging.object_id).where(Tagging.object_type == KIND, test.on(Tagging.tag_id))


def _tags_of(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    return {key: [str(tag.id) for tag in found] for key, found in tags.of(work, KIND, ids).items()}


def _emails(_work: Work, test: ConditionTest) -> Select[Any]:
    return select(ContactEmail.contact_id).where(ContactEmail.active, test.on(ContactEmail.email_key))


def _emails_of(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    return {key: [item.email for item in found] for key, found in emails_of(work, ids).items()}


def _entries(condition: ColumnElement[bool]) -> Select[Any]:
    return select(JournalEntry.contact_id).where(
        JournalEntry.object_type == KIND, JournalEntry.by_system.is_(False), condition
    )


def _entry_types(work: Work) -> list[tuple[str, str]]:
    return [(item.name, item.label) for item in journal_types(work).values() if item.manual]


def _entry_types_of(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = select(JournalEntry.object_id, JournalEntry.type).where(*_entries_of(ids))
    for key, name in work.session.execute(rows.distinct().order_by(JournalEntry.type)):
        found.setdefault(key, []).append(name)
    return found


def _last_entry(work: Work, ids: Sequence[int]) -> dict[int, dt.datetime]:
    rows = select(JournalEntry.object_id, func.max(JournalEntry.at)).where(*_entries_of(ids))
    return {row[0]: row[1] for row in work.session.execute(rows.group_by(JournalEntry.object_id))}


def _entries_of(ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return (JournalEntry.object_type == KIND, JournalEntry.object_id.in_(ids), JournalEntry.by_system.is_(False))
