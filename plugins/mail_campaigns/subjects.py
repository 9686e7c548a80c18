"""Several subjects of one campaign: a part of the audience gets one of them each, and the best goes to the rest.

Who gets which is drawn from the numbers of campaign and recipient: the same however often the audience is written down.
:mod:`.winning` chooses the best.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Message, Work, mail

from . import figures
from .models import Campaign, Step
from .models import Event as Happened

#: Subjects of a campaign at most, the first included.
MOST = 4
#: Percent of the audience that the subjects are tried with, and minutes until the best is chosen: least and most.
SHARES, WAITS = (5, 90), (5, 30 * 24 * 60)
#: A person chooses.
HAND = "hand"
#: Figure that decides -> the field of a campaign that has to be on for it, and what is said when it is not.
DECIDES: Mapping[str, tuple[str, Message]] = {
    "clicked": (
        "track_clicks",
        Message("Clicks are not counted: switch on “Count clicks”, or choose the subject yourself."),
    ),
    "opened": (
        "track_opens",
        Message("Openings are not counted: switch on “Count openings”, or choose the subject yourself."),
    ),
}
LETTERS = "ABCD"


@dataclasses.dataclass(frozen=True)
class Tried:
    """What became of one subject.

    :param variant: its number, 0 for the first; ``letter`` as people call it.
    :param sent: mails that went out with it, ``delivered`` those that did not come back.
    :param happened: kind of event -> number of mails.
    """

    variant: int
    subject: str
    sent: int
    delivered: int
    happened: Mapping[str, int]

    @property
    def letter(self) -> str:
        """A for the first."""
        return LETTERS[self.variant]

    def rate(self, figure: str) -> Fraction:
        """The share of the mails with a figure, of those that did not come back."""
        return Fraction(self.happened.get(figure, 0), self.delivered) if self.delivered else Fraction(0)


# --- what is written -------------------------------------------------------------------------------------------------


def clean(found: Mapping[str, Any], campaign: Campaign | Step | None) -> dict[str, list[str]]:
    """What is wrong with the values of a campaign's fields, with those that are stored where none are given; by field."""

    def value(name: str, default: Any) -> Any:
        return found[name] if name in found else getattr(campaign, name, default)

    others, figure = value("subjects", []), value("test_figure", "clicked")
    if not others:
        return {}
    everyone = [value("subject", ""), *others]
    if len(everyone) > MOST:
        return {"subjects": [Message("Try four subjects at most.")]}
    if len({one.casefold() for one in everyone}) < len(everyone):
        return {"subjects": [Message("Two of the subjects are the same.")]}
    if figure in DECIDES and not value(DECIDES[figure][0], False):
        return {"test_figure": [DECIDES[figure][1]]}
    return {}


def problems(work: Work, campaign: Campaign) -> dict[str, list[str]]:
    """What keeps the further subjects from going out, by field."""
    return unreadable(work, campaign.subjects) or clean({}, campaign)


def unreadable(work: Work, subjects: Sequence[str]) -> dict[str, list[str]]:
    """What can't be read of further subjects, for the field ``subjects``."""
    said = [mail.problems(work, "text", subject, "-", "") for subject in subjects]
    lines = [line for errors in said for some in errors.values() for line in some]
    return {"subjects": lines} if lines else {}


# --- who gets which --------------------------------------------------------------------------------------------------


def parted(campaign: Campaign, some: Sequence[mail.mailings.Recipient]) -> list[mail.mailings.Recipient]:
    """Recipients with the subject that each is tried with, and the rest held."""
    if not campaign.subjects:
        return list(some)
    number = 1 + len(campaign.subjects)
    found = []
    for one in some:
        key = f"{one.contact_id}" if one.contact_id is not None else "{}:{}".format(*one.record)
        drawn = int.from_bytes(hashlib.sha256(f"{campaign.id}:{key}".encode()).digest()[:8])
        place, percent = divmod(drawn, 100)
        tried = percent < campaign.test_share
        found.append(dataclasses.replace(one, variant=place % number if tried else 0, held=not tried))
    return found


# --- what became of them ---------------------------------------------------------------------------------------------


def of(work: Work, campaign: Campaign) -> list[Tried]:
    """Each subject of a campaign with its figures."""
    work.require("mail_campaigns.view")
    if campaign.mailing_id is None or not campaign.subjects:
        return []
    by = mail.mailings.by_subject(work, campaign.mailing_id)
    message = mail.MailMessage
    counted = (
        select(message.variant, Happened.kind, func.count(func.distinct(Happened.mail_id)))
        .join(message, message.id == Happened.mail_id)
        .where(
            Happened.campaign_id == campaign.id, Happened.kind.in_(figures.HAPPENED), Happened.sure != figures.MACHINE
        )
        .group_by(message.variant, Happened.kind)
    )
    happened: dict[int, dict[str, int]] = {}
    for variant, kind, number in work.session.execute(counted):
        happened.setdefault(variant, {})[kind] = number
    found = []
    for variant, subject in enumerate((campaign.subject, *campaign.subjects)):
        states = by.get(variant, {})
        sent = sum(states.get(name, 0) for name in ("sent", "bounced", "logged"))
        delivered = sent - states.get("bounced", 0)
        found.append(Tried(variant, subject, sent, delivered, happened.get(variant, {})))
    return found
