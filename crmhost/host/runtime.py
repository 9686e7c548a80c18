"""Which generation a process serves, and the thread that keeps it up to date.

A watcher thread per process, started lazily after a fork, reads the generation's number a few times a second, has a changed
one built aside and swaps it in by one assignment. Nothing is ever built inside a request, but the very first generation.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from ..logs import Recurring
from . import beats
from .builder import build
from .generation import Generation, assemble
from .processes import name_of
from .tables import HostState

if TYPE_CHECKING:
    from ..site import Site

log = logging.getLogger("crmhost.runtime")
T = TypeVar("T")

#: Seconds between two looks at the generation's number; workers have nobody waiting before a screen.
POLL = 0.15
WORKER_POLL = 0.5
#: Seconds between two heartbeats, when nothing happens.
BEAT = 5.0
#: Seconds that a build may take before a process says that it hangs; it keeps serving what it has.
BUILD_LIMIT = 60.0
#: Kinds of processes that build a Flask application.
WITH_APP = frozenset({"web", "test"})
#: Kinds of processes that follow the generation by a thread of their own.
WATCHED = frozenset({"web", "worker"})
#: Seconds that a thread keeps the interpreter while others wait: building must not hold up each query of each request.
SWITCH_INTERVAL = 0.001
#: Made once: each process asks it several times a second.
_NUMBER = select(HostState.generation)


class Runtime:
    """The generation in force in one process.

    :param kind: web, worker, cli or test; only web and test ones build an application, only web and worker ones are watched.
    """

    def __init__(self, site: Site, kind: str) -> None:
        self.site = site
        self.kind = kind
        self._generation: Generation | None = None
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._in_flight: Counter[int] = Counter()
        self._watcher_pid = 0
        self._made_in = os.getpid()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._builder: threading.Thread | None = None
        self._build_started = 0.0
        self._trouble = Recurring(log)
        self.since = site.clock()

    @property
    def process_id(self) -> str:
        """Name of this process among all of the site."""
        return name_of(self.kind)

    # --- the generation in force --------------------------------------------------------------------------------------

    def current(self) -> Generation:
        """The generation to use now. Take it once and keep it to the end of the request or job."""
        generation = self._generation
        if generation is None:
            with self._lock:
                if self._generation is None:
                    self._swap(self._first())
                generation = self._generation
                assert generation is not None
        return generation

    def enter(self, at_least: int = 0, timeout: float = 5.0) -> Generation:
        """Takes the generation for one request and counts the request; hand it back with :meth:`leave`.

        :param at_least: number that the caller has already seen; a process that is behind waits for it.
        """
        self.watch()
        generation = self.current()
        if generation.number < at_least and self.kind in ("web", "test"):
            self.wait_for(at_least, timeout)
        with self._lock:
            # Taken and counted in one step, so that nobody sees an older generation end in between.
            generation = self._generation or generation
            self._in_flight[generation.number] += 1
        return generation

    def leave(self, generation: Generation) -> None:
        """Ends one request."""
        with self._lock:
            self._in_flight[generation.number] -= 1
            if self._in_flight[generation.number] <= 0:
                del self._in_flight[generation.number]
                if generation.number < self.number:
                    # Somebody may wait for the last request of an older generation: it is reported at once.
                    self.poke()

    def wait_for(self, number: int, timeout: float) -> bool:
        """Waits until this process runs generation ``number`` or a later one; says whether it does."""
        self.poke()
        if self._watcher_pid != os.getpid():
            self.refresh()
        with self._changed:
            return self._changed.wait_for(lambda: self.number >= number, timeout)

    @property
    def number(self) -> int:
        """Number of the generation in force; 0 before the first."""
        return self._generation.number if self._generation else 0

    @property
    def oldest(self) -> int:
        """Number of the oldest generation that a request still uses."""
        with self._lock:
            return min([self.number, *self._in_flight])

    # --- building -----------------------------------------------------------------------------------------------------

    def build(self) -> Generation:
        """Builds what the database wants now; changes nothing."""
        wanted = self.site.wanted()
        order, refused = self.site.plan(wanted)
        if self.kind in WITH_APP:
            return build(self.site, wanted.number, order, refused)
        return assemble(wanted.number, order, refused)

    def _first(self) -> Generation:
        """The first generation of this process.

        A process that is watched builds it twice: what the first build imported stays for good, and is kept from the collector,
        so that collecting a replaced generation takes a millisecond instead of a tenth of a second in which nobody is served.
        Meanwhile the collector would look again and again for what there is not.
        """
        if self.kind in WATCHED:
            gc.disable()
            try:
                self.build()
            finally:
                gc.enable()
            gc.collect()
            gc.freeze()
            sys.setswitchinterval(SWITCH_INTERVAL)
        return self.build()

    def refresh(self) -> Generation:
        """Builds and swaps in this thread when another generation is wanted: for commands and tests, which have no watcher."""
        if self._read_number() != self.number:
            with self._lock:
                self._swap(self.build())
        return self.current()

    def _swap(self, generation: Generation) -> None:
        self._generation = generation
        with self._changed:
            self._changed.notify_all()
        for plugin, reason in generation.failed.items():
            log.warning("generation %d runs without %s: %s", generation.number, plugin, reason)

    # --- watching -----------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Starts the watcher, once per process; a forked child starts its own."""
        if self._watcher_pid == os.getpid() or self.kind not in WATCHED:
            return
        with self._lock:
            if self._watcher_pid == os.getpid():
                return
            if self._made_in != os.getpid():
                # Connections can't be shared with the parent: forget them without closing its sockets.
                self.site.engine.dispose(close=False)
                self._made_in = os.getpid()
                self._in_flight.clear()
            self.since = self.site.clock()
            self._stopping.clear()
            self._watcher_pid = os.getpid()
            threading.Thread(target=self._loop, name="crmhost-watcher", daemon=True).start()

    def poke(self) -> None:
        """Makes the watcher look now."""
        self._wake.set()

    def stop(self) -> None:
        """Ends the watcher and takes this process off the list."""
        self._stopping.set()
        self._wake.set()
        if self._watcher_pid == os.getpid():
            self._watcher_pid = 0
            self._safely("say goodbye", lambda: beats.goodbye(self.site, self.process_id))

    def _loop(self) -> None:
        next_beat = 0.0
        told = 0
        while not self._stopping.is_set():
            reported = self._safely("watch", self._look)
            oldest = self.oldest
            if reported or oldest != told or time.monotonic() >= next_beat:
                self._safely("send a heartbeat", lambda: beats.beat(self.site, self))
                next_beat = time.monotonic() + BEAT
                told = oldest
            if reported:
                # A replaced application is a knot of references: left to the collector's own pace, a dozen would pile up.
                gc.collect()
            self._safely("report plugins", lambda: beats.report(self.site, self))
            self._wake.wait(WORKER_POLL if self.kind == "worker" else POLL)
            self._wake.clear()

    def _look(self) -> bool:
        """Starts a build when one is wanted; says whether the generation changed since the last look."""
        before = self.number
        if self._builder is not None and self._builder.is_alive():
            if time.monotonic() - self._build_started > BUILD_LIMIT:
                log.error("building hangs; this process keeps serving generation %d", before)
                self._build_started = time.monotonic()
            return False
        if self._read_number() == before and before:
            return self._just_swapped()
        self._build_started = time.monotonic()
        self._builder = threading.Thread(target=self._build_aside, name="crmhost-builder", daemon=True)
        self._builder.start()
        self._builder.join(0.5)
        return self._just_swapped()

    _reported = 0

    def _just_swapped(self) -> bool:
        if self._reported == self.number:
            return False
        self._reported = self.number
        return True

    def _build_aside(self) -> None:
        generation = self._safely("build", self.build)
        if generation is not None:
            self._swap(generation)
            self._wake.set()

    def _read_number(self) -> int:
        with self.site.engine.connect() as connection:
            return connection.scalar(_NUMBER) or 0

    def _safely(self, what: str, function: Callable[[], T]) -> T | None:
        """Runs a part of the loop; the database may be away for a while, and the old generation keeps serving."""
        try:
            done = function()
        except Exception:
            self._trouble.failed(what)
            self._stopping.wait(0.5)
            return None
        self._trouble.worked(what)
        return done
