"""The figures of the funnel."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert

from crmhost.api import Contact, Status, StatusCount, contacts, contacts_list, statuses
from crmhost.testing import Host
from plugins.funnel import services

Hosts = Callable[..., Host]


def status(number: int) -> Status:
    """A status that is in no database."""
    return Status(id=number, name=f"Status {number}", name_key=f"status {number}", hue="blue", position=number)


def put(host: Host, **numbers: int) -> None:
    """Makes so many contacts of each status."""
    with host.work() as work, work.begin():
        for name, number in numbers.items():
            for _ in range(number):
                contacts.create(work, {"first_name": name, "status": name})


def counted(host: Host, role: str = "", **filters: str) -> dict[str, int]:
    """Name of each step and its number."""
    with host.work(role) as work:
        return {step.status.name: step.count for step in services.backfilled(work, filters).steps}


@given(st.lists(st.integers(0, 10**6), max_size=12))
def test_add_up(currents: list[int]) -> None:
    """Each step counts itself and all below it; the shares follow; no step has more than the one above."""
    chosen = [status(number) for number in range(len(currents))]
    found = services.add_up(chosen, dict(enumerate(currents)))
    assert [step.current for step in found] == currents
    assert [step.count for step in found] == [sum(currents[place:]) for place in range(len(currents))]
    assert all(step.count - step.current == step.further >= 0 for step in found)
    for before, step in itertools.pairwise(found):
        assert step.count <= before.count
        assert step.status_ids == before.status_ids[1:]
        assert step.conversion == (step.count / before.count if before.count else None)
    for step in found:
        assert step.share == (step.count / sum(currents) if sum(currents) else None)


def test_example() -> None:
    """One Contacted, three PreSale, 83 Customers, no leads: Lead 87, Contacted 87, PreSale 86, Customer 83."""
    chosen = [status(number) for number in range(4)]
    found = services.add_up(chosen, {1: 1, 2: 3, 3: 83})
    assert [step.count for step in found] == [87, 87, 86, 83]


def test_counts(host: Hosts) -> None:
    """Statuses that are no step are told apart and never count; every number is right at once after a change."""
    made = host("funnel")
    put(made, Lead=3, Contacted=2, Customer=1, Refused=2)
    assert counted(made) == {"Lead": 6, "Contacted": 3, "Customer": 1, "Upsell": 0}
    with made.work() as work:
        funnel = services.backfilled(work)
        assert [(item.name, number) for item, number in funnel.left_out] == [("Refused", 2)]
        assert [step.status.name for step in funnel.vacant] == ["Upsell"]
        leads = next(contacts_list.ids(work, contacts_list.ListQuery(filters={"status": "Lead"})))
    with made.work() as work, work.begin():
        contacts.set_status(work, leads[:2], "Upsell")
    assert counted(made) == {"Lead": 6, "Contacted": 5, "Customer": 3, "Upsell": 2}
    with made.work() as work, work.begin():
        contacts.to_bin(work, leads)
    assert counted(made) == {"Lead": 3, "Contacted": 3, "Customer": 1, "Upsell": 0}


def test_limited_users_and_filters(host: Hosts) -> None:
    """A user who sees only their own contacts has a funnel of just those; filters count exactly too."""
    made = host("funnel")
    put(made, Lead=3, Customer=2)
    mine = made.make.contact(first_name="Mine", status="Customer", assigned_to=None, tags=["VIP"])
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.work() as work, work.begin():
        contacts.assign(work, [mine], limited.user_id)
    with made.site.work(limited, generation=made.generation) as work:
        assert [step.count for step in services.backfilled(work).steps] == [1, 1, 1, 0]
    assert counted(made, tag="VIP") == {"Lead": 1, "Contacted": 1, "Customer": 1, "Upsell": 0}
    assert counted(made, assigned_to="nobody") == {"Lead": 5, "Contacted": 2, "Customer": 2, "Upsell": 0}


def test_cost(host: Hosts) -> None:
    """A million contacts cost no more than none: the numbers come from kept counters, no contact is read."""
    made = host("funnel")
    with made.work() as work, work.begin():
        for number, each in enumerate(statuses.all_statuses(work)):
            work.session.execute(insert(StatusCount), [{"status_id": each.id, "amount": 250_000 - number}])
    seen: list[str] = []
    event.listen(made.site.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    assert counted(made)["Lead"] == 4 * 250_000 - (1 + 2 + 3)
    assert len(seen) <= 8
    assert not [statement for statement in seen if Contact.__tablename__ in statement]


@pytest.mark.parametrize("place", range(4))
def test_list_holds_the_same_contacts(host: Hosts, place: int) -> None:
    """The list behind a step holds exactly as many contacts as the step says."""
    made = host("funnel")
    put(made, Lead=2, Contacted=3, Customer=1, Upsell=1, Blacklisted=2)
    with made.work() as work:
        step = services.backfilled(work).steps[place]
        query = contacts_list.ListQuery(filters={"status": ",".join(map(str, step.status_ids))})
        assert contacts_list.count(work, query).number == step.count
        assert len(contacts_list.page(work, query).rows) == step.count
