"""Which campaigns use a segment, and which pictures they show."""

from __future__ import annotations

import re
from collections.abc import Sequence as Many

from sqlalchemy import select

from crmhost.api import Message, Work
from plugins.segments.api import SegmentUse

from .models import Campaign, Sequence, Step

#: Campaigns that still ask their audience; of the others it is written down.
_ASKING = ("draft", "scheduled", "planning", "paused")


def of_segments(work: Work, segment_ids: Many[int]) -> list[SegmentUse]:
    """Campaigns that are not yet out whose audience names one of these segments."""
    may, wanted = work.can("mail_campaigns.view"), set(segment_ids)
    found = []
    rows = work.session.execute(
        select(Campaign.id, Campaign.name, Campaign.audience).where(Campaign.state.in_(_ASKING)).order_by(Campaign.id)
    )
    for number, name, audience in rows:
        parts = [part for side in ("include", "exclude") for part in audience.get(side) or ()]
        for segment_id in {part["segment"] for part in parts if part.get("segment") in wanted}:
            label = Message("Campaign “%(name)s”", name=name) if may else Message("A campaign")
            found.append(SegmentUse(segment_id, label, f"/campaigns/{number}" if may else ""))
    asking = select(Sequence.id, Sequence.name, Sequence.audience, Sequence.leave_segment).order_by(Sequence.id)
    for number, name, chosen, leave in work.session.execute(asking):
        parts = [part for side in ("include", "exclude") for part in chosen.get(side) or ()]
        for segment_id in {part.get("segment") for part in parts} | {leave}:
            if segment_id in wanted:
                label = Message("Sequence “%(name)s”", name=name) if may else Message("A sequence")
                found.append(SegmentUse(segment_id, label, f"/campaigns/sequences/{number}" if may else ""))
    return found


def of_pictures(work: Work, file_ids: Many[int]) -> set[int]:
    """Those of these pictures that the text of a campaign, or of a step of a sequence, shows."""
    shown = set[int]()
    for column in (Campaign.content, Step.content):
        for text in work.session.scalars(select(column).where(column.contains("/storage/"))):
            shown |= {int(number) for number in re.findall(r"/storage/(\d{1,18})\b", text)}
    return shown & set(file_ids)
