"""Segments as the API gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Invalid, NotFound, Work, conditions, contacts

from . import services, sizes
from .models import KIND, Segment


def record(work: Work, segment: Segment, *, exact: bool = False) -> dict[str, Any]:
    """One segment.

    :param exact: its number is counted now.
    """
    problem, document = "", dict(segment.conditions)
    try:
        document = conditions.named(work, services.group_of(work, segment))
    except Invalid as error:
        problem = str(error)
    counted = sizes.kept(work, segment)
    if not problem and (exact or counted.number is None):
        counted = sizes.now(work, segment)
    return {
        "id": segment.id,
        "name": segment.name,
        "match": document.get("match", "all"),
        "conditions": document.get("conditions", []),
        "shared": segment.shared,
        "owner": segment.owner_id,
        "count": None if problem else counted.number,
        "counted_at": None if problem else counted.at,
        "problem": problem,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }


def explanation(work: Work, group: conditions.Group, contact_id: int) -> dict[str, Any]:
    """Why a contact is in, or not.

    :raises NotFound: when the actor may not see the contact.
    """
    contacts.get(work, contact_id)
    found = conditions.explain(work, group, contact_id)
    return {"contact": contact_id, "in": found.holds, "match": found.match, "conditions": _items(work, found)}


def _items(work: Work, reasons: conditions.Reasons) -> list[dict[str, Any]]:
    return [
        {"match": item.match, "holds": item.holds, "conditions": _items(work, item)}
        if isinstance(item, conditions.Reasons)
        else _item(work, item)
        for item in reasons.items
    ]


def _item(work: Work, reason: conditions.Reason) -> dict[str, Any]:
    found = reason.condition.document
    if reason.condition.type.choices is not None and "value" in found:
        found["value"] = conditions.labels(conditions.choices_of(work, reason.condition.type), found["value"])
    found["holds"] = reason.holds
    if reason.hidden:
        return {**found, "hidden": True}
    return {**found, "has": conditions.plain(work, reason)}


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of segments."""
    if not event.startswith(f"{KIND}."):
        return None
    found: dict[int, Mapping[str, Any]] = {}
    for segment_id in ids:
        try:
            segment = services.get(work, segment_id)
        except NotFound:
            if event == "segment.deleted":
                found[segment_id] = {"id": segment_id}
            continue
        found[segment_id] = {"id": segment.id, "name": segment.name, "shared": segment.shared}
    return found
