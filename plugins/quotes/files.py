"""Quotes to CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmhost.api import Contact, Message, Work, custom_fields, tags

from . import queries
from .models import KIND

_COLUMNS: dict[str, str] = {
    "id": Message("Number"),
    "title": Message("Title"),
    "status": Message("Status"),
    "value": Message("Value"),
    "currency": Message("Currency"),
    "date": Message("Date"),
    "valid_until": Message("Valid until"),
    "notes": Message("Notes"),
    "tags": Message("Tags"),
    "contact_id": Message("Number of the contact"),
    "contact_email": Message("E-mail of the contact"),
    "company_id": Message("Number of the company"),
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
        people = {one.contact_id for one in found if one.contact_id is not None}
        mine = work.visible(Contact).with_only_columns(Contact.id, Contact.email).where(Contact.id.in_(people))
        emails = {row[0]: row[1] for row in work.session.execute(mine)}
        labels = tags.of(work, KIND, [one.id for one in found])
        for one in found:
            yield {
                **{name: getattr(one, name) for name in ("id", "title", "currency", "notes", "company_id", "source")},
                "status": one.state,
                "value": f"{one.worth.decimal:f}",
                "date": one.date.isoformat(),
                "valid_until": one.valid_until.isoformat() if one.valid_until else "",
                "decline_reason": one.decline_reason,
                "created_at": one.created_at.isoformat(),
                "tags": ", ".join(label.name for label in labels.get(one.id, ())),
                "contact_id": one.contact_id if one.contact_id in emails else None,
                "contact_email": emails.get(one.contact_id or 0, ""),
                **custom_fields.exported_texts(work, exported, one.custom),
            }
