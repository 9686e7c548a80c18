"""People: what is held on them in campaigns. The mails themselves stand in the log of mails; what is theirs goes with them.

Which topics an address does not want outlives them, as a keyed hash: what they said is obeyed when they are imported again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmhost.api import ContactEmail, Work

from . import choices, clicks, opens
from .models import Campaign, Event, LeftOut, Link, Place, Sequence


def told_of(work: Work, contact_id: int) -> Any:
    """What a person did in answer to campaigns, and of which they were left out, as JSON."""
    did = (
        select(Campaign.name, Event.kind, Event.at, Event.sure, Link.url)
        .join(Campaign, Campaign.id == Event.campaign_id)
        .outerjoin(Link, (Link.campaign_id == Event.campaign_id) & (Link.number == Event.link))
        .where(Event.contact_id == contact_id, Event.kind.not_in((clicks.TOLD, opens.TOLD)))
        .order_by(Event.at, Event.mail_id, Event.link)
    )
    left = (
        select(Campaign.name, LeftOut.reason)
        .join(Campaign, Campaign.id == LeftOut.campaign_id)
        .where(LeftOut.contact_id == contact_id)
        .order_by(Campaign.id)
    )
    inside = (
        select(Sequence.name, Place.state, Place.reason, Place.entered_at)
        .join(Sequence, Sequence.id == Place.sequence_id)
        .where(Place.contact_id == contact_id)
        .order_by(Sequence.id)
    )
    return {
        "topics": choices.told_of(work, _emails(work, contact_id)),
        "answers": [
            {"campaign": name, "kind": kind, "at": at.isoformat(), "link": url or "", "sure": sure}
            for name, kind, at, sure, url in work.session.execute(did)
        ],
        "sequences": [
            {"sequence": name, "state": state, "reason": reason, "entered": at.isoformat()}
            for name, state, reason, at in work.session.execute(inside)
        ],
        "left_out": [{"campaign": name, "reason": reason} for name, reason in work.session.execute(left)],
    }


def forget(work: Work, contact_id: int) -> None:
    """What goes with a person who is erased, beyond the rows that are theirs."""
    choices.erase(work, _emails(work, contact_id))


def _emails(work: Work, contact_id: int) -> list[str]:
    return list(work.session.scalars(select(ContactEmail.email).where(ContactEmail.contact_id == contact_id)))
