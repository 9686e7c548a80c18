"""Demo data: invented quotes of invented people, in every state. The same people and seed give the same."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

from crmhost.api import Work

from . import accepting, services, states, versions
from .models import Quote

#: Title, what it says, and lines: title, quantity, price.
_OFFERS: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Website with a shop", "the new website: design, shop and texts.",
     (("Design", "1", "1850.00"), ("Shop", "1", "2400.00"), ("Texts, per page", "8", "65.00"))),
    ("Team workshop", "one day with your team, with lunch and handouts.",
     (("Workshop, one day", "1", "1240.00"), ("Lunch and handouts", "12", "38.50"))),
    ("Annual support", "support by phone and mail for a year.", (("Support, per month", "12", "140.00"),)),
    ("Solar panels for the roof", "panels, inverter and their fitting.",
     (("Panels", "14", "212.00"), ("Inverter", "1", "1390.00"), ("Fitting, per hour", "16", "58.00"))),
    ("Garden wall", "a wall of sandstone along the street.",
     (("Sandstone, per metre", "11.5", "164.00"), ("Foundation", "1", "980.00"))),
)  # fmt: skip
_TEXT = (
    "<p>Dear {{{{ contact.full_name }}}},</p><p>thank you for your enquiry. We offer you {what}</p>"
    "<p>The price is {{{{ quote.value }}}}. This offer holds until {{{{ quote.valid_until }}}}.</p>"
    "<p>This is demo data: nobody is bound by it.</p><p>Kind regards<br>{{{{ site.name }}}}</p>"
)
_REASONS = ("Too expensive this year", "We found somebody nearby", "The board decided against it")
_FATES = ("draft", "draft", "sent", "sent", "viewed", "accepted", "accepted", "declined", "expired")
#: One in so many people gets a quote.
_EVERY = 9
_MOST = 30


def add(work: Work, contact_ids: Sequence[int], seed: int) -> None:
    """Invents quotes for some of the people: being written, sent, looked at, accepted, declined, and too old."""
    dice = random.Random(f"quotes {seed}")  # noqa: S311  # invented quotes, no secrets
    for place, contact_id in enumerate(list(contact_ids)[3::_EVERY][:_MOST]):
        title, what, lines = _OFFERS[place % len(_OFFERS)]
        day = work.today - dt.timedelta(days=dice.randrange(1, 25))
        given: dict[str, Any] = {
            "title": title,
            "contact_id": contact_id,
            "date": day,
            "valid_until": day + dt.timedelta(days=30),
            "content": _TEXT.format(what=what),
            "lines": [
                {"title": name, "quantity": quantity, "unit_price": price, "taxes": [{"name": "VAT", "rate": "20"}]}
                for name, quantity, price in lines
            ],
            "tags": ["Demo"],
        }
        if dice.random() < 0.25:
            given["discount"] = "5%"
        _happen(work, services.create(work, given, source="demo"), dice.choice(_FATES), dice)


def _happen(work: Work, quote: Quote, fate: str, dice: random.Random) -> None:
    """What becomes of a quote."""
    if fate == "draft":
        return
    version, _token = versions.send(work, quote.id)
    if fate in ("viewed", "accepted", "declined"):
        accepting.seen(work, quote.id)
    if fate == "accepted":
        accepting.accept(work, quote.id, digest=version.digest, name=version.client, by="demo")
    elif fate == "declined":
        accepting.decline(work, quote.id, digest=version.digest, reason=dice.choice(_REASONS))
    elif fate == "expired":
        quote.date, quote.valid_until = quote.date - dt.timedelta(days=60), quote.date - dt.timedelta(days=30)
        states.set_state(work, quote, "expired")
