"""Random lives: whatever is done in whatever order, the site is exactly what a simple model says."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable

import pytest
from sqlalchemy import inspect, select

from crmhost.api import Role, contacts, settings
from crmhost.core.settings.models import StoredSetting
from crmhost.host.shape import shape_of
from crmhost.testing import Host
from tests.contract.rollup import exact
from tests.contract.world import WORD, World
from tests.pages import core_addresses, differences, look, owner
from tests.probes import ONLY

PROBES = ("probe_one", "probe_two")
STATUSES = ("Lead", "Contacted", "Customer", "Refused")
TABLES = {
    "probe_one": {"probe_one_heard", "probe_one_member", "probe_one_rollup", "probe_one_score"},
    "probe_two": {"probe_two_badge", "probe_two_note", "probe_two_place"},
}
STEPS = 24
#: The number of contacts beside the menu.
_COUNT = re.compile(r'(?<=<span class="crm-count">)\d+')


@dataclasses.dataclass
class Model:
    """What should be: which probes are on, which have data, which settings are stored, which contacts live."""

    on: set[str] = dataclasses.field(default_factory=set)
    known: set[str] = dataclasses.field(default_factory=set)
    stored: set[str] = dataclasses.field(default_factory=set)
    alive: list[int] = dataclasses.field(default_factory=list)
    binned: list[int] = dataclasses.field(default_factory=list)


class Life:
    """One random life."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.host = world.host
        self.random = random.Random(seed)
        self.model = Model(alive=[world.ada])
        self.steps: list[str] = []
        self.blank = self.pages()
        with self.host.site.engine.connect() as connection:
            self.shape = shape_of(connection)

    def step(self) -> None:
        """Does something and compares."""
        doings: list[tuple[Callable[[], None], int]] = [
            (self.switch, 6),
            (self.purge, 1),
            (self.add, 2),
            (self.change, 2),
            (self.move, 3),
            (self.bin, 2),
            (self.restore, 2),
            (self.erase, 1),
            (self.score, 2),
            (self.set, 1),
        ]
        doing = self.random.choices([doing for doing, _ in doings], [weight for _, weight in doings])[0]
        self.steps.append(doing.__name__)
        doing()
        self.compare()

    # --- what is done ---

    def switch(self) -> None:
        names = self.random.sample(PROBES, self.random.randint(1, 2))
        if self.random.random() < 0.55:
            self.host.enable(*names)
            self.model.on |= set(names)
            self.model.known |= set(names)
        else:
            self.host.disable(*names)
            self.model.on -= set(names)

    def purge(self) -> None:
        name = self.random.choice(PROBES)
        self.host.uninstall(name)
        self.model.on.discard(name)
        self.model.known.discard(name)
        self.model.stored = {key for key in self.model.stored if not key.startswith(f"{name}.")}

    def add(self) -> None:
        self.model.alive.append(self.host.make.contact())

    def change(self) -> None:
        if self.model.alive:
            with self.host.work("Admin") as work, work.begin():
                fields = {"status": self.random.choice(STATUSES), "notes": f"note {self.random.random()}"}
                contacts.update(work, self.random.choice(self.model.alive), fields)

    def move(self) -> None:
        with self.host.work("Admin") as work, work.begin():
            chosen = self.random.sample(self.model.alive, self.random.randint(0, len(self.model.alive)))
            contacts.set_status(work, chosen, self.random.choice(STATUSES))

    def bin(self) -> None:
        self._between(self.model.alive, self.model.binned, contacts.to_bin)

    def restore(self) -> None:
        self._between(self.model.binned, self.model.alive, contacts.restore)

    def _between(self, here: list[int], there: list[int], service: Callable[..., int]) -> None:
        chosen = self.random.sample(here, min(len(here), 2))
        with self.host.work("Admin") as work, work.begin():
            assert service(work, chosen) == len(chosen)
        here[:] = [contact for contact in here if contact not in chosen]
        there.extend(chosen)

    def erase(self) -> None:
        pool = self.random.choice([self.model.alive, self.model.binned])
        if pool:
            with self.host.work("Admin") as work, work.begin():
                contacts.erase(work, pool.pop(self.random.randrange(len(pool))))

    def score(self) -> None:
        if "probe_one" in self.model.on and self.model.alive:
            with self.host.work("Admin") as work, work.begin():
                work.service("probe_one").give(self.random.choice(self.model.alive), self.random.randint(14, 99))

    def set(self) -> None:
        keys = [key for key in ("probe_one.greeting", "probe_two.most") if key.partition(".")[0] in self.model.on]
        if keys:
            key = self.random.choice(keys)
            with self.host.work("Admin") as work, work.begin():
                settings.set_many(work, {key: "200"})
            self.model.stored.add(key)

    # --- what should be ---

    def compare(self) -> None:
        on, known = self.model.on, self.model.known
        states = {name: "enabled" if name in on else "disabled" if name in known else "" for name in PROBES}
        assert {name: self.host.state(name) for name in PROBES} == states
        generation = self.host.generation
        assert dict(generation.failed) == {}
        assert generation.app is not None
        seen = {owner(rule.endpoint, PROBES) for rule in generation.app.url_map.iter_rules()}
        assert seen - {""} == on
        for names in (generation.permissions, generation.settings, generation.services):
            assert {name.partition(".")[0] for name in names if name.startswith("probe_")} == on
        assert {name for name in PROBES if generation.hooks.implements(name)} == on
        assert ("probe_one_points" in generation.hooks.specs) == ("probe_one" in on)
        self._compare_database(known)
        self._compare_pages(on)
        if "probe_one" in on:
            assert exact(self.world)
        assert self.host.faults() == []

    def _compare_database(self, known: set[str]) -> None:
        with self.host.site.engine.connect() as connection:
            tables = {name for name in inspect(connection).get_table_names() if name.startswith("probe_")}
        expected = {table for name in known for table in (*TABLES[name], f"{name}_alembic_version")}
        assert tables == expected
        with self.host.site.sessions() as session:
            stored = session.scalars(select(StoredSetting.key).where(StoredSetting.key.like("probe%"))).all()
            granted = {
                item.partition(".")[0]
                for role in session.scalars(select(Role))
                for item in role.permissions
                if item.startswith("probe_")
            }
        assert set(stored) == self.model.stored
        assert granted == known & {"probe_one"}
        assert {job.plugin for job in self.host.jobs()} <= known

    def _compare_pages(self, on: set[str]) -> None:
        page = self.world.page("/contacts/")
        for name, sign in (("probe_one", ">Scores</a>"), ("probe_two", ">Notes</a>")):
            assert (sign in page) == (name in on)
        status = 200 if "probe_one" in on else 404
        assert self.world.json("/api/probe/probe-scores/", **WORD)[0] == status
        if not on and self.model.alive == [self.world.ada] and not self.model.binned:
            assert differences(self.blank, self.pages()) == []

    def pages(self) -> dict[str, tuple[int, str]]:
        """The core's pages that don't show what was done to contacts."""
        addresses = [
            address
            for address in core_addresses(self.host.generation)
            if address.startswith("/settings") and not address.startswith("/settings/field-options")
        ]
        seen = look(self.world.client, addresses)
        return {address: (status, _COUNT.sub("#", page)) for address, (status, page) in seen.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_life(host: Callable[..., Host], seed: int) -> None:
    """After each of many random steps, database, addresses, menus, permissions, settings, jobs, API and hooks are right."""
    life = Life(World(host(**ONLY)), seed)
    try:
        for _ in range(STEPS):
            life.step()
        for name in PROBES:
            life.host.uninstall(name)
        with life.host.site.engine.connect() as connection:
            assert shape_of(connection) == life.shape
        assert differences(life.blank, life.pages()) == []
    except BaseException as error:
        error.add_note(f"seed {seed}, steps: {', '.join(life.steps)}")
        raise
