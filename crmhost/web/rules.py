"""Rules of addresses whose compiled part is kept: each generation has the same few hundred, in an application of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

if TYPE_CHECKING:
    from werkzeug.routing import BaseConverter
    from werkzeug.routing.rules import RulePart

#: Most that are kept; a site with many plugins has a few hundred addresses.
MOST = 5_000

_compiled: dict[tuple[str, tuple[tuple[bool, str], ...], bool], Callable[..., tuple[str, str]]] = {}


@dataclasses.dataclass(frozen=True)
class _Asked:
    """A converter that an address asks for, and what its name stood for."""

    variable: str
    name: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    kind: type[BaseConverter]


@dataclasses.dataclass(frozen=True)
class _Parsed:
    """What an address is made of; the converters are each rule's own."""

    parts: tuple[RulePart, ...]
    trace: tuple[tuple[bool, str], ...]
    asked: tuple[_Asked, ...]


_parsed: dict[str, _Parsed] = {}


class KeptRule(Rule):
    """A rule that is read and compiled once per process; that is most of the work of building an application.

    What is kept depends on the address and on the kinds of its converters alone: the converters themselves are made anew.
    """

    _asked: list[_Asked]

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> BaseConverter:
        """The converter of a parameter."""
        made = super().get_converter(variable_name, converter_name, args, kwargs)
        self._asked.append(_Asked(variable_name, converter_name, args, kwargs, self.map.converters[converter_name]))
        return made

    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        known = _parsed.get(rule)
        if known is not None and all(self.map.converters.get(one.name) is one.kind for one in known.asked):
            for one in known.asked:
                self._converters[one.variable] = one.kind(self.map, *one.arguments, **one.named)
                self.arguments.add(one.variable)
            self._trace += known.trace
            return known.parts
        before, self._asked = len(self._trace), []
        parts = tuple(super()._parse_rule(rule))
        if len(_parsed) < MOST:
            _parsed[rule] = _Parsed(parts, tuple(self._trace[before:]), tuple(self._asked))
        return parts

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        known = _compiled.get(key)
        if known is None:
            known = super()._compile_builder(append_unknown)
            if len(_compiled) < MOST:
                _compiled[key] = known
        return known
