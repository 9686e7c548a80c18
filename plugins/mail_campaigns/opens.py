"""Opened mails, by a picture that nobody sees. Programs load it too, and some people read without it: the figure is unreliable.

The picture sets no cookie and answers the same for every token. What loads it for others is kept apart: proxies that fetch it
when the mail arrives, scanners, and whatever else followed all links of the mail just then.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from html import escape

from sqlalchemy import select, update

from crmhost.api import Message, Work, mail

from . import clicks
from .figures import MACHINE
from .models import Campaign, Event
from .watching import note, tell

KIND = "opened"
JOURNAL = "mail_campaigns.opened"
#: Kind of event that keeps the journal from being written twice.
TOLD = "open_told"
SETTING = "mail_campaigns.count_opens"
#: One transparent dot.
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_END = re.compile(r"</body\s*>", re.IGNORECASE)
#: Apple's privacy proxy, which loads every picture of every mail, says no more than this.
_BARE = re.compile(r"mozilla/5\.0\s*", re.IGNORECASE)
#: They hide who looks, and mostly load when somebody does.
_PROXIES = re.compile(r"googleimageproxy|yahoomailproxy", re.IGNORECASE)
_RANK = {MACHINE: 0, clicks.UNKNOWN: 1, clicks.CERTAIN: 2}


def allowed(work: Work) -> bool:
    """Whether the site lets opened mails be counted."""
    return bool(work.settings.get(SETTING))


def counted(work: Work, campaign: Campaign, html: str) -> str:
    """The HTML of a mail with the picture; as it is where the site or the campaign does not want that."""
    if not campaign.track_opens or not html or not allowed(work):
        return html
    address = f"{escape(work.base_url)}/campaigns/o/{campaign.id}/{{{{ mail.token }}}}.gif"
    picture = f'<img src="{address}" width="1" height="1" alt="">'
    ends = list(_END.finditer(html))
    return f"{html[: ends[-1].start()]}{picture}{html[ends[-1].start() :]}" if ends else html + picture


@dataclasses.dataclass(frozen=True)
class Opening:
    """That the picture of a mail was loaded, and how sure it is that a person did that."""

    campaign_id: int
    mail_id: int
    sure: str


def seen(work: Work, campaign_id: int, token: str, program: str, purpose: str = "") -> Opening | None:
    """What there is to write down when a picture was loaded; nothing for most loads, and for a forged token.

    :param program: what the browser says that it is; ``purpose``: why it loads, where it says that.
    """
    found = clicks.mail_of(work, campaign_id, token)
    if found is None or not found[0].track_opens or not allowed(work):
        return None
    campaign, message = found
    sure = _sure(work, campaign, message, program, purpose)
    mine = (Event.campaign_id == campaign.id, Event.mail_id == message.id, Event.kind == KIND)
    known = work.session.scalar(select(Event.sure).where(*mine, Event.link == 0))
    if known is not None and _RANK[known] >= _RANK[sure]:
        return None
    return Opening(campaign.id, message.id, sure)


def write_down(work: Work, opening: Opening) -> None:
    """Counts an opening, inside ``work.begin()``: once for each mail, and whoever is surest."""
    wanted = select(mail.MailMessage).where(mail.MailMessage.id == opening.mail_id).with_for_update()
    message = work.session.scalar(wanted.execution_options(populate_existing=True))
    campaign = work.session.get(Campaign, opening.campaign_id)
    if message is None or campaign is None:
        # Their owner was erased since.
        return
    sure, person = opening.sure, message.contact_id
    if not note(work, campaign.id, message.id, KIND, person, sure=sure):
        lower = [name for name, rank in _RANK.items() if rank < _RANK[sure]]
        again = update(Event).where(Event.campaign_id == campaign.id, Event.mail_id == message.id, Event.kind == KIND)
        work.session.execute(again.where(Event.sure.in_(lower)).values(sure=sure, at=work.now))
    known = sure == clicks.CERTAIN and message.record is not None
    if known and note(work, campaign.id, message.id, TOLD, person):
        said = Message("Opened the campaign “%(name)s”, it seems", name=campaign.name)
        tell(work, campaign, message, JOURNAL, said)


def _sure(work: Work, campaign: Campaign, message: mail.MailMessage, program: str, purpose: str) -> str:
    proxy = bool(_PROXIES.search(program))
    if purpose.strip() or not program.strip() or _BARE.fullmatch(program.strip()):
        return MACHINE
    if clicks.is_program(program) and not proxy:
        return MACHINE
    if message.sent_at is None or work.now - message.sent_at < clicks.SOON:
        return MACHINE
    followed = select(Event.link).where(
        Event.campaign_id == campaign.id,
        Event.mail_id == message.id,
        Event.kind == "clicked",
        Event.sure == MACHINE,
        Event.at >= work.now - clicks.TRAPPED,
    )
    if work.session.scalar(followed.limit(1)) is not None:
        return MACHINE
    return clicks.UNKNOWN if proxy else clicks.CERTAIN
