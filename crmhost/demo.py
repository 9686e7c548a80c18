"""Demo data: invented people with addresses at example.com, .net and .org, eighteen months of them.

The same number and seed give the same people; loading them again adds nobody twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from .core.contacts import bulk
from .core.contacts.models import Contact
from .core.journal.models import JournalEntry
from .core.rows import chunks, insert_rows, table
from .core.settings.services import store
from .core.statuses import services as statuses
from .core.statuses.models import Status, StatusChange
from .core.text import fold
from .core.users.models import User
from .db import UTCDateTime
from .errors import CrmError
from .work.unit import Work

if TYPE_CHECKING:
    from .site import Site

#: Contacts of one transaction.
BATCH = 500
#: Days over which the people came in.
DAYS = 548

#: Per country three lines: code, cities with postal codes, a street; first names; last names.
_CULTURES = """
GB | London: N1 1AA; Leeds: LS1 4AP; Bristol: BS1 5TR | Mill Lane
Olivia George Amelia Harry Isla Oliver Poppy Arthur Freya Noah
Ashworth Bennett Carver Dunmore Ellery Fairfax Hargrove Kirkby Langley Whitlock
US | Portland: 97201; Austin: 78701; Chicago: 60601 | Maple Avenue
Emma Liam Ava Mason Harper Ethan Chloe Logan Maya Caleb
Alden Brooks Calloway Delgado Everett Foster Harlan Mercer Sawyer Thornton
DE | Berlin: 10115; Hamburg: 20095; München: 80331 | Gartenstraße
Hannah Lukas Mia Jonas Lena Felix Marie Paul Greta Jürgen
Ackermann Brandt Dreyer Falkenberg Günther Hoffmann Krüger Lindner Reuter Vogel
FR | Paris: 75011; Lyon: 69002; Nantes: 44000 | rue des Lilas
Camille Hugo Chloé Théo Manon Émile Inès Louis Zoé Adèle
Beaumont Carpentier Delacroix Fontaine Garnier Lefèvre Marchand Perrin Rousseau Vidal
ES | Madrid: 28013; Sevilla: 41001; Valencia: 46002 | calle Mayor
Lucía Mateo Sofía Hugo Carmen Álvaro Elena Iker Marta Nicolás
Aguilar Benítez Castaño Domínguez Ibáñez Llorente Muñoz Peralta Salgado Zamora
IT | Roma: 00184; Milano: 20121; Torino: 10121 | via Garibaldi
Giulia Lorenzo Chiara Matteo Elisa Davide Sara Pietro Alice Nicolò
Amato Bianchi Colombo D'Angelo Ferrara Gallo Marino Ricci Santoro Vitale
PL | Warszawa: 00-001; Kraków: 31-001; Łódź: 90-001 | ulica Lipowa
Zofia Jakub Maja Szymon Hanna Łukasz Alicja Michał Ewa Paweł
Borowska Czarnecki Dąbrowska Głowacki Jabłońska Kaczmarek Mazur Nowicka Sikora Żuławski
UA | Київ: 01001; Львів: 79000; Одеса: 65000 | вулиця Садова
Олена Андрій Марія Тарас Софія Іван Ганна Остап Юлія Богдан
Бондаренко Гнатюк Данилюк Завгородній Коваленко Лисенко Мельник Поліщук Савченко Ткачук
SE | Stockholm: 111 20; Göteborg: 411 03; Malmö: 211 22 | Björkgatan
Astrid Björn Elsa Gustav Freja Lars Maja Oskar Sigrid Åke
Ahlström Berglund Dahlin Ekström Forsberg Hedlund Lindqvist Nyström Sjöberg Öberg
IN | Pune: 411001; Kochi: 682001; Jaipur: 302001 | Temple Road
Aarav Diya Ishaan Kavya Rohan Meera Vikram Anaya Arjun Nisha
Banerjee Chatterjee Desai Iyer Kulkarni Menon Nair Patil Reddy Sharma
JP | 京都市: 600-8001; 横浜市: 220-0011; 札幌市: 060-0001 | 桜通り
Haruka Kenji Yuki Sora Aiko Daichi Mei Ren Hina Takumi
Fujimoto Hayashi Ishikawa Kobayashi Matsuda Nakamura Okada Sakamoto Ueda Yamashita
BR | São Paulo: 01000-000; Recife: 50010-000; Curitiba: 80010-000 | rua das Flores
Beatriz Caio Larissa Davi Helena João Luana Rafael Tainá Vítor
Almeida Barbosa Cardoso Ferraz Guimarães Macedo Nogueira Queiroz Teixeira Valença
"""
_LATIN = str.maketrans("абвгґдеєжзиіклмнопрстуфхцчшщюя", "abvhgdeezzyiklmnoprstufhccssua", "ь")
#: Numbers that are set aside for stories; people of other countries have none.
_PHONES = {
    "GB": "+44 1632 960{:03d}",
    "US": "+1 202 555 01{:02d}",
    "DE": "+49 30 23125 {:03d}",
    "FR": "+33 1 99 00 {:02d} 01",
}
_REASONS = {
    "form": ("Asked for a brochure on the website", "Signed up for the newsletter", "Asked for a call back"),
    "import": ("Visitor list of the spring trade fair", "Attendee of the webinar", "List of the old customer file"),
    "manual": ("Met at a dinner of the chamber of commerce", "Recommended by a customer", "Called the office"),
    "api": ("Opened an account in the shop",),
}
_TAGS = {"Newsletter": 0.3, "Trade fair": 0.12, "Webinar": 0.1, "VIP": 0.05, "Partner": 0.04, "Referral": 0.08}
#: Share of the people who end at each of the first statuses; the last two leave the funnel.
_ENDS = (38, 27, 22, 6, 2, 5)
_FUNNEL = 4
_ENTRIES = [
    ("call", "Called and spoke about the offer", "Wants to think it over until the end of the month."),
    ("call", "Called, nobody answered", ""),
    ("email", "Sent the price list", "Thanked for it and asked about delivery times."),
    ("email", "Answered questions about the contract", ""),
    ("meeting", "Met at their office", "Three people were there; they liked the second proposal best."),
    ("note", "Prefers to be written to in the morning", ""),
    ("note", "Compares us with two others", ""),
    ("letter", "Sent a sample by post", "Arrived safely."),
    ("feedback", "Happy with the first order", "Would recommend us."),
]
_CONTACTING = ("call", "email", "meeting", "letter", "feedback")


@dataclasses.dataclass(frozen=True)
class _Culture:
    country: str
    cities: list[tuple[str, str]]
    street: str
    first_names: list[str]
    last_names: list[str]


@functools.cache
def _cultures() -> list[_Culture]:
    lines = _CULTURES.strip().splitlines()
    found = []
    for head, first_names, last_names in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        country, cities, street = head.split(" | ")
        pairs = [(name, code) for name, _, code in (city.partition(": ") for city in cities.split("; "))]
        found.append(_Culture(country, pairs, street, first_names.split(), last_names.split()))
    return found


@dataclasses.dataclass
class _Person:
    """An invented person: the fields, the statuses passed through with their times, and entries of the journal."""

    fields: dict[str, Any]
    path: list[tuple[Status, dt.datetime]]
    entries: list[tuple[str, str, str, dt.datetime]]


def load(target: Site | Work, contacts: int = 400, seed: int = 1, transactions: int | None = None) -> int:
    """Adds demo contacts with history, tags and journal; gives how many were added.

    :param target: the site, or a unit of work that has not begun.
    :param contacts: how many people; a hundred thousand take about a minute.
    :param transactions: how many transactions, if a plugin knows them; two for each contact when left out.
    :raises CrmError: when transactions are asked for, and no plugin knows them.
    """
    dice = random.Random(seed)  # noqa: S311  # invented people, no secrets
    added = 0
    used: dict[str, int] = {}
    for start in range(0, max(contacts, 1), BATCH):
        with _begun(target) as work:
            known = statuses.all_statuses(work)
            owner = work.session.scalar(select(User).where(User.disabled_at.is_(None)).order_by(User.id).limit(1))
            people = [_invent(dice, work.now, known, owner, used) for _ in range(min(BATCH, contacts - start))]
            results = bulk.save_many(work, [person.fields for person in people], mode="skip")
            new = {
                result.id: person
                for result, person in zip(results, people, strict=True)
                if result.outcome == "added" and result.id
            }
            _tell_their_story(work, new, owner)
            work.hooks.call("demo_data", work=work, contact_ids=sorted(new), seed=seed + start)
            store(work, {"site.demo": True})
            added += len(new)
    wanted = 2 * contacts if transactions is None else transactions
    for start in range(0, wanted, BATCH):
        with _begun(target) as work:
            some = min(BATCH, wanted - start)
            made = work.hooks.call("demo_records", work=work, kind="transactions", number=some, seed=seed, start=start)
        if made is None and transactions:
            raise CrmError("Demo transactions need the transactions plugin, which is not enabled.")
        if made is None:
            break
    return added


@contextlib.contextmanager
def _begun(target: Site | Work) -> Iterator[Work]:
    if isinstance(target, Work):
        with target.begin():
            yield target
    else:
        with target.work() as work, work.begin():
            yield work


# --- inventing -------------------------------------------------------------------------------------------------------


def _invent(
    dice: random.Random, now: dt.datetime, known: Sequence[Status], owner: User | None, used: dict[str, int]
) -> _Person:
    culture = dice.choice(_cultures())
    first, last = dice.choice(culture.first_names), dice.choice(culture.last_names)
    city, code = dice.choice(culture.cities)
    came = _working_hour(dice, now - dt.timedelta(days=DAYS * (1 - dice.random() ** 0.7)), now)
    source = dice.choices(list(_REASONS), (45, 28, 22, 5))[0]
    path = _path(dice, came, now, known)
    entries = _entries(dice, came, now, len(path))
    spoken = [at for kind, _, _, at in entries if kind in _CONTACTING]
    phone = _PHONES.get(culture.country, "").format(dice.randrange(100)) if dice.random() < 0.7 else ""
    fields: dict[str, Any] = {
        "first_name": first,
        "last_name": last,
        "email": _address(dice, first, last, used),
        "mobile_phone" if dice.random() < 0.6 else "work_phone": phone,
        "address1": {
            "line1": f"{culture.street} {dice.randrange(1, 120)}",
            "city": city,
            "postal_code": code,
            "country": culture.country,
        },
        "source": source,
        "reason": {"text": dice.choice(_REASONS[source]), "detail": "demo data"},
        "tags": [name for name, share in _TAGS.items() if dice.random() < share],
        "status": path[-1][0].id,
        "created_at": came,
        "last_contacted_at": max(spoken, default=None),
        "assigned_to": owner.id if owner is not None and dice.random() < 0.5 else None,
    }
    return _Person(fields, path, entries)


def _address(dice: random.Random, first: str, last: str, used: dict[str, int]) -> str:
    """An address that nobody else of this load has, at a domain that is nobody's."""
    latin = (fold(part).translate(_LATIN) for part in (first, last))
    name = ".".join("".join(letter for letter in part if letter.isalnum()) for part in latin)
    number = used[name] = used.get(name, 0) + 1
    return f"{name}{number if number > 1 else ''}@example.{dice.choice(('com', 'net', 'org'))}"


def _working_hour(dice: random.Random, at: dt.datetime, latest: dt.datetime) -> dt.datetime:
    moved = at.replace(hour=dice.randrange(8, 19), minute=dice.randrange(60), second=0, microsecond=0)
    return min(moved, latest - dt.timedelta(minutes=dice.randrange(1, 300)))


def _path(
    dice: random.Random, came: dt.datetime, now: dt.datetime, known: Sequence[Status]
) -> list[tuple[Status, dt.datetime]]:
    """The statuses that somebody passed through: step by step down the funnel, or out of it."""
    ends = min(len(known), len(_ENDS))
    end = dice.choices(range(ends), _ENDS[:ends])[0]
    if (now - came).days < dice.randrange(30):
        end = 0
    steps = list(range(end + 1)) if end < _FUNNEL else [*range(dice.randrange(1, 3)), end]
    path, at = [(known[steps[0]], came)], came
    for step in steps[1:]:
        at += (now - came) / len(steps) * dice.uniform(0.2, 0.9)
        path.append((known[step], at))
    return path


def _entries(
    dice: random.Random, came: dt.datetime, now: dt.datetime, steps: int
) -> list[tuple[str, str, str, dt.datetime]]:
    number = dice.choices((0, 1, 2, 4), (6 - min(steps, 4), 3, 2, steps))[0]
    days = max((now - came).total_seconds(), 3600.0)
    return [(*dice.choice(_ENTRIES), came + dt.timedelta(seconds=days * dice.random() * 0.98)) for _ in range(number)]


# --- their story -----------------------------------------------------------------------------------------------------


def _tell_their_story(work: Work, people: dict[int, _Person], owner: User | None) -> None:
    """Puts history and journal where they would stand had the people come one by one."""
    for some in chunks(list(people)):
        work.session.execute(delete(table(StatusChange)).where(StatusChange.contact_id.in_(some)))
        work.session.execute(delete(table(JournalEntry)).where(JournalEntry.contact_id.in_(some)))
    who = {
        "actor_label": (owner.name or owner.email) if owner else work.actor.label,
        "user_id": owner.id if owner else None,
    }
    changes: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for key, person in people.items():
        reason = person.fields["reason"]["text"]
        came = person.fields["created_at"]
        entries.append(_entry(key, "created", came, who, data={"source": person.fields["source"], "why": reason}))
        entries += [
            _entry(key, kind, at, who, summary=summary, comment=comment, is_contact=kind in _CONTACTING)
            for kind, summary, comment, at in person.entries
        ]
        for old, (new, at) in zip([None, *(status for status, _ in person.path)], person.path, strict=False):
            names = {"old_name": old.name if old else "", "new_name": new.name}
            changes.append(
                {"contact_id": key, "old_id": old.id if old else None, "new_id": new.id, **names, "at": at, **who}
            )
            if old is not None:
                data = {"old": old.name, "new": new.name, "old_id": old.id, "new_id": new.id}
                entries.append(_entry(key, "status", at, who, data=data))
    insert_rows(work.session, StatusChange, changes)
    insert_rows(work.session, JournalEntry, entries)
    rows = [{"key": key, "since": person.path[-1][1]} for key, person in people.items()]
    if rows:
        since = bindparam("since", type_=UTCDateTime())
        moved = (
            update(table(Contact))
            .where(table(Contact).c.id == bindparam("key"))
            .values(status_since=since, updated_at=since)
        )
        work.session.connection().execute(moved, rows)


def _entry(key: int, kind: str, at: dt.datetime, who: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {
        "object_type": "contact",
        "object_id": key,
        "contact_id": key,
        "type": kind,
        "at": at,
        "summary": "",
        "comment": "",
        "outcome": "",
        "data": {},
        "by_system": kind in ("created", "status"),
        "is_contact": False,
        "pinned": False,
        "created_at": at,
    }
    return {**row, **who, **more}
