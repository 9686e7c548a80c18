"""The figures of campaigns, from the log of mails and what came back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from crmhost.api import Read, Work, mail

from .models import Campaign, Event

#: Clicks and openings that a program made, as it seems, count in no figure.
MACHINE = "likely_machine"
#: What recipients did or servers told, counted once for each mail.
HAPPENED = ("bounced", "complained", "unsubscribed", "clicked", "opened")


def happened_read(campaign_ids: Sequence[int]) -> Read:
    """What recipients of campaigns did: number of the campaign, kind, number of mails."""
    counted = select(Event.campaign_id, Event.kind, func.count(func.distinct(Event.mail_id)))
    chosen = counted.where(Event.campaign_id.in_(campaign_ids), Event.kind.in_(HAPPENED), Event.sure != MACHINE)
    return Read(("mail_campaigns.happened", *campaign_ids), chosen.group_by(Event.campaign_id, Event.kind))


def of(work: Work, campaigns: Sequence[Campaign]) -> dict[int, dict[str, int]]:
    """Campaign id -> name of the figure -> number of mails.

    ``planned``: recipients; ``left_out``: of the audience, who gets none; ``waiting``, ``sent`` (handed over, whatever came of it
    later), ``delivered`` (sent and not returned), ``failed``, ``unknown``, ``skipped``, and those of :data:`HAPPENED`.
    """
    work.require("mail_campaigns.view")
    numbers = mail.mailings.figures(work, [one.mailing_id for one in campaigns if one.mailing_id is not None])
    happened: dict[int, dict[str, int]] = {one.id: {} for one in campaigns}
    for campaign_id, kind, number in work.rows(happened_read(list(happened))):
        happened[campaign_id][kind] = number
    found = {}
    for one in campaigns:
        states = numbers.get(one.mailing_id or 0, {})
        sent = sum(states.get(name, 0) for name in ("sent", "bounced", "logged"))
        found[one.id] = {
            "planned": one.planned,
            "left_out": sum(one.left_out.values()),
            "waiting": sum(states.get(name, 0) for name in ("queued", "sending", "held")),
            "sent": sent,
            "delivered": sent - states.get("bounced", 0),
            **{name: states.get(name, 0) for name in ("failed", "unknown", "skipped")},
            **{name: happened[one.id].get(name, 0) for name in HAPPENED},
        }
    return found
