"""Demo data: plainly made up, with addresses under example.com, .net and .org; the same for the same number and seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update

from .core.contacts import bulk
from .core.contacts.models import Contact
from .core.journal import services as journal
from .core.journal.models import JournalEntry
from .core.settings import services as settings
from .core.statuses.models import StatusChange
from .core.text import fold
from .site import Site
from .work.unit import Work

#: Rows that are saved in one transaction.
BATCH = 500
#: How far back the demo contacts were added.
SPAN = dt.timedelta(days=540)
#: Contacts that get entries in their journal.
TALKED_TO = 120

_PEOPLE = (
    (
        "Amélie Camille Chloé Élodie Hugo Inès Julien Léa Lucas Manon Noé Théo",
        "Bernard Caron Dubois Dupont Fontaine Giraud Lefèvre Marchand Moreau Petit Roux",
    ),
    (
        "Anna Björn Clara Friedrich Greta Jonas Lena Maximilian Otto Sabine",
        "Bauer Fischer Hoffmann Klein Krüger Schäfer Schulz von~Hohenfels Weber",
    ),
    (
        "Astrid Erik Freja Håkon Ingrid Lars Liv Nils Sigrid Søren",
        "Andersen Berg Dahl Hansen Lindqvist Nygård Sørensen Ødegård",
    ),
    (
        "Alejandra Carlos Íñigo José~Ángel Lucía María Nuria Pilar Raúl",
        "Álvarez Castro Etxeberria García Muñoz Núñez Ortega Peña Romero",
    ),
    (
        "Alice Chiara Davide Elena Giulia Lorenzo Marco Niccolò Sofia",
        "Bianchi Conti D’Angelo Esposito Ferrante Greco Marino Ricci",
    ),
    (
        "Agnieszka Jakub Łukasz Małgorzata Stanisław Wojciech Zofia",
        "Dąbrowska Kowalczyk Łukasiewicz Nowak Wiśniewski Zieliński Żak",
    ),
    (
        "Андрій Дмитро Катерина Марія Оксана Олена Тарас",
        "Бондаренко Коваленко Мельник Петренко Шевченко Ткачук",
    ),
    (
        "Ayşe Can Defne Elif Kerem Rüya Yiğit",
        "Aydın Çelik Demir Kaya Öztürk Şahin Yıldız",
    ),
    (
        "Abena Chidi Kwame Ngozi Thandiwe Zanele",
        "Adeyemi Boateng Dlamini Mensah Nkosi Okafor",
    ),
    (
        "Bảo Hiền Khải Linh Minh~Khai Thảo",
        "Lê Nguyễn Phạm Trần Võ",
    ),
    (
        "Aoife Charlotte Declan Eleanor George Harriet Oliver Pat Siobhán",
        "Brown Clarke Evans O’Brien O’Neill Smith Taylor Wright",
    ),
)

_CITIES = (
    ("Lyon", "69009", "FR"), ("Nantes", "44000", "FR"), ("Lille", "59000", "FR"), ("Leipzig", "04109", "DE"),
    ("Köln", "50667", "DE"), ("Aarhus", "8000", "DK"), ("Bergen", "5003", "NO"), ("Bilbao", "48001", "ES"),
    ("Torino", "10121", "IT"), ("Łódź", "90-001", "PL"), ("Львів", "79000", "UA"), ("İzmir", "35000", "TR"),
    ("Cork", "T12", "IE"), ("Leeds", "LS1", "GB"),
)  # fmt: skip

_STREETS = ("Demo street", "Example lane", "Sample square", "Test road", "Model avenue")
#: Status -> how many of a hundred have it.
_STATUSES = {"Lead": 46, "Contacted": 27, "Customer": 17, "Upsell": 4, "Refused": 4, "Blacklisted": 2}
_TAGS = ("Newsletter", "Trade fair", "Partner", "VIP", "Press", "Local")
_REASONS = (
    ("manual", "Demo: met at a trade fair"),
    ("manual", "Demo: called us"),
    ("form", "Demo: asked for a quote on the website"),
    ("import", "Demo: came with an imported list"),
)
_ENTRIES = (
    ("call", "Asked for prices", "Wants an offer for two pieces, and knows us from a colleague.", "Send an offer"),
    ("email", "Sent the price list", "With the delivery times of this season.", ""),
    ("meeting", "Showed the workshop", "Stayed for an hour; liked the second model best.", "Thinks about it"),
    ("note", "Prefers to be called after 17:00", "", ""),
    ("call", "Offer discussed line by line", "The delivery date matters more than the price.", "Answers this week"),
    ("feedback", "Happy with the delivery", "Would recommend us.", ""),
)


def load(site: Site, *, contacts: int = 400, seed: int = 1) -> None:
    """Adds demo contacts, and entries in the journals of the newest.

    :param contacts: how many.
    :param seed: other seeds give other people.
    """
    chance = random.Random(seed)  # noqa: S311  # not for secrets
    made: list[int] = []
    with site.work() as work:
        with work.begin():
            settings.set_many(work, {"site.demo": True})
        people = _people(work.now, contacts, chance, seed)
        while rows := [row for _, row in zip(range(BATCH), people, strict=False)]:
            with work.begin():
                results = bulk.save_many(work, rows, source="manual")
                _put_back(work, [result.id for result in results if result.id is not None])
            made += [result.id for result in results if result.id is not None][: max(0, 4 * TALKED_TO - len(made))]
            work.session.expunge_all()
        with work.begin():
            _talk(work, chance, chance.sample(made, min(TALKED_TO, len(made))))


def _put_back(work: Work, ids: list[int]) -> None:
    """Dates what the system wrote of these contacts back to the day that each is said to have come."""
    since = select(Contact.created_at).where(Contact.id == JournalEntry.contact_id).scalar_subquery()
    work.session.execute(
        update(JournalEntry)
        .where(JournalEntry.contact_id.in_(ids))
        .values(at=since, type="created")
        .execution_options(synchronize_session=False)
    )
    since = select(Contact.created_at).where(Contact.id == StatusChange.contact_id).scalar_subquery()
    work.session.execute(
        update(StatusChange)
        .where(StatusChange.contact_id.in_(ids))
        .values(at=since)
        .execution_options(synchronize_session=False)
    )
    work.session.execute(
        update(Contact)
        .where(Contact.id.in_(ids))
        .values(status_since=Contact.created_at)
        .execution_options(synchronize_session=False)
    )


def _people(now: dt.datetime, number: int, chance: random.Random, seed: int) -> Iterator[dict[str, Any]]:
    names = [([*first.split()], [*last.split()]) for first, last in _PEOPLE]
    statuses, weights = list(_STATUSES), list(_STATUSES.values())
    for place in range(number):
        firsts, lasts = chance.choice(names)
        first, last = chance.choice(firsts).replace("~", " "), chance.choice(lasts).replace("~", " ")
        source, reason = chance.choice(_REASONS)
        city, postal_code, country = chance.choice(_CITIES)
        # More of them lately, as in a business that grows.
        age = SPAN * (1 - chance.random() ** 0.6)
        row: dict[str, Any] = {
            "first_name": first,
            "last_name": last,
            "status": chance.choices(statuses, weights)[0],
            "source": source,
            "reason": reason,
            "created_at": (now - age).isoformat(),
            "tags": chance.sample(_TAGS, chance.choices((0, 1, 2), (55, 35, 10))[0]),
        }
        if chance.random() < 0.94:
            local = ".".join(part for part in (_ascii(first), _ascii(last)) if part) or "person"
            row["email"] = f"{local}.{seed}.{place}@example.{chance.choice(('com', 'net', 'org'))}"
        if chance.random() < 0.6 or "email" not in row:
            row["mobile_phone"] = (
                f"+33 6 99 {chance.randrange(100):02d} {chance.randrange(100):02d} {chance.randrange(100):02d}"
            )
        if chance.random() < 0.5:
            row["address1"] = {
                "line1": f"{chance.randrange(1, 120)} {chance.choice(_STREETS)}",
                "city": city,
                "postal_code": postal_code,
                "country": country,
            }
        yield row


def _ascii(name: str) -> str:
    return "".join(letter for letter in fold(name) if letter.isascii() and letter.isalnum())


def _talk(work: Work, chance: random.Random, ids: list[int]) -> None:
    """Entries as people write them, within the last weeks."""
    for contact_id in ids:
        for type_, summary, comment, outcome in chance.sample(_ENTRIES, chance.choice((1, 1, 2, 3))):
            at = work.now - dt.timedelta(minutes=chance.randrange(30, 60 * 24 * 45))
            journal.add(work, "contact", contact_id, type_, summary=summary, comment=comment, outcome=outcome, at=at)
