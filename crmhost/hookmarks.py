"""How hooks are declared and implemented: the marks that :mod:`crmhost.hooks` offers to plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

import pluggy

PROJECT = "crmhost"

Kind = Literal["declare", "action", "filter", "collect", "first", "guard", "within"]
F = TypeVar("F", bound=Callable[..., Any])

_spec_marker = pluggy.HookspecMarker(PROJECT)
_impl_marker = pluggy.HookimplMarker(PROJECT)


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a hook is, kept on the function as ``crmhost_hook``.

    :param since: version of the plugin API that brought it.
    :param gives: what a ``declare`` or ``collect`` hook of a plugin collects; ``None`` for anything.
    :param deprecated: version that will remove it and what to use instead; empty while it is supported.
    """

    kind: Kind
    since: str = "1.0"
    deprecated: str = ""
    gives: type[Any] | None = None


def hookspec(
    kind: Kind, *, since: str = "1.0", deprecated: str = "", gives: type[Any] | None = None
) -> Callable[[F], F]:
    """Marks a function as a hook. Plugins use it too, for hooks of their own (``hooks.py`` of the plugin).

    :param gives: the contribution that a ``declare`` hook collects, such as :class:`crmhost.api.Tab`: the host then checks and
        orders what plugins return, as it does for its own hooks. For a ``collect`` hook, the type of all parts of an answer:
        each answer is then a list, empty for ``None``, and one with other parts is a failure of its plugin.
    """

    def mark(function: F) -> F:
        marked = _spec_marker(function)
        marked.crmhost_hook = Spec(kind, since, deprecated, gives)  # type: ignore[attr-defined]
        return marked

    return mark


@overload
def hookimpl(function: F, /) -> F: ...
@overload
def hookimpl(*, order: int = 100, specname: str | None = None) -> Callable[[F], F]: ...
def hookimpl(function: F | None = None, /, *, order: int = 100, specname: str | None = None) -> F | Callable[[F], F]:
    """Marks a method of the plugin object as the implementation of the hook of the same name.

    :param order: low numbers come first among plugins that do not depend on each other.
    :param specname: name of the hook, when the method is called differently.
    """

    def mark(target: F) -> F:
        marked = _impl_marker(target, specname=specname)
        marked.crmhost_order = order  # type: ignore[attr-defined]
        return marked

    return mark(function) if function is not None else mark
