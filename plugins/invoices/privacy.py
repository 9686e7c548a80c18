"""What the law on privacy asks of invoices: telling a person of theirs, and forgetting the person.

Invoices with a number stay when a person is erased, as the law on books wants it: number, days, lines and sums, without
customer, notes and custom fields. Drafts go.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmhost.api import Work, custom_fields, documents, records, search

from .models import KIND, Invoice
from .paying import STATES


def told(work: Work, contact_id: int) -> list[dict[str, Any]]:
    """The invoices of a person, for the archive of what is held on them."""
    mine = select(Invoice).where(Invoice.contact_id == contact_id).order_by(Invoice.date, Invoice.id)
    return [
        {
            "number": one.number,
            "status": str(STATES[one.state]),
            "date": one.date.isoformat(),
            "due_date": one.due_date.isoformat(),
            "reference": one.reference,
            "lines": documents.to_json(one.document)["lines"],
            **{name: one.amount(name).json() for name in ("total", "paid", "credited", "due")},
        }
        for one in work.session.scalars(mine)
    ]


def forget(work: Work, contact_id: int) -> None:
    """Erases drafts of a person, and what is personal in their other invoices."""
    mine = select(Invoice).where(Invoice.contact_id == contact_id)
    found = list(work.session.scalars(mine.execution_options(populate_existing=True)))
    ids = [one.id for one in found]
    custom_fields.drop(work, KIND, ids)
    search.drop(work, KIND, ids)
    drafts = [one for one in found if one.state == "draft"]
    records.forget(work, KIND, [one.id for one in drafts])
    for one in found:
        if one.state == "draft":
            work.session.delete(one)
        else:
            one.notes, one.custom, one.void_reason, one.contact_id = "", {}, "", None
            one.version += 1
    work.session.flush()
    kept = [one for one in found if one.state != "draft" and one.number]
    search.put(work, KIND, [(one.id, str(one.number)) for one in kept])
