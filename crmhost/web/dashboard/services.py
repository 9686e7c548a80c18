"""What each user's dashboard holds, how they arranged it, and how far the site is set up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from ...contributions import SetupStep, Total, Widget
from ...core.notifications import services as notifications
from ...core.settings import services as settings
from ...core.users import services as users
from ...errors import NotFound
from ...work.unit import Work

#: Setting: an admin has seen enough of the set-up list.
SETUP_HIDDEN = "dashboard.setup_hidden"
#: Preference of a user: ``{"order": [key, …], "hidden": [key, …]}``.
ARRANGED = "dashboard.widgets"
#: What a call into a plugin gives when it failed; it is noted against the plugin then.
FAILED: Any = object()


# --- boxes -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Layout:
    """The boxes that the actor may see, in their own order."""

    shown: tuple[Widget, ...]
    hidden: tuple[Widget, ...]


def key_of(widget: Widget) -> str:
    """Name of a box among all plugins: ``PLUGIN.ID``."""
    return f"{widget.plugin}.{widget.id}"


def layout(work: Work) -> Layout:
    """The actor's boxes, as they arranged them."""
    known = {key_of(widget): widget for widget in _allowed(work)}
    order, hidden = _arranged(work)
    ordered = [(key, known[key]) for key in woven(order, known) if key in known]
    return Layout(
        tuple(widget for key, widget in ordered if key not in hidden),
        tuple(widget for key, widget in ordered if key in hidden),
    )


def find(work: Work, key: str) -> Widget:
    """The box of that name.

    :raises NotFound: when there is none, or the actor may not see it.
    """
    for widget in _allowed(work):
        if key_of(widget) == key:
            return widget
    raise NotFound("box", key)


def render(work: Work, widget: Widget) -> Any:
    """The markup of a box, or :data:`FAILED`."""
    return isolated(work, widget.plugin, f"widget {widget.id}", widget.render, gives=str)


def arrange(work: Work, order: Sequence[str]) -> None:
    """Keeps the order in which the actor put their boxes; keys of boxes that are not there are left out."""
    known = {key_of(widget) for widget in _allowed(work)}
    before, hidden = _arranged(work)
    # Boxes of plugins that are off keep their place for the day they come back.
    _keep(work, woven((key for key in order if key in known), before), hidden)


def move(work: Work, key: str, steps: int) -> None:
    """Moves a box of the actor by so many places; at the ends it stays."""
    find(work, key)
    order = [key_of(widget) for widget in layout(work).shown]
    if key in order:
        place = order.index(key)
        order.remove(key)
        order.insert(max(place + steps, 0), key)
        arrange(work, order)


def hide(work: Work, key: str, *, hidden: bool = True) -> None:
    """Takes a box off the actor's dashboard, or puts it back."""
    find(work, key)
    order, gone = _arranged(work)
    _keep(work, order, gone | {key} if hidden else gone - {key})


def reset(work: Work) -> None:
    """Puts the actor's boxes back as they were at first."""
    users.set_preference(work, ARRANGED, None)


def woven(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """``first``, with what only ``second`` has put after what stands before it there."""
    found = list(dict.fromkeys(first))
    place = 0
    for key in second:
        if key in found:
            place = found.index(key) + 1
        else:
            found.insert(place, key)
            place += 1
    return found


def _allowed(work: Work) -> list[Widget]:
    widgets = cast("tuple[Widget, ...]", work.generation.contributions("dashboard_widgets"))
    return [widget for widget in widgets if work.can(widget.permission)]


def _arranged(work: Work) -> tuple[list[str], set[str]]:
    stored = users.preference(work, ARRANGED) or {}
    return list(stored.get("order", ())), set(stored.get("hidden", ()))


def _keep(work: Work, order: Sequence[str], hidden: set[str]) -> None:
    users.set_preference(work, ARRANGED, {"order": list(order), "hidden": sorted(hidden)})


# --- figures ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Figure:
    """A total as it is shown: English label, number as text, a line below it. ``failed``: the plugin could not say."""

    label: str
    endpoint: str
    plugin: str
    value: str = ""
    meta: str = ""
    failed: bool = False


def figures(work: Work) -> list[Figure]:
    """The figures of the top row that the actor may see."""
    totals = [
        total
        for total in cast("tuple[Total, ...]", work.generation.contributions("dashboard_totals"))
        if work.can(total.permission)
    ]
    reads = [*notifications.unread_read(work)]
    for total in totals:
        if total.reads is not None:
            reads += isolated(work, total.plugin, f"total {total.label}", total.reads, gives=Sequence, failed=())
    work.ahead(reads)
    found = []
    for total in totals:
        told = isolated(work, total.plugin, f"total {total.label}", _checked(total.value), gives=tuple)
        value, meta = ("", "") if told is FAILED else told
        found.append(Figure(total.label, total.endpoint, total.plugin, value, meta, told is FAILED))
    return found


def _checked(value: Callable[[Work], tuple[str, str]]) -> Callable[[Work], tuple[str, str]]:
    def checked(work: Work) -> tuple[str, str]:
        told: Any = value(work)
        if not (isinstance(told, tuple) and len(told) == 2 and all(isinstance(part, str) for part in told)):
            raise TypeError(f"a total must give two texts, not {told!r:.80}")
        return told

    return checked


# --- the set-up list -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the set-up list, with its English label."""

    label: str
    endpoint: str
    done: bool


def steps(work: Work) -> list[Step]:
    """The steps that the actor may take; none once an admin has hidden the list for good."""
    if work.settings.get(SETUP_HIDDEN):
        return []
    found = []
    for step in cast("tuple[SetupStep, ...]", work.generation.contributions("setup_steps")):
        if not work.can(step.permission):
            continue
        done = isolated(work, step.plugin, f"step {step.label}", step.done, gives=bool)
        if done is not FAILED:
            found.append(Step(step.label, step.endpoint, done))
    return found


def hide_steps(work: Work, *, hidden: bool = True) -> None:
    """Hides the set-up list from everybody, or shows it again."""
    settings.set_many(work, {SETUP_HIDDEN: hidden})


# --- calls into plugins ----------------------------------------------------------------------------------------------


def isolated(
    work: Work, plugin: str, place: str, function: Callable[[Work], Any], *, gives: type[Any], failed: Any = FAILED
) -> Any:
    """What the function gives, or ``failed``; a statement that failed in it does not spoil those of others."""
    value = work.generation.run(plugin, place, function, work, default=failed, gives=gives)
    if value is failed and failed is FAILED and not work.writing:
        # PostgreSQL answers nothing more in a transaction in which a statement failed.
        work.session.rollback()
    return value
