"""Demo data: invented invoices of invented people. The same people and seed give the same."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from crmhost.api import Work

from . import paying, services

_GOODS = (
    ("Consulting", "6.5", "95.00"),
    ("Workshop, one day", "1", "620.00"),
    ("Annual plan", "1", "480.00"),
    ("Spare parts", "12", "12.75"),
    ("Support pack", "2", "240.00"),
)
_TERMS = "Please pay within the days shown above. This is demo data: nobody owes it."
#: One in so many people gets an invoice.
_EVERY = 6
_MOST = 40


def add(work: Work, contact_ids: Sequence[int], seed: int) -> None:
    """Invents invoices for some of the people: drafts, unpaid, late, paid in parts or whole, and a void one."""
    dice = random.Random(f"invoices {seed}")  # noqa: S311  # invented invoices, no secrets
    for contact_id in list(contact_ids)[::_EVERY][:_MOST]:
        day = work.today - dt.timedelta(days=dice.randrange(0, 150))
        goods = dice.sample(_GOODS, dice.choice((1, 1, 2, 3)))
        lines = [
            {"title": title, "quantity": quantity, "unit_price": price, "taxes": [{"name": "VAT", "rate": "20"}]}
            for title, quantity, price in goods
        ]
        if dice.random() < 0.2:
            lines[0]["discount"] = "10%"
        made = services.create(
            work,
            {
                "contact_id": contact_id,
                "date": day,
                "due_date": day + dt.timedelta(days=30),
                "reference": f"Demo {dice.randrange(1000, 9999)}",
                "lines": lines,
                "terms": _TERMS,
                "tags": ["Demo"],
            },
            source="demo",
        )
        fate = dice.random()
        if fate < 0.15:
            continue
        services.issue(work, made.id)
        if fate < 0.55:
            part = made.total // 3 if fate < 0.25 else made.total
            amount = {"amount": part, "currency": made.currency}
            paying.record_payment(work, made.id, {"amount": amount, "date": (day + dt.timedelta(days=9)).isoformat()})
        elif fate < 0.6:
            services.void(work, made.id, "Demo: written twice")
