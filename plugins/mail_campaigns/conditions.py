"""What segments can ask of contacts' campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, select

from crmhost.api import ConditionTest, ConditionType, Message, Work, mail

from . import figures
from .models import Campaign, Event
from .sequences import conditions as sequences

_GROUP = Message("Mail campaigns")
_OUT = ("sent", "bounced", "logged")
_LABELS = {
    "clicked": Message("Clicked a link of the campaign"),
    "opened": Message("Opened the campaign, it seems"),
    "unsubscribed": Message("Unsubscribed by the campaign"),
    "bounced": Message("The mail came back of the campaign"),
}
#: Campaigns that are offered, those changed last.
_MOST = 500


def types() -> list[ConditionType]:
    """All of them."""
    return [
        ConditionType(
            id="campaign_sent",
            label="Was sent the campaign",
            group=_GROUP,
            kind="choices",
            choices=_choices,
            where=_sent,
            values=_sent_to,
            permission="mail_campaigns.view",
        ),
        *(_of_events(kind, label) for kind, label in _LABELS.items()),
        *sequences.types(_GROUP),
    ]


def _of_events(kind: str, label: str) -> ConditionType:
    def where(_work: Work, test: ConditionTest) -> Select[Any]:
        return _events(kind).where(Event.campaign_id.in_(select(Campaign.id).where(test.on(_key()))))

    def values(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
        rows = _events(kind).add_columns(Event.campaign_id).where(Event.contact_id.in_(ids)).distinct()
        return _by_contact(work, rows)

    return ConditionType(
        id=f"campaign_{kind}",
        label=label,
        group=_GROUP,
        kind="choices",
        choices=_choices,
        where=where,
        values=values,
        permission="mail_campaigns.view",
    )


def _choices(work: Work) -> list[tuple[str, str]]:
    wanted = (
        work.visible(Campaign).with_only_columns(Campaign.id, Campaign.name).where(Campaign.mailing_id.is_not(None))
    )
    rows = work.session.execute(wanted.order_by(Campaign.updated_at.desc(), Campaign.id.desc()).limit(_MOST))
    return [(str(row[0]), row[1]) for row in rows]


def _key() -> ColumnElement[str]:
    return cast(Campaign.id, String)


def _events(kind: str) -> Select[Any]:
    counted = (Event.kind == kind, Event.contact_id.is_not(None), Event.sure != figures.MACHINE)
    return select(Event.contact_id).where(*counted)


def _sent(_work: Work, test: ConditionTest) -> Select[Any]:
    message = mail.MailMessage
    mailings = select(Campaign.mailing_id).where(test.on(_key()), Campaign.mailing_id.is_not(None))
    return select(message.contact_id).where(
        message.mailing_id.in_(mailings), message.state.in_(_OUT), message.contact_id.is_not(None)
    )


def _sent_to(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    message = mail.MailMessage
    rows = (
        select(message.contact_id, Campaign.id)
        .join(Campaign, Campaign.mailing_id == message.mailing_id)
        .where(message.contact_id.in_(ids), message.state.in_(_OUT))
        .distinct()
    )
    return _by_contact(work, rows)


def _by_contact(work: Work, rows: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for contact_id, campaign_id in work.session.execute(rows):
        found.setdefault(contact_id, []).append(str(campaign_id))
    return found
