"""States of a quote, and how one follows from another."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Select, select

from crmhost.api import Change, Invalid, Message, Work, texts

from .models import KIND, Quote

#: With the names that people and programs see.
STATES: dict[str, str] = {
    "draft": Message("Draft"),
    "sent": Message("Sent"),
    "viewed": Message("Viewed"),
    "accepted": Message("Accepted"),
    "declined": Message("Declined"),
    "expired": Message("Expired"),
}
#: The client can still decide.
OPEN = ("sent", "viewed")
#: Quotes that expire in one transaction.
BATCH = 200


def state_named(given: object) -> str:
    """The state that a name means.

    :raises Invalid: when there is none.
    """
    key = texts.fold(str(given)).strip()
    if key not in STATES:
        names = ", ".join(STATES.values())
        raise Invalid(
            {"status": [Message("“%(given)s” is no status of quotes: %(names)s.", given=str(given)[:40], names=names)]}
        )
    return key


def is_over(quote: Quote, today: dt.date) -> bool:
    """Whether the last day on which it can be accepted is behind us, in the site's zone."""
    return quote.valid_until is not None and quote.valid_until < today


def set_state(work: Work, quote: Quote, state: str) -> None:
    """Writes a state down, with audit, event and the instant."""
    before, quote.state = quote.state, state
    if before == state:
        return
    quote.version += 1
    quote.updated_at = work.now
    work.session.flush()
    work.audit(f"quote.{state}", KIND, quote.id, before={"state": before}, after={"state": state})
    change = {"state": state, "contact_id": quote.contact_id, "company_id": quote.company_id}
    work.changed(Change(f"quote.{state}", KIND, quote.id, {"state": before}, change))


def _late(work: Work) -> Select[Any]:
    return select(Quote).where(Quote.state.in_(OPEN), Quote.valid_until < work.today, Quote.deleted_at.is_(None))


def has_late(work: Work) -> bool:
    """Whether quotes are to expire."""
    return work.session.scalar(_late(work).with_only_columns(Quote.id).limit(1)) is not None


def expire(work: Work, limit: int = BATCH) -> int:
    """Has open quotes whose last day passed expire; gives how many did."""
    chosen = _late(work).order_by(Quote.id).limit(limit).with_for_update(skip_locked=True)
    found = work.session.scalars(chosen).all()
    for quote in found:
        set_state(work, quote, "expired")
    return len(found)
