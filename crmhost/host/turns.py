"""One switch at a time: the lock that orders them, the number that they raise, and waiting until every process follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, select, update

from ..errors import Conflict
from . import beats
from .tables import HostState

if TYPE_CHECKING:
    from ..site import Site

T = TypeVar("T")


class _Overtaken(Exception):
    """Somebody else switched something between the plan and the lock: plan again."""


def again_when_overtaken(switch: Callable[[], T]) -> T:
    """Runs a switch, and again with a new plan when another switch came between.

    :raises Conflict: when that happens again and again.
    """
    for _ in range(5):
        try:
            return switch()
        except _Overtaken:
            continue
    raise Conflict("Somebody else is switching plugins right now; try again in a moment.")


def lock(connection: Connection, planned: int) -> int:
    """Takes the lock that serialises switches, to the end of the transaction; gives the number of the generation.

    :param planned: the number that the plan was made on.
    :raises _Overtaken: when another switch came between; run under :func:`again_when_overtaken`.
    """
    number = connection.scalar(select(HostState.generation).where(HostState.id == 1).with_for_update()) or 0
    if number != planned:
        raise _Overtaken
    return number


def advance(connection: Connection, number: int) -> int:
    """Makes the next generation the one that is wanted; gives its number."""
    connection.execute(update(HostState).where(HostState.id == 1).values(generation=number + 1))
    return number + 1


def follow_up(site: Site, number: int, seconds: float) -> tuple[str, ...]:
    """Waits until every living process runs this generation; gives those that do not after ``seconds``."""
    runtime = site.runtime
    runtime.poke()
    if runtime.kind in ("cli", "test"):
        runtime.refresh()
    until = time.monotonic() + seconds
    while True:
        with site.engine.connect() as connection:
            behind = tuple(row.id for row in beats.living(connection, site.clock()) if row.generation < number)
        if not behind or time.monotonic() >= until:
            return behind
        time.sleep(0.05)
