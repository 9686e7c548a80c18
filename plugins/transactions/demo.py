"""Demo transactions: what invented contacts bought since they came. The same number and seed give the same."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, Work

from . import fields, storing
from .owners import Owners

#: Contacts that buy, at most.
BUYERS = 2_000
_GOODS = {
    "Annual plan": 48_000,
    "Monthly plan": 4_900,
    "Onboarding day": 95_000,
    "Workshop": 62_000,
    "Support pack": 24_000,
    "Handbook": 3_900,
    "Site survey": 38_500,
    "Spare parts": 12_750,
}
_STATUSES = (("Completed", 70), ("Succeeded", 14), ("Pending", 8), ("Failed", 4), ("Cancelled", 4))
_METHODS = ("Card", "Bank transfer", "Direct debit", "Card")


def add(work: Work, number: int, seed: int, start: int) -> int:
    """Adds demo transactions, numbered on from ``start``; those that are there already stay. Gives how many were added."""
    dice = random.Random(f"{seed} {start}")  # noqa: S311  # invented sales, no secrets
    query = (
        select(Contact.id, Contact.created_at).where(Contact.deleted_at.is_(None)).order_by(Contact.id).limit(BUYERS)
    )
    people = [(row[0], row[1]) for row in work.session.execute(query)]
    known = fields.Known(work)
    there = storing.by_refs(work, [_ref(seed, start + place) for place in range(number)])
    rows = [_invent(work, dice, people, known, _ref(seed, start + place)) for place in range(number)]
    rows = [row for row in rows if fields.derived(row)["ref_key"] not in there]
    owners = Owners(work, [])
    storing.add_all(work, [row | owners.counted(row, None) for row in rows], "manual")
    return len(rows)


def _ref(seed: int, place: int) -> str:
    return f"D{seed}-{place + 1:06d}"


def _invent(
    work: Work, dice: random.Random, people: list[tuple[int, dt.datetime]], known: fields.Known, ref: str
) -> dict[str, Any]:
    contact_id, since = dice.choice(people) if people else (None, work.now - dt.timedelta(days=548))
    at = since + (work.now - since) * dice.random() ** 0.8
    name = dice.choice(list(_GOODS))
    refund = dice.random() < 0.06
    quantity = 1 if refund else dice.choice((1, 1, 1, 2, 3))
    net = _GOODS[name] * quantity * dice.choice((80, 90, 100, 100, 100, 110)) // 100
    tax = net // 5
    status = dice.choices([item for item, _ in _STATUSES], [weight for _, weight in _STATUSES])[0]
    line = {"title": name, "quantity": str(quantity), "unit_price": net // quantity, "total": net}
    given = {
        "ref": ref,
        "name": f"Refund: {name}" if refund else name,
        "type": "Refund" if refund else "Sale",
        "status": "Completed" if refund else status,
        "date": at.replace(minute=dice.randrange(60), second=0, microsecond=0),
        "currency": "USD" if dice.random() < 0.07 and known.currency != "USD" else known.currency,
        "contact_id": contact_id,
        "payment_method": dice.choice(_METHODS),
        "tags": ["Renewal"] if dice.random() < 0.12 else [],
    }
    values = fields.prepare(work, _usable(known, given), known, None)
    return values | {"total": net + tax, "tax": tax, "lines": [line]}


def _usable(known: fields.Known, given: dict[str, Any]) -> dict[str, Any]:
    """The same with the first type and status where a site has others."""
    names = {kind.name for kind in known.types}, {status.name for status in known.statuses}
    return {
        name: value
        for name, value in given.items()
        if (name != "type" or value in names[0]) and (name != "status" or value in names[1])
    }
