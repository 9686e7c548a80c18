"""The last step of a campaign: what to look at before it goes out, and when it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from crmhost.api import Invalid, Work
from crmhost.web.api import (
    current_work,
    gettext,
    lasting,
    record_url,
    redirect,
    render_template,
    requires,
    toast,
    url_for,
    writing,
)

from . import checks, running, services
from .forms import WhenForm
from .models import Campaign, Sequence
from .wizard import STEPS, late, open_draft


def add_review(blueprint: Blueprint) -> None:
    """Adds the page of the step and what it sends."""
    add = blueprint.add_url_rule
    add("/<int:campaign_id>/review", "review", requires("mail_campaigns.edit")(review))
    add("/<int:campaign_id>/links", "follow_links", requires("mail_campaigns.edit")(follow), methods=["POST"])
    add("/<int:campaign_id>/schedule", "schedule", requires("mail_campaigns.send")(schedule), methods=["POST"])


def review(campaign_id: int) -> Any:
    """What to look at before it goes out."""
    campaign = open_draft(campaign_id)
    return late(campaign_id) if campaign is None else review_page(campaign, WhenForm())


def follow(campaign_id: int) -> Any:
    """Has its links followed, and the records of its sender's domain asked for."""
    try:
        with writing() as work:
            checks.follow(work, services.get(work, campaign_id), sender=True)
    except Invalid as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("Links and sender are looked at: check again in a moment."), category="info")
    return redirect(url_for("mail_campaigns.review", campaign_id=campaign_id), 303)


def review_page(campaign: Campaign, form: WhenForm) -> str:
    """The page of the last step."""
    work = current_work()
    looked = checks.review(work, campaign)
    return render_template(
        "mail_campaigns/review.html",
        one=campaign,
        steps=STEPS,
        looked=looked,
        lasting=lasting(looked.seconds),
        waiting=lasting(campaign.test_wait * 60),
        segment_names=segment_names(work, campaign),
        form=form,
        zone=str(work.timezone),
        record_url=record_url,
    )


def segment_names(work: Work, campaign: Campaign | Sequence) -> Mapping[int, str]:
    """What the segments of an audience are called, those that the reader may see."""
    audience_parts = [part for side in ("include", "exclude") for part in campaign.audience.get(side) or ()]
    ids = [part["segment"] for part in audience_parts if "segment" in part]
    segments = work.service("segments") if ids else None
    return segments.names(ids) if segments is not None else {}


def schedule(campaign_id: int) -> Any:
    """Sends it later."""
    form = WhenForm()
    if not form.at.data and not form.at.errors:
        form.validate()
        form.add_problem("at", gettext("Say when it is to go out."))
    elif form.validate():
        try:
            with writing() as work:
                running.schedule(work, campaign_id, form.at.data)
        except Invalid as error:
            form.take(Invalid({"at" if name == "scheduled_at" else name: some for name, some in error.errors.items()}))
        else:
            toast(gettext("The campaign is scheduled."))
            return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)
    return review_page(services.get(current_work(), campaign_id), form), 422
