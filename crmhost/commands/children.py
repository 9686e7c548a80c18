"""Processes that ``crmhost run`` keeps beside itself: the job worker, and gunicorn where it serves. None outlives it."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger("crmhost.server")

#: Pauses before a process that died is started again: the first, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: A process that lived so long has started well: the next pause is the first again.
WELL = 60.0
#: Seconds that a process gets to end by itself.
PATIENCE = 25.0
#: Seconds between two looks at whether the process that started this one still lives.
LOOK = 1.0
#: Environment variable with the number of the process whose end gunicorn must not outlive.
PARENT = "CRMHOST_RUN_PARENT"


class Child:
    """A process that is started again when it dies.

    :param arguments: of ``python``, such as ``["-m", "crmhost", "worker"]``.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = [sys.executable, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="crmhost-child", daemon=True)

    def start(self) -> None:
        """Starts it and watches over it."""
        self._thread.start()

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._ending.is_set():
            started = time.monotonic()
            self._process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL)  # noqa: S603  # ours
            if self._ending.is_set():
                self._process.terminate()
            status = self._process.wait()
            if self._ending.is_set():
                return
            if time.monotonic() - started > WELL:
                pause = FIRST_PAUSE
            name = " ".join(self._arguments[2:4])
            log.warning("“%s” ended with %s; it starts again in %.0f s", name, status, pause)
            self._ending.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def stop(self) -> None:
        """Asks it to end, and waits until it has."""
        self._ending.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            if process.poll() is None:
                process.kill()
        self._thread.join(PATIENCE)


def worker() -> Child:
    """The embedded job worker; it ends by itself when this process is gone."""
    return Child(["-m", "crmhost", "worker", "--parent", str(os.getpid())])


def outlive_nobody(parent: int, stop: Callable[[], None]) -> None:
    """Calls ``stop`` when the process with this number, which started this one, is gone, however it ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        stop()

    threading.Thread(target=watch, name="crmhost-parent", daemon=True).start()
