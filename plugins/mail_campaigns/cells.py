"""How campaigns read in lists and on pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Generic, TypeVar

from crmhost.api import Message, Work
from crmhost.web.api import Cell, ago, gettext, link_cell, moment, number, status_cell, url_for

from . import figures, services
from .models import Campaign, Sequence
from .reasons import LEFT_OUT

#: State -> what it is called, and its colour.
STATES = {
    "draft": (Message("Draft"), "grey"),
    "scheduled": (Message("Scheduled"), "violet"),
    "planning": (Message("Being prepared"), "blue"),
    "testing": (Message("Trying subjects"), "violet"),
    "sending": (Message("Being sent"), "blue"),
    "paused": (Message("Paused"), "orange"),
    "sent": (Message("Sent"), "green"),
    "cancelled": (Message("Cancelled"), "red"),
}
REASONS = LEFT_OUT
T = TypeVar("T", Campaign, Sequence)


@dataclasses.dataclass(frozen=True)
class Counted(Generic[T]):
    """A campaign, or a sequence, as a list shows it, with its figures."""

    one: T
    figures: Mapping[str, int]

    @property
    def id(self) -> int:
        """Its number."""
        return int(self.one.id)


Row = Counted[Campaign]


def rows(work: Work, found: Many[Campaign]) -> list[Row]:
    """Campaigns with their figures, counted for all at once."""
    counted = figures.of(work, found)
    return [Row(one, counted[one.id]) for one in found]


def name(row: Row) -> Cell:
    """The name, leading to the page."""
    return link_cell(row.one.name, url_for("mail_campaigns.page", campaign_id=row.id))


def chip(campaign: Campaign) -> Cell:
    """The state, with its colour."""
    label, hue = STATES[campaign.state]
    return status_cell(gettext(label), hue)


def figure(row: Row, which: str) -> str:
    """One of the figures; nothing while the campaign is being written."""
    return "" if row.one.state in services.OPEN else number(row.figures[which])


def when(row: Row) -> str:
    """When it goes or went out, else when it was changed."""
    one = row.one
    if one.state == "scheduled":
        return moment(one.scheduled_at)
    return ago(one.ended_at or one.started_at or one.updated_at)
