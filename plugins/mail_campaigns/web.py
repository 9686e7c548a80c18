"""Campaigns on the web: the page that “view in your browser” leads to, without anything personal, and the archive."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from crmhost.api import SYSTEM, Change, Conflict, Message, NotFound, Work, mail

from . import services
from .models import KIND, Campaign

INDEXED = "mail_campaigns.archive_indexed"
#: States in which mails of a campaign are out, or going.
OUT = ("testing", "sending", "paused", "sent", "cancelled")
#: Stands for the page of a campaign that is not out.
_EXAMPLE = "example"
#: What a name that is missing leaves before a comma.
_GAP = re.compile(r"[ \t]+,")


def path(campaign: Campaign) -> str:
    """Where its page is."""
    return f"/campaigns/web/{campaign.web_key or _EXAMPLE}"


def new_key() -> str:
    """The last part of the address of a page: nobody guesses it, and it says nothing of whoever holds it."""
    return secrets.token_urlsafe(16)


def values(work: Work, campaign: Campaign) -> dict[str, Any]:
    """What the placeholders of campaigns stand for, the same for all readers, as :func:`mail.write` takes it."""
    return {"campaign": {"web_url": f"{work.base_url}{path(campaign)}"}}


def placeholders() -> Sequence[mail.Placeholder]:
    """Those placeholders, with what pages call them."""
    return [mail.Placeholder("campaign.web_url", Message("Address of this mail on the web"))]


def found(work: Work, key: str) -> Campaign:
    """The campaign of a page.

    :raises NotFound: when there is none, or nothing of it went out.
    """
    wanted = select(Campaign).where(Campaign.web_key == key, Campaign.web_key != "", Campaign.state.in_(OUT))
    campaign: Campaign | None = work.session.scalar(wanted) if len(key) <= 40 else None
    if campaign is None:
        raise NotFound(KIND, "")
    return campaign


def written(work: Work, campaign: Campaign) -> mail.Written:
    """A campaign as everybody may read it: filled in for nobody, without counted links, without a link to unsubscribe."""
    anyone = work.as_actor(SYSTEM)
    account = mail.chosen(anyone, campaign.account_id)
    source = mail.compose(anyone, campaign.content_kind, campaign.best_subject, campaign.content, campaign.text)
    found = mail.write(anyone, source, None, account=account, more=values(anyone, campaign))
    return dataclasses.replace(found, html=_GAP.sub(",", found.html), text=_GAP.sub(",", found.text))


def title(work: Work, campaign: Campaign) -> str:
    """Its subject, of several the one that went to the rest, filled in for nobody."""
    anyone = work.as_actor(SYSTEM)
    account = mail.chosen(anyone, campaign.account_id)
    found = mail.line(anyone, campaign.best_subject, account=account, more=values(anyone, campaign))
    return _GAP.sub(",", found).rstrip(" ,;:–-")


def archived() -> Select[Any]:
    """The campaigns of the archive."""
    return select(Campaign).where(Campaign.archived.is_(True), Campaign.state.in_(OUT), Campaign.web_key != "")


def archive(work: Work, campaign_id: int, *, put: bool) -> Campaign:
    """Puts a campaign into the archive that everybody may read, or takes it out.

    :raises Conflict: when nothing of it went out.
    """
    work.require("mail_campaigns.edit")
    campaign = services.get(work, campaign_id, lock=True)
    if campaign.state not in OUT:
        raise Conflict("Send the campaign first: the archive shows what went out.")
    if campaign.archived != put:
        campaign.archived, campaign.web_key = put, campaign.web_key or new_key()
        work.session.flush()
        action = "campaign.archived" if put else "campaign.unarchived"
        before, after = {"archived": not put}, {"archived": put}
        work.audit(action, KIND, campaign.id, before=before, after=after)
        work.changed(Change(action, KIND, campaign.id, before, after))
    return campaign
