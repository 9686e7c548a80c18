"""How hooks are called."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from crmhost.errors import PluginError, Vetoed
from crmhost.hooks import hookimpl, hookspec
from crmhost.host.attribution import current_plugin, meter
from crmhost.host.hookcall import HookCaller


@pytest.fixture(autouse=True)
def _empty_meter() -> None:
    meter.take()


def own_hooks(**hooks: Any) -> types.ModuleType:
    """A module with hook specifications of a plugin's own."""
    module = types.ModuleType("own_hooks")
    for name, function in hooks.items():
        setattr(module, name, function)
    sys.modules["own_hooks"] = module
    return module


class Adds:
    """Adds its number to a value, in its place in the order."""

    def __init__(self, number: int) -> None:
        self.number = number

    @hookimpl
    def contact_prepare(self, value: dict[str, Any]) -> dict[str, Any]:
        return {"seen": [*value.get("seen", []), self.number]}


class Early(Adds):
    """Asks to come early."""

    @hookimpl(order=1)
    def contact_prepare(self, value: dict[str, Any]) -> dict[str, Any]:
        return super().contact_prepare(value)


class Breaks:
    """Raises in every hook."""

    @hookimpl
    def contact_prepare(self, value: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no")

    @hookimpl
    def contact_personal_data(self, contact_id: int) -> Any:
        raise RuntimeError("no")

    @hookimpl
    def contact_before_delete(self, contact_ids: list[int]) -> None:
        raise Vetoed("Keep it.")


class Knows:
    """Answers who it is."""

    @hookimpl
    def contact_personal_data(self, contact_id: int) -> Any:
        return (current_plugin(), contact_id)


def test_a_filter_hands_the_value_on_by_order_then_id() -> None:
    """Among plugins that do not depend on each other, low numbers come first, then ids."""
    caller = HookCaller([("b", Adds(2)), ("c", Early(3)), ("a", Adds(1))])
    assert caller.call("contact_prepare", {}, work=None, contact_id=None) == {"seen": [3, 1, 2]}


def test_dependencies_win_over_numbers() -> None:
    """A plugin comes after those it needs, whatever number it asks for."""
    caller = HookCaller([("base", Adds(1)), ("needing", Early(2))], depths={"base": 0, "needing": 1})
    assert caller.call("contact_prepare", {}, work=None, contact_id=None) == {"seen": [1, 2]}


def test_a_failing_filter_leaves_the_value_and_is_counted_against_its_plugin() -> None:
    """The others go on with the value from before the failure; the fault names the plugin and the hook."""
    caller = HookCaller([("a", Adds(1)), ("b", Breaks()), ("c", Adds(3))])
    assert caller.call("contact_prepare", {}, work=None, contact_id=None) == {"seen": [1, 3]}
    costs, faults = meter.take()
    assert [(fault.plugin, fault.place) for fault in faults] == [("b", "hook contact_prepare")]
    assert "RuntimeError: no" in faults[0].traceback
    assert costs["b"].errors == 1
    assert costs["a"].errors == 0


def test_collect_gives_all_answers_of_those_that_can_answer() -> None:
    """Each answer carries its plugin, and runs in that plugin's context."""
    caller = HookCaller([("a", Breaks()), ("b", Knows())])
    answers = caller.call("contact_personal_data", work=None, contact_id=7)
    assert [(answer.plugin, answer.value) for answer in answers] == [("b", ("b", 7))]
    assert current_plugin() == ""


class Gives:
    """Answers what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def loans_fees(self) -> Any:
        return self.answer


def test_what_a_hook_does_not_collect_is_a_failure_of_who_gave_it() -> None:
    """Answers come as lists of what the hook collects; one with anything else in it, or that breaks off, is left out."""

    @hookspec("collect", gives=int)
    def loans_fees() -> Any:
        return None

    broken = (1 // number for number in (1, 0))
    others = [("a", Gives((1, 2))), ("b", Gives(["x"])), ("c", Gives(None)), ("d", Gives(broken)), ("e", Gives(7))]
    caller = HookCaller([("loans", object()), *others], [("loans", own_hooks(loans_fees=loans_fees))])
    assert [(answer.plugin, answer.value) for answer in caller.call("loans_fees")] == [("a", [1, 2]), ("c", [])]
    assert {fault.plugin for fault in meter.take()[1]} == {"b", "d", "e"}


class Decides:
    """Says no to everything."""

    @hookimpl
    def file_access(self) -> bool:
        return False


class CantDecide:
    """Fails when asked."""

    @hookimpl
    def file_access(self, action: str) -> bool:
        raise RuntimeError(action)


def test_one_plugin_alone_can_be_asked() -> None:
    """Its answer counts, a failure is what the caller says, and others are not asked."""
    caller = HookCaller([("a", CantDecide()), ("b", Decides()), ("c", Knows())])
    answers = [
        caller.ask(plugin, "file_access", otherwise="failed", work=None, file=None, action="open")
        for plugin in ("a", "b", "c", "nobody")
    ]
    assert answers == ["failed", False, None, None]


def test_only_a_guard_lets_exceptions_through() -> None:
    """A veto reaches the caller."""
    caller = HookCaller([("a", Breaks())])
    with pytest.raises(Vetoed, match="Keep it"):
        caller.call("contact_before_delete", work=None, contact_ids=[1])


def test_an_unknown_hook_is_refused_with_the_nearest_name() -> None:
    """A typo is told when the plugin is enabled, not by silence."""

    class Typo:
        @hookimpl
        def dashbord_widgets(self) -> list[Any]:
            return []

    with pytest.raises(PluginError, match="dashboard_widgets") as caught:
        HookCaller([("typo", Typo())])
    assert caught.value.plugin == "typo"


def test_an_unknown_argument_is_refused() -> None:
    """An implementation may take fewer arguments than the hook offers, not others."""

    class Wrong:
        @hookimpl
        def contact_prepare(self, contact: Any) -> Any:
            return contact

    with pytest.raises(PluginError, match="contact"):
        HookCaller([("wrong", Wrong())])


def test_hooks_of_a_plugin_that_is_off_are_not_called_when_it_is_named_in_the_manifest() -> None:
    """An optional dependency may be away."""

    class Optional:
        @hookimpl
        def quotes_sent(self, quote: Any) -> None:
            raise AssertionError("never called")

    caller = HookCaller([("bridge", Optional())], foreign={"bridge": {"quotes"}})
    assert "quotes_sent" not in caller.specs


def test_a_plugin_declares_hooks_under_its_own_name_only() -> None:
    """A hook of a plugin begins with its id."""

    @hookspec("first")
    def score(value: int) -> int:
        return value

    score.__name__ = score.__qualname__ = "score"
    with pytest.raises(PluginError, match="ledger_"):
        HookCaller([("ledger", object())], [("ledger", own_hooks(score=score))])


def test_first_gives_the_first_answer_that_is_not_none() -> None:
    """Later implementations are not asked."""

    @hookspec("first")
    def ledger_rate(day: str) -> Any:
        return None

    class Silent:
        @hookimpl
        def ledger_rate(self, day: str) -> Any:
            return None

    class Speaks:
        @hookimpl
        def ledger_rate(self, day: str) -> Any:
            return f"rate of {day}"

    caller = HookCaller([("ledger", Silent()), ("rates", Speaks())], [("ledger", own_hooks(ledger_rate=ledger_rate))])
    assert caller.call("ledger_rate", day="today") == "rate of today"
