"""People: what is held on them in campaigns. The mails themselves stand in the log of mails; what is theirs goes with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmhost.api import Work

from .clicks import TOLD
from .models import Campaign, Event, LeftOut, Link


def told_of(work: Work, contact_id: int) -> Any:
    """What a person did in answer to campaigns, and of which they were left out, as JSON."""
    did = (
        select(Campaign.name, Event.kind, Event.at, Event.sure, Link.url)
        .join(Campaign, Campaign.id == Event.campaign_id)
        .outerjoin(Link, (Link.campaign_id == Event.campaign_id) & (Link.number == Event.link))
        .where(Event.contact_id == contact_id, Event.kind != TOLD)
        .order_by(Event.at, Event.mail_id, Event.link)
    )
    left = (
        select(Campaign.name, LeftOut.reason)
        .join(Campaign, Campaign.id == LeftOut.campaign_id)
        .where(LeftOut.contact_id == contact_id)
        .order_by(Campaign.id)
    )
    return {
        "answers": [
            {"campaign": name, "kind": kind, "at": at.isoformat(), "link": url or "", "sure": sure}
            for name, kind, at, sure, url in work.session.execute(did)
        ],
        "left_out": [{"campaign": name, "reason": reason} for name, reason in work.session.execute(left)],
    }
