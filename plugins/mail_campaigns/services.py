"""Campaigns: reading one, writing, copying, deleting. Sending stands in :mod:`.running`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import (
    Change,
    Conflict,
    Message,
    NotFound,
    Stale,
    User,
    Work,
    keyset,
    notifications,
    search,
    texts,
)

from . import fields
from .models import KIND, Campaign

#: States in which its words and audience may be changed.
OPEN = ("draft", "scheduled")
_TRIED = ("subjects", "test_share", "test_figure", "test_wait")
_COPIED = (
    "topic_id",
    "subject",
    *_TRIED,
    "content_kind",
    "content",
    "text",
    "template_id",
    "account_id",
    "audience",
    "track_clicks",
)


def get(work: Work, campaign_id: int, *, lock: bool = False) -> Campaign:
    """A campaign.

    :raises NotFound: when there is none.
    """
    work.require("mail_campaigns.view")
    wanted = select(Campaign).where(Campaign.id == (keyset.valid_id(campaign_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Campaign | None = work.session.scalar(wanted)
    if found is None or (lock and found.step_id is not None):
        # An edition of a sequence is not sent, halted or changed by itself.
        raise NotFound(KIND, campaign_id)
    return found


def create(work: Work, given: Mapping[str, Any]) -> Campaign:
    """Begins a campaign: a draft, of which only the name has to be there.

    :param given: see :func:`.fields.prepare`.
    :raises Invalid: by field.
    """
    work.require("mail_campaigns.edit")
    values = fields.prepare(work, given, None)
    campaign = Campaign(
        state="draft",
        left_out={},
        owner_id=work.actor.user_id,
        created_at=work.now,
        updated_at=work.now,
        **{"audience": {"include": [], "exclude": []}, **values},
    )
    work.session.add(campaign)
    work.session.flush()
    _note(work, campaign, "campaign.created", {}, snapshot(campaign))
    return campaign


def update(work: Work, campaign_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Campaign:
    """Changes a draft or one that is scheduled; fields that are not given stay.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Conflict: when it is being sent, or was.
    :raises Stale: when somebody saved it since that version.
    """
    work.require("mail_campaigns.edit")
    campaign = get(work, campaign_id, lock=True)
    if campaign.state not in OPEN and set(given) - {"name"}:
        raise Conflict("This campaign is on its way: copy it, and change the copy.")
    if version is not None and version != campaign.version:
        raise Stale("Somebody saved this campaign meanwhile: look at their changes before you save yours.")
    before = snapshot(campaign)
    for name, value in fields.prepare(work, given, campaign).items():
        setattr(campaign, name, value)
    after = snapshot(campaign)
    if after != before:
        campaign.version, campaign.updated_at = campaign.version + 1, work.now
        work.session.flush()
        changed = {name for name in after if after[name] != before[name]}
        old, new = ({name: side[name] for name in changed} for side in (before, after))
        _note(work, campaign, "campaign.updated", old, new)
    return campaign


def duplicate(work: Work, campaign_id: int) -> Campaign:
    """A draft with the same words and audience, under a name of its own; its figures begin at nothing."""
    work.require("mail_campaigns.edit")
    campaign = get(work, campaign_id)
    taken = set(work.session.scalars(select(Campaign.name_key)))
    number = 2
    while texts.fold(name := f"{campaign.name[:190]} ({number})") in taken:
        number += 1
    copy = Campaign(
        name=name,
        name_key=texts.fold(name)[:200],
        state="draft",
        left_out={},
        owner_id=work.actor.user_id,
        created_at=work.now,
        updated_at=work.now,
        **{key: getattr(campaign, key) for key in _COPIED},
    )
    work.session.add(copy)
    work.session.flush()
    _note(work, copy, "campaign.created", {}, snapshot(copy))
    return copy


def delete(work: Work, campaign_id: int) -> str:
    """Deletes a campaign of which nothing went out; gives its name.

    :raises Conflict: when mails of it went out: their recipients may still unsubscribe and bounce.
    """
    work.require("mail_campaigns.edit")
    campaign = get(work, campaign_id, lock=True)
    if campaign.state not in (*OPEN, "cancelled") or campaign.planned:
        raise Conflict("Mails of this campaign went out, so it stays: cancel what is left of it instead.")
    name, before = campaign.name, snapshot(campaign)
    work.session.delete(campaign)
    work.session.flush()
    search.drop(work, KIND, [campaign_id])
    work.audit("campaign.deleted", KIND, campaign_id, before=before)
    work.changed(Change("campaign.deleted", KIND, campaign_id, before, {}))
    return name


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """The campaign for the audit log, without its long texts."""
    names = (
        "name",
        "state",
        "subject",
        *_TRIED,
        "content_kind",
        "account_id",
        "topic_id",
        "audience",
        "track_clicks",
        "track_opens",
    )
    at = campaign.scheduled_at
    return {name: getattr(campaign, name) for name in names} | {
        "content": f"{len(campaign.content or '')} characters",
        "scheduled_at": at.isoformat() if at else None,
    }


def moved(work: Work, campaign: Campaign, action: str, before: dict[str, Any]) -> None:
    """Writes down that a campaign came to another state; listeners are told."""
    campaign.version, campaign.updated_at = campaign.version + 1, work.now
    work.session.flush()
    after = snapshot(campaign)
    work.audit(action, KIND, campaign.id, before={"state": before["state"]}, after={"state": after["state"]})
    work.changed(Change(action, KIND, campaign.id, before, after))


def tell_owner(work: Work, campaign: Campaign, sentence: Message, **said: str) -> None:
    """Tells the owner of a campaign, if they are there."""
    if campaign.owner_id is not None and work.session.get(User, campaign.owner_id) is not None:
        data = {"name": campaign.name[:80], **{name: text[:200] for name, text in said.items()}}
        notifications.tell(
            work, [campaign.owner_id], sentence, url=f"/campaigns/{campaign.id}", kind="mail_campaigns.sent", data=data
        )


def _note(work: Work, campaign: Campaign, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    search.put(work, KIND, [(campaign.id, f"{campaign.name}\n{campaign.subject}")])
    work.audit(action, KIND, campaign.id, before=before or None, after=after)
    work.changed(Change(action, KIND, campaign.id, before, after))
