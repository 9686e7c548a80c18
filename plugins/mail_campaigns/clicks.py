"""Clicks: links of a campaign that lead over this site, and who followed them, told apart from programs that open each link.

A program that looks through mails opens several links within seconds, or the one that nobody sees, or says what it is. What
it did is kept apart from what people did, and a person who comes later counts.
"""

from __future__ import annotations

import datetime as dt
import re
from html import escape, unescape

from sqlalchemy import and_, func, select, update

from crmhost.api import Message, Work, insert_rows, keyset, mail

from .figures import MACHINE
from .models import Campaign, Event, Link
from .watching import note, tell

JOURNAL = "mail_campaigns.clicked"
#: Kind of event that keeps the journal from being written twice.
TOLD = "click_told"
#: Number of the link that nobody sees.
TRAP = 0
#: How sure it is that a person made a click.
CERTAIN, UNKNOWN = "certain", "unknown"
#: So many different links of one mail within this time are a program's.
BURST, BURST_TIME = 3, dt.timedelta(seconds=10)
#: What a program did that followed the hidden link, before and after.
TRAPPED = dt.timedelta(minutes=1)
#: A click so soon after the mail went out may be that of a program at the recipient's server.
SOON = dt.timedelta(seconds=10)
_HREF = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{|\{%|##")
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|scan|preview|proofpoint|barracuda|mimecast|safelinks|googleimageproxy|curl|wget|python|java/|"
    r"go-http|headless|phantom|libwww|okhttp",
    re.IGNORECASE,
)


def counted(work: Work, campaign: Campaign, html: str) -> str:
    """The HTML of a mail with its links to pages leading over this site, and one that only programs find; they are kept.

    Links with placeholders, such as the one to unsubscribe, stay as they are.
    """
    numbers: dict[str, int] = {}

    def over(found: re.Match[str]) -> str:
        address = unescape(found[2][1:-1]).strip()
        if not _WEB.match(address) or _PLACEHOLDER.search(address):
            return found[0]
        number = numbers.setdefault(address, len(numbers) + 1)
        return f'{found[1]}"{_address(work, campaign, number)}"'

    made = _HREF.sub(over, html)
    if not numbers:
        return html
    rows = [{"campaign_id": campaign.id, "number": number, "url": url} for url, number in numbers.items()]
    insert_rows(work.session, Link, rows)
    hidden = f'<a href="{_address(work, campaign, TRAP)}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
    ends = list(_END.finditer(made))
    return f"{made[: ends[-1].start()]}{hidden}{made[ends[-1].start() :]}" if ends else made + hidden


def _address(work: Work, campaign: Campaign, number: int) -> str:
    return f"{escape(work.base_url)}/campaigns/c/{campaign.id}/{number}/{{{{ mail.token }}}}"


def leads_to(work: Work, campaign_id: int, number: int) -> str:
    """Where a link of a campaign leads; nothing when there is no such link."""
    key = (keyset.valid_id(campaign_id) or 0, keyset.valid_id(number) or 0)
    found: str | None = work.session.scalar(select(Link.url).where(Link.campaign_id == key[0], Link.number == key[1]))
    return found or ""


def mail_of(work: Work, campaign_id: int, token: str) -> tuple[Campaign, mail.MailMessage] | None:
    """The campaign, and the mail of it whose token it is; nothing for a forged one, or one of another campaign."""
    mail_id = mail.read_token(work, token)
    campaign = work.session.get(Campaign, keyset.valid_id(campaign_id) or 0)
    message = work.session.get(mail.MailMessage, mail_id) if mail_id is not None else None
    if campaign is None or message is None or message.mailing_id is None or message.mailing_id != campaign.mailing_id:
        return None
    return campaign, message


def is_program(name: str) -> bool:
    """Whether a browser says that it is none."""
    return not name.strip() or _PROGRAMS.search(name) is not None


def take(work: Work, campaign_id: int, number: int, token: str, program: str) -> bool:
    """Counts a click, inside ``work.begin()``; whether it was one on a mail of the campaign. A forged token counts nothing.

    :param program: what the browser says that it is.
    """
    found = mail_of(work, campaign_id, token)
    if found is None:
        return False
    campaign, message = found
    # Two clicks on links of one mail wait for each other, so that a burst is seen as one.
    work.session.execute(select(mail.MailMessage.id).where(mail.MailMessage.id == message.id).with_for_update())
    sure = _sure(work, campaign, message, number, program)
    mine = (Event.campaign_id == campaign.id, Event.mail_id == message.id, Event.kind == "clicked")
    if (
        not note(work, campaign.id, message.id, "clicked", message.contact_id, link=number, sure=sure)
        and sure == CERTAIN
    ):
        again = update(Event).where(*mine, Event.link == number, Event.sure != CERTAIN)
        work.session.execute(again.values(sure=sure, at=work.now))
    whose = message.record if sure == CERTAIN else None
    if whose is not None and note(work, campaign.id, message.id, TOLD, message.contact_id):
        said = Message("Clicked a link of the campaign “%(name)s”", name=campaign.name)
        tell(work, campaign, message, JOURNAL, said)
    return True


def _sure(work: Work, campaign: Campaign, message: mail.MailMessage, number: int, program: str) -> str:
    mine = (Event.campaign_id == campaign.id, Event.mail_id == message.id, Event.kind == "clicked")
    recent = select(Event.link, Event.at).where(*mine, Event.at >= work.now - TRAPPED)
    before = [(row.link, row.at) for row in work.session.execute(recent)]
    close = {link for link, at in before if at >= work.now - BURST_TIME} | {number}
    if number == TRAP or len(close - {TRAP}) >= BURST:
        # What went before was the same program.
        since = work.now - (TRAPPED if number == TRAP else BURST_TIME)
        same = (Event.campaign_id == campaign.id, Event.mail_id == message.id, Event.kind.in_(("clicked", "opened")))
        work.session.execute(update(Event).where(*same, Event.at >= since).values(sure=MACHINE))
        return MACHINE
    if any(link == TRAP for link, _at in before) or is_program(program):
        return MACHINE
    if message.sent_at is not None and work.now - message.sent_at < SOON:
        return UNKNOWN
    return CERTAIN


def by_link(work: Work, campaign: Campaign) -> list[tuple[str, int, int, int]]:
    """The links of a campaign with the numbers of mails by people, by programs, and of which nobody knows; the most first."""
    work.require("mail_campaigns.view")
    clicked = and_(
        Event.campaign_id == Link.campaign_id,
        Event.kind == "clicked",
        Event.link == Link.number,
        Event.link != TRAP,
    )
    counted_by = select(Link.number, Link.url, Event.sure, func.count(Event.mail_id)).outerjoin(Event, clicked)
    grouped = counted_by.where(Link.campaign_id == campaign.id).group_by(Link.number, Link.url, Event.sure)
    numbers: dict[tuple[int, str], dict[str, int]] = {}
    for number, url, sure, some in work.session.execute(grouped):
        numbers.setdefault((number, url), {})[sure] = some
    rows = [
        (url, by.get(CERTAIN, 0), by.get(MACHINE, 0), by.get(UNKNOWN, 0))
        for (_number, url), by in sorted(numbers.items())
    ]
    return sorted(rows, key=lambda row: -(row[1] + row[3]))
