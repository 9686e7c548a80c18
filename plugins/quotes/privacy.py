"""People: what is held on them in quotes, and what goes when they are erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmhost.api import Work, custom_fields, links, mail, records, search

from . import services
from .models import KIND, Acceptance, Quote, Version

#: Why what was accepted is not erased.
REASON = "It was accepted: the contract and its proof are kept as the law allows (GDPR, article 17, paragraph 3)."


def told_of(work: Work, contact_id: int) -> Any:
    """The quotes of a person, as JSON: what was written to them, and how they decided."""
    found = work.session.scalars(select(Quote).where(Quote.contact_id == contact_id).order_by(Quote.id)).all()
    decided = {
        row.quote_id: row
        for row in work.session.scalars(
            select(Acceptance).where(Acceptance.quote_id.in_([quote.id for quote in found]))
        )
    }
    seen: dict[int, Version] = {
        row.id: row
        for row in work.session.scalars(select(Version).where(Version.id.in_([quote.version_id for quote in found])))
    }
    return [_told(quote, decided.get(quote.id), seen.get(quote.version_id or 0)) for quote in found]


def _told(quote: Quote, accepted: Acceptance | None, version: Version | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "title": quote.title,
        "status": quote.state,
        "date": quote.date.isoformat(),
        "value": quote.worth.json(),
        "notes": quote.notes,
        "text": mail.harmless(version.html) if version is not None else "",
    }
    if quote.decline_reason:
        told["decline_reason"] = quote.decline_reason
    if accepted is not None:
        names = ("name", "email", "address", "agent", "kind", "code", "digest")
        told["acceptance"] = {name: getattr(accepted, name) for name in names} | {"at": accepted.at.isoformat()}
    return told


def forget(work: Work, contact_id: int) -> None:
    """Erases the quotes of a person. What they accepted stays: it is the proof of a contract, with its certificate; notes,
    custom fields and what it is found by go."""
    found = list(work.session.scalars(select(Quote).where(Quote.contact_id == contact_id).with_for_update()))
    proofs = set(
        work.session.scalars(select(Acceptance.quote_id).where(Acceptance.quote_id.in_([one.id for one in found])))
    )
    ids = [quote.id for quote in found]
    custom_fields.drop(work, KIND, ids)
    search.drop(work, KIND, ids)
    for quote in found:
        if quote.id not in proofs:
            work.session.delete(quote)
            continue
        links.revoke(work, KIND, quote.id)
        quote.notes, quote.custom, quote.content = "", {}, ""
        quote.version += 1
        work.audit("quote.kept", KIND, quote.id, after={"reason": REASON})
    gone = [number for number in ids if number not in proofs]
    records.forget(work, KIND, gone)
    work.session.flush()
    services.tell_erased(work, gone)
