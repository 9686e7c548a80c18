"""Duplicates: who shares what, what is remembered of them, and what their page shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from crmhost.core.contacts import bulk
from crmhost.core.contacts import services as contacts
from crmhost.core.merging import duplicates, keys
from crmhost.core.merging import services as merging
from crmhost.core.merging.models import MatchGroup, MatchKey, Merge, MergeStep
from crmhost.errors import Forbidden, Invalid, NotFound
from crmhost.testing import Host
from crmhost.work.unit import Work


@pytest.mark.parametrize(
    ("values", "emails", "expected"),
    [
        ({"first_name": "Ada", "last_name": "King"}, [], {("name", "ada king")}),
        ({"first_name": "King", "last_name": "ÁDA"}, [], {("name", "ada king")}),
        ({"first_name": "Ada"}, ["x@example.com"], {("email", "x ada")}),
        ({"last_name": "King"}, ["A.da+news@one.org", "ada@two.org"], {("email", "ada king")}),
        ({}, ["ada@example.com"], set()),
        ({"mobile_phone": "+44 20 7946 0958", "work_phone": "020 7946 0958"}, [], {("phone", "079460958")}),
        ({"home_phone": "0044 (0)20-7946 0958"}, [], {("phone", "079460958")}),
        ({"home_phone": "555 1234"}, [], {("phone", "5551234")}),
        ({"home_phone": "112"}, [], set()),
    ],
)
def test_keys(values: dict[str, str], emails: list[str], expected: set[tuple[str, str]]) -> None:
    """Names count in any order and script, phones by their last nine digits, addresses by what stands before the @-sign."""
    assert keys.keys_of(values, emails) == expected


def shown(work: Work, **options: str) -> list[tuple[str, list[int]]]:
    return [(group.kind, [one.id for one in group.contacts]) for group in duplicates.page(work, **options).groups]


def test_groups_follow_the_contacts(host: Callable[..., Host]) -> None:
    """Who is added, changed, deleted, restored, erased or merged comes and goes, by the background work that follows."""
    site = host()
    a = site.make.contact(first_name="Ada", last_name="King", mobile_phone="+44 20 7946 0958", email="ada@one.example")
    b = site.make.contact(first_name="Ada", last_name="King", email="ada@two.example")
    c = site.make.contact(first_name="Bob", work_phone="020 7946 0958")
    site.run_jobs()
    with site.work("Admin") as work:
        page = duplicates.page(work)
        assert [(group.kind, [one.id for one in group.contacts]) for group in page.groups] == [
            ("email", [a, b]),
            ("phone", [a, c]),
        ]
        assert page.groups[0].kinds == ["email", "name"]
        assert shown(work, kind="name") == [("name", [a, b])]
        with pytest.raises(Invalid):
            duplicates.page(work, kind="shoe size")
        assert [one.id for one in duplicates.alike(work, {"first_name": "king", "last_name": "ada"})] == [a, b]
        assert [one.id for one in duplicates.alike(work, {"home_phone": "2079460958"}, but=a)] == [c]
    with site.work("Admin") as work, work.begin():
        contacts.update(work, c, {"work_phone": ""})
        contacts.to_bin(work, [b])
    site.run_jobs()
    with site.work("Admin") as work:
        assert shown(work) == []
    with site.work("Admin") as work, work.begin():
        contacts.restore(work, [b])
    site.run_jobs()
    with site.work("Admin") as work, work.begin():
        assert shown(work, kind="name") == [("name", [a, b])]
        number = merging.merge(work, a, [b]).id
        assert shown(work) == []
    with site.work("Admin") as work, work.begin():
        merging.undo(work, number)
        assert shown(work, kind="name") == [("name", [a, b])]
        contacts.erase(work, b)
        assert shown(work) == []
        assert work.session.scalar(select(func.count()).select_from(MatchGroup)) == 0


def test_who_is_different_is_remembered(host: Callable[..., Host]) -> None:
    """People who were told apart are not offered again, until a third comes or it is taken back; others' contacts stay unseen."""
    site = host()
    a, b = (site.make.contact(first_name="Ada", last_name="King") for _ in range(2))
    site.run_jobs()
    with site.work("Admin") as work:
        with work.begin():
            pairs = duplicates.set_distinct(work, [b, a])
            assert pairs == [(a, b)]
            assert duplicates.set_distinct(work, [a, b]) == []
        assert shown(work) == []
        assert duplicates.alike(work, {"first_name": "Ada", "last_name": "King"}, but=a) == []
    c = site.make.contact(first_name="King", last_name="Ada")
    site.run_jobs()
    with site.work("Admin") as work:
        assert shown(work) == [("name", [a, b, c])]
        with work.begin():
            duplicates.set_distinct(work, [a, b, c])
        assert shown(work) == []
        with work.begin():
            duplicates.forget_distinct(work, pairs)
        assert shown(work) == [("name", [a, b])]
        for wrong in ([a], [a, "x"], list(range(1, 30))):
            with pytest.raises(Invalid), work.begin():
                duplicates.set_distinct(work, wrong)
        with pytest.raises(NotFound), work.begin():
            duplicates.set_distinct(work, [a, 999])
    with site.work("Read only") as work:
        assert shown(work) == [("name", [a, b])]
        with pytest.raises(Forbidden), work.begin():
            duplicates.set_distinct(work, [a, b])
    with site.work("CRM manager", only_assigned=True) as work:
        mine = work.actor.user_id
        assert shown(work) == []
        with pytest.raises(NotFound), work.begin():
            duplicates.set_distinct(work, [a, b])
    with site.work("Admin") as work, work.begin():
        contacts.assign(work, [a], mine)
    with site.work("CRM manager", only_assigned=True) as work:
        assert shown(work) == []
    with site.work("Admin") as work, work.begin():
        contacts.assign(work, [b], mine)
    with site.work("CRM manager", only_assigned=True) as work:
        assert shown(work) == [("name", [a, b])]


def test_pages_of_groups(host: Callable[..., Host]) -> None:
    """Cursors lead through all groups once; a huge group shows its first ten and says how many more there are."""
    site = host()
    rows = [{"first_name": "Ada", "last_name": f"Nr {n % 25:02}", "email": f"x{n}@example.com"} for n in range(50)]
    rows += [{"first_name": "Test", "last_name": "Test", "email": f"y{n}@example.com"} for n in range(15)]
    with site.work("Admin") as work, work.begin():
        bulk.save_many(work, rows)
    site.run_jobs()
    seen: list[str] = []
    after = None
    with site.work("Admin") as work:
        while True:
            page = duplicates.page(work, after=after, limit=10)
            seen += [group.key for group in page.groups]
            after = page.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 26
        last = page.groups[-1]
        assert (last.key, len(last.contacts), last.more) == ("test test", 10, 5)


def test_contacts_from_before_are_compared(host: Callable[..., Host]) -> None:
    """The job goes over those who are there, from where it ended, and what old merges moved is forgotten after its time."""
    site = host()
    site.clock.freeze()
    ids = [site.make.contact(first_name="Ada", last_name="King") for _ in range(3)]
    with site.work() as work, work.begin():
        number = merging.merge(work, ids[0], [ids[2]]).id
        keys.forget(work, ids)
        assert work.session.scalar(select(func.count()).select_from(MatchKey)) == 0
        work.enqueue("merging.fill")
    site.run_jobs()
    with site.work("Admin") as work:
        assert shown(work) == [("name", ids[:2])]
        assert work.session.get_one(Merge, number).changes
    site.clock.move(days=31)
    with site.work() as work, work.begin():
        work.enqueue("merging.tidy")
    site.run_jobs()
    with site.work() as work:
        record = work.session.get_one(Merge, number)
        assert (record.changes, record.kept) == ({}, False)
        assert work.session.scalar(select(func.count()).select_from(MergeStep)) == 0
