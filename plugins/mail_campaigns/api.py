"""What other extensions may import, and what ``work.service("mail_campaigns")`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Work

from . import figures, running, services
from .models import KIND, Campaign

__all__ = ["KIND", "Campaign", "CampaignsService"]


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
