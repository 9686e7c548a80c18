"""Campaigns in the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Contact, Work, record_fields
from crmhost.web.api import Response, current_work, repeatable, requires, rest, writing
from plugins.rest_api.api import contact_records

from . import audience, figures, queries, running, services, subjects, winning
from .models import Campaign
from .schemas import (
    CampaignFields,
    CampaignList,
    CampaignObject,
    CampaignPreview,
    CampaignQuery,
    CampaignStats,
    SendFields,
    WinnerFields,
)

blueprint = Blueprint(
    "mail_campaigns_api", __name__, url_prefix="/campaigns", description="One mail to many people, each once."
)


@blueprint.get("")
@blueprint.arguments(CampaignQuery, location="query")
@blueprint.response(200, CampaignList)
@requires("mail_campaigns.view")
def list_campaigns(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists campaigns, those changed last first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.arguments(CampaignFields)
@blueprint.response(201, CampaignObject, **rest.CREATED)
@requires("mail_campaigns.edit")
def add_campaign(document: Mapping[str, Any]) -> Any:
    """Begins a campaign: a draft.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        return rest.answer_one(work, services.create(work, document), records, 201)


@blueprint.get(f"/<{rest.ID}:campaign_id>")
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@requires("mail_campaigns.view")
def read_campaign(campaign_id: int) -> Any:
    """Gives a campaign."""
    work = current_work()
    return rest.answer_one(work, services.get(work, campaign_id), records)


@blueprint.patch(f"/<{rest.ID}:campaign_id>")
@blueprint.arguments(CampaignFields)
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("mail_campaigns.edit")
def change_campaign(document: Mapping[str, Any], campaign_id: int) -> Any:
    """Changes a campaign that is not on its way; fields that are left out stay as they are."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, campaign_id))
        return rest.answer_one(work, services.update(work, campaign_id, document, version=version), records)


@blueprint.delete(f"/<{rest.ID}:campaign_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@requires("mail_campaigns.edit")
def remove_campaign(campaign_id: int) -> Any:
    """Deletes a campaign of which nothing went out."""
    with writing() as work:
        rest.wanted_version(services.get(work, campaign_id))
        services.delete(work, campaign_id)
    return Response(b"", 204)


@blueprint.post(f"/<{rest.ID}:campaign_id>/preview")
@blueprint.response(200, CampaignPreview)
@requires("mail_campaigns.view")
def preview_campaign(campaign_id: int) -> dict[str, Any]:
    """Says who would get it now, and who is left out and why. Nothing is saved."""
    work = current_work()
    campaign = services.get(work, campaign_id)
    found = audience.preview(work, campaign.audience, campaign.topic_id)
    ids = [one.contact_id for one in found.sample[: audience.SHOWN]]
    people = {one.id: one for one in work.session.scalars(work.visible(Contact).where(Contact.id.in_(ids)))}
    return {
        "count": found.reached,
        "sample": contact_records(work, [people[number] for number in ids if number in people]),
        "companies": [
            {"id": one.object_id, "name": one.name, "email": one.email} for one in found.addressed[: audience.SHOWN]
        ],
        "left_out": dict(found.left_out),
        "looked": found.looked,
        "matching": found.count,
    }


@blueprint.post(f"/<{rest.ID}:campaign_id>/send")
@blueprint.arguments(SendFields)
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@requires("mail_campaigns.send")
@repeatable
def send_campaign(document: Mapping[str, Any], campaign_id: int) -> Any:
    """Sends a campaign, now or at an instant; sent twice, it goes out once."""
    with writing() as work:
        at = document["at"]
        sent = running.send(work, campaign_id) if at is None else running.schedule(work, campaign_id, at)
        return rest.answer_one(work, sent, records)


@blueprint.post(f"/<{rest.ID}:campaign_id>/pause")
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@requires("mail_campaigns.send")
def pause_campaign(campaign_id: int) -> Any:
    """Halts a campaign after the mails that are under way."""
    with writing() as work:
        return rest.answer_one(work, running.pause(work, campaign_id), records)


@blueprint.post(f"/<{rest.ID}:campaign_id>/resume")
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@requires("mail_campaigns.send")
def resume_campaign(campaign_id: int) -> Any:
    """Lets a campaign that was paused, or came to stand, go on."""
    with writing() as work:
        return rest.answer_one(work, running.resume(work, campaign_id), records)


@blueprint.post(f"/<{rest.ID}:campaign_id>/winner")
@blueprint.arguments(WinnerFields)
@blueprint.response(200, CampaignObject, **rest.TAGGED)
@requires("mail_campaigns.send")
def choose_subject(document: Mapping[str, Any], campaign_id: int) -> Any:
    """Sends one of several subjects to the rest of the audience; said twice, it is done once."""
    with writing() as work:
        return rest.answer_one(work, winning.choose(work, campaign_id, document["subject"]), records)


@blueprint.get(f"/<{rest.ID}:campaign_id>/stats")
@blueprint.response(200, CampaignStats)
@requires("mail_campaigns.view")
def campaign_stats(campaign_id: int) -> dict[str, Any]:
    """Gives the figures of a campaign."""
    work = current_work()
    campaign = services.get(work, campaign_id)
    tried = [
        {
            "subject": one.subject,
            "sent": one.sent,
            "delivered": one.delivered,
            **{name: one.happened.get(name, 0) for name in figures.HAPPENED},
        }
        for one in subjects.of(work, campaign)
    ]
    return {**figures.of(work, [campaign])[campaign.id], "left_out": dict(campaign.left_out), "by_subject": tried}


# --- as the API gives them -------------------------------------------------------------------------------------------

_TRIED = ("subjects", "test_share", "test_figure", "test_wait", "winner")
_PLAIN = (
    "id",
    "name",
    "state",
    "subject",
    *_TRIED,
    "content",
    "content_kind",
    "text",
    "audience",
    "track_clicks",
    "track_opens",
)
_STAMPS = ("test_ends_at", "scheduled_at", "started_at", "ended_at", "created_at", "updated_at")


def records(_work: Work, found: Sequence[Campaign]) -> list[dict[str, Any]]:
    """Campaigns as the API gives them, in the order given."""
    return [
        {
            **{name: getattr(one, name) for name in _PLAIN},
            "html": one.content if one.content_kind == "html" else "",
            "account": one.account_id,
            "topic": one.topic_id,
            **{name: record_fields.stamp(getattr(one, name)) for name in _STAMPS},
        }
        for one in found
    ]


def event_data(work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the campaigns of an event; ``None`` for events of others."""
    if event == "campaign.deleted":
        return {key: {"id": key} for key in ids} if work.can("mail_campaigns.view") else {}
    if not event.startswith("campaign.") or not work.can("mail_campaigns.view"):
        return {} if event.startswith("campaign.") else None
    rows = list(work.session.scalars(work.visible(Campaign).where(Campaign.id.in_(ids))))
    return {row.id: record for row, record in zip(rows, records(work, rows), strict=True)}
