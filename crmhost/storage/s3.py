"""Storage in a bucket of S3, or of a server that speaks its language."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import io
import itertools
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from ..messages import Message
from .base import KEY, StorageError, Stored, checked_key

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("crmhost.storage")

#: Bytes of one request: a part of an upload (S3 takes none below 5 MiB, and 10,000 at most), a piece that is read.
_PART = 8 * 1024 * 1024
_PIECE = 1024 * 1024
#: Keys that one request deletes.
_MOST_KEYS = 1000
#: The process that used the library first.
_processes: list[int] = []


class S3Storage:
    """A bucket of S3 or of what speaks its language.

    Access key and secret come from the environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``) or
    from the machine's role, and are neither kept here nor logged.

    :param prefix: in front of every key; with one for each site, several share a bucket.
    :param endpoint: address of the server; S3's own by default.
    """

    def __init__(self, bucket: str, prefix: str = "", *, endpoint: str = "", region: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._endpoint = endpoint
        self._region = region

    @property
    def _store(self) -> S3Store:
        _require_own_process()
        return self._made

    @functools.cached_property
    def _made(self) -> S3Store:
        # Here and not at the top: a site that keeps its files in a folder has no use for it.
        from obstore.store import S3Store

        options: dict[str, Any] = {"region": self._region} if self._region else {}
        if self._endpoint:
            options["endpoint"] = self._endpoint
        return S3Store(
            self._bucket,
            prefix=self._prefix or None,
            client_options={
                "allow_http": self._endpoint.startswith("http://"),
                "connect_timeout": "5s",
                "timeout": "120s",
            },
            retry_config={"max_retries": 3, "retry_timeout": dt.timedelta(seconds=30)},
            **options,
        )

    def put(self, key: str, parts: Iterable[bytes]) -> int:
        """See :class:`~crmhost.storage.Storage`."""
        import obstore

        checked_key(key)
        source = _Blocks(parts)
        blocks = iter(source)
        first, second = next(blocks, b""), next(blocks, b"")
        try:
            with _told():
                if second:
                    # Two parts at a time, so that an upload takes some tens of megabytes of memory whatever its size.
                    whole = itertools.chain((first, second), blocks)
                    obstore.put(self._store, key, whole, use_multipart=True, chunk_size=_PART, max_concurrency=2)
                else:
                    obstore.put(self._store, key, first, use_multipart=False)
        except FileNotFoundError:
            raise _no_bucket() from None
        except Exception:
            if source.failure is not None:
                raise source.failure from None
            raise
        return source.size

    def get(self, key: str) -> BinaryIO:
        """See :class:`~crmhost.storage.Storage`."""
        return io.BufferedReader(_Ranges(self, key, self.size(key)), _PIECE)

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` to before ``end``."""
        import obstore

        with _told():
            return bytes(obstore.get_range(self._store, checked_key(key), start=start, end=end))

    def delete(self, keys: Sequence[str]) -> None:
        """See :class:`~crmhost.storage.Storage`."""
        import obstore

        wanted = [checked_key(key) for key in keys]
        for start in range(0, len(wanted), _MOST_KEYS):
            with _told(), contextlib.suppress(FileNotFoundError):
                obstore.delete(self._store, wanted[start : start + _MOST_KEYS])

    def exists(self, key: str) -> bool:
        """See :class:`~crmhost.storage.Storage`."""
        try:
            self.size(key)
        except FileNotFoundError:
            return False
        return True

    def size(self, key: str) -> int:
        """See :class:`~crmhost.storage.Storage`."""
        import obstore

        with _told():
            return int(obstore.head(self._store, checked_key(key))["size"])

    def list(self) -> Iterator[Stored]:
        """See :class:`~crmhost.storage.Storage`."""
        import obstore

        try:
            with _told():
                for batch in obstore.list(self._store, chunk_size=1000):
                    for meta in batch:
                        if KEY.fullmatch(meta["path"]):
                            yield Stored(meta["path"], int(meta["size"]), meta["last_modified"])
        except FileNotFoundError:
            raise _no_bucket() from None

    def check(self) -> None:
        """See :class:`~crmhost.storage.Storage`."""
        next(self.list(), None)

    def tidy(self, before: dt.datetime) -> int:  # noqa: ARG002  # the other kind's
        """See :class:`~crmhost.storage.Storage`. Parts of broken uploads are removed by a lifecycle rule of the bucket."""
        return 0


class _Blocks:
    """Parts of any length as blocks of ``_PART`` bytes, counted; keeps what the parts raised."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.size = 0
        self.failure: BaseException | None = None
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        block = bytearray()
        try:
            for part in self._parts:
                block += part
                self.size += len(part)
                while len(block) >= _PART:
                    yield bytes(block[:_PART])
                    del block[:_PART]
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise
        if block:
            yield bytes(block)


class _Ranges(io.RawIOBase):
    """An object of S3 as a file: each piece is a request of its own, so that a slow reader keeps no connection open."""

    def __init__(self, storage: S3Storage, key: str, size: int) -> None:
        self._storage = storage
        self._key = key
        self._size = size
        self._place = 0
        self._piece = b""
        self._start = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._place >= self._size:
            return 0
        if not self._start <= self._place < self._start + len(self._piece):
            self._start = self._place
            self._piece = self._storage.read(self._key, self._start, min(self._start + _PIECE, self._size))
        begin = self._place - self._start
        found = self._piece[begin : begin + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


def _require_own_process() -> None:
    """:raises StorageError: in a fork of a process that used the library: without its threads it would wait for ever."""
    if not _processes:
        _processes.append(os.getpid())
    if _processes[0] != os.getpid():
        log.error("file storage: process %s used S3 before it forked", _processes[0])
        raise StorageError("The file storage can't be used in this process: start the site anew. Tell your admin.")


def _no_bucket() -> StorageError:
    log.error("file storage: there is no such bucket")
    return StorageError("The file storage has no such bucket. Tell your admin.")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What S3 refuses becomes a sentence for people. The answer itself is dropped: it repeats the access key."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        kind = type(error).__name__
        log.error("file storage: %s", kind)
        raise StorageError(
            Message("The file storage refused or can't be reached (%(kind)s). Tell your admin.", kind=kind)
        ) from None
