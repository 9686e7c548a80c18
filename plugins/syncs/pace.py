"""How many records one transaction takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from crmhost.api import Overtaken, Work

T = TypeVar("T")

#: Seconds that a transaction computes. SQLite has one writer: a webhook that comes in meanwhile waits for its end, if it wrote
#: something already, which is about half of the time: so most who come by now and then are answered within 50 ms.
_ALONE, _AMONG_OTHERS = 0.05, 0.2
#: Seconds that it computes once somebody waited, and for how long that goes on: small ones cost more for each record.
_AWAITED, _CROWDED = 0.012, 5.0
_FIRST, _MOST = 20, 100
#: Seconds that the clock may fail to notice.
_TICK = 0.0001
#: Records that it takes at least, and once somebody waited.
_LEAST, _FEWER = 12, 4


class Pace:
    """Finds out how many records a transaction can take in its time, on this machine.

        pace = Pace(work)
        done = pace.take(len(some), lambda: …)

    :param size: records that the next transaction is to take.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._usual = _ALONE if work.session.get_bind().dialect.name == "sqlite" else _AMONG_OTHERS
        self._crowded_until = 0.0
        self.size = _FIRST

    def share(self, left: int) -> int:
        """Of how many records that are left the next transaction is to take: equal parts, as a small rest costs as much."""
        return -(-left // max(1, -(-left // self.size)))

    def take(self, number: int, function: Callable[[], T]) -> T:
        """Calls a function in a transaction for so many records; a second time, if another wrote while it read."""
        try:
            return self._in_transaction(number, function, late=True)
        except Overtaken:
            return self._in_transaction(number, function, late=False)

    def _in_transaction(self, number: int, function: Callable[[], T], *, late: bool) -> T:
        with self._work.begin(late=late):
            # Not the time that was spent waiting for others: on a busy machine, smaller ones would only be more work.
            began = time.thread_time()
            found = function()
            if self._work.awaited or not late:
                self._crowded_until = time.monotonic() + _CROWDED
        self._learn(number, time.thread_time() - began)
        return found

    def _learn(self, number: int, taken: float) -> None:
        crowded = time.monotonic() < self._crowded_until
        aim, least = (_AWAITED, _FEWER) if crowded else (self._usual, _LEAST)
        fits = number * aim / max(taken, _TICK)
        # A small one costs more for each record, so it never says that fewer fit than were thought to.
        if taken > aim or number >= self.size or fits > self.size:
            self.size = int(max(least, min(_MOST, fits, self.size * 1.5)))
