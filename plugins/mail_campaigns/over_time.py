"""What came of a campaign day by day, from the day of its first mail on."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from sqlalchemy import case, func, select

from crmhost.api import Message, Work
from crmhost.web.api import Chart, ChartReceipt, ChartSeries, gettext, ngettext, number

from .figures import MACHINE
from .models import Campaign, Event

#: Days that are shown: hardly anybody answers later.
DAYS = 14
#: What is shown, how it is called, and its looks.
_SHOWN = (
    ("clicked", Message("Clicked"), "main"),
    ("opened", Message("Opened (unreliable)"), "past"),
    ("unsubscribed", Message("Unsubscribed"), "2"),
    ("bounced", Message("Came back"), "3"),
)


def answers(work: Work, campaign: Campaign) -> list[dict[str, int]]:
    """Kind -> recipients who did that, for each day so far, at most :data:`DAYS` of them; empty before the first mail."""
    work.require("mail_campaigns.view")
    if campaign.started_at is None:
        return []
    first = campaign.started_at.astimezone(work.timezone).date()
    days = min(DAYS, (work.now.astimezone(work.timezone).date() - first).days + 1)
    starts = [dt.datetime.combine(first + dt.timedelta(day), dt.time(), work.timezone) for day in range(days + 1)]
    day = case(*((Event.at < end, place) for place, end in enumerate(starts[1:])))
    counted = select(day, Event.kind, func.count(func.distinct(Event.mail_id))).where(
        Event.campaign_id == campaign.id,
        Event.kind.in_([kind for kind, _label, _style in _SHOWN]),
        Event.sure != MACHINE,
        Event.at < starts[-1],
    )
    found: list[dict[str, int]] = [{} for _ in range(days)]
    for place, kind, some in work.session.execute(counted.group_by(day, Event.kind)):
        found[place][kind] = some
    return found


def chart(work: Work, campaign: Campaign) -> Chart | None:
    """The days as a chart; nothing while nobody answered."""
    found = answers(work, campaign)
    total = sum(sum(day.values()) for day in found)
    if not total or campaign.started_at is None:
        return None
    first = campaign.started_at.astimezone(work.timezone).date()
    days = [first + dt.timedelta(place) for place in range(len(found))]
    kinds = [item for item in _SHOWN if item[0] != "opened" or campaign.track_opens]
    last = len(found) < DAYS
    return Chart(
        id="campaign-days",
        title=gettext("When do people answer?"),
        sub=gettext("Recipients, by day since the first mail"),
        kind="bar",
        summary=ngettext(
            "%(number)s answer in %(num)d day.", "%(number)s answers in %(num)d days.", len(days), number=number(total)
        ),
        heading=gettext("Day"),
        labels=[format_date(day, "d MMM", locale=work.locale) for day in days],
        titles=[format_date(day, "full", locale=work.locale) for day in days],
        series=[
            ChartSeries(gettext(label), [day.get(kind, 0) for day in found], style)  # type: ignore[arg-type]
            for kind, label, style in kinds
        ],
        running=gettext("so far") if last else "",
        receipt=ChartReceipt(
            formula=gettext(
                "Each recipient counts once a day and kind. Clicks and openings that a program made, as it seems, count in "
                "no figure."
            ),
            zone=str(work.timezone),
            counted=total,
        ),
    )
