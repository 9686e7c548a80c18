"""How many contacts came on each day."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from crmhost.core.contacts import bulk, days, services
from crmhost.core.contacts.models import Contact, ContactDay
from crmhost.core.merging import services as merging
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from crmhost.work.unit import Work
from tests.unit.core.test_plans import Plans

FIRST = dt.date(2026, 1, 1)
BOUNDS = [FIRST + dt.timedelta(days=number) for number in range(60)]


def counted(work: Work, zone: str) -> list[int]:
    """The same from the contacts themselves, one by one."""
    found = [0] * (len(BOUNDS) - 1)
    for contact in work.session.scalars(select(Contact).where(Contact.visible_to(work.actor))):
        place = (contact.created_at.astimezone(ZoneInfo(zone)).date() - FIRST).days
        if 0 <= place < len(found):
            found[place] += 1
    return found


def instant(chance: random.Random) -> str:
    """A moment of the first weeks of the year."""
    at = dt.datetime(2025, 12, 28, tzinfo=dt.UTC) + dt.timedelta(minutes=chance.randrange(70 * 24 * 60))
    return at.isoformat()


def test_the_counts_are_those_of_the_contacts(host: Callable[..., Host]) -> None:
    """Whatever comes, changes, goes to the bin, comes back or is erased, also while rows are folded, for every reader."""
    made, chance = host(), random.Random(4)
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.work() as work, work.begin():
        settings.set_many(work, {"site.timezone": "Asia/Kathmandu"})
    ids: list[int] = []
    for step in range(6):
        with made.work() as work, work.begin():
            rows: list[dict[str, Any]] = [
                {"first_name": f"P{step}-{n}", "created_at": instant(chance)} for n in range(30)
            ]
            for row in rows[::2]:
                row["assigned_to"] = limited.user_id
            ids += [result.id or 0 for result in bulk.save_many(work, rows)]
            ids.append(services.create(work, {"first_name": "One", "created_at": instant(chance)}).id)
            services.update(work, chance.choice(ids[-20:]), {"created_at": instant(chance)})
            if step % 2:
                days.fold(work)
        with made.work() as work, work.begin():
            binned = [ids.pop(chance.randrange(len(ids))) for _ in range(6)]
            services.to_bin(work, binned)
            services.restore(work, binned[:3])
            services.erase(work, binned[3])
            services.erase(work, binned[0])
            ids += binned[1:3]
            added = services.create(work, {"first_name": "Both", "created_at": instant(chance)}).id
            services.to_bin(work, [added])
    with made.work() as work:
        assert days.came(work, BOUNDS) == counted(work, "Asia/Kathmandu")
        assert sum(days.came(work, BOUNDS)) > 100
        assert days.first(work) == FIRST - dt.timedelta(days=4)
    with made.site.work(limited, generation=made.generation) as work:
        assert days.came(work, BOUNDS) == counted(work, "Asia/Kathmandu")
        assert 0 < sum(days.came(work, BOUNDS)) < 150
    with made.work() as work, work.begin():
        settings.set_many(work, {"site.timezone": "America/St_Johns"})
    made.run_jobs()
    with made.work() as work:
        assert days.came(work, BOUNDS) == counted(work, "America/St_Johns")
        assert work.session.scalar(select(func.count()).select_from(ContactDay)) == len(
            work.session.scalars(select(ContactDay.day).distinct()).all()
        )


def test_merged_people_count_once(host: Callable[..., Host]) -> None:
    """Who was merged away is gone from the day on which they came, and back when the merge is undone."""
    made = host()
    ids = [made.make.contact(first_name=f"P{n}", created_at=f"2026-01-{n + 2:02}T12:00:00+00:00") for n in range(5)]
    with made.work("Admin") as work, work.begin():
        merge = merging.merge(work, ids[3], [ids[1], ids[4]], {}).id
    with made.work() as work:
        assert days.came(work, BOUNDS) == counted(work, "UTC")
        assert sum(days.came(work, BOUNDS)) == 3
    with made.work("Admin") as work, work.begin():
        merging.undo(work, merge)
    with made.work() as work:
        assert days.came(work, BOUNDS) == counted(work, "UTC")
        assert sum(days.came(work, BOUNDS)) == 5


def test_nobody_yet(host: Callable[..., Host]) -> None:
    """An empty site has zeros and no first day."""
    with host().work() as work:
        assert days.came(work, BOUNDS) == [0] * 59
        assert days.first(work) is None


def test_they_are_read_from_an_index(host: Callable[..., Host]) -> None:
    """For who sees everybody from the kept counts alone, for others by the index of who has the contact."""
    made = host()
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.work() as work, work.begin():
        bulk.save_many(work, [{"first_name": f"P{n}", "assigned_to": limited.user_id} for n in range(50)])
    for actor in (made.actor("Admin"), limited):
        with made.site.work(actor, generation=made.generation) as work:
            plans = Plans(work)
            with plans.good(actor.label):
                days.came(work, BOUNDS)
                days.first(work)
