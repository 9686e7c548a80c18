"""People for tests of segments: of every field some with nothing, some with capitals and accents, some at the edges of days."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crmhost.api import Contact, Work, contacts, custom_fields, journal, settings
from crmhost.testing import Host
from plugins.companies import services as companies
from plugins.companies.members import join
from plugins.transactions import services as transactions

ZONE = ZoneInfo("America/New_York")
#: Noon in the zone, some days after the clocks changed.
NOW = dt.datetime(2026, 3, 12, 16, tzinfo=dt.UTC)
FIRST = ["Émile", "EMILE", "Ann", "ann", "Øre", "Straße", "Олена", "ОЛЕНА", "%", "O'Neil", ""]
LAST = ["Żuławski", "zulawski", "Ba_k", "Bak", "Groß", "İnan", "", "x/y"]
NOTES = ["", "Likes Café au lait\nand  tea", "TEA", "100%", "a_b", "Œuvre – ﬁne"]
CODES = ["", "SW1A 1AA", "75011", "75 011", "sw1a1aa"]
CITIES = ["", "Łódź", "LODZ", "Paris", "París"]
TAGS = ["VIP", "Été", "old"]
STATUSES = ["Lead", "Customer", "Refused"]
FIELDS = (
    {"label": "Nick", "kind": "text", "filterable": True},
    {"label": "Size", "kind": "number", "filterable": True},
    {"label": "Budget", "kind": "money", "currency": "EUR", "filterable": True},
    {"label": "Born", "kind": "date", "filterable": True},
    {"label": "Member", "kind": "yes_no", "filterable": True},
    {"label": "Tier", "kind": "choice", "choices": ["Gold", "Silver"]},
    {"label": "Likes", "kind": "choices", "choices": ["Tea", "Cake", "Jazz"]},
    {"label": "Story", "kind": "long_text"},
    {"label": "Secret", "kind": "encrypted"},
)


def instants() -> list[dt.datetime]:
    """Beginnings and ends of days of the zone, those of the days on which clocks change too."""
    found = []
    for days in (-130, -129, -30, -7, -4, -3, -1, 0):
        midnight = dt.datetime.combine(NOW.astimezone(ZONE).date() + dt.timedelta(days), dt.time(), ZONE)
        found += [midnight.astimezone(dt.UTC), midnight.astimezone(dt.UTC) - dt.timedelta(seconds=1)]
    return [moment for moment in found if moment <= NOW]


def fill(crm: Host, number: int = 60) -> None:
    """Makes them, always the same."""
    dice = random.Random(7)
    crm.clock.freeze(NOW)
    with crm.work() as work, work.begin():
        settings.store(work, {"site.timezone": str(ZONE), "site.currency": "EUR"})
    user = crm.make.user("Contacts manager", "mine@example.com")
    with crm.work() as work, work.begin():
        for field in FIELDS:
            custom_fields.add(work, field)
        firms = [companies.create(work, {"name": name}).id for name in ("Émile & Co", "ACME", "Acme Bak")]
    with crm.work() as work, work.begin():
        for row in range(number):
            contact_id = contacts.create(work, _person(dice, row, user)).id
            work.session.flush()
            _around(work, dice, contact_id, firms)
    with crm.work() as work, work.begin():
        for contact in work.session.scalars(select(Contact)):
            contact.status_since = NOW - dt.timedelta(
                days=dice.choice([0, 1, 5, 30]), seconds=dice.choice([-1, 0, 1, 600])
            )
            contact.updated_at = dice.choice(instants())
    for contact_id in (3, 7):
        crm.client().post(f"/contacts/{contact_id}/delete")


def _person(dice: random.Random, row: int, user: int) -> dict[str, Any]:
    some = dice.choice
    custom: dict[str, Any] = {
        "nick": some(["", "Émile", "EMI", "a_b", "100%"]), "size": some([None, 0, 1, 2.5, -3]),
        "budget": some([None, "0", "12.50", "100"]), "born": some([None, "2026-03-12", "2026-03-08", "1990-02-28"]),
        "member": some([None, True, False]), "tier": some([None, "Gold", "Silver"]),
        "likes": some([None, ["Tea"], ["Tea", "Cake"], ["Jazz"]]), "story": some([None, "Été à Łódź", "tea"]),
        "secret": some([None, "x"]),
    }  # fmt: skip
    address = {
        "line1": some(["", "1 Rue É"]),
        "city": some(CITIES),
        "postal_code": some(CODES),
        "country": some(["", "FR"]),
    }
    more = [f"Alias{row}@Exämple.com"] if row % 3 == 0 else []
    return {
        "first_name": some(FIRST), "last_name": some(LAST), "prefix": some(["", "Dr", "dr"]), "mobile_phone": f"+44 20 {row}",
        "work_phone": some(["", "01 23"]), "emails": [f"Person{row}@example.com", *more] if row % 4 else more,
        "notes": some(NOTES), "source": some(["manual", "import", "form"]), "status": some(STATUSES),
        "tags": dice.sample(TAGS, dice.randint(0, 2)), "assigned_to": some([None, user]), "address1": address,
        "address2": {"postal_code": some(CODES)}, "socials": some([{}, {"x": "@Émi"}]), "created_at": some(instants()),
        "last_contacted_at": some([None, *instants()]),
        "custom": {key: value for key, value in custom.items() if value is not None},
    }  # fmt: skip


def _around(work: Work, dice: random.Random, contact_id: int, firms: list[int]) -> None:
    for firm in dice.sample(firms, dice.choice([0, 0, 1, 2])):
        join(work, firm, contact_id)
    for number in range(dice.choice([0, 0, 1, 2, 3])):
        currency = dice.choice(["EUR", "EUR", "USD", "JPY"])
        fields = {"ref": f"T{contact_id}-{number}", "name": "Sale", "type": dice.choice(["Sale", "Sale", "Refund"])}
        fields |= {"status": dice.choice(["Completed", "Completed", "Failed"]), "date": dice.choice(instants())}
        total = {"amount": dice.choice([0, 100, 1250, 10000]), "currency": currency}
        transactions.create(work, {**fields, "contact_id": contact_id, "total": total})
    if dice.random() < 0.4:
        journal.add(work, "contact", contact_id, dice.choice(["note", "call"]), summary="x", at=dice.choice(instants()))
