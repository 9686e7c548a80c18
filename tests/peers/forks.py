"""Processes of the product without the seconds that each takes to import it: forked from one that has imported everything.

    with forks.nursery(database) as start:
        process = start(["-m", "crmhost", "run", "--port", "8123"], environment, log)

For tests of what a process does once it runs; how it starts is tried by others. What it does is the same from its first line on:
a process of its own, with its own number, environment, signals and end.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.load import Start


class Nursery:
    """The process that the others are forked from. It ends with who asked for it, and so do they.

    :param database: an SQLite file of a site that is set up, to warm up with.
    """

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-m", "tests.peers.forks", str(database)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **order: Any) -> Any:
        """What it answers to an order.

        :raises RuntimeError: when it is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The process that forks is gone, with {self._process.wait()}.")
        return json.loads(answer)

    def close(self) -> None:
        """Ends it."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


class Forked:
    """A process, with what one does to it as :class:`subprocess.Popen` has it."""

    def __init__(self, nursery: Nursery, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._nursery = nursery
        self.args = arguments
        self.pid = int(nursery.ask(start=arguments, environment=dict(environment), log=str(log)))
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended.

        :raises subprocess.TimeoutExpired: when it has not in so many seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            time.sleep(0.02)
        assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        """Its exit status, minus the signal that ended it; ``None`` while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(poll=self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def nursery(database: Path) -> Iterator[Start]:
    """Gives what starts processes, see :class:`Nursery`."""
    made = Nursery(database)
    try:
        yield functools.partial(Forked, made)
    finally:
        made.close()


# --- in the process that forks ----------------------------------------------------------------------------------------


def main(database: Path) -> list[str] | None:
    """Forks as it is told; gives a forked process its arguments, and ``None`` at the end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _prepare(database)
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            answer: int | None = os.fork()
            if answer == 0:
                answers.close()
                return _become(order)
            running.add(answer or 0)
        else:
            done, status = os.waitpid(order["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if done else None
            running -= {done}
        print(json.dumps(answer), file=answers, flush=True)
    for number in running:
        os.kill(number, signal.SIGKILL)
    return None


def _prepare(database: Path) -> None:
    """Imports what a site needs and compiles the templates of its pages, by showing some to an admin of a site."""
    import crmhost.cli  # noqa: F401  # what is started is this
    from bench import sites
    from crmhost.web.request import COOKIE

    with tempfile.TemporaryDirectory(prefix="crmhost-nursery-") as folder:
        place = sites.Place("nursery", Path(folder), f"sqlite:///{folder}/site.sqlite")
        shutil.copy(database, place.home / "site.sqlite")
        site = place.site("test")
        app = site.runtime.current().app
        assert app is not None
        client = app.test_client()
        client.set_cookie(COOKIE, sites.session_token(site))
        for address in ("/", "/contacts/", "/contacts/new", "/extensions/", "/settings/", "/login"):
            client.get(address).close()
        site.close()
    # No other thread would live on in what is forked, nor let go of what it holds.
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()


def _become(order: dict[str, Any]) -> list[str]:
    os.environ.clear()
    os.environ.update(order["environment"])
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    ):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    arguments: list[str] = order["start"]
    return arguments


if __name__ == "__main__":
    given = main(Path(sys.argv[1]))
    if given:
        assert given[0] == "-m"
        sys.argv = given[1:]
        runpy.run_module(given[1], run_name="__main__", alter_sys=True)
