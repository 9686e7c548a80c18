"""Campaigns that came to stand because a job was cancelled or given up: they go on, or are a draft again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import and_, or_, select

from crmhost.api import JobContext, Message, NotFound, User, Work, jobs, mail, users

from . import services
from .models import Campaign

#: After so long without a step a job is taken for given up; a step takes a part of a second.
SILENCE = dt.timedelta(minutes=2)


def stalled(work: Work) -> bool:
    """Whether there is a campaign of which nothing was heard although it should go on."""
    return work.session.scalar(_stalled(work).limit(1)) is not None


def _stalled(work: Work) -> Any:
    before = work.now - SILENCE
    silent = and_(Campaign.state.in_(("planning", "sending")), Campaign.updated_at < before)
    return select(Campaign).where(
        Campaign.step_id.is_(None),
        or_(
            and_(silent, or_(Campaign.state == "planning", Campaign.winner.is_not(None))),
            and_(Campaign.state == "testing", Campaign.test_ends_at < before),
            and_(Campaign.state == "scheduled", Campaign.scheduled_at < before),
        ),
    )


def revive(job: JobContext) -> dict[str, int]:
    """The job ``mail_campaigns.revive``: what a lost job would have done is done; gives of how many campaigns."""
    revived = 0
    with job.work.begin() as work:
        for campaign in work.session.scalars(_stalled(work).with_for_update()):
            revived += _scheduled(work, campaign) if campaign.state == "scheduled" else _on_its_way(work, campaign)
    return {"campaigns": revived}


def _on_its_way(work: Work, campaign: Campaign) -> bool:
    mailing, number = mail.mailings.get(work, campaign.mailing_id or 0), campaign.id
    if campaign.state == "planning":
        user = work.session.get(User, mailing.user_id) if mailing.user_id is not None else None
        if user is None or user.disabled_at is not None:
            return False
        # Who sends it reaches no more people than they may see.
        again = work.as_actor(users.actor_for(user))
        again.enqueue("mail_campaigns.plan", dedupe=str(number), campaign_id=number)
    elif campaign.state == "testing" and campaign.test_ends_at is not None:
        at = campaign.test_ends_at.isoformat()
        work.enqueue("mail_campaigns.decide", dedupe=str(number), campaign_id=number, at=at)
    elif mail.mailings.any_held(work, mailing.id):
        work.enqueue("mail_campaigns.release", dedupe=str(number), campaign_id=number)
    else:
        return False
    return True


def _scheduled(work: Work, campaign: Campaign) -> bool:
    """One whose time came is a draft again when the job that was to begin it is gone; one that is late is left alone."""
    try:
        state = jobs.get(work, campaign.begin_job_id or 0).state
    except NotFound:
        state = "cancelled"
    if state not in ("cancelled", "failed"):
        return False
    before = services.snapshot(campaign)
    campaign.state, campaign.scheduled_at, campaign.begin_job_id = "draft", None, None
    services.moved(work, campaign, "campaign.unscheduled", before)
    sentence = Message(
        "The campaign “%(name)s” did not go out: its job was cancelled. Schedule it again, or send it now."
    )
    services.tell_owner(work, campaign, sentence)
    return True
