"""The file of a backup: a ZIP with one stream of JSON lines per table, the stored files, and a manifest written last."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ...core.files.models import File
from ...errors import CrmError
from ...storage.base import KEY as KEY_OF_FILE
from . import manifest as manifests
from .manifest import Entry, Files, Manifest
from .snapshot import MOST_ROWS, Progress, Row

MANIFEST = "manifest.json"
KEY = "secret_key"
#: A row that is longer is refused, in bytes: nothing must fill the memory.
LONGEST_ROW = 256 * 1024 * 1024
#: Lines that are handed on together hold about so many bytes at most.
BATCH_BYTES = 4 * 1024 * 1024
#: Bytes of a stored file that are in memory at once.
PIECE = 1024 * 1024
FILES = "files/"
_LONGEST_KEY = 4096
_LEVEL = 4
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def member(table: str) -> str:
    """Name of a table's stream inside the file."""
    return f"tables/{table}.jsonl"


class Writer:
    """Writes a backup beside its place and moves it there when it is complete.

    :raises CrmError: when it can't be written, or another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        if path.is_dir():
            raise CrmError(f"{path} is a folder: name a file in it.")
        try:
            handle = os.open(self._part, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise CrmError(f"{self._part} can't be written: {error.strerror}.") from error
        self._file = os.fdopen(handle, "r+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise CrmError(f"Another backup is writing {self._part} right now; wait for it.") from error
        os.fchmod(handle, 0o600)
        self._file.truncate()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self.files = Files()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is not None:
            with contextlib.suppress(Exception):
                self._zip.close()
        with contextlib.suppress(OSError):
            self._file.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CrmError(f"{self.path} can't be written: {error.strerror}.") from error

    def table(self, entry: Entry, batches: Iterable[Sequence[Row]], progress: Progress) -> Entry:
        """Writes the rows of a table; gives its entry with their number, size and digest."""
        rows = size = 0
        digest = hashlib.sha256()
        with self._zip.open(member(entry.name), "w", force_zip64=True) as stream:
            for batch in batches:
                lines = "".join([f"{_encode(row)}\n" for row in batch]).encode()
                if len(lines) > LONGEST_ROW and max(map(len, lines.split(b"\n"))) >= LONGEST_ROW:
                    raise CrmError(
                        f"A row of {entry.name} is larger than {LONGEST_ROW // 1024**2} MiB: take it out first."
                    )
                stream.write(lines)
                digest.update(lines)
                rows += len(batch)
                size += len(lines)
                progress.advance(len(batch))
        return dataclasses.replace(entry, rows=rows, size=size, sha256=digest.hexdigest())

    def file(self, key: str, pieces: Iterable[bytes]) -> None:
        """Writes a stored file, uncompressed: most kinds are compressed by themselves."""
        size = 0
        with self._zip.open(zipfile.ZipInfo(f"{FILES}{key}"), "w", force_zip64=True) as stream:
            for piece in pieces:
                stream.write(piece)
                size += len(piece)
        self.files = Files(self.files.count + 1, self.files.size + size)

    def finish(self, manifest: Manifest, secret_key: str = "") -> int:
        """Writes the manifest, makes sure that all of it is on the disk, and puts it in place; gives its size in bytes."""
        if secret_key:
            self._zip.writestr(KEY, secret_key)
        self._zip.writestr(MANIFEST, manifest.to_json())
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = os.fstat(self._file.fileno()).st_size
        self._part.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return size


class Archive:
    """A backup that is read, perhaps a hostile one: its names are only compared, never used as paths.

    :raises CrmError: when it is no backup, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost_files = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no backup, or it is cut off"
            raise CrmError(f"{path} can't be read: {reason}.") from error
        try:
            self._check_members()
            self.manifest = manifests.parse(self._small(MANIFEST, manifests.LARGEST))
            self._check_names()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _check_members(self) -> None:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            raise CrmError(f"{self.path} holds two files of one name; it is no backup of crmhost.")
        if MANIFEST not in names:
            raise CrmError(f"{self.path} is no backup of crmhost: it has no {MANIFEST}.")
        packed = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if any(info.flag_bits & 1 or info.compress_type not in packed for info in infos):
            raise CrmError(f"{self.path} is packed in a way that crmhost does not write.")
        # Members that share their bytes are how small files unpack to endless ones.
        if sum(info.compress_size for info in infos) > self.path.stat().st_size:
            raise CrmError(f"{self.path} is damaged: its parts overlap.")

    def _check_names(self) -> None:
        expected = {MANIFEST, *(member(entry.name) for entry in self.manifest.tables)}
        if self.manifest.with_key:
            expected.add(KEY)
        names = {name for name in self._zip.namelist() if not name.startswith(FILES)}
        if names != expected:
            stranger = sorted(names ^ expected)[0][:100]
            what = "lacks" if stranger in expected else "holds"
            raise CrmError(f"{self.path} {what} “{stranger}”, unlike its manifest says: it was changed or is damaged.")

        files = [info for info in self._zip.infolist() if info.filename.startswith(FILES)]
        strange = [info.filename for info in files if not KEY_OF_FILE.fullmatch(info.filename.removeprefix(FILES))]
        if strange:
            raise CrmError(f"{self.path} holds “{strange[0][:100]}”, which is no stored file: it was changed.")
        if Files(len(files), sum(info.file_size for info in files)) != self.manifest.files:
            raise CrmError(f"{self.path} does not hold the stored files that its manifest says: it is damaged.")

    def _small(self, name: str, limit: int) -> bytes:
        with self._damage(name), self._zip.open(name) as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise CrmError(f"{self.path} is no backup of crmhost: its {name} is too large.")
        return content

    def secret_key(self) -> str:
        """The secret key that the backup carries; empty when it has none."""
        return self._small(KEY, _LONGEST_KEY).decode("utf-8", "replace").strip() if self.manifest.with_key else ""

    @contextlib.contextmanager
    def _damage(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
            raise CrmError(f"{self.path} is damaged in {name}: {str(error)[:200]}.") from error

    @contextlib.contextmanager
    def _stream(self, name: str) -> Iterator[IO[bytes]]:
        with self._damage(name), self._zip.open(name) as stream:
            yield io.BufferedReader(stream, 256 * 1024)  # type: ignore[type-var]  # it reads into buffers, which is all it takes

    def verify(self, progress: Progress) -> None:
        """Reads everything once and compares sizes and digests with the manifest.

        :raises CrmError: naming the first part that differs.
        """
        progress.start("Checking", sum(entry.size for entry in self.manifest.tables) + self.manifest.files.size)
        for entry in self.manifest.tables:
            digest, left, rows = hashlib.sha256(), entry.size, 0
            with self._stream(member(entry.name)) as stream:
                while left >= 0 and (part := stream.read(min(1024 * 1024, left + 1))):
                    digest.update(part)
                    rows += part.count(b"\n")
                    left -= len(part)
                    progress.advance(len(part))
            if left or rows != entry.rows or digest.hexdigest() != entry.sha256:
                raise CrmError(f"{self.path} is damaged: {entry.name} is not what was written. Take another backup.")

        for _, pieces in self.files():
            for piece in pieces:
                progress.advance(len(piece))

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The stored files that the table of files names: (key, pieces); those that are not there are counted.

        :raises CrmError: while the pieces are read, when they are not what the table says.
        """
        self.lost_files = 0
        entry = next((entry for entry in self.manifest.tables if entry.name == File.__tablename__), None)
        names = set(self._zip.namelist())
        place = {name: number for number, (name, _) in enumerate(entry.columns)} if entry is not None else {}
        if entry is None or not {"key", "sha256"} <= set(place):
            return
        for batch in self.batches(entry):
            for row in batch:
                key = str(row[place["key"]])
                if f"{FILES}{key}" in names:
                    yield key, self._pieces(f"{FILES}{key}", str(row[place["sha256"]]))
                else:
                    self.lost_files += 1

    def _pieces(self, name: str, sha256: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with self._stream(name) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != sha256:
            raise CrmError(f"{self.path} is damaged: {name} is not the file that was stored.")

    def batches(self, entry: Entry) -> Iterator[Sequence[Row]]:
        """The rows of a table, as they were written."""
        width, number = len(entry.columns), 0
        batch: list[Row] = []
        size = 0
        with self._stream(member(entry.name)) as stream:
            while line := stream.readline(LONGEST_ROW + 1):
                number += 1
                batch.append(_row(entry.name, number, line, width))
                size += len(line)
                if len(batch) >= MOST_ROWS or size >= BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch


def _row(table: str, number: int, line: bytes, width: int) -> Row:
    if len(line) > LONGEST_ROW:
        raise CrmError(f"Row {number} of {table} in the backup is too large.")
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CrmError(f"Row {number} of {table} in the backup can't be read.") from error
    if not isinstance(row, list) or len(row) != width:
        raise CrmError(f"Row {number} of {table} in the backup does not have its {width} values.")
    return row
