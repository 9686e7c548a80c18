"""Calls hooks: order, isolation and timing, on pluggy's registered implementations.

pluggy stops at the first exception and knows no numbers for order, so the loop over ``get_hookimpls()`` is ours.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from .. import hooks as core_hooks
from ..errors import CrmError, PluginError
from ..hooks import PROJECT, Spec
from .attribution import record_fault, running
from .isolation import kept_usable

if TYPE_CHECKING:
    from ..work.unit import Change, Work


@dataclasses.dataclass(frozen=True)
class Implementation:
    """One plugin's implementation of one hook.

    :param arguments: names that it takes, a subset of the hook's.
    """

    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    order: int


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one plugin answered to a ``collect`` hook."""

    plugin: str
    value: Any


class _Manager(pluggy.PluginManager):
    """Looks only at what can be a hook: most names of a plugin object are Python's own."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        return None if name.startswith("_") else super().parse_hookimpl_opts(plugin, name)


class HookCaller:
    """The hooks of one generation.

    :param plugins: (id, plugin object) in the order in which they come.
    :param specs: (owner, module) with hook specifications besides the core's.
    :param depths: plugin -> length of the longest chain of needs below it; the core's own are below all others.
    :param foreign: plugin -> ids of plugins whose hooks it may implement, whether they are on or off.
    :raises PluginError: when an implementation names an unknown argument or a hook that nobody declares.
    """

    def __init__(
        self,
        plugins: Sequence[tuple[str, object]],
        specs: Iterable[tuple[str, ModuleType]] = (),
        *,
        depths: Mapping[str, int] | None = None,
        foreign: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._manager = _Manager(PROJECT)
        self._manager.add_hookspecs(core_hooks)
        self.specs: dict[str, Spec] = dict(_specs_of("", core_hooks))
        for owner, module in specs:
            self._manager.add_hookspecs(module)
            self.specs.update(_specs_of(owner, module))
        for plugin, instance in plugins:
            try:
                self._manager.register(instance, plugin)
            except (pluggy.PluginValidationError, ValueError) as error:
                raise PluginError(plugin, f"A hook is implemented wrongly: {error}") from error
        self._check_names(foreign or {})
        self._implementations: dict[str, tuple[Implementation, ...]] = {
            name: self._ordered(name, depths or {}) for name in self.specs
        }

    def _check_names(self, foreign: Mapping[str, Collection[str]]) -> None:
        """Refuses hooks that nobody declares; one of a plugin that is named in the manifest, but off, is just not called."""
        for hook in vars(self._manager.hook).values():
            if hook.has_spec():
                continue
            for implementation in hook.get_hookimpls():
                plugin = implementation.plugin_name
                if any(hook.name.startswith(f"{other}_") for other in foreign.get(plugin, ())):
                    continue
                near = difflib.get_close_matches(hook.name, self.specs, 1)
                hint = f"Did you mean “{near[0]}”?" if near else "See the hook reference."
                raise PluginError(plugin, f"There is no hook “{hook.name}”. {hint}")

    def _ordered(self, name: str, depths: Mapping[str, int]) -> tuple[Implementation, ...]:
        hook: pluggy.HookCaller = getattr(self._manager.hook, name)
        found = [
            Implementation(
                impl.plugin_name, impl.function, tuple(impl.argnames), getattr(impl.function, "crmhost_order", 100)
            )
            for impl in hook.get_hookimpls()
        ]
        return tuple(sorted(found, key=lambda item: (depths.get(item.plugin, 0), item.order, item.plugin)))

    def implementations(self, name: str) -> tuple[Implementation, ...]:
        """Who is called for a hook, in order."""
        return self._implementations.get(name, ())

    def implements(self, plugin: str) -> list[str]:
        """Names of the hooks that a plugin implements."""
        return [name for name, found in self._implementations.items() if any(item.plugin == plugin for item in found)]

    # --- calling ------------------------------------------------------------------------------------------------------

    def call(self, name: str, value: Any = None, /, **arguments: Any) -> Any:
        """Calls a hook according to its kind.

        ``filter`` takes and gives ``value``; ``collect`` gives a list of :class:`Answer`; ``first`` gives an answer or
        ``None``; ``action`` and ``guard`` give nothing. Only a guard lets exceptions through.
        """
        kind = self.specs[name].kind
        if kind == "filter":
            return self._filter(name, value, arguments)
        if kind == "guard":
            for item in self._implementations[name]:
                self._guard(name, item, arguments)
            return None
        answers: list[Answer] = []
        for item in self._implementations[name]:
            done, answer = self._isolated(name, item, arguments)
            if not done:
                continue
            if kind == "first" and answer is not None:
                return answer
            if kind in ("collect", "declare"):
                answers.append(Answer(item.plugin, answer))
        return answers if kind in ("collect", "declare") else None

    def _guard(self, name: str, item: Implementation, arguments: Mapping[str, Any]) -> None:
        """What can't be checked is refused too: a guard that fails must not let everything pass."""
        try:
            with running(item.plugin):
                item.function(**_subset(item, arguments))
        except CrmError:
            raise
        except (Exception, SystemExit) as error:
            fault = record_fault(item.plugin, f"hook {name}", error)
            message = f"The plugin “{item.plugin}” failed when it was asked, so nothing was changed ({fault.error})."
            raise PluginError(item.plugin, message, traceback=fault.traceback) from error

    def _filter(self, name: str, value: Any, arguments: dict[str, Any]) -> Any:
        for item in self._implementations[name]:
            # A copy: one that changes the value in place and then fails must leave it as it was.
            handed = copy.deepcopy(value) if isinstance(value, (dict, list, set)) else value
            done, answer = self._isolated(name, item, {**arguments, "value": handed})
            if done and answer is not None:
                value = answer
        return value

    def _isolated(self, name: str, item: Implementation, arguments: Mapping[str, Any]) -> tuple[bool, Any]:
        work = arguments.get("work")
        # What an action wrote before it failed must not stay; the other kinds write nothing.
        part = work.part() if work is not None and work.writing and self.specs[name].kind == "action" else nullcontext()
        with kept_usable(work, item.plugin, f"hook {name}"):
            try:
                with part, running(item.plugin):
                    return True, _checked(self.specs[name], item.function(**_subset(item, arguments)))
            except (Exception, SystemExit) as error:
                record_fault(item.plugin, f"hook {name}", error)
        return False, None

    def ask(self, plugin: str, name: str, *, otherwise: Any = None, **arguments: Any) -> Any:
        """The answer of one plugin alone to a ``first`` hook; ``None`` when it gives none or is off.

        :param otherwise: the answer of one that fails.
        """
        for item in self._implementations[name]:
            if item.plugin == plugin:
                done, answer = self._isolated(name, item, arguments)
                return answer if done else otherwise
        return None

    def one(self, plugin: str, name: str, **arguments: Any) -> None:
        """Calls one plugin's implementation of an action; exceptions reach the caller (enabling must be able to fail)."""
        for item in self._implementations[name]:
            if item.plugin == plugin:
                with running(plugin):
                    item.function(**_subset(item, arguments))

    def within(self, work: Work, changes: Sequence[Change]) -> None:
        """Runs the ``within`` handlers, each in a savepoint of its own; a failing one is taken back and marked stale."""
        for item in self._implementations["within"]:
            try:
                with work.part(), running(item.plugin):
                    item.function(**_subset(item, {"work": work, "changes": changes}))
                    work.session.flush()
            except (Exception, SystemExit) as error:
                record_fault(item.plugin, "hook within", error)
                _mark_stale(work, item.plugin)


def _mark_stale(work: Work, plugin: str) -> None:
    from sqlalchemy import update

    from .tables import PluginState

    work.session.execute(update(PluginState).where(PluginState.id == plugin).values(stale=True))
    work.enqueue(f"{plugin}.rebuild", dedupe="rebuild")


def _subset(item: Implementation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arguments[name] for name in item.arguments}


def _checked(spec: Spec, answer: Any) -> Any:
    """An answer, as a list of what the hook says that it collects."""
    if spec.kind != "collect" or spec.gives is None:
        return answer
    parts = list(answer or ())
    for part in parts:
        if not isinstance(part, spec.gives):
            raise TypeError(f"it gave {type(part).__name__} among its answers, which must be {spec.gives.__name__}")
    return parts


def _specs_of(owner: str, module: ModuleType) -> Iterable[tuple[str, Spec]]:
    for name, function in vars(module).items():
        spec = getattr(function, "crmhost_hook", None)
        if not isinstance(spec, Spec) or not inspect.isfunction(function):
            continue
        if owner and not name.startswith(f"{owner}_"):
            raise PluginError(owner, f"The hook “{name}” must be called “{owner}_…”.")
        yield name, spec


def run_isolated(
    plugin: str,
    place: str,
    function: Callable[..., Any],
    /,
    *arguments: Any,
    default: Any = None,
    gives: type[Any] | tuple[type[Any], ...] = object,
    may_refuse: bool = False,
    **named: Any,
) -> Any:
    """Runs a plugin's callable in its context; a failure is recorded and gives the default.

    :param default: what a page goes on with, also when the callable refuses.
    :param gives: types that the contract allows; anything else is a failure.
    :param may_refuse: refusals reach the caller, because the person asked for just this.
    :raises CrmError: when it refuses and may.
    """
    work = arguments[0] if arguments and hasattr(arguments[0], "session") else None
    with kept_usable(work, plugin, place):
        try:
            with running(plugin):
                value = function(*arguments, **named)
            if not isinstance(value, gives):
                raise TypeError(f"{place} gave {type(value).__name__}, which it must not")
        except CrmError:
            if may_refuse:
                raise
            return default
        except (Exception, SystemExit) as error:
            record_fault(plugin, place, error)
            return default
    return value
