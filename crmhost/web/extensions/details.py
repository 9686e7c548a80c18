"""What the page of one plugin shows beyond its card: failures with their tracebacks, hooks in their order."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select

from ...host.beats import KEEP
from ...host.generation import Generation
from ...host.tables import Fault
from ...work.unit import Work

#: Kinds of failures shown.
SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Failure:
    """Failures of the same kind at the same place, within the last 14 days.

    :param traceback: of the last one; so are ``process`` and ``at``.
    """

    place: str
    error: str
    count: int
    at: dt.datetime
    process: str
    traceback: str


def failures(work: Work, plugin: str) -> Sequence[Failure]:
    """What failed in a plugin's code, the latest first."""
    groups = (
        select(func.max(Fault.id).label("last"), func.count().label("number"))
        .where(Fault.plugin == plugin, Fault.at >= work.now - KEEP)
        .group_by(Fault.place, Fault.error)
        .order_by(func.max(Fault.id).desc())
        .limit(SHOWN)
        .subquery()
    )
    rows = work.session.execute(
        select(Fault, groups.c.number).join(groups, groups.c.last == Fault.id).order_by(Fault.id.desc())
    )
    return [
        Failure(fault.place, fault.error, number, fault.at, fault.process, fault.traceback) for fault, number in rows
    ]


@dataclasses.dataclass(frozen=True)
class Hook:
    """A hook that a plugin implements.

    :param order: the number that it gave itself.
    :param place: when it is called, from 1, among the ``of`` plugins that implement it.
    """

    name: str
    kind: str
    order: int
    place: int
    of: int


def hooks(generation: Generation, plugin: str) -> Sequence[Hook]:
    """The hooks that a plugin of the generation implements, by name."""
    found = []
    for name in sorted(generation.hooks.implements(plugin)):
        callers = generation.hooks.implementations(name)
        for place, item in enumerate(callers, 1):
            if item.plugin == plugin:
                found.append(Hook(name, generation.hooks.specs[name].kind, item.order, place, len(callers)))
    return found
