"""Demo data: segments that a shop would have."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from crmhost.api import Invalid, Work, conditions, texts

from . import services
from .models import Segment, Size

_LONG_AGO: dict[str, Any] = {
    "match": "any",
    "conditions": [
        {"type": "last_contacted_at", "operator": "empty"},
        {"type": "last_contacted_at", "operator": "before", "value": "2026-01-01"},
    ],
}
_SEGMENTS: dict[str, list[dict[str, Any]]] = {
    "Leads to call": [{"type": "status", "operator": "any_of", "value": ["Lead", "Contacted"]}, _LONG_AGO],
    "Good customers": [
        {"type": "transaction_count", "operator": "gte", "value": 2},
        {"type": "total_value", "operator": "gte", "value": "500"},
    ],
    "New this month": [{"type": "created_at", "operator": "in_last_days", "value": 30}],
    "Addresses at example.com": [{"type": "email", "operator": "contains", "value": "@example.com"}],
}
_DAYS = 30


def add(work: Work) -> None:
    """Adds those that can be asked here and are not there yet, with a month of sizes."""
    for place, (name, items) in enumerate(_SEGMENTS.items()):
        taken = select(Segment.id).where(Segment.name_key == texts.fold(name), Segment.deleted_at.is_(None))
        if work.session.scalar(taken) is not None:
            continue
        try:
            segment = services.save(work, {"name": name, "match": "all", "conditions": items})
        except Invalid:
            # An extension that it asks by is off.
            continue
        number = conditions.question(work, services.group_of(work, segment)).count()
        for back in range(1, _DAYS):
            size = max(0, round(number * (1 - back * (place + 1) / 150)))
            work.session.add(Size(segment_id=segment.id, day=work.today - dt.timedelta(days=back), number=size))
    work.session.flush()
