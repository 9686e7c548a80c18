"""Transactions as the REST API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Money, Work, record_fields

from . import counting, fields, storing
from .models import KIND, Transaction


def records(work: Work, found: Sequence[Transaction]) -> list[dict[str, Any]]:
    """Transactions as the API gives them, in the order given."""
    ids = [one.id for one in found]
    known, rule = fields.Known(work), counting.rule(work)
    types = {kind.id: kind.name for kind in known.types}
    statuses = {status.id: status.name for status in known.statuses}
    lines, shared = storing.lines_of(work, ids), record_fields.shared_json(work, KIND, found)
    return [
        {
            "id": one.id,
            "ref": one.ref,
            "name": one.title,
            "type": types.get(one.type_id, ""),
            "status": statuses.get(one.status_id, ""),
            "date": record_fields.stamp(one.at),
            **{name: one.money(name).json() for name in fields.AMOUNTS},
            **{name: getattr(one, name) for name in ("description", "payment_method", *fields.REFERENCES)},
            "lines": [
                {
                    "title": line.title,
                    "quantity": line.quantity,
                    "unit_price": Money(line.unit_price, one.currency).json(),
                    "total": Money(line.total, one.currency).json(),
                }
                for line in lines.get(one.id, ())
            ],
            "source": one.source,
            **shared[one.id],
            "counts": rule.counts(one),
            "created_at": record_fields.stamp(one.created_at),
            "updated_at": record_fields.stamp(one.updated_at),
        }
        for one in found
    ]
