"""Several at once: nothing is taken twice, counted wrongly or lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from crmhost.core.contacts import bulk
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact, ContactEmail, Tag
from crmhost.core.statuses import counts as status_counts
from crmhost.core.statuses import services as statuses
from crmhost.core.users import services as users
from crmhost.core.users.models import User
from crmhost.errors import Conflict, CrmError
from crmhost.testing import Host
from crmhost.work.unit import Work

AT_ONCE = 6


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def together(site: Host, function: Callable[[Work, int], Any]) -> list[Any]:
    """Runs the function in several threads that begin at the same moment; gives results, and refusals as they are."""
    barrier = threading.Barrier(AT_ONCE)
    generation = site.generation

    def run(number: int) -> Any:
        with site.site.work(generation=generation) as work:
            barrier.wait()
            try:
                with work.begin():
                    return function(work, number)
            except CrmError as error:
                return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_one_of_many_gets_the_address(site: Host) -> None:
    """The others hear who has it."""
    found = together(
        site, lambda work, number: contacts.create(work, {"first_name": str(number), "email": "ann@example.com"}).id
    )
    winners = [item for item in found if isinstance(item, int)]
    losers = [item for item in found if isinstance(item, Conflict)]
    assert (len(winners), len(losers)) == (1, AT_ONCE - 1)
    assert {loser.other_id for loser in losers} == set(winners)


def test_imports_at_once_make_nobody_twice(site: Host) -> None:
    """Each address and each id ends at one contact, whoever was first, and no row is lost."""

    def rows(number: int) -> list[dict[str, Any]]:
        mine = [
            {"email": f"p{n}@example.com", "external_ids": [("shop", "", str(n))], "tags": "new"} for n in range(40)
        ]
        return mine[number:] + mine[:number]

    found = together(site, lambda work, number: [result.outcome for result in bulk.save_many(work, rows(number))])
    assert not [item for item in found if isinstance(item, Exception)]
    assert sum(outcomes.count("added") for outcomes in found) == 40
    assert sum(outcomes.count("skipped") for outcomes in found) == 40 * (AT_ONCE - 1)
    with site.work() as work:
        assert work.session.query(Contact).count() == work.session.query(ContactEmail).count() == 40
        assert work.session.query(Tag).count() == 1
        assert sum(statuses.counts(work).values()) == 40


def test_counts_are_right_after_folding_at_once(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many change statuses while others fold, no difference is lost or counted twice."""
    monkeypatch.setattr(status_counts, "FOLD_EVERY", 1)
    ids = [site.make.contact(first_name=str(number)) for number in range(AT_ONCE)]

    def change(work: Work, number: int) -> None:
        contacts.set_status(work, [ids[number]], "Customer")
        contacts.create(work, {"first_name": "New", "status": "Upsell"})

    assert together(site, change) == [None] * AT_ONCE
    with site.work() as work:
        assert [number for number in statuses.counts(work).values() if number] == [AT_ONCE, AT_ONCE]


def test_changes_of_one_contact_come_one_after_the_other(site: Host) -> None:
    """Each sees the version before; with a version only one gets through."""
    one = site.make.contact(first_name="A")
    found = together(site, lambda work, number: contacts.update(work, one, {"notes": str(number)}, version=1).version)
    assert sorted(item for item in found if isinstance(item, int)) == [2]
    together(site, lambda work, number: contacts.update(work, one, {"notes": f"again {number}"}))
    assert site.contact(one).version == 2 + AT_ONCE


def test_admins_who_disable_each_other_leave_one(site: Host) -> None:
    """The last one stays, whoever was quicker."""
    ids = [site.make.user("Admin", f"admin{number}@example.com") for number in range(AT_ONCE)]
    together(site, lambda work, number: users.disable(work, ids[number]))
    with site.work() as work:
        assert work.session.query(User).filter(User.disabled_at.is_(None)).count() == 1
