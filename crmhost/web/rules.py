"""Rules of addresses whose compiled part is kept: each generation has the same few hundred, in an application of its own."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

#: Most that are kept; a site with many plugins has a few hundred addresses.
MOST = 5_000

_compiled: dict[tuple[str, tuple[tuple[bool, str], ...], bool], Callable[..., tuple[str, str]]] = {}


class KeptRule(Rule):
    """A rule that compiles what makes its addresses once per process; that is most of the work of building an application.

    What is kept is a function of the parts of the address alone: it takes the converters from the rule it is called for.
    """

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
