"""The recipients of a campaign, those of one figure, and who was left out; who is limited to own contacts gets these alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text

from crmhost.api import Contact, Invalid, Work, keyset, mail

from . import choices, figures, of_companies, subjects
from .models import Campaign, Event, LeftOut

BLOCKED = ("unsubscribed", "bounced", "complained")
#: Figure of the log of mails -> states of mails that it counts.
STATES: Mapping[str, Sequence[str]] = {
    "waiting": ("queued", "sending", "held"),
    "sent": ("sent", "bounced", "logged"),
    "not_sent": ("failed", "unknown", "skipped"),
    "failed": ("failed",),
    "unknown": ("unknown",),
    "skipped": ("skipped",),
}
#: List of those that were left out -> why they were.
LEFT = {f"left_{reason}": reason for reason in ("no_email", "invalid", "duplicate", *BLOCKED, choices.REASON)}
#: List of those with one of several subjects -> its number.
SUBJECTS = {f"subject_{letter.lower()}": number for number, letter in enumerate(subjects.LETTERS)}
FIGURES = ("planned", *STATES, *figures.HAPPENED, *LEFT, *SUBJECTS)
_MOST = 100_000


@dataclasses.dataclass(frozen=True)
class Row:
    """A recipient, or somebody who was left out: a contact, or the record that ``object_type`` and ``object_id`` name."""

    id: int
    contact_id: int | None
    name: str
    email: str
    state: str = ""
    at: dt.datetime | None = None
    object_type: str = ""
    object_id: int | None = None


def page(
    work: Work, campaign: Campaign, figure: str, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> keyset.KeysetPage[Row]:
    """A page of the recipients that a figure counts.

    :param figure: one of :data:`FIGURES`.
    :raises Invalid: when there is no such figure.
    """
    chosen = _chosen(work, campaign, figure)
    model = LeftOut if figure in LEFT else mail.MailMessage
    orders = {"all": (LeftOut.id,) if model is LeftOut else (mail.MailMessage.state, mail.MailMessage.id)}
    found = keyset.page(work.session, chosen, orders, "all", after=after, before=before, limit=limit)
    show = _left if model is LeftOut else _mails
    return keyset.KeysetPage(show(work, found.rows), found.next, found.previous)


def count(work: Work, campaign: Campaign, figure: str) -> tuple[int, bool]:
    """How many there are, and whether that is all of them."""
    key = LeftOut.id if figure in LEFT else mail.MailMessage.id
    some = _chosen(work, campaign, figure).with_only_columns(key).limit(_MOST + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, _MOST), number <= _MOST


def _chosen(work: Work, campaign: Campaign, figure: str) -> Select[Any]:
    work.require("mail_campaigns.view")
    if figure not in FIGURES:
        raise Invalid({"figure": ["There is no such list of recipients."]})
    if figure in LEFT:
        left = select(LeftOut).where(LeftOut.campaign_id == campaign.id, LeftOut.reason == LEFT[figure])
        return left.where(_own(work, LeftOut)) if work.actor.only_assigned else left
    message = mail.MailMessage
    found = select(message).where(message.mailing_id == campaign.mailing_id)
    if campaign.mailing_id is None:
        return found.where(false())
    if figure in SUBJECTS:
        found = found.where(message.state != "held", message.variant == SUBJECTS[figure])
        # As the index says it.
        return _visible(work, found.where(text("variant > 0")) if SUBJECTS[figure] else found)
    if figure in STATES:
        found = found.where(message.state.in_(STATES[figure]))
    elif figure in figures.HAPPENED:
        happened = select(Event.mail_id).where(
            Event.campaign_id == campaign.id, Event.kind == figure, Event.sure != figures.MACHINE
        )
        found = found.where(message.id.in_(happened))
    return _visible(work, found)


def _visible(work: Work, found: Select[Any]) -> Select[Any]:
    return found.where(_own(work, mail.MailMessage)) if work.actor.only_assigned else found


def _own(work: Work, model: Any) -> ColumnElement[bool]:
    """The rows about contacts and companies that the actor may see."""
    mine: ColumnElement[bool] = model.contact_id.in_(work.visible(Contact).with_only_columns(Contact.id))
    if work.service("companies") is None or not work.can("companies.view"):
        return mine
    seen = of_companies.service(work).visible()
    return or_(mine, and_(model.object_type == of_companies.KIND, model.object_id.in_(seen)))


def _mails(_work: Work, rows: Sequence[mail.MailMessage]) -> list[Row]:
    return [
        Row(one.id, one.contact_id, one.to_name, one.to_email, one.state, one.sent_at, one.object_type, one.object_id)
        for one in rows
    ]


def _left(work: Work, rows: Sequence[LeftOut]) -> list[Row]:
    wanted = work.visible(Contact).where(Contact.id.in_([one.contact_id for one in rows]))
    people = {one.id: one for one in work.session.scalars(wanted)}
    ids = [one.object_id for one in rows if one.object_id is not None and one.object_type == of_companies.KIND]
    companies = _companies(work, ids) if ids else {}
    found = []
    for one in rows:
        if one.contact_id in people:
            person = people[one.contact_id]
            found.append(Row(one.id, one.contact_id, person.name, person.email))
        elif one.object_id in companies:
            name, email = companies[one.object_id]
            found.append(Row(one.id, None, name, email, object_type=one.object_type, object_id=one.object_id))
    return found


def _companies(work: Work, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    try:
        companies = of_companies.service(work)
    except Invalid:
        return {}
    emails = companies.emails(ids)
    return {number: (name, emails.get(number, "")) for number, name in companies.names(ids).items()}
