"""How many records one transaction takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from crmhost.api import Work

#: Seconds that a transaction computes. SQLite has one writer: a webhook that comes in meanwhile waits for its end.
_ALONE, _AMONG_OTHERS = 0.025, 0.2
_FIRST, _LEAST, _MOST = 25, 15, 100


class Pace:
    """Finds out how many records a transaction can take in its time, on this machine.

        pace = Pace(work)
        with pace.begin(len(some)):
            ...

    :param size: records that the next transaction is to take.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._aim = _ALONE if work.session.get_bind().dialect.name == "sqlite" else _AMONG_OTHERS
        self.size = _FIRST

    @contextlib.contextmanager
    def begin(self, number: int) -> Iterator[None]:
        """The transaction for so many records."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._work.begin())
            # Not the time that was spent waiting for others: on a busy machine, smaller ones would only be more work.
            began = time.thread_time()
            yield
        taken = time.thread_time() - began
        if taken > self._aim or number >= self.size:
            wanted = number * self._aim / taken
            self.size = int(max(_LEAST, min(_MOST, wanted, self.size * 1.5)))
