"""Transactions as the REST API gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from crmhost.api import Money, Work, custom_fields, record_fields, tags

from . import counting, fields, storing
from .models import KIND, Transaction


def records(work: Work, found: Sequence[Transaction]) -> list[dict[str, Any]]:
    """Transactions as the API gives them, in the order given."""
    ids = [one.id for one in found]
    known, rule = fields.Known(work), counting.rule(work)
    types = {kind.id: kind.name for kind in known.types}
    statuses = {status.id: status.name for status in known.statuses}
    labels, lines = tags.of(work, KIND, ids), storing.lines_of(work, ids)
    elsewhere = record_fields.external_ids(work, KIND, ids)
    return [
        {
            "id": one.id,
            "ref": one.ref,
            "name": one.title,
            "type": types.get(one.type_id, ""),
            "status": statuses.get(one.status_id, ""),
            "date": stamp(one.at),
            **{name: one.money(name).json() for name in fields.AMOUNTS},
            **{name: getattr(one, name) for name in ("description", "payment_method", *fields.REFERENCES)},
            "tags": [label.name for label in labels.get(one.id, ())],
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
            "external_ids": [
                {"source": source, "account": account, "id": key} for source, account, key in elsewhere.get(one.id, ())
            ],
            "custom": custom_fields.shown(work, KIND, one.custom),
            "counts": rule.counts(one),
            "created_at": stamp(one.created_at),
            "updated_at": stamp(one.updated_at),
        }
        for one in found
    ]


def stamp(at: dt.datetime) -> str:
    """An instant as the API gives it: RFC 3339 in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
