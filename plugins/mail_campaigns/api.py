"""What other extensions may import, and what ``work.service("mail_campaigns")`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Work

from . import figures, running, services
from .models import KIND, Campaign

__all__ = ["EVENTS", "KIND", "Campaign", "CampaignsService"]

#: Event -> what it tells. Where nothing else is said, the ids are those of campaigns, or of sequences.
EVENTS: Mapping[str, str] = {
    "campaign.created": "A campaign was begun, or copied.",
    "campaign.updated": "What it says, or who gets it, was changed.",
    "campaign.deleted": "One of which nothing went out was deleted.",
    "campaign.scheduled": "It goes out later.",
    "campaign.unscheduled": "One that was scheduled is a draft again.",
    "campaign.started": "Its audience is being written down.",
    "campaign.winner": "Of several subjects, one goes to the rest.",
    "campaign.paused": "It stands until somebody lets it go on.",
    "campaign.resumed": "It goes on.",
    "campaign.sent": "All its mails are out.",
    "campaign.cancelled": "It ended for good.",
    "campaign.archived": "It stands in the archive.",
    "campaign.unarchived": "It was taken out of the archive.",
    "sequence.created": "A sequence was made.",
    "sequence.updated": "The sequence, or one of its mails, was changed.",
    "sequence.deleted": "One of which nothing went out was deleted.",
    "sequence.switched_on": "It takes people in, and sends.",
    "sequence.switched_off": "Nobody enters, and who is inside waits.",
    "sequence.entered": "Contacts entered, were added by hand or put back: their ids; `data` has `sequence_id`.",
    "sequence.finished": "Contacts are through, behind the last mail: their ids; `data` has `sequence_id`.",
    "sequence.left": "Contacts get no further mail of it: their ids; `data` has `sequence_id` and `reason`: by_hand, condition, "
    "gone, topic, unsubscribed, bounced, complained, no_email, invalid or duplicate.",
}


class CampaignsService:
    """The campaigns for other extensions; everything is checked for ``work.actor``, inside ``work.begin()`` what writes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def create(self, given: Mapping[str, Any]) -> Campaign:
        """Begins a campaign, see :func:`.services.create`."""
        return services.create(self._work, given)

    def send(self, campaign_id: int) -> Campaign:
        """Sends it, once; see :func:`.running.send`."""
        return running.send(self._work, campaign_id)

    def figures(self, campaign_id: int) -> dict[str, int]:
        """Its figures, see :func:`.figures.of`."""
        return figures.of(self._work, [services.get(self._work, campaign_id)])[campaign_id]
