"""How many records one transaction takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from crmhost.api import Overtaken, Work

T = TypeVar("T")

#: Seconds that a transaction computes. SQLite has one writer: a webhook that comes in meanwhile waits for its end, if it wrote
#: something already, which is about half of the time.
_ALONE, _AMONG_OTHERS = 0.03, 0.2
_FIRST, _LEAST, _MOST = 20, 12, 100


class Pace:
    """Finds out how many records a transaction can take in its time, on this machine.

        pace = Pace(work)
        done = pace.take(len(some), lambda: …)

    :param size: records that the next transaction is to take.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._aim = _ALONE if work.session.get_bind().dialect.name == "sqlite" else _AMONG_OTHERS
        self.size = _FIRST

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
        taken = time.thread_time() - began
        if taken > self._aim or number >= self.size:
            wanted = number * self._aim / taken
            self.size = int(max(_LEAST, min(_MOST, wanted, self.size * 1.5)))
        return found
