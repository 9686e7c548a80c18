"""What comes back of a campaign: bounces, complaints, people who unsubscribe. Each counts once."""

from __future__ import annotations

from crmhost.api import SYSTEM, Message, Work, journal, mail, upsert
from crmhost.api import Event as Told

from .models import SOURCE, Campaign, Event

KINDS = ("bounced", "complained", "unsubscribed")


def came_back(work: Work, event: Told) -> None:
    """Writes down what became of a mail of a campaign."""
    campaign_id = campaign_of(str(event.data.get("source") or ""))
    if campaign_id is None:
        return
    kind = event.name.partition(".")[2]
    with work.begin():
        if work.session.get(Campaign, campaign_id) is None:
            return
        for mail_id in event.ids:
            note(work, campaign_id, mail_id, kind, event.data.get("contact_id"))


def campaign_of(source: str) -> int | None:
    """The number of the campaign that a mail's source names."""
    plugin, _, number = source.partition(":")
    return int(number) if plugin == SOURCE and number.isdigit() else None


def note(
    work: Work, campaign_id: int, mail_id: int, kind: str, contact_id: int | None, *, link: int = 0, sure: str = ""
) -> bool:
    """Writes down what a recipient did, once; whether it is new. Inside ``work.begin()``."""
    row = {
        "campaign_id": campaign_id,
        "mail_id": mail_id,
        "kind": kind,
        "link": link,
        "contact_id": contact_id,
        "sure": sure,
        "at": work.now,
    }
    statement = upsert(work.session, Event).values(**row).on_conflict_do_nothing().returning(Event.mail_id)
    return work.session.scalar(statement) is not None


def tell(work: Work, campaign: Campaign, message: mail.MailMessage, kind: str, said: Message) -> None:
    """Writes into the journal of a recipient, a person or a company, what they did."""
    if message.record is None:
        return
    object_type, number = message.record
    author = message.to_name or message.to_email
    entry = journal.SystemEntry(
        number, kind, {"campaign_id": campaign.id}, summary=said, author=author, object_type=object_type
    )
    journal.system(work.as_actor(SYSTEM), [entry])
