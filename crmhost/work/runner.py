"""Runs what is due in one process: fans events out, delivers them, runs jobs, fires schedules, and frees what the dead held.

Everything true stands in the database; a runner that is killed at any moment loses nothing. A loop looks around a few times a
second and hands what it finds to threads.
"""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import exc, select

from .. import logs
from ..host.attribution import running
from ..host.processes import certainly_dead
from ..host.tables import PluginState
from . import attempt, delivering, events, jobs, schedules, telling
from .context import Kept
from .delivering import writing
from .looking import Looker
from .tables import JobRow, Subscriber

if TYPE_CHECKING:
    from ..host.generation import Generation
    from ..site import Site
    from .broker import Carrier

log = logging.getLogger("crmhost.work")
T = TypeVar("T")

#: How loud the log is about a job's end: those that are done are many.
_LEVELS = {"done": logging.DEBUG, "due": logging.INFO, "cancelled": logging.INFO, "failed": logging.WARNING}

#: Seconds between two looks, when nothing is due.
POLL = 0.25
#: Seconds between two rounds of renewing leases, and between two of freeing those of the dead.
RENEW = 10.0
SWEEP = 5.0
#: Seconds between two rounds of parking: jobs of a plugin that was off for all this time.
PARK = 60.0
#: Threads of a process, by default.
THREADS = 4
#: Seconds after which word of a due job is sent again.
REMIND = 1.0
#: A batch of claimed jobs lasts about this long, so that quick ones go together and slow ones alone.
BATCH_SECONDS = 0.25
BATCH = 50
#: Seconds that a runner which is to stop waits for what runs.
PATIENCE = 20.0


class Runner:
    """See the module's text.

    :param threads: jobs and subscribers served at once.
    :param carrier: brings word of due jobs, so that they need not be looked for; without one they are.
    """

    def __init__(self, site: Site, threads: int = THREADS, carrier: Carrier | None = None) -> None:
        self.site = site
        self.threads = threads
        self.carrier = carrier
        # A process may have had its number before: the start tells the two apart.
        self.name = f"{site.runtime.process_id}:{int(time.time() * 1000) % 10_000_000}"
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._slots = threading.Semaphore(threads)
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "crmhost-job")
        self._active: set[concurrent.futures.Future[None]] = set()
        self._served: set[str] = set()
        self._lock = threading.Lock()
        self._held: set[int] = set()  # jobs in this process's hands
        self._unwritten: list[jobs.Outcome] = []
        self._seconds = BATCH_SECONDS / 5  # how long a job takes, on average of the last ones
        self._generation = -1
        self._plugins: list[str] = []
        self._subscribers: list[str] = []
        self._looker = Looker(site)
        self._next: dict[str, float] = {}
        self._trouble = logs.Recurring(log)

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Works until :meth:`stop`."""
        if self.carrier is not None:
            self.carrier.start(self.take, self.threads)
        while not self._stopping.is_set():
            busy = self._safely(self.step)
            if not busy:
                self._wake.wait(POLL)
            self._wake.clear()
        self._finish()

    def stop(self) -> None:
        """Lets what runs come to an end, then :meth:`run` returns."""
        self._stopping.set()
        self._wake.set()

    def until_idle(self) -> None:
        """Does all that is due, waits for what others hold, and ends; what is due later stays."""
        while True:
            busy = self.step()
            with self._lock:
                waiting = list(self._active)
            if waiting:
                concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            elif not busy:
                if not self._others_busy():
                    return
                time.sleep(POLL)

    def close(self) -> None:
        """Ends the threads of a runner that was stepped by hand."""
        self._pool.shutdown(wait=True)
        self._looker.close()

    def _others_busy(self) -> bool:
        with self.site.engine.connect() as connection:
            now = self.site.clock()
            held = select(JobRow.id).where(JobRow.state == "running", JobRow.lease_until >= now).limit(1)
            served = select(Subscriber.name).where(Subscriber.lease_until >= now).limit(1)
            return connection.scalar(held) is not None or connection.scalar(served) is not None

    def step(self) -> bool:
        """One look around; says whether there was something to do."""
        generation = self.site.runtime.current()
        now = self.site.clock()
        if self._unwritten:
            self._end(())
        if generation.number != self._generation:
            self._settle(generation, now)
        if (self._held or self._served) and self._time_for("renew", RENEW):
            with writing(self.site) as connection:
                jobs.renew(connection, self.name, list(self._held), now)
                for name in list(self._served):
                    events.lease(connection, name, self.name, now, now + jobs.LEASE)
        if self._time_for("sweep", SWEEP):
            self._sweep(generation, now)
        seen = self._looker.look([name for name in self._subscribers if name not in self._served], self._plugins, now)
        busy = seen.events and self._fan_out(now)
        if seen.deliveries or busy:
            busy = self._deliver(generation, now) or busy
        if self.carrier is not None:
            return self._remind(self.carrier, now) or busy
        return (seen.jobs and self._claim(now)) or busy

    def _settle(self, generation: Generation, now: dt.datetime) -> None:
        """What a new generation asks for: its subscribers, its schedules, and its jobs that waited for it."""
        with writing(self.site) as connection:
            states = connection.execute(select(PluginState.id, PluginState.state)).all()
            kept = {row.id for row in states if row.state in ("enabled", "suspended")}
            events.enlist(connection, generation, kept)
            schedules.enlist(connection, generation, self._zone(generation), now)
            self._plugins = [plugin.id for plugin in generation.plugins]
            self._subscribers = list(events.subscribers(generation))
            jobs.park(connection, self._plugins)
        self._generation = generation.number
        self._next["park"] = time.monotonic() + PARK

    def _zone(self, generation: Generation) -> ZoneInfo:
        with self.site.work(generation=generation) as work:
            return work.timezone

    def _sweep(self, generation: Generation, now: dt.datetime) -> None:
        with self.site.engine.connect() as connection:
            held = set(connection.scalars(select(JobRow.worker).where(JobRow.state == "running").distinct()))
            held |= set(connection.scalars(select(Subscriber.worker).where(Subscriber.worker.is_not(None)).distinct()))
            due = schedules.next_due(connection, generation)
            left = jobs.any_left(connection, now)
        dead = [name for name in held if name and name != self.name and certainly_dead(name.rpartition(":")[0])]
        fires = due is not None and due <= now
        parks = self._time_for("park", PARK)
        idle = self._idle(generation) if fires else set()
        if not (left or dead or fires or parks):
            return
        with writing(self.site) as connection:
            jobs.take_back(connection, now, dead)
            events.free_dead(connection, dead)
            if fires:
                schedules.fire(connection, generation, now, idle)
            if parks:
                schedules.enlist(connection, generation, self._zone(generation), now)
                jobs.park(connection, self._plugins)

    def _idle(self, generation: Generation) -> set[tuple[str, str]]:
        """Schedules that say of themselves that there is nothing to do; one that can't say starts its job."""
        idle = set()
        for item in generation.contributions("schedules"):
            if item.when is None:
                continue
            try:
                with self.site.work(generation=generation) as work, running(item.plugin):
                    if not item.when(work):
                        idle.add((item.kind, schedules.key_of(item.cron, item.arguments)))
            except Exception as error:
                attempt.note(item.plugin, f"schedule {item.kind}", error, first=True, last=False)
        return idle

    # --- events -------------------------------------------------------------------------------------------------------

    def _fan_out(self, now: dt.datetime) -> bool:
        with writing(self.site) as connection:
            return bool(events.fan_out(connection, now))

    def _deliver(self, generation: Generation, now: dt.datetime) -> bool:
        names = [name for name in self._subscribers if name not in self._served]
        with self.site.engine.connect() as connection:
            waiting = events.with_due(connection, names, now)
        started = False
        for name in waiting:
            if not self._slots.acquire(blocking=False):
                break
            self._served.add(name)
            self._start(self._serve, generation, name)
            started = True
        return started

    def _serve(self, generation: Generation, name: str) -> None:
        try:
            delivering.serve(self.site, generation, name, self.name, self._stopping.is_set)
        finally:
            self._served.discard(name)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def _claim(self, now: dt.datetime, kind: str = "") -> bool:
        """Takes due jobs for the threads that are free."""
        free = 0
        while free < self.threads and self._slots.acquire(blocking=False):
            free += 1
        claimed: list[jobs.Claimed] = []
        try:
            if free:
                claimed = self._taken(now, kind, free)
        finally:
            size = max(self._batch(), -(-len(claimed) // max(free, 1)))
            batches = [claimed[start : start + size] for start in range(0, len(claimed), size)]
            for _ in range(free - len(batches)):
                self._slots.release()
        for batch in batches:
            self._start(self._work_through, batch)
        return bool(batches)

    def take(self, kind: str) -> bool:
        """Runs a batch of due jobs of one kind in this thread; says whether there may be more."""
        claimed = self._safely(lambda: self._taken(self.site.clock(), kind, 1)) or []
        if claimed:
            self._safely(lambda: self._work_through(claimed))
        return bool(claimed)

    def _remind(self, carrier: Carrier, now: dt.datetime) -> bool:
        """Sends word again of what stays due; with the broker away, runs it here."""
        if not self._time_for("remind", REMIND):
            return False
        with self.site.engine.connect() as connection:
            kinds = jobs.due_kinds(connection, self._plugins, now - dt.timedelta(seconds=REMIND))
        if not kinds or carrier.send(kinds):
            return False
        self._next["remind"] = 0.0
        return self._claim(now)

    def _taken(self, now: dt.datetime, kind: str, free: int) -> list[jobs.Claimed]:
        with writing(self.site) as connection:
            claimed = jobs.claim(connection, self.name, self._plugins, free * self._batch(), now, kind)
        self._held.update(job.id for job in claimed)
        return claimed

    def _batch(self) -> int:
        return max(1, min(BATCH, int(BATCH_SECONDS / max(self._seconds, 0.001))))

    def _work_through(self, batch: Sequence[jobs.Claimed]) -> None:
        """Runs claimed jobs one after the other; when one takes long, the others go back to be taken by whoever is free."""
        outcomes: list[jobs.Outcome] = []
        kept = Kept()
        started = time.monotonic()
        generation = self.site.runtime.enter()
        try:
            for position, job in enumerate(batch):
                if position and (self._stopping.is_set() or time.monotonic() - started > 2 * BATCH_SECONDS):
                    outcomes += [jobs.Outcome(left, "due", counts=False) for left in batch[position:]]
                    break
                before = time.monotonic()
                with logs.bound(job=job.id, kind=job.kind):
                    outcomes.append(attempt.run(self.site, generation, job, self.name, self._stopping.is_set, kept))
                    log.log(_LEVELS[outcomes[-1].state], "job %s", outcomes[-1].state, extra={"attempt": job.attempts})
                self._seconds = 0.8 * self._seconds + 0.2 * (time.monotonic() - before)
        finally:
            self.site.runtime.leave(generation)
            try:
                self._end(outcomes)
            finally:
                # Last of all, for it may go over a network.
                kept.close()

    def _end(self, outcomes: Sequence[jobs.Outcome]) -> None:
        """Writes down how attempts ended; what can't be written now, because the database is away, is written later."""
        with self._lock:
            outcomes, self._unwritten = [*self._unwritten, *outcomes], []
        for tries in range(3):
            try:
                with writing(self.site) as connection:
                    jobs.end(connection, self.name, outcomes, self.site.clock())
                self._held.difference_update(item.job.id for item in outcomes)
                break
            except exc.IntegrityError:
                # The same job was wanted again in this very moment; the second look finds it.
                if tries == 2:
                    # Not renewed any longer, they are taken up again when their leases run out.
                    self._held.difference_update(item.job.id for item in outcomes)
                    raise
            except exc.DBAPIError:
                with self._lock:
                    self._unwritten += outcomes
                raise
        telling.tell_of_failures(self.site, outcomes)

    # --- threads ------------------------------------------------------------------------------------------------------

    def _start(self, function: Callable[..., None], /, *arguments: object) -> None:
        def run() -> None:
            try:
                self._safely(lambda: function(*arguments))
            finally:
                self._slots.release()
                self._wake.set()

        future = self._pool.submit(run)
        with self._lock:
            self._active.add(future)
        future.add_done_callback(self._ended)

    def _ended(self, future: concurrent.futures.Future[None]) -> None:
        with self._lock:
            self._active.discard(future)

    def _finish(self) -> None:
        if self.carrier is not None:
            self.carrier.stop()
        with self._lock:
            waiting = list(self._active)
        concurrent.futures.wait(waiting, PATIENCE)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._looker.close()
        self._safely(self._let_go)
        if self._unwritten:
            self._safely(lambda: self._end(()))

    def _let_go(self) -> None:
        with writing(self.site) as connection:
            events.free(connection, self.name)

    # --- helpers ------------------------------------------------------------------------------------------------------

    def _time_for(self, what: str, seconds: float) -> bool:
        moment = time.monotonic()
        if moment < self._next.get(what, 0.0):
            return False
        self._next[what] = moment + seconds
        return True

    def _safely(self, function: Callable[[], T]) -> T | None:
        """Runs a part; the database may be away for a while, and what was not written down is found again by its lease."""
        try:
            done = function()
        except Exception:
            self._trouble.failed("look after jobs")
            self._stopping.wait(1.0)
            return None
        self._trouble.worked("look after jobs")
        return done
