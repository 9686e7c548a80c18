"""What a job's handler gets: its unit of work, progress, log, a place to resume from, and the wish that it stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from sqlalchemy import insert, select, update

from ..errors import JobStopped
from .tables import JobLine, JobRow
from .unit import Work

K = TypeVar("K", bound=AbstractContextManager[Any])

#: Seconds between two writes of progress, and between two looks at whether the job was cancelled.
PROGRESS_EVERY = 0.5
CHECK_EVERY = 1.0


class Kept:
    """What jobs that one thread runs one after the other share, such as a connection; it ends with the last of them."""

    def __init__(self) -> None:
        self._held: dict[Hashable, AbstractContextManager[Any]] = {}

    def get(self, key: Hashable, make: Callable[[], K]) -> K:
        """What is held under a key, made when nothing is."""
        if key not in self._held:
            self._held[key] = make()
        return cast("K", self._held[key])

    def drop(self, key: Hashable) -> None:
        """Ends one of them."""
        if (held := self._held.pop(key, None)) is not None:
            held.__exit__(None, None, None)

    def close(self) -> None:
        """Ends all of them."""
        for key in list(self._held):
            self.drop(key)


class JobContext:
    """One attempt at a job.

    :param id: the job's number.
    :param key: idempotency key, the same at each attempt: what is written under it is written once.
    :param attempt: 1 at first.
    :param kept: what this job and those that run right after it may share; for the host.
    :param work: a unit of work that is not begun: ``with job.work.begin():``, as often as needed.
    """

    def __init__(
        self,
        work: Work,
        job_id: int,
        attempt: int,
        saved: Any = None,
        *,
        owner: str = "",
        stopping: Callable[[], bool] = lambda: False,
        kept: Kept | None = None,
    ) -> None:
        self.kept = kept or Kept()
        self.work = work
        self.id = job_id
        self.key = f"job:{job_id}"
        self.attempt = attempt
        self.saved = saved
        self._owner = owner
        self._stopping = stopping
        self._shown = 0.0
        self._first: dict[str, Any] | None = None
        self._done = 0
        self._checked = time.monotonic()

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Says how far it is; call it as often as you like, it is written twice a second. Outside of ``begin()``.

        :param total: 0 when it is not known.
        """
        if done < self._done:
            # Something else is being counted: its pace is its own.
            self._first = None
        self._done = done
        moment = time.monotonic()
        if moment - self._shown < PROGRESS_EVERY and not (total and done >= total):
            return
        self._shown = moment
        at = self.work.now.isoformat()
        # Where this attempt began to count: an earlier one's share says nothing of how fast it goes.
        self._first = self._first or {"done": done, "at": at}
        told = {"done": done, "total": total, "text": text[:200], "at": at, "first": self._first}
        self._write({"progress": told})

    def some_at_a_time(self, run: Callable[[Work], int]) -> int:
        """Calls ``run`` in one transaction after another until it has nothing left to do; gives how many it did in all.

        :param run: does some, within 100 ms; gives how many, 0 when there are no more.
        """
        done = 0
        while True:
            self.check()
            with self.work.begin():
                number = run(self.work)
            if not number:
                return done
            done += number
            self.progress(done)

    def log(self, text: str) -> None:
        """Adds a line to the job's log; inside a begun transaction it is written with it."""
        line = insert(JobLine).values(job_id=self.id, at=self.work.now, text=text.replace("\x00", "�")[:4000])
        if self.work.writing:
            self.work.session.execute(line)
            return
        with self.work.begin():
            self.work.session.execute(line)

    def save(self, value: Any) -> None:
        """Keeps a JSON-able value to resume from (``saved`` of the next attempt).

        In a begun transaction it is written with all else, or, when another worker has taken the job over meanwhile, nothing is:
        what is written beside ``save`` happens once.

        :raises JobStopped: when the job is another worker's now.
        """
        self.saved = value
        self._write({"saved": value})

    def check(self) -> None:
        """Call it between batches, outside of ``begin()``.

        :raises JobStopped: when the job was cancelled, or its worker ends: it is then taken up again, elsewhere or later.
        """
        if self._stopping():
            raise JobStopped
        if time.monotonic() - self._checked < CHECK_EVERY:
            return
        self._checked = time.monotonic()
        if self.cancelled:
            raise JobStopped

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled it: in an ``except JobStopped``, this tells that apart from a worker that ends."""
        self.work.session.rollback()
        return bool(self.work.session.scalar(select(JobRow.cancel).where(JobRow.id == self.id)))

    def _write(self, values: Mapping[str, Any]) -> None:
        mine = update(JobRow).where(JobRow.id == self.id, JobRow.worker == self._owner, JobRow.attempts == self.attempt)
        statement = mine.values(values).execution_options(synchronize_session=False)
        if self.work.writing:
            self._mine_still(self.work.session.execute(statement))
            return
        with self.work.begin():
            self._mine_still(self.work.session.execute(statement))

    @staticmethod
    def _mine_still(done: Any) -> None:
        # A worker that slept longer than its lease must not write beside the one that took the job over.
        if not done.rowcount:
            raise JobStopped
