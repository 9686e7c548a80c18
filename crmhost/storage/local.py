"""Storage in a folder."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ..messages import Message
from .base import KEY, StorageError, Stored, checked_key

log = logging.getLogger("crmhost.storage")


class LocalStorage:
    """Files of a folder that this process and all others of the site see.

    :param folder: made when the first object is written; readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Beside the objects, because only within one file system a file takes its place in one step.
        self._incoming = folder / "incoming"

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)

    def put(self, key: str, parts: Iterable[bytes]) -> int:
        """See :class:`~crmhost.storage.Storage`."""
        path = self._path(key)
        aside = self._incoming / secrets.token_hex(16)
        with _told():
            for folder in (self._incoming, path.parent):
                self._make(folder)
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    with _told():
                        file.write(part)
                with _told():
                    file.flush()
                    os.fsync(handle)
                size = file.tell()
            with _told():
                aside.replace(path)
                _sync(path.parent)
        finally:
            aside.unlink(missing_ok=True)
        return size

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)

    def get(self, key: str) -> BinaryIO:
        """See :class:`~crmhost.storage.Storage`."""
        path = self._path(key)
        with _told():
            return path.open("rb")

    def delete(self, keys: Sequence[str]) -> None:
        """See :class:`~crmhost.storage.Storage`."""
        for path in [self._path(key) for key in keys]:
            with _told():
                path.unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """See :class:`~crmhost.storage.Storage`."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """See :class:`~crmhost.storage.Storage`."""
        path = self._path(key)
        with _told():
            return path.stat().st_size

    def list(self) -> Iterator[Stored]:
        """See :class:`~crmhost.storage.Storage`."""
        for shard in _names(self._folder):
            for name in _names(self._folder / shard) if len(shard) == 2 else ():
                key = f"{shard}/{name}"
                if KEY.fullmatch(key):
                    with contextlib.suppress(FileNotFoundError):
                        stat = (self._folder / key).stat()
                        yield Stored(key, stat.st_size, dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC))

    def check(self) -> None:
        """See :class:`~crmhost.storage.Storage`."""
        nearest = next(folder for folder in (self._folder, *self._folder.parents) if folder.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise StorageError(Message("Nothing can be written in %(nearest)s. Tell your admin.", nearest=nearest))

    def tidy(self, before: dt.datetime) -> int:
        """See :class:`~crmhost.storage.Storage`."""
        gone = 0
        for name in _names(self._incoming):
            path = self._incoming / name
            with contextlib.suppress(FileNotFoundError), _told():
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
        return gone


def _names(folder: Path) -> list[str]:
    try:
        with _told():
            return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []


def _sync(folder: Path) -> None:
    """Makes sure that a name in a folder outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What the system refuses becomes a sentence for people; a missing file stays one."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        log.error("file storage: %s", error)
        raise StorageError(
            Message("The file storage refused: %(strerror)s. Tell your admin.", strerror=error.strerror)
        ) from error
