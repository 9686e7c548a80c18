"""Demo data: invented companies, and who of the invented people belongs to them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from crmhost.api import Work, texts

from . import members, services

_FIRST = (
    "Amber", "Birch", "Cedar", "Copper", "Granite", "Harbour", "Juniper", "Lantern", "Linden", "Maple", "Meadow", "Orchard",
    "Quarry", "River", "Saffron", "Willow",
)  # fmt: skip
_SECOND = (
    "Analytics", "Bakery", "Brewery", "Design", "Foods", "Joinery", "Labs", "Logistics", "Media", "Optics", "Press", "Robotics",
    "Textiles", "Tools", "Travel",
)  # fmt: skip
_FORMS = ("Ltd", "GmbH", "SARL", "Inc.", "AB", "& Co.")
_PLACES = (("Leeds", "GB"), ("Portland", "US"), ("Hamburg", "DE"), ("Lyon", "FR"), ("Malmö", "SE"), ("Torino", "IT"))
_ROLES = ("Managing director", "Head of purchasing", "Office manager", "Accounts", "Marketing", "")
_TAGS = {"Partner": 0.2, "Trade fair": 0.15, "VIP": 0.1}
#: People of one company, on average.
_PEOPLE = 6


def add(work: Work, contact_ids: Sequence[int], seed: int) -> None:
    """Invents companies for about two thirds of the people."""
    dice = random.Random(seed)  # noqa: S311  # invented companies, no secrets
    names = dict.fromkeys(f"{dice.choice(_FIRST)} {dice.choice(_SECOND)}" for _ in range(len(contact_ids) // _PEOPLE))
    known = members.by_name(work, [f"{name} {form}" for name in names for form in _FORMS])
    ids = [
        services.create(work, _company(dice, name), source="demo").id
        for name in names
        if not any(texts.fold(f"{name} {form}") in known for form in _FORMS)
    ]
    for contact_id in contact_ids if ids else ():
        if dice.random() < 0.65:
            members.join(work, dice.choice(ids), contact_id, dice.choice(_ROLES))


def _company(dice: random.Random, name: str) -> dict[str, object]:
    city, country = dice.choice(_PLACES)
    word = texts.fold(name).replace(" ", "-")
    return {
        "name": f"{name} {dice.choice(_FORMS)}",
        "status": dice.choices(("Lead", "Customer", "Vendor"), (3, 5, 2))[0],
        "email": f"office@{word}.example.{dice.choice(('com', 'net', 'org'))}",
        "main_phone": f"+44 1632 960{dice.randrange(1000):03d}" if dice.random() < 0.7 else "",
        "address1": {"line1": f"{dice.randrange(1, 90)} Station Road", "city": city, "country": country},
        "tags": [tag for tag, share in _TAGS.items() if dice.random() < share],
    }
