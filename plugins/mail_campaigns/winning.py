"""The best of several subjects: chosen by a figure when the time is over, or by a person, and sent to the rest.

The whole audience stands in the campaign's one mailing, so each address gets one mail whatever is killed or pressed twice; the
rest is held there until the subject is chosen.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from sqlalchemy import select

from crmhost.api import Conflict, Event, Invalid, JobContext, Message, Work, mail

from . import services, subjects
from .models import Campaign


def best(work: Work, campaign: Campaign) -> tuple[int, str]:
    """The number of the subject with the best figure and ``figure``; the first with ``tie`` or ``none`` where none was best."""
    figure = campaign.test_figure if campaign.test_figure in subjects.DECIDES else "clicked"
    rates = [one.rate(figure) for one in subjects.of(work, campaign)]
    top = max(rates, default=Fraction(0))
    if not top:
        return 0, "none"
    return (rates.index(top), "figure") if rates.count(top) == 1 else (0, "tie")


# --- choosing --------------------------------------------------------------------------------------------------------


def choose(work: Work, campaign_id: int, variant: int | None = None) -> Campaign:
    """Sends a subject to the rest now; said twice, it is done once.

    :param variant: its number, 0 for the first; ``None`` is the best so far.
    :raises Invalid: when there is no such subject.
    :raises Conflict: when no subjects are being tried.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if variant is not None and not 0 <= variant <= len(campaign.subjects):
        raise Invalid({"subject": ["There is no such subject."]})
    if campaign.winner is not None and variant in (None, campaign.winner):
        return campaign
    if campaign.state != "testing":
        raise Conflict("A subject can be chosen while several are tried; a campaign that is paused has to go on first.")
    won, how = (variant, subjects.HAND) if variant is not None else best(work, campaign)
    _won(work, campaign, won, how)
    return campaign


def _won(work: Work, campaign: Campaign, variant: int, how: str) -> None:
    before = services.snapshot(campaign)
    campaign.winner, campaign.winner_how = variant, how
    campaign.state, campaign.test_ends_at = "sending", None
    services.moved(work, campaign, "campaign.winner", before)
    work.enqueue("mail_campaigns.release", dedupe=str(campaign.id), campaign_id=campaign.id)
    if how == subjects.HAND:
        return
    sentence = (
        Message("Of the subjects of “%(name)s”, “%(said)s” was the best: the rest gets it now.")
        if how == "figure"
        else Message("No subject of “%(name)s” was better than the others: the rest gets the first one.")
    )
    services.tell_owner(work, campaign, sentence, said=campaign.best_subject)


# --- on its way ------------------------------------------------------------------------------------------------------


def begin(work: Work, campaign: Campaign) -> None:
    """The audience is written down: with a rest that waits, the subjects are tried first."""
    if campaign.mailing_id is None or not mail.mailings.any_held(work, campaign.mailing_id):
        return
    campaign.state = "testing"
    if not any(sum(states.values()) for states in mail.mailings.by_subject(work, campaign.mailing_id).values()):
        # So few people that none of them was drawn.
        _won(work, campaign, 0, "none")


def go_on(work: Work, campaign: Campaign) -> None:
    """After a pause: what came due meanwhile is done."""
    if campaign.state == "testing" and campaign.test_ends_at is not None:
        _decide_at(work, campaign, campaign.test_ends_at)
    elif campaign.state == "sending" and campaign.winner is not None:
        work.enqueue("mail_campaigns.release", dedupe=str(campaign.id), campaign_id=campaign.id)
    through(work, campaign)


def through(work: Work, campaign: Campaign) -> None:
    """Nothing of the campaign is under way any more: it ends, or the time runs until a subject is chosen."""
    if campaign.mailing_id is None or mail.mailings.get(work, campaign.mailing_id).state != "done":
        return
    if campaign.state == "testing":
        if campaign.test_figure == subjects.HAND:
            services.tell_owner(
                work, campaign, Message("The subjects of “%(name)s” are out: choose the one for the rest.")
            )
        elif campaign.test_ends_at is None:
            campaign.test_ends_at = work.now + dt.timedelta(minutes=campaign.test_wait)
            work.session.flush()
            _decide_at(work, campaign, campaign.test_ends_at)
    elif campaign.state == "sending" and not mail.mailings.any_held(work, campaign.mailing_id):
        before = services.snapshot(campaign)
        campaign.state, campaign.ended_at = "sent", work.now
        services.moved(work, campaign, "campaign.sent", before)
        services.tell_owner(work, campaign, Message("The campaign “%(name)s” went out."))


def _decide_at(work: Work, campaign: Campaign, at: dt.datetime) -> None:
    work.enqueue("mail_campaigns.decide", due=at, campaign_id=campaign.id, at=at.isoformat())


def finished(work: Work, event: Event) -> None:
    """The mailing of a campaign is through."""
    for mailing_id in event.ids:
        with work.begin():
            wanted = select(Campaign).where(Campaign.mailing_id == mailing_id)
            campaign = work.session.scalar(wanted.with_for_update())
            if campaign is not None and campaign.step_id is None:
                through(work, campaign)


def decide(job: JobContext, campaign_id: int, at: str) -> None:
    """The job ``mail_campaigns.decide``: the time of the subjects is over. One that was paused or decided stays."""
    with job.work.begin() as work:
        campaign = services.get(work, campaign_id, lock=True)
        if campaign.state == "testing" and campaign.test_ends_at == dt.datetime.fromisoformat(at):
            _won(work, campaign, *best(work, campaign))


def release(job: JobContext, campaign_id: int) -> None:
    """The job ``mail_campaigns.release``: the rest gets the subject that won, some thousand at a time."""
    work = job.work
    while True:
        job.check()
        with work.begin():
            campaign = services.get(work, campaign_id, lock=True)
            if campaign.state != "sending" or campaign.winner is None or campaign.mailing_id is None:
                return
            if not mail.mailings.release(work, campaign.mailing_id, variant=campaign.winner):
                through(work, campaign)
                return
            campaign.updated_at = work.now
