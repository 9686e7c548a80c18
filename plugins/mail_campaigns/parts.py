"""Parts of other pages: hits of the palette, campaigns that are picked and named."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Hit, RecordHit, Work
from crmhost.web.api import gettext, url_for

from . import cells, queries
from .models import Campaign


def _found(work: Work, text: str, limit: int) -> list[Campaign]:
    chosen = queries.LIST.matching(work, text).order_by(Campaign.updated_at.desc(), Campaign.id.desc())
    return list(work.session.scalars(chosen.limit(limit)))


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Campaigns for the palette, and the list of all that match."""
    found = _found(work, text, limit)
    hits = [
        Hit(
            title=one.name,
            url=url_for("mail_campaigns.page", campaign_id=one.id),
            meta=gettext(cells.STATES[one.state][0]),
            icon="mail-forward",
        )
        for one in found
    ]
    if len(found) == limit:
        said = gettext("Show all campaigns with “%(text)s”", text=text)
        hits[-1:] = [Hit(title=said, url=url_for("mail_campaigns.index", q=text), icon="filter")]
    return hits


def picked(work: Work, text: str, limit: int) -> list[RecordHit]:
    """Campaigns that fit what was typed where one is picked, those changed last first."""
    return [
        RecordHit(id=one.id, title=one.name, note=gettext(cells.STATES[one.state][0]))
        for one in _found(work, text, limit)
    ]


def titles(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """What campaigns are called."""
    wanted = work.visible(Campaign).with_only_columns(Campaign.id, Campaign.name).where(Campaign.id.in_(ids))
    return {row[0]: row[1] for row in work.session.execute(wanted)}
