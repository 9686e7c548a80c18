"""Writing a backup."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import select

from ...core.files.models import File
from ...storage import StorageError
from .archive import PIECE, Writer
from .manifest import Manifest
from .snapshot import Progress, Snapshot, Unseen, reading

if TYPE_CHECKING:
    from ...site import Site


@dataclasses.dataclass(frozen=True)
class Saved:
    """A backup that was written.

    :param size: of the file, in bytes.
    :param lost_files: how many stored files were not there any more: deleted meanwhile, or lost before.
    :param left_out: tables in the database that are neither the core's nor a plugin's.
    """

    path: Path
    size: int
    manifest: Manifest
    lost_files: int
    left_out: tuple[str, ...]


def save(site: Site, path: Path, *, with_key: bool = False, progress: Progress | None = None) -> Saved:
    """Writes a backup of one snapshot while the site goes on; the file appears under its name when it is complete.

    :param with_key: put the secret key in, so that stored secrets can be read wherever it is restored.
    :raises CrmError: when it can't be written.
    """
    site.require_ready()
    progress = progress or Unseen()
    with Writer(path) as writer:
        with reading(site.engine) as connection:
            snapshot = Snapshot(site, connection)
            manifest = snapshot.manifest
            watched = not isinstance(progress, Unseen)
            progress.start("Tables", sum(map(snapshot.count, manifest.tables)) if watched else 0)
            tables = tuple(writer.table(entry, snapshot.batches(entry), progress) for entry in manifest.tables)
            wanted = list(connection.scalars(select(File.key).order_by(File.id))) if _has_files(snapshot) else []
        progress.start("Files", len(wanted))
        lost = 0
        for key in wanted:
            lost += not _put(writer, site, key)
            progress.advance(1)
        manifest = dataclasses.replace(manifest, tables=tables, files=writer.files, with_key=with_key)
        size = writer.finish(manifest, site.config.secret_key if with_key else "")
    return Saved(path, size, manifest, lost, snapshot.layout.foreign)


def _has_files(snapshot: Snapshot) -> bool:
    return File.__tablename__ in snapshot.layout.tables


def _put(writer: Writer, site: Site, key: str) -> bool:
    """Adds a stored file; says whether it was there."""
    try:
        stream = site.storage.get(key)
    except (FileNotFoundError, ValueError):
        return False
    except StorageError:
        if site.storage.exists(key):
            raise
        return False
    with stream:
        writer.file(key, _pieces(stream))
    return True


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece
