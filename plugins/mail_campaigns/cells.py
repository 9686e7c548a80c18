"""How campaigns read in lists and on pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from crmhost.api import Message, Work
from crmhost.web.api import Cell, ago, gettext, moment, number, status_cell, url_for

from . import figures, services
from .models import Campaign
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


@dataclasses.dataclass(frozen=True)
class Row:
    """A campaign as a list shows it, with its figures."""

    one: Campaign
    figures: Mapping[str, int]

    @property
    def id(self) -> int:
        """Of the campaign."""
        return int(self.one.id)


def rows(work: Work, found: Sequence[Campaign]) -> list[Row]:
    """Campaigns with their figures, counted for all at once."""
    counted = figures.of(work, found)
    return [Row(one, counted[one.id]) for one in found]


def name(row: Row) -> Markup:
    """The name, leading to the page."""
    link = Markup('<a class="link-ink" href="{}">{}</a>')
    return link.format(url_for("mail_campaigns.page", campaign_id=row.id), row.one.name)


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
