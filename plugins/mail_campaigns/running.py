"""A campaign on its way: what it lacks, writing down its audience, sending, pausing, going on, ending.

The audience is written down by a job in steps; each step locks the campaign and goes on behind the last contact or company
that is there, so two jobs that do the same at once, or one that is killed, neither lose nor double anybody.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from crmhost.api import (
    Conflict,
    Invalid,
    JobContext,
    Message,
    Work,
    insert_rows,
    mail,
)

from . import audience, choices, clicks, fields, of_companies, opens, services, subjects, unknown, web, winning
from .models import SOURCE, Campaign, LeftOut, Step


def problems(work: Work, campaign: Campaign) -> dict[str, list[str]]:
    """What keeps a campaign from being sent, by field; nothing when it can go."""
    errors = word_problems(work, campaign)
    errors |= subjects.problems(work, campaign)
    try:
        audience.condition(work, campaign.audience)
    except Invalid as error:
        errors |= error.errors
    if not work.base_url:
        errors[""] = ["The site's public address is not known (CRMHOST_BASE_URL): no unsubscribe link can be made."]
    return errors


def word_problems(work: Work, one: Campaign | Step) -> dict[str, list[str]]:
    """What its words lack to go out, by field."""
    errors: dict[str, list[str]] = {}
    if not one.subject:
        errors["subject"] = [
            "Give the campaign a subject." if isinstance(one, Campaign) else "Give the mail a subject."
        ]
    if not one.content.strip():
        errors["content"] = ["Write something first."]
    else:
        errors |= mail.problems(work, one.content_kind, one.subject, one.content, one.text)
    if "content" not in errors and (missing := mail.lacking(work, one.content_kind, one.content)):
        errors["content"] = [*missing]
    if "content" not in errors and not set(fields.UNSUBSCRIBE) & set(mail.placeholders_of(source(work, one))):
        errors["content"] = ["Add ##UNSUB-LINE##: without a way to unsubscribe, no campaign goes out."]
    return errors or unknown.problems(work, one, source(work, one))


def source(work: Work, one: Campaign | Step) -> Any:
    """Its words, ready to be filled in."""
    return mail.compose(work, one.content_kind, one.subject, one.content, one.text)


def send(work: Work, campaign_id: int) -> Campaign:
    """Sends a campaign now; said twice, it goes out once.

    :raises Invalid: by field, what it lacks.
    :raises Conflict: when it was cancelled or is paused.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state in ("planning", "testing", "sending", "sent"):
        return campaign
    if campaign.state not in services.OPEN:
        raise Conflict("A campaign that is paused goes on by “Go on”; one that was cancelled can be copied.")
    if errors := problems(work, campaign):
        raise Invalid(errors)
    _begin(work, campaign)
    return campaign


def schedule(work: Work, campaign_id: int, at: dt.datetime) -> Campaign:
    """Sends a campaign later.

    :raises Invalid: by field, what it lacks; also an instant that is over.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state not in services.OPEN:
        raise Conflict("This campaign is on its way: copy it, and change the copy.")
    errors = problems(work, campaign)
    if at <= work.now:
        errors["scheduled_at"] = ["This time is over: choose a later one, or send it now."]
    if errors:
        raise Invalid(errors)
    before = services.snapshot(campaign)
    campaign.state, campaign.scheduled_at = "scheduled", at
    job = work.enqueue("mail_campaigns.begin", due=at, campaign_id=campaign.id, at=at.isoformat())
    campaign.begin_job_id = job
    services.moved(work, campaign, "campaign.scheduled", before)
    return campaign


def unschedule(work: Work, campaign_id: int) -> Campaign:
    """Makes a scheduled campaign a draft again."""
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state == "scheduled":
        before = services.snapshot(campaign)
        campaign.state, campaign.scheduled_at = "draft", None
        services.moved(work, campaign, "campaign.unscheduled", before)
    return campaign


def pause(work: Work, campaign_id: int) -> Campaign:
    """Halts a campaign after the mails that are under way.

    :raises Conflict: when it is not on its way.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state == "paused":
        return campaign
    if campaign.state not in ("planning", "testing", "sending"):
        raise Conflict("Only a campaign that is on its way can be paused.")
    before = services.snapshot(campaign)
    campaign.state, campaign.before_pause = "paused", campaign.state
    if campaign.mailing_id is not None:
        mail.mailings.pause(work, campaign.mailing_id)
    services.moved(work, campaign, "campaign.paused", before)
    return campaign


def resume(work: Work, campaign_id: int) -> Campaign:
    """Lets a paused campaign, or one that came to stand by itself, go on.

    :raises Conflict: when it is not paused.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state in ("testing", "sending") and campaign.mailing_id is not None:
        mail.mailings.start(work, campaign.mailing_id)
        return campaign
    if campaign.state == "planning":
        return campaign
    if campaign.state != "paused":
        raise Conflict("Only a campaign that is paused can go on.")
    before = services.snapshot(campaign)
    campaign.state = campaign.before_pause or "planning"
    if campaign.state == "planning":
        work.enqueue("mail_campaigns.plan", dedupe=str(campaign.id), campaign_id=campaign.id)
    elif campaign.mailing_id is not None:
        mail.mailings.start(work, campaign.mailing_id)
        winning.go_on(work, campaign)
    services.moved(work, campaign, "campaign.resumed", before)
    return campaign


def cancel(work: Work, campaign_id: int) -> Campaign:
    """Ends a campaign for good: who waits gets nothing.

    :raises Conflict: when all of it went out.
    """
    work.require("mail_campaigns.send")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state == "cancelled":
        return campaign
    if campaign.state == "sent":
        raise Conflict("All mails of this campaign went out: nothing is left to cancel.")
    before = services.snapshot(campaign)
    campaign.state, campaign.ended_at = "cancelled", work.now
    if campaign.mailing_id is not None:
        mail.mailings.cancel(work, campaign.mailing_id)
    services.moved(work, campaign, "campaign.cancelled", before)
    return campaign


# --- jobs and listeners ----------------------------------------------------------------------------------------------


def begin(job: JobContext, campaign_id: int, at: str) -> None:
    """The job ``mail_campaigns.begin``: the time of a scheduled campaign has come. One that was moved or taken back stays."""
    with job.work.begin() as work:
        campaign = services.get(work, campaign_id, lock=True)
        if campaign.state != "scheduled" or campaign.scheduled_at != dt.datetime.fromisoformat(at):
            return
        if errors := problems(work, campaign):
            before = services.snapshot(campaign)
            campaign.state = "draft"
            services.moved(work, campaign, "campaign.unscheduled", before)
            words = next(iter(errors.values()))[0]
            services.tell_owner(
                work, campaign, Message("The campaign “%(name)s” was not sent: %(said)s"), said=str(words)
            )
            return
        _begin(work, campaign)


def plan(job: JobContext, campaign_id: int) -> None:
    """The job ``mail_campaigns.plan``: writes the audience down, step by step, and lets the mails go out."""
    work = job.work
    total = 0
    while True:
        job.check()
        with work.begin():
            campaign = services.get(work, campaign_id, lock=True)
            if campaign.state != "planning" or campaign.mailing_id is None:
                return
            total = total or audience.count(work, campaign.audience)
            some = audience.step(work, campaign.audience, campaign.planned_to, audience.STEP)
            # People first: an address that a person and a company share is the person's.
            some = some or of_companies.step(work, campaign.audience, campaign.companies_to, audience.STEP)
            if not some:
                campaign.state = "sending"
                mail.mailings.start(work, campaign.mailing_id)
                winning.begin(work, campaign)
                return
            _write_down(work, campaign, some)
            done = campaign.planned + sum(campaign.left_out.values())
        job.progress(done, max(total, done))


def _write_down(work: Work, campaign: Campaign, some: list[mail.mailings.Recipient]) -> None:
    mailing = mail.mailings.get(work, campaign.mailing_id or 0)
    unwanted = choices.unwanted(work, campaign.topic_id, [one.email for one in some])
    left = mail.mailings.add(work, mailing, subjects.parted(campaign, some), unwanted=unwanted)
    rows = [
        {"campaign_id": campaign.id, "reason": one.reason}
        | {name: getattr(one.recipient, name) for name in ("contact_id", "object_type", "object_id")}
        for one in left
    ]
    insert_rows(work.session, LeftOut, rows)
    counted = dict(campaign.left_out)
    for one in left:
        counted[one.reason] = counted.get(one.reason, 0) + 1
    campaign.left_out = counted
    campaign.planned += len(some) - len(left)
    kind, last = some[-1].record
    if kind == of_companies.KIND:
        campaign.companies_to = last
    else:
        campaign.planned_to = last
    campaign.updated_at = work.now
    work.session.flush()


def _begin(work: Work, campaign: Campaign) -> None:
    before = services.snapshot(campaign)
    campaign.web_key = web.new_key()
    campaign.mailing_id, campaign.state, campaign.started_at = mailing_of(work, campaign).id, "planning", work.now
    services.moved(work, campaign, "campaign.started", before)
    work.enqueue("mail_campaigns.plan", dedupe=str(campaign.id), campaign_id=campaign.id)


def mailing_of(work: Work, campaign: Campaign) -> mail.MailMailing:
    """A mailing with the words of a campaign, without recipients."""
    words = source(work, campaign)
    html = clicks.counted(work, campaign, words.html) if campaign.track_clicks else words.html
    return mail.mailings.create(
        work,
        source=f"{SOURCE}:{campaign.id}",
        subject=words.subject,
        subjects=campaign.subjects,
        html=opens.counted(work, campaign, html),
        text=words.text,
        account_id=campaign.account_id,
        more=web.values(work, campaign),
    )
