"""A server that speaks the language of S3 and checks signatures, in a process of its own on a free port of this machine: nanio.

with s3.server(folder) as peer:
    peer.bucket("files")                  made empty
    peer.url("files", "some/prefix")      as CRMHOST_STORAGE_URL takes it
    peer.parts()                          parts of uploads that were begun and neither ended nor given up
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SERVE = """
import os, socket, sys, threading, uvicorn
from nanio.app import build_app

def end_with_the_one_who_asked():
    sys.stdin.read()
    os._exit(0)

listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=end_with_the_one_who_asked, daemon=True).start()
print("port", listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(build_app(), log_level="warning")).run(sockets=[listening])
"""
#: What a client needs in its environment to be let in.
KEYS = {
    "AWS_ACCESS_KEY_ID": "peer-access-key",
    "AWS_SECRET_ACCESS_KEY": "peer-secret-word",
}


class PeerError(RuntimeError):
    """The server could not be started."""


@dataclass(frozen=True)
class Peer:
    """The running server."""

    folder: Path
    port: int

    def url(self, bucket: str, prefix: str = "") -> str:
        """The address of a storage on it."""
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{self.port}&region=us-east-1"

    def bucket(self, name: str) -> Path:
        """Makes a bucket; gives its folder, in which each object is a file."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def parts(self) -> list[Path]:
        """Parts of uploads that are not complete."""
        return [path for path in self.folder.rglob("*") if path.is_file() and "multipart" in str(path.parent)]


@contextlib.contextmanager
def server(folder: Path) -> Iterator[Peer]:
    """The server, ended with the block, and with this process however that ends.

    :raises PeerError: with what it said when it can't be started.
    """
    keys = {"NANIO_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "NANIO_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | keys | {"NANIO_DATA_DIR": str(folder)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.match(r"port (\d+)", said)
        if found is None:
            process.stdin.close()
            raise PeerError(f"The server of S3 did not start: {said}{process.stdout.read()[-2000:]}")
        yield Peer(folder, int(found[1]))
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
