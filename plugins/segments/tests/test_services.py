"""Rules of segments: what is refused, who may do what, segments in segments, what uses one, what is off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.api import Conflict, Forbidden, Invalid, NotFound, Stale, Work, contacts, tags
from crmhost.testing import Host
from plugins.segments import services, sizes
from plugins.segments.models import Segment

LEADS = {"type": "status", "operator": "equals", "value": "Lead"}


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    return host("segments", "transactions")


def save(work: Work, name: str, *found: dict[str, Any], segment_id: int | None = None, **more: Any) -> Segment:
    return services.save(work, {"name": name, "match": "all", "conditions": list(found), **more}, segment_id)


def test_what_can_not_be_asked_is_refused_where_it_stands(crm: Host) -> None:
    """Nothing at all, unknown types and operators, values that don't fit: each with its place."""
    wrong: list[tuple[Any, str]] = [
        ([], "conditions"),
        ([LEADS, {"match": "any", "conditions": []}], "conditions.1.conditions"),
        ([LEADS, {"type": "hat", "operator": "equals", "value": 1}], "conditions.1.type"),
        ([{"type": "status", "operator": "contains", "value": "Lead"}], "conditions.0.operator"),
        ([{"type": "status", "operator": "equals", "value": "Leed"}], "conditions.0.value"),
        ([{"type": "created_at", "operator": "between", "value": ["2026-03-02", "2026-03-01"]}], "conditions.0.value"),
        ([{"type": "created_at", "operator": "before", "value": "soon"}], "conditions.0.value"),
        ([{"type": "created_at", "operator": "in_last_days", "value": -1}], "conditions.0.value"),
        ([{"type": "transaction_count", "operator": "gt", "value": "many"}], "conditions.0.value"),
        ([{"type": "total_value", "operator": "gt", "value": {"amount": 1, "currency": "?"}}], "conditions.0.value"),
        ([{"type": "first_name", "operator": "equals", "value": " "}], "conditions.0.value"),
        ([{"type": "first_name", "operator": "any_of", "value": []}], "conditions.0.value"),
        ([{"type": "first_name", "operator": "equals", "value": {"a": 1}}], "conditions.0.value"),
        ([LEADS, {"match": "none", "conditions": [LEADS]}], "conditions.1.match"),
        (["x"], "conditions.0.type"),
        ([LEADS] * 101, "conditions"),
    ]
    deep: Any = LEADS
    for _ in range(6):
        deep = {"match": "all", "conditions": [deep]}
    with crm.work("Admin") as work, work.begin():
        for given, place in [*wrong, ([deep], "conditions.0." * 5 + "conditions")]:
            with pytest.raises(Invalid) as refused:
                services.save(work, {"name": "X", "match": "all", "conditions": given})
            assert list(refused.value.errors) == [place], given
        with pytest.raises(Invalid) as refused:
            services.save(work, {"name": " ", "match": "all", "conditions": [LEADS]})
        assert list(refused.value.errors) == ["name"]
        save(work, "Leads", LEADS)
        with pytest.raises(Invalid, match="taken"):
            save(work, "LÉADS", LEADS)


def test_a_contact_is_in_or_out_at_once_and_never_contacted_is_not_long_ago(crm: Host) -> None:
    """Who becomes a customer leaves the segment with the change; who was never written to was not written to before a day."""
    ann = crm.make.contact(first_name="Ann")
    with crm.work("Admin") as work, work.begin():
        leads = save(work, "Leads", LEADS).id
        ago = save(work, "Long ago", {"type": "last_contacted_at", "operator": "before", "value": "2200-01-01"}).id
        never = save(work, "Never", {"type": "last_contacted_at", "operator": "empty"}).id

    def numbers() -> list[int]:
        with crm.work("Admin") as work:
            return [services.question(work, services.get(work, key)).count() for key in (leads, ago, never)]

    assert numbers() == [1, 0, 1]
    with crm.work() as work, work.begin():
        contacts.update(work, ann, {"status": "Customer", "last_contacted_at": "2026-01-01"})
    assert numbers() == [0, 1, 0]


def test_segments_in_segments_end_somewhere(crm: Host) -> None:
    """One that would lead back to itself is refused, over two others too; what is asked for by another stays."""
    crm.make.contact(first_name="Ann")
    with crm.work("Admin") as work, work.begin():
        first = save(work, "First", LEADS)
        second = save(work, "Second", {"type": "segment", "operator": "has", "value": "First"})
        third = save(work, "Third", {"type": "segment", "operator": "has_not", "value": second.id})
        assert [services.question(work, one).count() for one in (first, second, third)] == [1, 1, 0]
        for value in (["Third"], [first.id]):
            with pytest.raises(Invalid, match="itself"):
                save(work, "First", {"type": "segment", "operator": "any_of", "value": value}, segment_id=first.id)
        with pytest.raises(Conflict, match="Second"):
            services.delete(work, first.id)
        services.delete(work, third.id)
        with pytest.raises(NotFound):
            services.get(work, third.id)
        services.restore(work, third.id)
        assert services.get(work, third.id).name == "Third"


def test_while_a_plugin_is_off_its_segments_refuse_with_the_reason(crm: Host) -> None:
    """Neither everybody nor nobody is in: the segment, one that asks for it, and the list of contacts say what is missing."""
    crm.make.contact(first_name="Ann")
    with crm.work("Admin") as work, work.begin():
        buyers = save(work, "No buyers", {"type": "transaction_count", "operator": "equals", "value": 0}).id
        around = save(work, "Around", {"type": "segment", "operator": "has_not", "value": buyers}).id
    crm.disable("transactions", with_dependents=True)
    with crm.work("Admin") as work:
        for key in (buyers, around):
            with pytest.raises(Invalid, match="“Number of transactions” comes from the extension “Transactions”"):
                services.question(work, services.get(work, key)).count()
        assert sizes.now(work, services.get(work, buyers)).number is None
    answer = crm.client().get(f"/contacts/?segment={buyers}")
    assert "switched off" in answer.get_data(as_text=True)
    crm.enable("transactions")
    with crm.work("Admin") as work:
        assert services.question(work, services.get(work, buyers)).count() == 1


def test_a_tag_that_is_gone_makes_its_segments_refuse(crm: Host) -> None:
    """A segment by a deleted tag is no segment of all who lack it."""
    crm.make.contact(first_name="Ann", tags=["VIP"])
    with crm.work("Admin") as work, work.begin():
        segment = save(work, "No VIP", {"type": "tag", "operator": "has_not", "value": "VIP"}).id
        found = tags.find(work, "VIP")
        assert found
        tags.remove(work, found.id)
    with crm.work("Admin") as work, pytest.raises(Invalid, match="No VIP"):
        services.question(work, services.get(work, segment))


def test_segments_are_shared_or_ones_own(crm: Host) -> None:
    """Others don't see a private one, may use but not change a shared one; a limited user counts and gets the own contacts."""
    mine = crm.make.user("Contacts manager", "mine@example.com")
    own = crm.make.contact(first_name="Ann", assigned_to=mine)
    crm.make.contact(first_name="Bob")
    with crm.work("Admin") as work, work.begin():
        private = save(work, "Private", LEADS, shared=False).id
        shared = save(work, "Shared", {"type": "segment", "operator": "has", "value": private}).id
    with crm.work("Contacts manager") as work:
        limited = work.as_actor(_limited(work, mine))
        assert [one.name for one in services.all_segments(limited)] == ["Shared"]
        asked = services.question(limited, services.get(limited, shared))
        assert (asked.count(), list(work.session.scalars(asked.ids()))) == (1, [own])
        with pytest.raises(NotFound):
            services.get(work, private)
        with work.begin(), pytest.raises(Forbidden):
            services.delete(work, shared)
        with work.begin(), pytest.raises(Forbidden):
            save(work, "Mine now", LEADS, segment_id=shared)
    with crm.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        save(work, "New", LEADS)


def _limited(work: Work, user_id: int) -> Any:
    import dataclasses

    return dataclasses.replace(work.actor, user_id=user_id, only_assigned=True)


def test_the_second_to_save_is_told_and_a_page_saves_what_it_showed(crm: Host) -> None:
    """A version that is stale, and conditions that were not previewed, are refused; programs need no preview."""
    with crm.work("Admin") as work, work.begin():
        segment = save(work, "Leads", LEADS)
        seal = services.seal(services.group_of(work, segment))
        fields = {"name": "Leads", "match": "any", "conditions": [LEADS]}
        with pytest.raises(Invalid) as refused:
            services.save(work, fields, segment.id, previewed=seal)
        assert list(refused.value.errors) == ["preview"]
        services.save(work, {**fields, "match": "all"}, segment.id, version=segment.version, previewed=seal)
        with pytest.raises(Stale):
            services.save(work, fields, segment.id, version=1)


def test_numbers_are_kept_for_a_minute_and_the_history_by_day(crm: Host) -> None:
    """What is younger is not counted again; the daily job and each count write the day down once."""
    crm.make.contact(first_name="Ann")
    start = crm.clock.freeze()
    with crm.work("Admin") as work, work.begin():
        key = save(work, "Leads", LEADS).id
    for number, seconds in ((1, 0), (1, 30), (2, 61)):
        crm.clock.freeze(start)
        crm.clock.move(seconds=seconds)
        with crm.work("Admin") as work:
            found = sizes.count_again(work, services.all_segments(work))
            assert found[key].number == number
            with work.begin():
                sizes.keep(work, found)
        if seconds == 0:
            crm.make.contact(first_name="Bob")
    crm.clock.move(days=1)
    with crm.work() as work, work.begin():
        work.enqueue("segments.measure")
    crm.run_jobs()
    with crm.work("Admin") as work:
        assert [number for _day, number in sizes.history(work, services.get(work, key))] == [2, 2]
