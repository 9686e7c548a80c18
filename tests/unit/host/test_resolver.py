"""What can run together and in which order, by example and by property."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.errors import PluginError
from crmhost.host.manifest import Manifest, Names
from crmhost.host.registry import Found
from crmhost.host.resolver import Environment, bridges, dependents, needs, resolve

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HERE = Environment(api="1.0", crmhost="1.2.0", python="3.12.1", installed={"requests": "2.32.0"}.get)


def one(plugin_id: str, version: str = "1.0", url: str = "", **fields: object) -> Found:
    """A plugin that is there."""
    slug = plugin_id.replace("_", "-")
    names = Names(url or f"/{slug}", (f"/{slug}",), (slug,), (slug,))
    manifest = Manifest(plugin_id, plugin_id.title(), version, ">=1,<2", names, **fields)  # type: ignore[arg-type]
    return Found(manifest, Path(plugin_id), "home", f"plugins.{plugin_id}")


def table(*plugins: Found) -> dict[str, Found]:
    """Plugins by id."""
    return {plugin.id: plugin for plugin in plugins}


def times(*plugin_ids: str) -> dict[str, dt.datetime | None]:
    """Enabled one after the other, the first is the oldest."""
    return {plugin_id: START + dt.timedelta(days=day) for day, plugin_id in enumerate(plugin_ids)}


def test_order() -> None:
    """Needs come first, then soft wishes, then the time of enabling, then the id."""
    found = table(
        one("a", needs={"d": ""}), one("b"), one("c", after=("b", "missing")), one("d"), one("e", optional={"a": ""})
    )
    resolution = resolve(found, found, times("e", "c", "a", "d"), HERE)
    assert resolution.order == ("d", "a", "e", "b", "c")
    assert resolution.refused == resolution.warnings == {}


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        (one("a", needs={"b": ""}), "It needs the plugin “b”, which is not here; install that first."),
        (one("a", needs={"off": ">=1"}), "It needs the plugin “off” >=1, which is off; enable that too."),
        (one("a", needs={"on": ">=2"}), "“on” >=2, here is version 1.0; update that first."),
        (one("a", needs={"contacts": ">=9"}), "“contacts” >=9, here is version 1.2.0"),
        (one("a", packages=("segno>=1", "requests")), "pip install 'segno>=1'"),
        (one("a", packages=("requests>=3",)), "pip install 'requests>=3'"),
        (one("a", python="<3.12"), "needs Python <3.12, this is 3.12.1"),
        (one("a", broken_above="1.1"), "fails with crmhost above 1.1"),
        (one("a", conflicts={"on": "<2"}), "can't run beside On, which is on"),
        (one("a", optional={"on": ">=2"}), "A works with On >=2 only, 1.0 is here"),
        (one("a", url="/on/more"), "wants the address “/on/more”, which On has"),
    ],
)
def test_refusals(plugin: Found, told: str) -> None:
    """What keeps a plugin from running is told in a sentence."""
    resolution = resolve(table(plugin, one("on"), one("off")), ["a", "on"], times("on"), HERE)
    assert resolution.order == ("on",)
    assert told in resolution.refused["a"]


@pytest.mark.parametrize(
    "plugin",
    [
        one("a", needs={"contacts": ">=1"}),
        one("a", packages=("requests>=2", "nothing; python_version < '3'")),
        one("a", conflicts={"on": ">=2", "off": ""}),
        one("a", optional={"on": ">=1", "off": ">=7"}),
        one("a", broken_above="1.2", python=">=3.11"),
        one("a", url="/only"),
    ],
)
def test_what_runs(plugin: Found) -> None:
    """What is met, absent or not concerned keeps nothing from running."""
    assert "a" in resolve(table(plugin, one("on"), one("off")), ["a", "on"], times("on"), HERE).order


def test_missing_plugin() -> None:
    """An enabled plugin whose folder is gone is refused, the others run."""
    resolution = resolve(table(one("a")), ["a", "gone"], None, HERE)
    assert resolution.order == ("a",)
    assert "put its folder" in resolution.refused["gone"]


def test_api_range() -> None:
    """A plugin for another version of the API is refused."""
    plugin = one("a")
    assert (
        "made for plugin API >=1,<2, this site has 2.0"
        in resolve({"a": plugin}, ["a"], None, Environment(api="2.0")).refused["a"]
    )


def test_newcomer_loses() -> None:
    """Of two that exclude each other the one enabled earlier runs, whoever said so."""
    found = table(one("a", conflicts={"b": ""}), one("b"), one("c", needs={"b": ""}))
    assert resolve(found, found, times("a", "b", "c"), HERE).order == ("a",)
    assert resolve(found, found, times("b", "a", "c"), HERE).order == ("b", "c")
    assert "which can't run" in resolve(found, found, times("a", "b", "c"), HERE).refused["c"]


def test_circle() -> None:
    """Plugins that need each other in a circle are all named; what needs them is refused, the rest runs."""
    found = table(
        one("a", needs={"b": ""}),
        one("b", needs={"c": ""}),
        one("c", needs={"a": ""}),
        one("d", needs={"a": ""}),
        one("e"),
    )
    resolution = resolve(found, found, None, HERE)
    assert resolution.order == ("e",)
    assert "“A” → “B” → “C” → “A”" in resolution.refused["b"]
    assert "circle" in resolution.refused["d"]


def test_soft_circle() -> None:
    """Soft wishes that go round in a circle refuse nobody."""
    found = table(one("a", after=("b",)), one("b", after=("a",)))
    assert resolve(found, found, times("b", "a"), HERE).order == ("b", "a")


def test_warning() -> None:
    """A crmhost newer than what a plugin was tested with is a warning only."""
    resolution = resolve(table(one("a", tested_up_to="1.1"), one("b", tested_up_to="1.2")), ["a", "b"], None, HERE)
    assert resolution.order == ("a", "b")
    assert list(resolution.warnings) == ["a"]


def test_needs() -> None:
    """All that a plugin needs is given in order, itself last, and what is missing is told."""
    found = table(
        one("a", needs={"b": "", "users": ""}), one("b", needs={"c": ""}), one("c"), one("z"), one("x", needs={"y": ""})
    )
    assert needs(found, "a") == ("c", "b", "a")
    assert needs(found, "z") == ("z",)
    with pytest.raises(PluginError, match="“y”, which is not here"):
        needs(found, "x")
    with pytest.raises(PluginError, match="not here"):
        needs(found, "nothing")


def test_dependents() -> None:
    """Those that need a plugin are given in the order in which to disable them; optional needs don't count."""
    found = table(one("a", needs={"b": ""}), one("b", needs={"c": ""}), one("c"), one("d", optional={"c": ""}))
    assert dependents(found, ["a", "b", "c", "d"], "c") == ("a", "b")
    assert dependents(found, ["b", "c", "d"], "c") == ("b",)
    assert dependents(found, ["a", "b", "c"], "a") == ()


def test_bridges() -> None:
    """A bridge comes with the last of what it connects, and a bridge of bridges too."""
    found = table(
        one("a"),
        one("b"),
        one("ab", needs={"a": "", "b": ""}, auto_enable_with=("a", "b")),
        one("abc", needs={"ab": ""}, auto_enable_with=("ab",)),
        one("bad", needs={"a": ">=2"}, auto_enable_with=("a",)),
    )
    assert bridges(found, ["a"]) == ()
    assert bridges(found, ["a", "b"]) == ("ab", "abc")
    assert bridges(found, ["a", "b"], without=["ab"]) == ()
    assert bridges(found, ["a", "b", "ab", "abc"]) == ()


IDS = st.sampled_from([f"p{number}" for number in range(7)])
RANGES = st.sampled_from(["", ">=1", ">=2", "<2"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Found], list[str], dict[str, dt.datetime | None]]:
    """Plugins with random needs, wishes and conflicts, some of them wanted."""
    found = {}
    for plugin_id in sorted(draw(st.sets(IDS, min_size=1))):
        others = IDS.filter(lambda other, own=plugin_id: other != own)
        found[plugin_id] = one(
            plugin_id,
            draw(st.sampled_from(["1.0", "2.0"])),
            draw(st.sampled_from(["", "", "", "/shared"])),
            needs=draw(st.dictionaries(others, RANGES, max_size=2)),
            optional=draw(st.dictionaries(others, RANGES, max_size=1)),
            after=tuple(draw(st.lists(others, max_size=2))),
            conflicts=draw(st.dictionaries(others, RANGES, max_size=1)) if draw(st.booleans()) else {},
        )
    wanted = draw(st.lists(IDS, unique=True))
    days = draw(st.dictionaries(IDS, st.integers(0, 3)))
    return found, wanted, {key: START + dt.timedelta(days=day) for key, day in days.items()}


@settings(max_examples=200, deadline=None)
@given(world=worlds(), seed=st.integers(0, 100))
def test_resolution_holds(world: tuple[dict[str, Found], list[str], dict[str, dt.datetime | None]], seed: int) -> None:
    """Each plugin runs or is refused; needs run and come first; conflicts don't; the order of input says nothing."""
    found, wanted, enabled_at = world
    resolution = resolve(found, wanted, enabled_at, HERE)
    order = resolution.order
    assert sorted([*order, *resolution.refused]) == sorted(wanted)
    for place, plugin_id in enumerate(order):
        manifest = found[plugin_id].manifest
        assert set(manifest.needs) <= set(order[:place])
        assert not set(manifest.conflicts) & {o for o in order if not manifest.conflicts.get(o)}
    for plugin_id in set(wanted) & found.keys():
        if set(found[plugin_id].manifest.needs) & resolution.refused.keys():
            assert plugin_id in resolution.refused
    chance = random.Random(seed)
    shuffled = chance.sample(wanted, len(wanted))
    mixed = dict(chance.sample(list(found.items()), len(found)))
    assert resolve(mixed, shuffled, enabled_at, HERE) == resolution
    again = resolve(found, order, enabled_at, HERE)
    assert again.order == order
    assert not again.refused


@settings(max_examples=100, deadline=None)
@given(world=worlds())
def test_newest_changes_nothing_older(world: tuple[dict[str, Found], list[str], dict[str, dt.datetime | None]]) -> None:
    """A plugin enabled last, on which nobody waits, stops none of those that ran before."""
    found, wanted, enabled_at = world
    before = resolve(found, wanted, enabled_at, HERE)
    newest = START + dt.timedelta(days=9)
    for plugin_id in found.keys() - set(wanted):
        if any(plugin_id in found[other].manifest.needs for other in wanted if other in found):
            continue
        after = resolve(found, [*wanted, plugin_id], {**enabled_at, plugin_id: newest}, HERE)
        if all(other in enabled_at for other in wanted):
            assert set(before.order) <= set(after.order)
