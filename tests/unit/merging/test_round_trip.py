"""Whatever two contacts hold: a merge that is undone leaves everything as it was, and one that is cut off nothing at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from crmhost.api import Work, contacts, journal, merging, statuses
from crmhost.core.fields import services as fields
from crmhost.core.merging import keys
from crmhost.testing import Host
from tests.contract.rollup import exact
from tests.contract.world import World
from tests.probes import ONLY

#: Logs, counters that are summed below, and what the merge itself keeps.
_APART = (
    "audit_",
    "work_",
    "host_",
    "search_fts",
    "fields_fts",
    "statuses_count",
    "contacts_day",
    "merging_merge",
    "merging_step",
    "sqlite_",
)
_LEFT = {"contacts_contact": {"version", "updated_at"}, "search_document": {"id"}, "fields_value": {"id"}}

_word = st.sampled_from(["", "Ada", "King", "Łódź"])
_phone = st.sampled_from(["", "1", "+44 20 7946 0958"])
_city = st.sampled_from([{}, {"city": "Rome"}, {"city": "Oslo", "country": "NO"}])
_person = st.fixed_dictionaries(
    {
        "first_name": st.sampled_from(["Ada", "Bob"]),
        "last_name": _word,
        "prefix": _word,
        "mobile_phone": _phone,
        "work_phone": _phone,
        "address1": _city,
        "address2": _city,
        "notes": st.sampled_from(["", "Tea", "Tea and cake", "probe"]),
        "tags": st.lists(st.sampled_from(["A", "B", "C"]), unique=True),
        "status": st.sampled_from(["Lead", "Customer", "Refused"]),
        "custom": st.fixed_dictionaries(
            {},
            optional={
                "size": st.integers(30, 50),
                "diet": st.sampled_from(["none", "vegan"]),
                "likes": st.lists(st.sampled_from(["Tea", "Jazz", "Chess"]), unique=True, min_size=1),
                "code": st.sampled_from(["abc", "xyz"]),
            },
        ),
        "socials": st.dictionaries(st.sampled_from(["x", "linkedin"]), st.sampled_from(["me", "you"])),
        "created_at": st.sampled_from(["2020-01-01", "2021-05-05"]),
    }
)
_holds = st.fixed_dictionaries(
    {
        "person": _person,
        "emails": st.integers(0, 2),
        "ids": st.integers(0, 2),
        "calls": st.integers(0, 2),
        "scores": st.lists(st.integers(14, 99), max_size=3),
        "notes": st.integers(0, 2),
        "badge": st.booleans(),
        "places": st.lists(st.sampled_from(["all", "few"]), unique=True),
        "later": st.sampled_from(["", "Contacted"]),
    }
)
_chosen = st.fixed_dictionaries(
    {}, optional={"last_name": _word, "status": st.sampled_from(["Lead", "Upsell"]), "custom.size": st.just(20)}
)


class People:
    """Makes contacts with all that hangs on them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0

    def make(self, work: Work, held: dict[str, Any]) -> int:
        from plugins.probe_two import services as two

        self.number += 1
        emails = [f"p{self.number}.{place}@example.com" for place in range(held["emails"])]
        ids = [("shop", "", f"{self.number}.{place}") for place in range(held["ids"])]
        made = contacts.create(work, {**held["person"], "emails": emails, "external_ids": ids}).id
        for place in range(held["calls"]):
            journal.add(work, "contact", made, "call", summary=str(place))
        for points in held["scores"]:
            work.service("probe_one").give(made, points)
        for place in range(held["notes"]):
            two.write(work, made, f"note {place}")
        if held["badge"]:
            two.mark(work, made, "gold")
        for name in held["places"]:
            two.enlist(work, made, name)
        if held["later"]:
            contacts.set_status(work, [made], held["later"])
        return made


def state(host: Host) -> dict[str, Any]:
    """Every row of the core and the probes, but for logs; counts as they add up."""
    found: dict[str, Any] = {}
    with host.site.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if not name.startswith(_APART)]
        # Most tables are empty: one question finds those that are not.
        filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
        for name in connection.exec_driver_sql(filled).scalars().all():
            left = _LEFT.get(name, set())
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings()
            found[name] = sorted(str({key: value for key, value in row.items() if key not in left}) for row in rows)
        for name, column in (("statuses_count", "status_id"), ("contacts_day", "day")):
            sums = connection.execute(text(f"SELECT {column}, sum(amount) FROM {name} GROUP BY {column}"))
            found[name] = sorted((str(key), int(amount)) for key, amount in sums if amount)
    return found


@pytest.mark.parametrize("on", [True, False])
def test_merge_and_undo_leave_all_as_it_was(host: Callable[..., Host], on: bool) -> None:
    """Core tables and plugins' tables are the same as before, whether the plugins are on or off; counts and roll-ups too."""
    world = World(host(**ONLY))
    world.host.clock.freeze()
    people = People(world)
    with world.host.work("Admin") as work, work.begin():
        fields.add(work, {"label": "Size", "kind": "number", "filterable": True})
        fields.add(work, {"label": "Diet", "kind": "text", "filterable": True})
        fields.add(work, {"label": "Likes", "kind": "choices", "choices": ["Tea", "Jazz", "Chess"], "filterable": True})
        fields.add(work, {"label": "Code", "kind": "encrypted"})

    @settings(
        max_examples=8 if on else 2,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(st.lists(_holds, min_size=2, max_size=4), _chosen), min_size=1, max_size=4))
    def check(merges: list[tuple[list[dict[str, Any]], dict[str, Any]]]) -> None:
        site = world.host
        site.enable("probe_one", "probe_two")
        with site.work("Admin") as work, work.begin():
            made = [([people.make(work, one) for one in held], chosen) for held, chosen in merges]
            keys.refresh(work, [number for ids, _ in made for number in ids])
        if not on:
            site.disable("probe_one", "probe_two")
        for (winner, *losers), chosen in made:
            before = state(site)
            with site.work("Admin") as work, work.begin():
                number = merging.merge(work, winner, losers, chosen).id
            with site.work("Admin") as work:
                assert sum(statuses.counts(work).values()) == _living(site)
            assert not on or exact(world)
            with site.work("Admin") as work, work.begin():
                assert merging.undo(work, number).stayed == []
            assert state(site) == before
            assert not on or exact(world)

    check()
    assert world.host.faults() == []


def _living(host: Host) -> int:
    with host.site.engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM contacts_contact WHERE deleted_at IS NULL")) or 0)


def test_a_merge_that_is_cut_off_leaves_nothing(host: Callable[..., Host]) -> None:
    """A process that is killed in the middle of a merge or of its undoing leaves the state from before."""
    world = World(host(**ONLY))
    site = world.host
    site.enable("probe_one", "probe_two")
    held: dict[str, Any] = {"person": {"first_name": "Bob", "tags": ["A"]}, "emails": 2, "ids": 1, "calls": 2}
    held |= {"scores": [20, 30], "notes": 1, "badge": True, "places": ["all"], "later": "Contacted"}
    with site.work("Admin") as work, work.begin():
        loser = People(world).make(work, held)
        keys.refresh(work, [world.ada, loser])
    before = state(site)
    _killed(site, lambda work: merging.merge(work, world.ada, [loser]))
    assert state(site) == before
    with site.work("Admin") as work, work.begin():
        number = merging.merge(work, world.ada, [loser]).id
    merged = state(site)
    _killed(site, lambda work: merging.undo(work, number))
    assert state(site) == merged
    with site.work("Admin") as work, work.begin():
        assert merging.undo(work, number).stayed == []
    assert state(site) == before


def _killed(site: Host, doing: Callable[[Work], object]) -> None:
    """Does it in a process of its own that is killed before the commit."""
    generation = site.generation
    actor = site.actor("Admin")
    site.site.engine.dispose()
    child = os.fork()
    if not child:
        with site.site.work(actor, generation=generation) as work, work.begin():
            doing(work)
            work.session.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
