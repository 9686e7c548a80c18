"""A steady load on a server of this machine, and what it answered."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .report import percentile
from .sites import Place

#: Starts a program of Python: its arguments, its environment, the file that takes what it prints; gives what a
#: :class:`subprocess.Popen` can do.
Start = Callable[[list[str], Mapping[str, str], Path], Any]


def started(arguments: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A process of this Python; what it prints goes to the end of a file."""
    with log.open("ab") as file:
        return subprocess.Popen([sys.executable, *arguments], env=environment, stdout=file, stderr=file)


@dataclasses.dataclass
class Answers:
    """What a load got.

    :param times: milliseconds per request.
    :param failures: what went wrong: status or exception, and the address.
    """

    times: list[float] = dataclasses.field(default_factory=list)
    failures: list[str] = dataclasses.field(default_factory=list)

    @property
    def p99(self) -> float:
        """99 % of the requests took no longer, in milliseconds."""
        return percentile(self.times, 0.99)

    @property
    def p50(self) -> float:
        """Half of the requests took no longer, in milliseconds."""
        return percentile(self.times, 0.5)


class Load:
    """Sends requests at a steady rate from several threads until it is stopped.

    :param paths: (path, statuses that are right) in turn.
    """

    def __init__(
        self, port: int, cookie: str, paths: Sequence[tuple[str, tuple[int, ...]]], *, rate: float, clients: int = 8
    ) -> None:
        self.port = port
        self.cookie = cookie
        self.paths = paths
        self.pause = clients / rate
        self.answers = Answers()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, args=(number, clients)) for number in range(clients)]

    def start(self) -> Load:
        """Begins."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> Answers:
        """Ends and gives what came."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.answers

    def _client(self, number: int, clients: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        turn = number
        due = time.perf_counter() + self.pause * number / clients
        while not self._stop.wait(max(0.0, due - time.perf_counter())):
            path, right = self.paths[turn % len(self.paths)]
            turn += 1
            started = time.perf_counter()
            problem = self._one(connection, path, right)
            taken = (time.perf_counter() - started) * 1000
            with self._lock:
                self.answers.times.append(taken)
                if problem:
                    self.answers.failures.append(f"{path}: {problem}")
            due += self.pause
        connection.close()

    def _one(self, connection: http.client.HTTPConnection, path: str, right: tuple[int, ...]) -> str:
        for attempt in (1, 2):
            fresh = connection.sock is None
            try:
                connection.request("GET", path, headers={"Cookie": self.cookie})
                answer = connection.getresponse()
                answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                connection.close()
                # A kept connection that the server closed while idle is reopened, as every browser does.
                if attempt == 1 and not fresh:
                    continue
                return type(error).__name__
            except OSError as error:
                connection.close()
                return type(error).__name__
            return "" if answer.status in right else str(answer.status)
        return "closed twice"


class Server:
    """A server of the site in processes of its own, on loopback.

    :param kind: ``gunicorn`` as operators start it themselves; or as ``crmhost run`` does: ``waitress`` with one process,
        ``crmhost`` with as many as ``workers`` says, ``whole`` with a process that runs jobs beside it.
    :param settings: environment variables besides those of the place.
    :param start: starts its process.
    """

    def __init__(
        self,
        place: Place,
        port: int,
        *,
        kind: str = "gunicorn",
        workers: int = 2,
        threads: int = 8,
        settings: Mapping[str, str] | None = None,
        start: Start = started,
    ) -> None:
        self.port = port
        if kind == "gunicorn":
            command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
            command += ["--threads", str(threads), "--worker-class", "gthread", "--log-level", "warning"]
            command += ["--no-control-socket", "crmhost.wsgi:application"]
        else:
            command = ["-m", "crmhost", "run", "--port", str(port)]
            command += ["--no-worker"] if kind != "whole" else []
            command += ["--workers", str(workers)] if kind == "crmhost" else []
        #: What it prints.
        self.path = place.home / "server.log"
        self.path.write_bytes(b"")
        self.process = start(command, {**place.environment(), "PYTHONUNBUFFERED": "1", **(settings or {})}, self.path)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.1)
            finally:
                connection.close()
        raise RuntimeError(f"the server did not start:\n{self.output()}")

    def output(self) -> str:
        """What it printed."""
        return self.path.read_text("utf-8", errors="replace")[-6000:]

    def kill(self) -> None:
        """Ends it as ``kill -9`` does: nothing is finished."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    """A port of loopback that nobody uses now, and that the system gives to no connection by itself until it is used."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
