"""Scores from outside: the webhook, CSV import and export."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, CrmError, ImportField, RowResult, Work

from . import services
from .models import Score


def receive(work: Work, key: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """Takes ``{"contact": 1, "points": 5}``, signed with the secret of the settings (HMAC-SHA256, hexadecimal)."""
    secret = str(work.settings.get("probe_one.key") or "")
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = {name.lower(): value for name, value in headers.items()}.get("x-probe-signature", "")
    if not secret or not hmac.compare_digest(wanted, given):
        return 401, {"error": "The signature is wrong."}
    try:
        asked = json.loads(body)
        contact, points = int(asked["contact"]), int(asked["points"])
    except (ValueError, KeyError, TypeError):
        return 422, {"error": "Send a contact and its points."}
    with work.begin():
        score = services.give(work, contact, points, remark=key, source="webhook")
    return 201, {"id": score.id}


def fields(_work: Work) -> Sequence[ImportField]:
    """What a column can be mapped to."""
    return [
        ImportField(name="email", label="E-mail", aliases=("mail",), required=True),
        ImportField(name="points", label="Points", required=True),
        ImportField(name="remark", label="Remark"),
    ]


def save(work: Work, rows: Sequence[Mapping[str, str]], _match: str, _mode: str) -> Sequence[RowResult]:
    """Adds a score per row."""
    emails = {row.get("email", "").strip().lower() for row in rows}
    known = {
        contact.email.lower(): contact.id
        for contact in work.session.scalars(work.visible(Contact).where(Contact.email.in_(emails)))
    }
    results: list[RowResult] = []
    for row in rows:
        contact = known.get(row.get("email", "").strip().lower())
        try:
            points = int(row.get("points", ""))
        except ValueError:
            results.append(RowResult(outcome="refused", reasons=["The points are no whole number."]))
            continue
        if contact is None:
            results.append(RowResult(outcome="refused", reasons=["There is no contact with this e-mail."]))
            continue
        try:
            score = services.give(work, contact, points, remark=row.get("remark", ""), source="import")
        except CrmError as error:
            results.append(RowResult(outcome="refused", reasons=[error.message]))
            continue
        results.append(RowResult(outcome="added", id=score.id))
    return results


def undo(work: Work, results: Sequence[RowResult]) -> Sequence[int]:
    """Takes added scores back."""
    ids = [result.id for result in results if result.outcome == "added"]
    for score in work.session.scalars(select(Score).where(Score.id.in_(ids))):
        work.session.delete(score)
    return []


def columns(_work: Work) -> Sequence[tuple[str, str]]:
    """Name and heading of the columns of the export."""
    return [("contact_id", "Contact"), ("points", "Points"), ("remark", "Remark")]


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Scores, oldest first; ``source`` narrows them."""
    chosen = select(Score).order_by(Score.id).execution_options(yield_per=500)
    if filters.get("source"):
        chosen = chosen.where(Score.source == filters["source"])
    for score in work.session.scalars(chosen):
        yield {"contact_id": score.contact_id, "points": score.points, "remark": score.remark}
